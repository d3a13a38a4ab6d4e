"""A source nobody knew: its first catalogue lines, and the verdict on what it sends, on one screen."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from tests.unit.cli.conftest import Told

from motcua.catalog import OPTIONS, load_catalog
from motcua.extract.records.mapping import load_mapping

FOREIGN = Path(__file__).parent / "foreign"
SEPTEMBER = ("--from", "2025-09-01", "--to", "2025-09-30")
Command = Callable[..., str]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The foreign catalogue without the entry and the mapping of its spreadsheet."""
    folder = Path(shutil.copytree(FOREIGN, tmp_path / "catalog"))
    for part in ("sources", "mappings"):
        shutil.rmtree(folder / part)
    return folder


@pytest.fixture
def motcua(databases: None, catalog: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Command:
    monkeypatch.setenv("MOTCUA_CATALOG", "")
    monkeypatch.setenv("MOTCUA_PROVINCE", "")

    def run(*arguments: str, code: int = 0) -> str:
        told = command("--catalog", str(catalog), *arguments, code=code)
        return " ".join((told.out + told.err).split())

    return run


@pytest.fixture
def begun(motcua: Command) -> Command:
    motcua("sources", "new", "phu-an.so-tay", "--adapter", "files", "--unit-id", "phu-an", "--path", "drops/*.csv")
    return motcua


def test_the_draft_of_a_new_source_of_files_is_made_from_its_sample(begun: Command, catalog: Path) -> None:
    [source] = load_catalog(catalog).sources
    mapping = load_mapping(catalog, source.mapping)
    assert mapping.identity_key == "Số hồ sơ"
    assert {word: status.code for word, status in mapping.status.codes.items()} == {
        "Đang xử lý": 4, "Đã trả kết quả": 10, "Xong, chưa trả": 9, "Rút hồ sơ": 7, "Chờ sếp ký": 4,
    }  # fmt: skip
    draft = (catalog / "mappings" / "phu-an-so-tay.yaml").read_text(encoding="utf-8")
    assert (
        '# "Trễ hạn": {code: ?, evidence: inferred} <- not known' in draft
    )  # resolved late, or still open: nobody says
    assert '# "Qua Zalo": ? <- not known' in draft
    assert all("<-" in line for line in draft.splitlines() if "evidence: inferred" in line)
    assert mapping.fields["received_at"].key == ("Ngày nhận",)
    assert mapping.keys.drop_personal == ("Người nộp",)


def test_the_fixture_of_a_sample_has_no_personal_data(begun: Command, catalog: Path) -> None:
    text = (catalog / "fixtures" / "phu-an-so-tay.csv").read_text(encoding="utf-8")
    assert text.startswith("STT,Số hồ sơ,Người nộp,")
    assert "Mẫu" not in text
    assert "PA/2025" not in text


def test_existing_files_are_not_overwritten(begun: Command, catalog: Path) -> None:
    before = (catalog / "mappings" / "phu-an-so-tay.yaml").read_bytes()
    assert "exists already" in begun("sources", "new", "phu-an.so-tay", "--adapter", "files", code=1)
    assert (catalog / "mappings" / "phu-an-so-tay.yaml").read_bytes() == before


@pytest.mark.parametrize("adapter", [name for name in OPTIONS if name != "petition_files"])
def test_the_draft_entry_of_every_adapter_is_valid(motcua: Command, catalog: Path, adapter: str) -> None:
    motcua("sources", "new", f"phu-an.{adapter.replace('_', '-')}", "--adapter", adapter, "--unit-id", "phu-an")
    [source] = load_catalog(catalog).sources
    assert source.adapter == adapter


def test_an_unknown_adapter_is_refused_with_the_known_ones(motcua: Command) -> None:
    assert "choose one of opencps," in motcua("sources", "new", "x", "--adapter", "soap", code=1)


def test_the_verdict_names_what_could_and_what_could_not_be_read(begun: Command) -> None:
    told = begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "15 rows, the source declared no total." in told
    assert "14 record, 0 duplicate, 1 out of window" in told
    assert "Ngày nhận received_at 100.0 % d/M/yyyy 11, dd-MM-yyyy HH:mm 1, iso 1, excel 1, unread 99/9/9999 1" in told
    assert "Đã trả kết quả = 10" in told
    assert "Phòng Tư pháp = UNKNOWN" in told
    assert "received_at: not d/M/yyyy 1" in told
    assert "V7 critical" in told
    assert "Verdict: it would not be taken in whole." in told


def test_the_code_of_a_procedure_that_the_mapping_does_not_know_is_explained(begun: Command) -> None:
    says = r"Procedures: (\d+) rows name none that is known and get KHAC, the `otherwise` of the mapping\. They count,"
    told = begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert re.findall(says, told) == ["3"]
    assert "Add their names to procedures/aliases.csv" in told
    assert not re.search(r"not in the catalogue:[^:]*KHAC", told)


def test_a_name_that_no_procedure_has_is_shown_unless_it_may_be_a_person(begun: Command, catalog: Path) -> None:
    drop = catalog / "drops" / "2025-09.csv"
    text = drop.read_text(encoding="utf-8")
    assert "Procedures whose name is not known: Cấp phép đào đường = 3 rows" in begun(
        "sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1
    )
    drop.write_text(text.replace("Cấp phép đào đường", "Đơn của ông Trần Văn Mẫu"), encoding="utf-8")
    told = begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "Procedures whose name is not known: [not shown] = 4 rows" in told
    assert "Trần" not in told


def test_the_verdict_weighs_what_the_rules_would_set_aside_and_names_the_next_step_of_each(
    begun: Command, motcua: Command
) -> None:
    told = motcua("sources", "check", "phu-an.so-tay", *SEPTEMBER, "--json", code=1)
    verdict, _ = json.JSONDecoder().raw_decode(told)
    assert not verdict["would_be_taken_whole"]
    reasons = [(reason["weight"], reason["code"], reason["records"]) for reason in verdict["reasons"]]
    assert reasons[:5] == [
        ("sets_aside", "set_aside", 9),
        ("sets_aside", "V0", 5),
        ("sets_aside", "V1", 4),
        ("sets_aside", "V7", 2),
        ("sets_aside", "V3", 1),
    ]
    assert [code for weight, code, _ in reasons if weight == "not_final"] == ["unread", "covers"]
    actions = {reason["code"]: reason["action"] for reason in verdict["reasons"]}
    assert "units/agency_codes.csv" in actions["V7"]
    assert "covers: register" in actions["covers"]


def test_a_draft_is_made_from_the_sheet_that_is_a_register(motcua: Command, catalog: Path) -> None:
    book = Workbook()
    book.active.title = "Hướng dẫn"
    book.active.append(["Cách ghi sổ", "Ghi ngày theo dd/mm/yyyy"])
    sheet = book.create_sheet("Sổ")
    with (catalog / "drops" / "2025-09.csv").open(encoding="utf-8-sig") as lines:
        for cells in csv.reader(lines, delimiter=";"):
            sheet.append(cells)
    book.save(catalog / "drops" / "so.xlsx")
    motcua("sources", "new", "phu-an.so-tay", "--adapter", "files", "--unit-id", "phu-an", "--path", "drops/*.xlsx")
    [source] = load_catalog(catalog).sources
    assert load_mapping(catalog, source.mapping).identity_key == "Số hồ sơ"


def test_the_verdict_shows_no_personal_value_even_when_columns_are_mixed_up(begun: Command, catalog: Path) -> None:
    mapping = catalog / "mappings" / "phu-an-so-tay.yaml"
    text = mapping.read_text(encoding="utf-8")
    text = text.replace('key: "TÌNH TRẠNG"', 'key: "Người nộp"').replace('    - "TÌNH TRẠNG"\n', "")
    text = text.replace('drop_personal: # <- guess\n    - "Người nộp"', 'drop_personal:\n    - "TÌNH TRẠNG"')
    mapping.write_text(text.replace("  keep:\n", '  keep:\n    - "Người nộp"\n'), encoding="utf-8")
    told = begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "[not shown] = UNKNOWN (15)" in told
    assert "Mẫu" not in told


def test_an_unmapped_column_and_a_missing_column_are_named(begun: Command, catalog: Path) -> None:
    drop = catalog / "drops" / "2025-09.csv"
    text = drop.read_text(encoding="utf-8")
    drop.write_text(text.replace(";Người nộp;", ";Người nộp hồ sơ;"), encoding="utf-8")
    assert "Unmapped, dropped: Người nộp hồ sơ" in begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    drop.write_text(text.replace(";Hẹn trả;", ";Hạn;"), encoding="utf-8")
    told = begun("sources", "check", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "2025-09.csv has no column 'Hẹn trả'" in told
    assert "What to do: correct the column name in the mapping" in told
