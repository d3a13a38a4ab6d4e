"""What `sources new` guesses of a table: its columns, its words and its encoding, and that each guess is marked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from motcua.errors import ContractBroken
from motcua.extract.onboarding.columns import NAMES, field_columns
from motcua.extract.onboarding.skeleton import GUESS, Sample, mapping_skeleton, sample_table
from motcua.extract.onboarding.statuses import DONE, OPEN, status_of
from motcua.settings import PROJECT_ROOT

CASES = Path(__file__).parents[2] / "cli" / "spreadsheet_cases"
NATIONAL = ("MaHoSo", "MaTTHC", "TenTTHC", "KenhThucHien", "TrangThaiHoSo", "DonViXuLy", "NgayNopHoSo", "NgayTiepNhan",
            "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi", "ChuHoSo", "MaLinhVuc")  # fmt: skip
DONE_WORDS = ("đã trả", "đã trả kết quả", "đã giải quyết", "đã xử lý", "đã xử lý xong", "hoàn thành", "đã hoàn thành",
              "xong", "đã có kết quả", "kết thúc", "giải quyết trễ hạn", "giải quyết quá hạn", "xử lý trễ hạn",
              "trả trễ hạn", "trả kết quả quá hạn", "đã ký", "đã phát hành", "hoàn tất")  # fmt: skip
OPEN_WORDS = ("đang", "đang xử lý", "chờ", "chờ xử lý", "chưa", "mới", "tiếp nhận", "đã tiếp nhận", "bổ sung", "tồn",
              "chờ trả", "nghĩa vụ tài chính", "")  # fmt: skip
TIMES = ("", " quá hạn", " trễ hạn", " đúng hạn", " trước hạn", " trong hạn")


@pytest.mark.parametrize("word", ["Quá hạn đã trả", "Giải quyết trễ hạn", "Đã giải quyết quá hạn", "Hoàn thành quá hạn",
                                  "Đã xử lý trễ hạn", "Trả kết quả trễ hạn", "DA TRA KET QUA TRE HAN"])  # fmt: skip
def test_a_word_for_done_late_is_done(word: str) -> None:
    assert status_of(word) in DONE


@pytest.mark.parametrize("word", ["Chưa giải quyết xong", "Đang giải quyết quá hạn", "Quá hạn chưa giải quyết",
                                  "Chưa có kết quả", "Đang xử lý, chưa trả kết quả"])  # fmt: skip
def test_a_word_for_not_done_is_open(word: str) -> None:
    assert status_of(word) == 4


@pytest.mark.parametrize("word", ["Trễ hạn", "Quá hạn", "Đúng hạn", "Chưa trả", "Tạm dừng", "Đã bổ sung", "Xử lý",
                                  "Từ chối giải quyết", "Đã trả lại hồ sơ", "Đang trả kết quả", ""])  # fmt: skip
def test_a_word_that_may_mean_two_things_is_not_guessed(word: str) -> None:
    assert status_of(word) is None


@given(
    st.sampled_from(DONE_WORDS),
    st.sampled_from(OPEN_WORDS),
    st.sampled_from(TIMES),
    st.sampled_from((", ", " - ", " ", " (")),
    st.booleans(),
    st.sampled_from((str, str.upper, str.title)),
)
@example("đã trả", "chờ", " quá hạn", ", ", True, str)
def test_no_word_that_says_done_is_guessed_to_be_open(
    done: str, still: str, time: str, between: str, is_done_first: bool, case: object
) -> None:
    parts = (done, still) if is_done_first else (still, done)
    word = case(between.join(part for part in parts if part) + time)  # type: ignore[operator]
    # `Đang giải quyết trễ hạn` is a word of form II.06a for what is open, and `chưa xong` denies what is done.
    assume(is_done_first or between != " " or done.startswith("đã"))
    assert status_of(word) not in OPEN, word


def test_every_guess_is_marked_in_one_form() -> None:
    words = [["HS-1", word, channel, "01/10/2023", "02/10/2023"] for word, channel in (
        ("Quá hạn đã trả", "Trực tiếp"), ("Huỷ", "Zalo"), ("Trễ hạn", "Trực tuyến"))] * 3  # fmt: skip
    columns = ("Mã hồ sơ", "Trạng thái", "Kênh", "Ngày nhận", "Hẹn trả", "Người nộp", "STT")
    for sample in (Sample(columns, words), Sample(("Mã", "Ngày"), [["1", "2"]]), None):
        for line in mapping_skeleton("files", sample).splitlines():
            said = "" if line.lstrip().startswith("#") else line.split(" #")[0].strip()
            is_frame = (said.endswith(":") and not said.startswith("drop")) or said in ("adapter: files", "as: codes",
                                                                                     "as: constant")  # fmt: skip
            is_column = said.startswith("- ") and "{" not in said  # of a list that is marked, or that fields decide
            assert not said or is_frame or is_column or GUESS in line, line


def test_the_national_names_are_known_in_any_spelling() -> None:
    expected = {"number": 0, "procedure_code": 1, "procedure_name": 2, "channel": 3, "status": 4, "unit_code": 5,
                "submitted_at": 6, "received_at": 7, "due_at": 8, "returned_at": 9, "finished_at": 10,
                "refused_at": 11}  # fmt: skip
    spellings = (
        NATIONAL,
        tuple(map(str.lower, NATIONAL)),
        tuple(map(str.upper, NATIONAL)),
        tuple("".join(f"_{letter}" if letter.isupper() else letter for letter in name).strip("_") for name in NATIONAL),
    )
    for columns in spellings:
        assert field_columns(columns) == {field: columns[position] for field, position in expected.items()}
    for field, names in NAMES.items():
        for name in names:
            assert field_columns([name.upper()]).get(field) == name.upper()


def test_codes_of_the_national_list_are_read_where_the_column_has_its_name() -> None:
    rows = [["A-1", code, channel] for code, channel in (("10", "1"), ("4", 2), ("9", "1"))] * 2
    draft = yaml.safe_load(mapping_skeleton("files", Sample(("MaHoSo", "TrangThaiHoSo", "KenhThucHien"), rows)))
    assert {word: status["code"] for word, status in draft["status"]["codes"].items()} == {"10": 10, "4": 4, "9": 9}
    assert draft["channel"]["codes"] == {"1": 1, "2": 2}
    other = mapping_skeleton("files", Sample(("MaHoSo", "Tình trạng", "Kênh"), rows))
    assert '# "10": {code: ?, evidence: inferred} <- not known' in other  # a list of the office's own


@pytest.mark.parametrize(("encoding", "stated"), [
    ("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"),
    ("windows-1258", "windows-1258"),
])  # fmt: skip
def test_a_file_that_is_not_utf_8_is_read_and_its_encoding_stated(
    tmp_path: Path, encoding: str, stated: str | None
) -> None:
    (tmp_path / "m.csv").write_bytes(in_encoding(encoding))
    sample = sample_table(tmp_path, "m.csv")
    assert sample is not None
    assert sample.encoding == stated
    assert set(field_columns(sample.columns)) >= {"number", "status", "received_at", "due_at", "procedure_name"}


def in_encoding(encoding: str) -> bytes:
    header = "Số hồ sơ,Trạng thái,Tên thủ tục,Ngày tiếp nhận,Ngày hẹn trả"
    text = f"{header}\r\n1,Đang xử lý,Khai sinh,01/10/2023,02/10/2023\r\n"
    if encoding != "windows-1258":
        return text.encode(encoding)
    return b"".join(_letter_1258(letter) for letter in text)


def _letter_1258(letter: str) -> bytes:
    import unicodedata

    parts = unicodedata.normalize("NFD", letter)
    tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
    base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
    return (base + tones).encode("windows-1258")


@pytest.mark.parametrize(("text", "named"), [
    ("Sè hå s¬,Tr¹ng th¸i,Thñ tôc,Ngµy tiÕp nhËn\n", "TCVN3"),
    ("Soá hoà sô,Traïng thaùi,Thuû tuïc,Ngaøy tieáp nhaän\n", "VNI"),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8"])
def test_a_text_of_an_old_table_of_signs_is_named(tmp_path: Path, text: str, named: str, encoding: str) -> None:
    (tmp_path / "m.csv").write_bytes(text.encode(encoding))
    with pytest.raises(ContractBroken, match=named):
        sample_table(tmp_path, "m.csv")


def test_years_of_two_digits_are_offered_as_a_comment_and_not_read() -> None:
    rows = [["A-1", f"{day:02}/10/23"] for day in range(1, 10)]
    draft = mapping_skeleton("files", Sample(("Mã hồ sơ", "Ngày nhận"), rows))
    assert "# 9 of its values seem to be days of another form. If they are: formats: [" in draft
    assert '"dd/MM/yy"]' in draft
    assert yaml.safe_load(draft)["fields"]["received_at"]["formats"] == ["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy"]


def test_the_page_and_the_shipped_example_have_the_mark_that_is_written() -> None:
    page = (PROJECT_ROOT / "docs" / "how-to" / "add-a-source.md").read_text(encoding="utf-8")
    assert f"`{GUESS}`" in page
