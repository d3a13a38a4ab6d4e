"""What landing keeps of a record is enough to read it again, and holds nothing that landing may not hold."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.catalog import Source, load_catalog
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.as_sent import vocabulary
from motcua.extract.records.mapping import SourceMapping, load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
FOREIGN = PROJECT_ROOT / "tests" / "unit" / "cli" / "foreign"
SO = load_mapping(FOREIGN, "so-theo-doi")
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))


_BUILDERS: dict[int, TableBuilder] = {}


def builder(mapping: SourceMapping) -> TableBuilder:
    """Return a builder by this mapping; the names of all procedures are read once for each."""
    if id(mapping) not in _BUILDERS:
        _BUILDERS[id(mapping)] = _builder(mapping)
    return _BUILDERS[id(mapping)]


def _builder(mapping: SourceMapping) -> TableBuilder:
    [source, *_] = load_catalog(CATALOG).sources
    given = source.model_dump() | {"mapping": mapping.adapter}
    return TableBuilder(Source.model_validate(given), mapping, Pseudonymiser("k1", b"\x5a" * 32))


def landed(pulled: pa.Table) -> pa.Table:
    numbers = pa.chunked_array([pa.array(range(pulled.num_rows), pa.int32())])
    return assign_dispositions(pulled, OCTOBER, frozenset(), is_register=True, record_nos=numbers)


def records_of(name: str) -> tuple[SourceMapping, list[dict[str, Any]]]:
    if name == "foreign":
        lines = (FOREIGN / "drops" / "2025-09.csv").read_text(encoding="utf-8").splitlines()[2:]
        rows = [{key.capitalize(): value for key, value in row.items()} for row in csv.DictReader(lines, delimiter=";")]
        mapping = SO
        by_name = {key.casefold(): key for key in mapping.keys.listed}
        return mapping, [{by_name[key.casefold()]: value for key, value in row.items()} for row in rows[:15]]
    text = (PROJECT_ROOT / "tests" / "samples" / f"{name}_page.json").read_text(encoding="utf-8")
    page = json.loads(text.replace("<24-hex>", "5f" * 12))
    found = page.get("data", page.get("content"))
    return load_mapping(CATALOG, name.split("_")[0]), found


@pytest.mark.parametrize("name", ["foreign", "opencps_dossiers", "igate_dossier_search"])
def test_read_again_by_the_same_mapping_a_record_is_what_it_was(name: str) -> None:
    mapping, records = records_of(name)
    pulled = builder(mapping).table(records)
    again = builder(mapping).read_again(landed(pulled))
    assert again.num_rows == pulled.num_rows > 0
    assert again.to_pylist() == pulled.to_pylist()


# Every kind of value that a table or a JSON document holds, and what hurried hands write.
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**13), st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(["", "-", "chưa có", "1/9/2025", "31/9/2025", "05/10/23", "8h30 ngày 05/10/2023", "45905"]),
    st.sampled_from(["#N/A", "#REF!", "#FORMULA?", "#DAY?", "Err:502", "####"]),
    st.sampled_from(["Đã trả kết quả", "đã  trả KẾT QUẢ", "Chờ sếp ký", "trực tuyến", "Qua Zalo", "ĐK khai sinh"]),
    st.text(max_size=30),
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(dict.fromkeys(load_mapping(FOREIGN, "so-theo-doi").keys.keep, VALUES)),
        min_size=1,
        max_size=6,
    )
)
def test_any_values_are_read_again_as_they_were(records: list[dict[str, Any]]) -> None:
    mapping = SO
    for number, record in enumerate(records):
        record["Số hồ sơ"] = f"PA/2025/{number:03}"
    pulled = builder(mapping).table(records)
    for before, after in zip(pulled.to_pylist(), builder(mapping).read_again(landed(pulled)).to_pylist(), strict=True):
        unread = fields_of(before)
        assert fields_of(after) == unread
        same = before.keys() - unread - {"mapping_issues"}
        assert {name: after[name] for name in same} == {name: before[name] for name in same}


def fields_of(row: dict[str, Any]) -> set[str]:
    """Return the fields that could not be read."""
    return {issue.split(":")[0] for issue in (row["mapping_issues"] or "").split("; ")} - {""}


def keyed(unique_in: list[Any], **identity: Any) -> SourceMapping:
    """Return the mapping of the register, with keys made of an office's own numbers."""
    document = SO.model_dump(by_alias=True, mode="json")
    document["identity"] = {"as": "key", "key": "Số hồ sơ", "unique_in": unique_in} | identity
    document["fields"]["dossier_no"] = {"as": "code", "key": "Số hồ sơ"}
    return SourceMapping.model_validate(document)


