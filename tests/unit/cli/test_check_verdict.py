"""The one verdict of `sources check`, on files as offices write them (the reference cases)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from os import utime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Told
from tests.unit.cli.test_spreadsheet_cases import ASKED, EIGHT, OCTOBER

from motcua.catalog import load_catalog
from motcua.extract.records.mapping import load_mapping

CASES = Path(__file__).parent / "spreadsheet_cases"
COLUMNS = "STT,Số hồ sơ,Họ và tên,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày hoàn thành,Trạng thái\n"
# The case `formwords2`: ten dossiers, their statuses in the words of form II.06a, three times over.
TEN = (
    ("Trực tiếp", "25/09/2023", "02/10/2023", "02/10/2023", "Đã giải quyết đúng hạn"),
    ("Trực tuyến", "02/10/2023", "05/10/2023", "04/10/2023", "Đã giải quyết trước hạn"),
    ("Trực tuyến", "03/10/2023", "06/10/2023", "09/10/2023", "Đã giải quyết quá hạn"),
    ("Trực tiếp", "05/10/2023", "10/10/2023", "10/10/2023", "Đã giải quyết đúng hạn"),
    ("Trực tiếp", "09/10/2023", "12/10/2023", "16/10/2023", "Đã giải quyết quá hạn"),
    ("Trực tuyến", "13/10/2023", "16/10/2023", "13/10/2023", "Đã giải quyết trước hạn"),
    ("Trực tiếp", "16/10/2023", "20/10/2023", "", "Chưa giải quyết xong"),
    ("Trực tiếp", "20/10/2023", "10/11/2023", "", "Đang giải quyết trong hạn"),
    ("Trực tuyến", "25/10/2023", "30/10/2023", "27/10/2023", "Đã giải quyết trước hạn"),
    ("Trực tiếp", "27/10/2023", "01/11/2023", "30/10/2023", "Đã giải quyết trước hạn"),
)
Command = Callable[..., str]


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MOTCUA_CATALOG", "MOTCUA_PROVINCE"):
        monkeypatch.setenv(name, "")
    return Path(shutil.copytree(CASES, tmp_path / "catalog"))


@pytest.fixture
def motcua(databases: None, catalog: Path, command: Callable[..., Told]) -> Command:
    def run(*arguments: str, code: int = 0) -> str:
        load_catalog.cache_clear()
        load_mapping.cache_clear()
        return command("--catalog", str(catalog), *arguments, code=code).out

    return run


@pytest.fixture
def reasons(motcua: Command) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that checks a source and returns its reasons; the exit code must agree with them."""

    def check(source: str, *, is_whole: bool = False) -> list[dict[str, Any]]:
        told = json.loads(motcua("sources", "check", source, *ASKED, "--json", code=0 if is_whole else 1))
        assert told["would_be_taken_whole"] is is_whole is (not told["reasons"])
        found: list[dict[str, Any]] = told["reasons"]
        assert all(reason["action"] for reason in found)
        return found

    return check


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def add_form_words(catalog: Path, motcua: Command) -> Path:
    """Let a source of the thirty dossiers be begun by `sources new`, and return its mapping."""
    drops = catalog / "drops" / "formwords2"
    drops.mkdir()
    rows = [
        f"{hundred * 10 + number},HF-{hundred}{number:02},Nguyễn Văn Mẫu,Đăng ký khai sinh,{','.join(row)}\n"
        for hundred in range(3)
        for number, row in enumerate(TEN, 1)
    ]
    (drops / "m.csv").write_text(COLUMNS + "".join(rows), encoding="utf-8")
    with (catalog / "units" / "units.csv").open("a", encoding="utf-8") as units:
        units.write("formwords2,99206,commune,commune,,Xã formwords2,2020-01-01,,made up\n")
    motcua("sources", "new", "formwords2.x", "--adapter", "files", "--unit-id", "formwords2",
           "--path", "drops/formwords2/*.csv")  # fmt: skip
    entry = catalog / "sources" / "formwords2-x.yaml"
    edit(entry, f"valid_from: {datetime.now(UTC).year}-01-01", "valid_from: 2020-01-01")
    mapping = catalog / "mappings" / "formwords2-x.yaml"
    edit(mapping, "covers: period", "covers: register")
    return mapping


def test_a_register_in_the_words_of_the_form_is_begun_and_counts_right(
    motcua: Command, catalog: Path, reasons: Callable[..., list[dict[str, Any]]]
) -> None:
    mapping = add_form_words(catalog, motcua)
    assert reasons("formwords2.x", is_whole=True) == []
    motcua("ingest", "--source", "formwords2.x", *ASKED)
    total = json.loads(motcua("report", "form-06", "--unit", "formwords2", *OCTOBER, "--json"))["total"]
    assert tuple(total[code] for code in EIGHT) == (12, 15, 3, 12, 6, 6, 3, 3)

    # A hurried engineer calls `done late` open: a finding that names the rule, and never a whole source.
    edit(mapping, '"Đã giải quyết quá hạn": {code: 9', '"Đã giải quyết quá hạn": {code: 4')
    found = reasons("formwords2.x")
    assert [(one["code"], one["records"]) for one in found] == [("set_aside", 6), ("V4", 6)]
    assert "a word for `done late` is 9 or 10, never 4" in found[1]["action"]


