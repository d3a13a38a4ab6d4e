"""A waiver: which record it names, which rules it covers, and what no reader could judge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.catalog.finality import Waiver, Waivers, load_waivers
from motcua.errors import CatalogError
from motcua.ledger import DossierSetAside
from motcua.place import Place

RECORD = DossierSetAside(7, "s", "u", "H59", "1", ("V1",), None)
WAIVER = {"source_id": "s", "agency_code": "H59", "record_id": "1", "rules": ["V1"],
          "reason": "bản ghi thử của hệ thống", "person": "Nguyễn Thị B", "day": "2023-11-05"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "is_covered"),
    [
        ({}, True),
        ({"rule_ids": ("V1", "V4")}, False),  # it broke another rule since
        ({"rule_ids": ()}, True),
        ({"record_id": "2"}, False),
        ({"record_id": None}, False),
        ({"agency_code": "H60"}, False),
        ({"source_id": "t"}, False),
    ],
)
def test_a_waiver_covers_its_record_and_its_rules_and_nothing_else(change: dict[str, Any], is_covered: bool) -> None:
    record = replace(RECORD, **change)
    found = Waivers.model_validate({"waivers": [WAIVER]}).of(
        record.source_id, record.agency_code, record.record_id, record.grounds
    )
    assert (found is not None) is is_covered


IN_ROW = {**{key: value for key, value in WAIVER.items() if key != "record_id"},
          "file": "so.xlsx", "sheet": "T10", "row": 32, "saved": "2023-11-05 23:59:59"}  # fmt: skip
STANDS = {"file": "so.xlsx", "sheet": "T10", "row": 32, "dropped_at": "2023-11-05T16:59:59+00:00"}


@pytest.mark.parametrize(
    ("stands", "record_id", "is_covered"),
    [
        ({}, None, True),
        ({"row": 33}, None, False),
        ({"sheet": "T11"}, None, False),
        ({"sheet": None}, None, False),
        ({"file": "so 2.xlsx"}, None, False),
        ({"dropped_at": "2023-11-05T17:00:00+00:00"}, None, False),  # saved again, a second later
        ({"dropped_at": "2023-11-04T16:59:59+00:00"}, None, False),  # or another file, saved before
        ({"dropped_at": None}, None, False),  # when it was saved is not known any more
        ({}, "1", False),  # a record with an id is named by it
    ],
)
def test_a_record_without_an_id_is_waived_by_its_row_in_the_file_as_it_was_saved_then(
    stands: dict[str, Any], record_id: str | None, is_covered: bool
) -> None:
    record = replace(RECORD, record_id=record_id, stands_in=json.dumps(STANDS | stands))
    waivers = Waivers.model_validate({"waivers": [IN_ROW]})
    found = waivers.of(record.source_id, record.agency_code, record.record_id, record.grounds, record.place)
    assert (found is not None) is is_covered
    assert waivers.of("s", "H59", None, ("V1",), None) is None  # it stands in no file


def test_a_row_of_a_file_without_a_time_is_waived_without_one() -> None:
    stands = json.dumps({**STANDS, "dropped_at": None})
    record = replace(RECORD, record_id=None, stands_in=stands)
    waivers = Waivers.model_validate({"waivers": [{key: said for key, said in IN_ROW.items() if key != "saved"}]})
    named = (record.source_id, record.agency_code, record.record_id, record.grounds)
    assert waivers.of(*named, record.place) is not None
    assert waivers.of(*named, Place.of(json.dumps(STANDS))) is None


@pytest.mark.parametrize(
    "named",
    [{}, {"record_id": ""}, {"file": "a"}, {"row": 1}, {"record_id": "1", "file": "a", "row": 1},
     {"record_id": "1", "sheet": "T10"}, {"file": "a", "row": 0}, {"record_id": "1", "saved": "2023-11-05 23:59:59"}],
)  # fmt: skip
def test_a_waiver_names_its_record_by_its_id_or_by_its_row(named: dict[str, Any]) -> None:
    rest = {key: value for key, value in WAIVER.items() if key != "record_id"}
    with pytest.raises(ValueError, match="Waiver"):
        Waiver.model_validate(rest | named)


def test_two_rows_may_be_waived_and_one_not_twice() -> None:
    assert len(Waivers.model_validate({"waivers": [IN_ROW, {**IN_ROW, "row": 33}]}).waivers) == 2
    with pytest.raises(ValueError, match=r"H59: so\.xlsx, sheet T10 row 32 is waived twice"):
        Waivers.model_validate({"waivers": [IN_ROW, IN_ROW]})


@pytest.mark.parametrize(
    ("unread", "is_covered"),
    [
        ("due_at: not dd/MM/yyyy", True),
        ("channel_code: not a known word", False),
        ("due_at: a; channel_code: b", False),
    ],
)
def test_a_waiver_of_what_was_not_read_covers_its_field_and_no_other(unread: str, is_covered: bool) -> None:
    record = replace(RECORD, rule_ids=("V0", "V1"), unread=unread)
    waivers = Waivers.model_validate({"waivers": [{**WAIVER, "rules": ["V0 due_at", "V1"]}]})
    found = waivers.of(record.source_id, record.agency_code, record.record_id, record.grounds)
    assert (found is not None) is is_covered


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "............"},
        {"reason": "12345 67890 11"},
        {"person": "??"},
        {"day": "2999-01-01"},
        {"rules": ["V0"]},
    ],
)
def test_a_waiver_that_no_reader_could_judge_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Waiver"):
        Waiver.model_validate({**WAIVER, **change})


@pytest.mark.parametrize("missing", [*WAIVER, "twice"])
def test_a_waiver_without_a_record_reason_person_or_day_or_twice_is_refused(tmp_path: Path, missing: str) -> None:
    entry = {key: value for key, value in WAIVER.items() if key != missing}
    entries = [entry, entry] if missing == "twice" else [entry]
    (tmp_path / "waivers.yaml").write_text(yaml.safe_dump({"waivers": entries}), encoding="utf-8")
    load_waivers.cache_clear()
    with pytest.raises(CatalogError, match=r"waivers\.yaml"):
        load_waivers(tmp_path)