@pytest.mark.parametrize(
    ("unique_in", "first"),
    [(["year"], "7/2025"), (["month"], "7|2025-09"), (["sheet"], "7|SO1"), ([{"column": "Kênh"}], "7|A1")],
)
def test_a_key_of_an_offices_number_is_read_again_with_all_that_it_is_made_of(unique_in: list[Any], first: str) -> None:
    mapping = keyed(unique_in)
    record = dict.fromkeys(mapping.keys.keep, None) | {"Ngày nhận": "01/09/2025", "(month)": "2025-09"}
    records = [record | {"Số hồ sơ": 7.0, "(sheet)": "so1", "Kênh": "a1"}]
    records.append(record | {"Số hồ sơ": "0008", "(sheet)": "Nguyễn Thị Hoa", "Kênh": "A 2"})
    records.append(record | {"Số hồ sơ": " 09 ", "(sheet)": "", "Kênh": "-"})
    pulled = builder(mapping).table(records)
    again = builder(mapping).read_again(landed(pulled))
    assert again.to_pylist() == pulled.to_pylist()
    assert pulled["dossier_id"][0].as_py() == first
    assert "Nguy" not in "".join(pulled["as_sent"].to_pylist())


@pytest.mark.parametrize("personal", ["079203001234", "Nguyễn Văn An", 79203001234, 79203001234.0])
def test_what_may_not_stand_in_a_key_is_not_kept_because_the_number_is_a_copy_of_it(personal: Any) -> None:
    mapping = keyed(["year"])
    record = dict.fromkeys(mapping.keys.keep, None) | {"Ngày nhận": "01/09/2025"}
    rows = builder(mapping).table([record | {"Số hồ sơ": number} for number in (personal, "7", "8")]).to_pylist()
    assert [row["dossier_id"] for row in rows] == [None, "7/2025", "8/2025"]
    assert str(personal).removesuffix(".0") not in rows[0]["as_sent"]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        ["Nguyễn Văn An", "Trần Thị B, số 5 phố Huế", "079203001234", "0912 345 678", "a@mail.vn", "An", "012345678"]
    ),
    st.sampled_from([key for key in SO.keys.keep if key != "Thủ tục"]),
)  # fmt: skip
def test_a_value_that_landing_may_not_hold_is_not_kept_in_the_place_of_any_other(personal: str, key: str) -> None:
    mapping = SO
    rows = [dict.fromkeys(mapping.keys.keep, None) | {"Số hồ sơ": f"PA/2025/{number:03}"} for number in range(3)]
    rows[0][key] = personal
    row = builder(mapping).table(rows).to_pylist()[0]
    held = {value for name, value in row.items() if name != "as_sent"}
    assert personal in held or personal not in row["as_sent"]


@pytest.mark.parametrize(
    ("key", "said", "field", "before", "after"),
    [
        ("Tình trạng", "Chờ sếp ký", "status_code", None, 4),
        ("Kênh", "Qua  ZALO", "channel_code", None, 2),
        ("Hẹn trả", "05/10/23", "due_at", None, "2023-10-05"),
        ("Hẹn trả", "Trong ngày", "due_at", None, None),
        ("Hẹn trả", "#N/A", "due_at", None, None),
    ],
)
def test_what_could_not_be_read_is_read_once_the_mapping_says_how(
    key: str, said: str, field: str, before: Any, after: Any, tmp_path: Path
) -> None:
    text = (FOREIGN / "mappings" / "so-theo-doi.yaml").read_text(encoding="utf-8")
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "so.yaml").write_text(
        text.replace("  codes:\n", "  codes:\n    Chờ sếp ký: {code: 4, evidence: inferred}\n", 1)
        .replace("BCCI: 3}", "BCCI: 3, Qua Zalo: 2}")
        .replace("formats: &days [", "formats: &days [dd/MM/yyyy, ")
        .replace('"chưa có"]', '"chưa có", "Trong ngày", "#N/A"]')
        .replace("key: Hẹn trả, formats: *days", "key: Hẹn trả, formats: [d/M/yyyy, dd/MM/yy]"),
        encoding="utf-8",
    )
    record = dict.fromkeys(load_mapping(FOREIGN, "so-theo-doi").keys.keep, None) | {
        "Số hồ sơ": "PA/2025/001",
        "Kênh": "BCCI",
        key: said,
    }
    pulled = builder(SO).table([record])
    assert (pulled[field][0].as_py(), pulled["mapping_issues"][0].is_valid) == (before, True)
    [again] = builder(load_mapping(tmp_path, "so")).read_again(landed(pulled)).to_pylist()
    told = again[field]
    assert (told if not isinstance(after, str) else str(told.date())) == after
    assert again["mapping_issues"] is None


def test_an_error_that_an_older_landing_could_not_keep_is_unread_when_it_is_read_again() -> None:
    words = vocabulary(SO, load_catalog(CATALOG), Pseudonymiser("k1", b"\x5a" * 32))
    stands_for = Pseudonymiser("k1", b"\x5a" * 32).of_word("#N/A").split(".")[0]
    assert words[stands_for] == "#N/A"