def test_a_file_of_which_every_record_would_be_set_aside_is_said_to_be_so(
    catalog: Path, reasons: Callable[..., list[dict[str, Any]]]
) -> None:
    found = reasons("yy.x")
    assert ("set_aside", 10) in {(one["code"], one["records"]) for one in found}
    assert {one["code"]: one["weight"] for one in found}["unread"] == "not_final"
    edit(catalog / "mappings" / "yy-x.yaml", '"dd/MM/yyyy"]', '"dd/MM/yyyy", "dd/MM/yy"]')
    assert reasons("yy.x", is_whole=True) == []


def test_what_would_hold_a_batch_comes_first(catalog: Path, reasons: Callable[..., list[dict[str, Any]]]) -> None:
    # More than half of twenty records and more: no record is loaded.
    text = (catalog / "drops" / "yy" / "m.csv").read_text(encoding="utf-8")
    more = [line.replace("-231001-00", f"-23100{n}-00") for n in (2, 3) for line in text.splitlines(keepends=True)[1:]]
    (catalog / "drops" / "yy" / "m.csv").write_text(text + "".join(more), encoding="utf-8")
    first = reasons("yy.x")[0]
    assert (first["weight"], first["code"]) == ("stops", "held")
    assert "rule T6" in first["text"]


def test_numbers_that_another_system_of_the_unit_has_are_named_until_it_is_said_how_they_number(
    motcua: Command, catalog: Path, reasons: Callable[..., list[dict[str, Any]]]
) -> None:
    for name in ("yy-x", "dueerror-x"):
        mapping = catalog / "mappings" / f"{name}.yaml"
        edit(mapping, '"dd/MM/yyyy"]', '"dd/MM/yyyy", "dd/MM/yy"]')
        edit(mapping, '{as: code, key: "Số hồ sơ"} # <-', '{as: key, key: "Số hồ sơ"} # <-')
    drop = catalog / "drops" / "yy" / "m.csv"
    edit(drop, "H59.20-231001-", "")
    entry = catalog / "sources" / "yy-x.yaml"
    other = entry.read_text(encoding="utf-8").replace("yy.x", "yy.so").replace("system_code: yy", "system_code: so")
    (catalog / "sources" / "yy-so.yaml").write_text(other.replace("drops/yy/*", "drops/yy2/*"), encoding="utf-8")
    shutil.copytree(catalog / "drops" / "yy", catalog / "drops" / "yy2")
    assert reasons("yy.so", is_whole=True) == []
    motcua("ingest", "--source", "yy.x", *ASKED)
    [alike] = reasons("yy.so")
    assert (alike["weight"], alike["code"]) == ("not_final", "numbered_alike")
    assert "10 of its numbers stand in yy.x too" in alike["text"]
    assert "`numbers: {yy: own}`" in alike["action"]
    edit(catalog / "sources" / "yy-so.yaml", "    valid_from", "    numbers: {yy: own}\n    valid_from")
    assert reasons("yy.so", is_whole=True) == []


def test_a_file_saved_before_the_last_day_and_an_extract_are_not_final(
    catalog: Path, reasons: Callable[..., list[dict[str, Any]]]
) -> None:
    mapping = catalog / "mappings" / "yy-x.yaml"
    edit(mapping, '"dd/MM/yyyy"]', '"dd/MM/yyyy", "dd/MM/yy"]')
    saved = datetime(2023, 10, 20, 5, tzinfo=UTC).timestamp()
    utime(catalog / "drops" / "yy" / "m.csv", (saved, saved))
    edit(mapping, "covers: register", "covers: period")
    found = {one["code"]: one for one in reasons("yy.x") if one["weight"] == "not_final"}
    assert "it speaks until 2023-10-19 only" in found["answers_until"]["text"]
    assert "covers: register" in found["covers"]["action"]


def test_a_file_without_a_record_of_the_days_is_said_to_be_so(motcua: Command, catalog: Path) -> None:
    mapping = catalog / "mappings" / "yy-x.yaml"
    edit(mapping, "covers: register", "covers: period")
    edit(mapping, '"dd/MM/yyyy"]', '"dd/MM/yyyy", "dd/MM/yy"]')
    told = motcua("sources", "check", "yy.x", "--from", "2020-03-01", "--to", "2020-03-31", "--json", code=1)
    first = json.loads(told)["reasons"][0]
    assert (first["weight"], first["code"]) == ("stops", "no_record")
    assert "none of its 10 rows is of the days asked for" in first["text"]


def test_a_record_set_aside_names_its_file_and_row_and_the_cell_that_was_not_read(
    motcua: Command, catalog: Path
) -> None:
    edit(catalog / "drops" / "yy" / "m.csv", ",02/10/23,02/10/23,", ",02/10/23,Nguyễn Văn Mẫu,")
    motcua("ingest", "--source", "yy.x", *ASKED)
    entries = json.loads(motcua("quarantine", "list", "--source", "yy.x", "--json"))
    number = next(one["quarantine_id"] for one in entries if one["record_id"] == "H59.20-231001-0001")
    shown = json.loads(motcua("quarantine", "show", str(number), "--json"))
    assert shown["not_read"] == [
        {"field": "received_at", "column": "Ngày tiếp nhận", "value": "25/09/23"},
        {"field": "due_at", "column": "Ngày hẹn trả", "value": "02/10/23"},
        {"field": "returned_at", "column": "Ngày trả kết quả", "value": "[masked]"},
    ]
    told = " ".join(motcua("quarantine", "show", str(number)).split())
    assert "It stands in m.csv row 2" in told
    assert "Ngày hẹn trả 02/10/23" in told
    assert "Nguyễn" not in told
