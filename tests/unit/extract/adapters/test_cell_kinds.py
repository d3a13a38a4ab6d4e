"""Every kind of cell in every kind of column and file: it is read right, or the record says which field is unread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.extract.cell_files import (
    BROKEN,
    EMPTY,
    ERROR,
    TYPED,
    VALUE,
    WITH,
    WITHOUT,
    Cell,
    as_csv,
    as_ods,
    as_xls,
    as_xlsx,
    by_openpyxl,
)

from motcua.catalog import FilesOptions, Source
from motcua.errors import ContractBroken
from motcua.extract.adapters.files import FilesAdapter
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.wire.connection import NO_CONNECTION

OCTOBER = Window(date(2025, 10, 1), date(2025, 10, 31))
KINDS = (VALUE, WITH, EMPTY, ERROR, BROKEN, WITHOUT, TYPED)
UNREAD = frozenset({ERROR, BROKEN, WITHOUT, TYPED})
FILES: dict[str, Callable[[list[list[Any]]], bytes]] = {
    "csv": as_csv,
    "openpyxl": by_openpyxl,
    "xlsx": as_xlsx,
    "xls": as_xls,
    "ods": as_ods,
    "old ods": lambda rows: as_ods(rows, is_old=True),
}
MAPPING = {
    "adapter": "files",
    "null_values": ["", "-"],
    "identity": {"as": "key", "key": "Số", "unique_in": ["year", {"column": "Quyển"}]},
    "standing": [{"standing": "soft_deleted", "key": "Đã xoá"}],
    "status": {"key": "Tình trạng", "codes": {"Đã trả": {"code": 10, "evidence": "inferred"}}},
    "channel": {"as": "codes", "key": "Kênh", "codes": {"Trực tuyến": 2}},
    "fields": {
        "dossier_no": {"as": "code", "key": "Số"},
        "unit_code": {"as": "name", "key": "Đơn vị", "patterns": [".*"]},
        "procedure_code": {"as": "procedure", "key": "Thủ tục", "otherwise": "KHAC"},
        "received_at": {"as": "instant", "key": "Ngày nhận", "formats": ["d/M/yyyy", "excel"]},
        "due_at": {"as": "instant", "key": "Hẹn trả", "formats": ["d/M/yyyy", "excel"]},
        "finished_at": {"as": "instant", "key": "Ngày xong", "formats": ["d/M/yyyy", "excel"]},
        "fee_amount": {"as": "integer", "key": "Lệ phí", "minimum": 0, "maximum": 10**9},
        "applicant_kind": {
            "as": "choice", "key": "Đối tượng", "choices": {"Công dân": "citizen"}, "otherwise": "business"
        },
        "applicant_ref": {"as": "pseudonym", "key": "CCCD"},
    },
    "keys": {
        "keep": ["Số", "Quyển", "Đã xoá", "Tình trạng", "Kênh", "Đơn vị", "Thủ tục", "Ngày nhận", "Hẹn trả",
                 "Ngày xong", "Lệ phí", "Đối tượng"],
        "hmac": ["CCCD"],
    },
}  # fmt: skip
# Of each column: its field, what stands in it, what that means, and what an empty cell means.
COLUMNS: dict[str, tuple[str, Any, Any, Any]] = {
    "Số": ("dossier_id", "7", "7/2025|A", None),
    "Quyển": ("dossier_id", "A", "7/2025|A", None),
    "Đã xoá": ("standing", "x", "soft_deleted", None),
    "Tình trạng": ("status_code", "Đã trả", 10, None),
    "Kênh": ("channel_code", "Trực tuyến", 2, None),
    "Đơn vị": ("unit_code", "UBND Xã Phú An", "UBND Xã Phú An", None),
    "Thủ tục": ("procedure_code", "2.000815", "2.000815", "KHAC"),
    "Ngày nhận": ("received_at", date(2025, 10, 6), datetime(2025, 10, 6), None),
    "Hẹn trả": ("due_at", date(2025, 10, 8), datetime(2025, 10, 8), None),
    "Ngày xong": ("finished_at", date(2025, 10, 7), datetime(2025, 10, 7), None),
    "Lệ phí": ("fee_amount", 20_000, 20_000, None),
    "Đối tượng": ("applicant_kind", "Công dân", "citizen", None),
    "CCCD": ("applicant_ref", "079203001234", Pseudonymiser("k1", b"\x5a" * 32)("079203001234"), None),
}
USUAL = {column: Cell(None if column == "Đã xoá" else value) for column, (_, value, _, _) in COLUMNS.items()}


def mapping(**changes: Any) -> SourceMapping:
    return SourceMapping.model_validate(MAPPING | changes)


def read(folder: Path, body: bytes, told: SourceMapping | None = None) -> list[dict[str, Any]]:
    """Return the records of a file, as they go to landing before their fate is known."""
    (folder / "drop").write_bytes(body)
    source = Source(
        source_id="x.drop", name="X", system_code="x", adapter="files", level="commune", unit_id="29236:2020",
        options=FilesOptions(path=str(folder / "drop")), valid_from=date(2020, 1, 1),
    )  # fmt: skip
    adapter = FilesAdapter(source, NO_CONNECTION, told or mapping())
    records = [record for page in adapter.pages(OCTOBER) for record in page.records]
    rows: list[dict[str, Any]] = (
        TableBuilder(source, told or mapping(), Pseudonymiser("k1", b"\x5a" * 32)).table(records).to_pylist()
    )
    return rows


def cell(column: str, kind: str, error: str = "#REF!") -> Cell:
    value = COLUMNS[column][1]
    return Cell(error if kind in (ERROR, BROKEN, TYPED) else value, kind)


def table(*rows: dict[str, Cell], head: int = 0) -> list[list[Any]]:
    return [list(COLUMNS), *([row[column] for column in COLUMNS] for row in [*rows, *[USUAL] * head])]


def unread_of(row: dict[str, Any]) -> list[str]:
    return [issue.split(":")[0] for issue in (row["mapping_issues"] or "").split("; ") if issue]


# In an XLS a formula that was never worked out is told from an empty text by the whole workbook.
@pytest.mark.parametrize(
    ("file", "kinds"),
    [*((file, KINDS) for file in FILES), ("xls", tuple(kind for kind in KINDS if kind != WITHOUT))],
)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_cell_of_any_kind_is_read_right_or_its_field_is_said_to_be_unread(
    column: str, file: str, kinds: tuple[str, ...], tmp_path: Path
) -> None:
    field, _, meant, when_empty = COLUMNS[column]
    body = FILES[file](table(*(USUAL | {column: cell(column, kind)} for kind in kinds), head=len(kinds)))
    rows = read(tmp_path, body)
    assert len(rows) == 2 * len(kinds)
    for kind, row in zip(kinds, rows, strict=False):
        if kind in UNREAD:
            assert field in unread_of(row), (kind, row)
            said = "a formula without a value" if kind == WITHOUT else "holds the error #REF!"
            assert f"{field}: {said}" in row["mapping_issues"]
        elif kind == EMPTY:
            assert row[field] == when_empty
            assert "error" not in (row["mapping_issues"] or "")
        else:
            assert (row[field], row["mapping_issues"]) == (meant, None), (kind, row)
    assert all(row["mapping_issues"] is None for row in rows[len(kinds) :])


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.fixed_dictionaries({column: st.sampled_from(KINDS) for column in COLUMNS}), min_size=1, max_size=4),
    st.sampled_from(["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"]),
)
def test_in_any_mix_of_cells_no_value_is_wrong_without_an_issue_for_its_field(
    tmp_path_factory: pytest.TempPathFactory, file: str, kinds: list[dict[str, str]], error: str
) -> None:
    mixed = [{column: cell(column, kind, error) for column, kind in row.items()} for row in kinds]
    rows = read(tmp_path_factory.mktemp("mix"), FILES[file](table(*mixed, head=len(mixed) + 1)))
    for told, row in zip(kinds, rows, strict=False):
        unread = set(unread_of(row))
        assert {COLUMNS[column][0] for column, kind in told.items() if kind in UNREAD} <= unread
        for column, kind in told.items():
            field, _, meant, when_empty = COLUMNS[column]
            if kind not in UNREAD and field not in unread and field != "dossier_id":
                assert row[field] == (when_empty if kind == EMPTY else meant)


@pytest.mark.parametrize("file", FILES)
def test_what_a_mapping_lists_as_nothing_is_empty_whatever_the_file(file: str, tmp_path: Path) -> None:
    open_yet = USUAL | {"Ngày xong": cell("Ngày xong", ERROR, "#N/A"), "Kênh": cell("Kênh", WITHOUT)}
    told = mapping(null_values=["", "#N/A", "#FORMULA?"])
    [first, *_] = read(tmp_path, FILES[file](table(open_yet, head=1)), told)
    assert (first["finished_at"], first["channel_code"]) == (None, None)
    assert first["mapping_issues"] == "channel_code: not stated"  # an empty channel is not the desk


def test_a_cell_that_the_status_leaves_unread_is_not_asked_for(tmp_path: Path) -> None:
    fields = MAPPING["fields"] | {  # type: ignore[operator]
        "finished_at": {"as": "instant", "key": "Ngày xong", "formats": ["d/M/yyyy"], "only_status": ["Từ chối"]}
    }
    broken = USUAL | {"Ngày xong": cell("Ngày xong", ERROR)}
    assert read(tmp_path, as_xls(table(broken)), mapping(fields=fields))[0]["mapping_issues"] is None


def test_the_first_column_with_a_value_decides_and_an_error_is_one(tmp_path: Path) -> None:
    fields = MAPPING["fields"] | {  # type: ignore[operator]
        "finished_at": {"as": "instant", "key": ["Ngày xong", "Hẹn trả"], "formats": ["d/M/yyyy"]}
    }
    first = USUAL | {"Ngày xong": cell("Ngày xong", ERROR)}
    second = USUAL | {"Hẹn trả": cell("Hẹn trả", ERROR)}
    rows = read(tmp_path, as_xls(table(first, second)), mapping(fields=fields))
    assert [unread_of(row) for row in rows] == [["finished_at"], ["due_at"]]


def test_an_unread_day_of_an_end_keeps_a_record_in_the_pull(tmp_path: Path) -> None:
    before = USUAL | {"Ngày nhận": Cell(date(2025, 9, 1)), "Hẹn trả": Cell(date(2025, 9, 3))}
    rows = (before | {"Ngày xong": Cell(date(2025, 9, 2))}, before | {"Ngày xong": cell("Ngày xong", BROKEN)})
    source_rows = table(*({**row, "Số": Cell(str(number))} for number, row in enumerate(rows)))
    (tmp_path / "drop").write_bytes(as_ods(source_rows))
    source = Source(
        source_id="x.drop", name="X", system_code="x", adapter="files", level="commune", unit_id="29236:2020",
        options=FilesOptions(path=str(tmp_path / "drop")), valid_from=date(2020, 1, 1),
    )  # fmt: skip
    records = [one for page in FilesAdapter(source, NO_CONNECTION, mapping()).pages(OCTOBER) for one in page.records]
    pulled = TableBuilder(source, mapping(), Pseudonymiser("k1", b"\x5a" * 32)).table(records)
    found = assign_dispositions(pulled, OCTOBER, frozenset()).to_pylist()
    assert {row["dossier_no"]: row["disposition"] for row in found} == {
        "0/2025|A": "out_of_window",
        "1/2025|A": "record",
    }


@pytest.mark.parametrize("write", [as_xlsx, as_xls, as_ods])
def test_days_of_a_workbook_that_counts_from_1904_are_read_right(write: Callable[..., bytes], tmp_path: Path) -> None:
    numbers = USUAL | {"Hẹn trả": Cell((date(2025, 10, 8) - date(1904, 1, 1)).days)}
    texts = USUAL | {"Hẹn trả": Cell(str((date(2025, 10, 8) - date(1904, 1, 1)).days))}
    nothing = USUAL | {"Ngày xong": Cell(0)}
    first, second, third = read(tmp_path, write(table(numbers, texts, nothing), is_1904=True))
    assert (first["received_at"], first["due_at"]) == (datetime(2025, 10, 6), datetime(2025, 10, 8))
    assert (unread_of(first), unread_of(second)) == ([], ["due_at"])
    assert (third["finished_at"], unread_of(third)) == (None, [])


def test_a_register_of_errors_has_no_keys_and_is_refused_by_name(tmp_path: Path) -> None:
    rows = table(*[USUAL | {"Số": cell("Số", WITHOUT)}] * 3)
    with pytest.raises(ContractBroken, match="3 of 3 records without a usable Số"):
        read(tmp_path, by_openpyxl(rows))
