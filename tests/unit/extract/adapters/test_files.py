"""Dropped files: which are read, in what order, and what a file may not do."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from fsspec.implementations.local import LocalFileSystem
from openpyxl import Workbook

from motcua.catalog import FilesOptions, Source
from motcua.errors import ConfigurationError, ContractBroken, SourceUnavailable
from motcua.extract.adapters.files import FilesAdapter
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.settings import PROJECT_ROOT

WINDOW = Window(date(2023, 10, 1), date(2023, 10, 31))
MAPPING = SourceMapping.model_validate(
    yaml.safe_load((PROJECT_ROOT / "include/catalog/mappings/files-example.yaml").read_text(encoding="utf-8"))
)
HEADER = (
    "Mã hồ sơ,Trạng thái,Hình thức nộp,Đơn vị xử lý,Mã thủ tục,Tên thủ tục,"
    "Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý,Ngày trả kết quả,Người nộp\n"
)


def row(number: str = "000.00.12.H59-231002-0001", status: str = "Đang xử lý", code: str = "2.000815") -> str:
    return f"{number},{status},Trực tuyến,UBND Phường 4,{code},,02/10/2023 08:30,04/10/2023,,,Nguyễn Văn Mẫu\n"


def adapter(folder: Path, path: str = "*.csv", **options: Any) -> FilesAdapter:
    source = Source(
        source_id="x.drop", name="X", system_code="x", adapter="files", level="commune", unit_id="29236:2020",
        options=FilesOptions(path=path if "://" in path else str(folder / path), **options),
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
    return FilesAdapter(source, NO_CONNECTION, MAPPING)


def landed(adapter: FilesAdapter) -> list[dict[str, Any]]:
    builder = TableBuilder(adapter._source, MAPPING, Pseudonymiser("k1", b"\x5a" * 32))
    pulled = pa.concat_tables([builder.table(page.records, page.stands) for page in adapter.pages(WINDOW)])
    rows: list[dict[str, Any]] = assign_dispositions(
        pulled, WINDOW, frozenset(), repeats=MAPPING.repeated_rows
    ).to_pylist()
    return rows


def drop(folder: Path, name: str, *rows: str, header: str = HEADER) -> None:
    (folder / name).write_text(header + "".join(rows), encoding="utf-8")


def test_the_row_of_the_file_of_the_later_day_counts(tmp_path: Path) -> None:
    drop(tmp_path, "2023-10-09.csv", row(status="Đang xử lý"))
    drop(tmp_path, "2023-10-16.csv", row(status="Đã xử lý xong"), row("000.00.12.H59-231002-0002"))
    found = landed(adapter(tmp_path))
    assert sorted((one["dossier_no"][-4:], one["disposition"], one["status_code"]) for one in found) == [
        ("0001", "duplicate", 4),
        ("0001", "record", 9),
        ("0002", "record", 4),
    ]
    assert "Mẫu" not in repr(found)


@pytest.mark.parametrize("code", ["2.00081", "2000815", "2.1"])
def test_a_procedure_code_that_excel_cut_is_reported_not_guessed(tmp_path: Path, code: str) -> None:
    drop(tmp_path, "a.csv", row(code=code))
    [one] = landed(adapter(tmp_path))
    assert one["procedure_code"] is None
    assert "procedure_code: a number, not a code" in one["mapping_issues"]


def test_a_procedure_code_that_is_text_stays_as_it_is(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", row(code="1.001193"))
    assert landed(adapter(tmp_path))[0]["procedure_code"] == "1.001193"


@pytest.mark.parametrize("name", ["a.csv.part", "~$a.csv", ".a.csv", "a.csv.tmp"])
def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name, row())
    with pytest.raises(SourceUnavailable, match=r"x\.drop: there is no file at"):
        landed(adapter(tmp_path, "*a.csv*"))


def test_a_file_that_grows_while_it_is_read_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(tmp_path, "a.csv", row())
    read = LocalFileSystem.cat_file

    def grow(self: LocalFileSystem, path: str, *args: Any, **kwargs: Any) -> bytes:
        body: bytes = read(self, path, *args, **kwargs)
        Path(path).write_bytes(body + row().encode())
        return body

    monkeypatch.setattr(LocalFileSystem, "cat_file", grow)
    with pytest.raises(SourceUnavailable, match=r"a\.csv is still being written"):
        landed(adapter(tmp_path))


def book(folder: Path, **sheets: list[list[Any]]) -> None:
    made = Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title.replace("_", " "))
        for cells in rows:
            sheet.append(cells)
    made.save(folder / "so.xlsx")


REGISTER = [HEADER.strip().split(","), row().strip().split(",")]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ([["Cách ghi sổ"], ["Ghi ngày theo dd/mm/yyyy"]], "has no header"),
        ([["Mã hồ sơ", "Số lượng"], ["Tổng", 3]], "has no column"),
    ],
)
def test_a_sheet_that_is_no_register_is_refused_with_the_sheets_that_are(
    tmp_path: Path, other: list[list[Any]], says: str
) -> None:
    book(tmp_path, Sổ=REGISTER, Hướng_dẫn=other, Tháng_10=REGISTER)
    with pytest.raises(ContractBroken, match=says) as refused:
        landed(adapter(tmp_path, "so.xlsx"))
    assert "sheet 'Hướng dẫn'" in str(refused.value)
    assert """write `sheets: ["Sổ", "Tháng 10"]` into the options""" in refused.value.action
    assert "If it is, correct" in refused.value.action
    told = landed(adapter(tmp_path, "so.xlsx", sheets=yaml.safe_load('["Sổ"]')))
    assert len(told) == 1


def test_where_no_sheet_is_a_register_or_the_catalogue_names_the_sheets_none_is_proposed(tmp_path: Path) -> None:
    book(tmp_path, Sổ=[["Cách ghi sổ"]], Tháng_10=REGISTER)
    for options in ({"sheets": ("Sổ",)}, {"sheets": ("Sổ", "Tháng 10")}):
        with pytest.raises(ContractBroken, match="has no header") as refused:
            landed(adapter(tmp_path, "so.xlsx", **options))
        assert "sheets: [" not in refused.value.action
    book(tmp_path, Sổ=[["Cách ghi sổ"]])
    drop(tmp_path, "a.csv", header="Cách ghi sổ\n")
    for name in ("so.xlsx", "a.csv"):
        with pytest.raises(ContractBroken, match="has no header") as refused:
            landed(adapter(tmp_path, name))
        assert refused.value.action.startswith("correct options.header_row")


def test_a_mapped_column_may_be_missing_only_where_the_catalogue_says_so(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", row().replace(",,02/10", ",02/10"), header=HEADER.replace("Tên thủ tục,", ""))
    with pytest.raises(ContractBroken, match=r"a\.csv has no column 'Tên thủ tục'"):
        landed(adapter(tmp_path))
    assert landed(adapter(tmp_path, optional_columns=("tên thủ tục",)))[0]["procedure_code"] == "2.000815"


def test_a_mapped_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", row(), header=HEADER.replace("Người nộp", "MÃ HỒ SƠ"))
    with pytest.raises(ContractBroken, match="'Mã hồ sơ' 2 times"):
        landed(adapter(tmp_path))


def test_a_file_without_a_header_is_refused_without_quoting_a_row(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", row(), header="")
    with pytest.raises(ContractBroken, match=r"a\.csv has no header") as refused:
        landed(adapter(tmp_path))
    assert "Mẫu" not in str(refused.value)


def test_a_path_with_an_unsupported_protocol_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        landed(adapter(tmp_path, "pigeon://loft/*.csv"))


def test_a_table_in_memory_is_read_like_one_on_disk() -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/drops/a.csv", (HEADER + row()).encode("utf-16"))
    assert landed(adapter(Path(), "memory://drops/*.csv"))[0]["unit_code"] == "UBND Phường 4"


def test_the_file_of_october_is_later_than_that_of_september(tmp_path: Path) -> None:
    drop(tmp_path, "T9-2025.csv", row(status="Đang xử lý"))
    drop(tmp_path, "T10-2025.csv", row(status="Đã xử lý xong"))
    found = landed(adapter(tmp_path))
    assert sorted((one["disposition"], one["status_code"]) for one in found) == [("duplicate", 4), ("record", 9)]


def test_sheets_are_ordered_by_the_months_in_their_names_not_by_their_place(tmp_path: Path) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet, status in (("Tháng 10", "Đã xử lý xong"), ("Tháng 9", "Đang xử lý")):
        table = book.create_sheet(sheet)
        for line in (HEADER, row(status=status)):
            table.append(line.strip().split(","))
    book.save(tmp_path / "so.xlsx")
    found = landed(adapter(tmp_path, "*.xlsx"))
    assert sorted((one["disposition"], one["status_code"]) for one in found) == [("duplicate", 4), ("record", 9)]
    assert json.loads(found[0]["stands_in"])["sheet"] == "Tháng 9"


def test_files_of_folders_are_named_from_the_folder_of_the_pattern(tmp_path: Path) -> None:
    for folder, status in (("phong-a", "Đang xử lý"), ("phong-b", "Đã xử lý xong")):
        (tmp_path / folder).mkdir()
        drop(tmp_path / folder, "so.csv", row(status=status))
        os.utime(tmp_path / folder / "so.csv", (1_700_000_000, 1_700_000_000))
    read = adapter(tmp_path, "*/so.csv")
    [record] = [one for one in landed(read) if one["disposition"] == "record"]
    assert record["status_code"] is None
    assert "4 (phong-a/so.csv row 2) | 9 (phong-b/so.csv row 2)" in record["mapping_issues"]
    assert [drop.file for drop in read.newest_of_series] == ["phong-a/so.csv", "phong-b/so.csv"]


def test_a_download_that_is_repeated_is_the_newer_one_also_where_the_name_sorts_first(tmp_path: Path) -> None:
    drop(tmp_path, "so (1).csv", row(status="Đã xử lý xong"))
    drop(tmp_path, "so.csv", row(status="Đang xử lý"))
    for name in ("so.csv", "so (1).csv"):
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    found = landed(adapter(tmp_path))
    assert sorted((one["disposition"], one["status_code"]) for one in found) == [("duplicate", 4), ("record", 9)]
