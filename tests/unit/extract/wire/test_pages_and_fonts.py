"""Web pages with the name of a workbook, and texts in the fonts of before Unicode."""

from __future__ import annotations

import io
import unicodedata
from typing import Any

import openpyxl
import pytest

from motcua.errors import ContractBroken
from motcua.extract.error_texts import NOT_TEXT
from motcua.extract.wire import html_table
from motcua.extract.wire.old_fonts import old_font_reader
from motcua.extract.wire.tabular import Layout, Table, read_tables
from motcua.extract.wire.workbooks.reading import Merge
from motcua.settings import PROJECT_ROOT

WANTED = frozenset({"Số hồ sơ", "Trạng thái"})
CATALOG = PROJECT_ROOT / "include" / "catalog"
PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"><title>Sổ</title>
<style>td {{color: red}}</style></head><body>
<table><tr><td>UBND XÃ MẪU</td></tr></table>
<table border=1><tr><th>Số hồ sơ<th>Tên&nbsp;thủ<br>tục</th><th>Trạng thái</th></tr>
<tr><td>HS-1</td><td rowspan=2>Khai sinh &amp; nhập hộ khẩu</td><td> Đang xử lý </td></tr>
<tr><td>HS-2<td><table><tr><td>Đã trả</td></tr></table></td></tr>
<tr><td>HS-3</td><td colspan="2"></td></tr></table></body></html>"""


def tables(body: bytes, **layout: Any) -> list[Table]:
    return list(read_tables(body, "a.xls", Layout(WANTED, **layout)))


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "windows-1258"])
def test_a_web_page_is_read_like_the_workbook_it_is_called(charset: str) -> None:
    page = PAGE.format(charset=charset)
    if charset == "windows-1258":  # has no letters with two marks
        page = "".join(unicodedata.normalize("NFC", one) for one in _as_1258(page))
    [table] = tables(page.encode(charset))
    assert [unicodedata.normalize("NFC", name) for name in table.columns] == ["Số hồ sơ", "Tên thủ tục", "Trạng thái"]
    told = [(number, [cell and unicodedata.normalize("NFC", cell) for cell in cells]) for number, cells in table.rows]
    assert told == [
        (2, ["HS-1", "Khai sinh & nhập hộ khẩu", "Đang xử lý"]),
        (3, ["HS-2", None, "Đã trả"]),
        (4, ["HS-3", None, None]),
    ]
    assert table.merges == (Merge(2, 3, 1, 1), Merge(4, 4, 1, 2))


def _as_1258(text: str) -> list[str]:
    """Return a text whose letters have the marks apart that windows-1258 keeps apart."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    found = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        found += [base, *(part for part in parts if part in tones)]
    return found


def test_a_page_without_such_a_table_and_one_with_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractBroken, match=r"a\.xls is a web page in which no table has one of the columns"):
        tables(b"<html><body><table><tr><td>x</td></tr></table>Error 500</body></html>")
    monkeypatch.setattr(html_table, "MOST_CELLS", 8)
    with pytest.raises(ContractBroken, match=r"a\.xls has more than 8 cells"):
        tables(PAGE.format(charset="utf-8").encode())


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "XML Spreadsheet 2003",
        ),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "MHTML"),
    ],
)
def test_other_kinds_of_files_are_named(body: bytes, what: str) -> None:
    with pytest.raises(ContractBroken, match=rf"{what}.*save it as XLSX or CSV"):
        tables(body)


LETTERS = "aăâeêioôơuưyđ"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
# As the fonts have them, by letter and tone; not taken from the table of the catalogue.
TCVN3 = {
    "đăng ký khai sinh": "®¨ng ký khai sinh",
    "số hồ sơ": "sè hå s¬",
    "trạng thái": "tr¹ng th¸i",
    "đã trả kết quả": "®· tr¶ kÕt qu¶",
    "Đang xử lý": "§ang xö lý",
    "trực tuyến": "trùc tuyÕn",
    "ngày hẹn trả": "ngµy hÑn tr¶",
}
VNI = {
    "đăng ký khai sinh": "ñaêng kyù khai sinh",
    "Số hồ sơ": "Soá hoà sô",
    "Trạng thái": "Traïng thaùi",
    "ĐÃ TRẢ KẾT QUẢ": "ÑAÕ TRAÛ KEÁT QUAÛ",
    "Đang xử lý": "Ñang xöû lyù",
    "trực tuyến": "tröïc tuyeán",
    "Việt Nam, giấy chứng nhận": "Vieät Nam, giaáy chöùng nhaän",
    "kỹ, kỵ, kỉ, kĩ, kị": "kyõ, kî, kæ, kó, kò",
}


@pytest.mark.parametrize(("font", "texts"), [("tcvn3", TCVN3), ("vni", VNI)])
def test_a_text_in_an_old_font_is_read_as_it_was_meant(font: Any, texts: dict[str, str]) -> None:
    read = old_font_reader(CATALOG, font)
    assert {written: read(written) for written in texts.values()} == {
        written: meant for meant, written in texts.items()
    }
    assert {read(meant) for meant in ("Khai sinh", "Đăng ký", "12/10/2023")} == {"Khai sinh", "Đăng ký", "12/10/2023"}


@pytest.mark.parametrize(
    ("font", "unread"), [("tcvn3", "tr\u00ffng"), ("vni", "xø"), ("vni", "\u0093a"), ("vni", "ùa")]
)
def test_a_letter_that_the_font_has_not_makes_its_cell_unread(font: Any, unread: str) -> None:
    assert old_font_reader(CATALOG, font)(unread) == NOT_TEXT


def test_each_letter_of_the_alphabet_is_in_both_fonts() -> None:
    letters = {
        unicodedata.normalize("NFC", letter + tone) for letter in LETTERS for tone in TONES if letter != "đ" or not tone
    }
    tcvn3, vni = (old_font_reader(CATALOG, font) for font in ("tcvn3", "vni"))
    one_byte = {tcvn3(bytes([number]).decode("latin-1")) for number in range(0xA0, 0x100)} | set("aeiouy")
    assert letters <= one_byte
    two = {vni(base + mark) for base in "aeouyôö" for mark in ["", *map(chr, range(0xC0, 0x100))]}
    assert letters <= two | {vni(chr(number)) for number in range(0xC0, 0x100)} | {"i"}


def test_a_csv_and_a_workbook_in_an_old_font_have_their_header_in_it_too() -> None:
    rows = [["Sè hå s¬", "Tr¹ng th¸i"], ["HS-1", "§ang xö lý"]]
    body = "\n".join(",".join(row) for row in rows).encode("latin-1") + b"\n"
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    saved = io.BytesIO()
    book.save(saved)
    for file in (body, "\n".join(",".join(row) for row in rows).encode() + b"\n", saved.getvalue()):
        [table] = tables(file, text="tcvn3")
        assert [table.columns, *(tuple(cells) for _, cells in table.rows)] == [
            ("Số hồ sơ", "Trạng thái"), ("HS-1", "Đang xử lý")
        ]  # fmt: skip
