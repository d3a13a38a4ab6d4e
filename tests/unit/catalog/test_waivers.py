"""A waiver: which record it names, which rules it covers, and what no reader could judge."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from motcua.catalog.finality import (
    Finality,
    UnitsWithoutSource,
    Waiver,
    WaiverCaps,
    Waivers,
    WithoutSource,
    load_waivers,
    load_without_source,
    record_name,
)
from motcua.errors import CatalogError
from motcua.ledger import DossierSetAside
from motcua.place import Place
from motcua.settings import TIMEZONE

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
        {"reason": "thửnghiệmhệthống"},
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


LINES = [{"code": code, "vi": "a", "en": "a"} for code in ("period_over", "no_batch_held")]
NONE = {"valid_from": "2023-01-01", "valid_to": "2023-12-31", "unit_id": "u", "vi": "0123456789", "en": "0123456789"}


@pytest.mark.parametrize(
    ("model", "least", "change"),
    [
        (Waiver, {**WAIVER, "source_id": "s"}, {"source_id": ""}),
        (Waiver, {**WAIVER, "agency_code": "h"}, {"agency_code": ""}),
        (Waiver, WAIVER, {"rules": []}),
        (Waiver, {**WAIVER, "reason": "thu nghiem"}, {"reason": "thu nghie"}),
        (Waiver, {**WAIVER, "person": "An"}, {"person": "A"}),
        (Waiver, {**IN_ROW, "row": 1}, {"row": 0}),
        (Waiver, WAIVER, {"row": 1}),
        (WaiverCaps, {"unit_pct": 0, "province_pct": 0}, {"unit_pct": "-0.5"}),
        (WaiverCaps, {"unit_pct": 100, "province_pct": 100}, {"unit_pct": "100.5"}),
        (WaiverCaps, {"unit_pct": "0.5", "province_pct": "0.5"}, {"province_pct": "-0.5"}),
        (WaiverCaps, {"unit_pct": "99.5", "province_pct": "99.5"}, {"province_pct": "100.5"}),
        (Finality, {"lines": LINES[:1]}, {"lines": []}),
        (WithoutSource, NONE, {"unit_id": ""}),
        (WithoutSource, NONE, {"vi": "012345678"}),
        (WithoutSource, NONE, {"en": "012345678"}),
    ],
)
def test_what_a_file_says_of_finality_may_be_this_short_and_no_shorter(
    model: Any, least: dict[str, Any], change: dict[str, Any]
) -> None:
    model.model_validate(least)
    with pytest.raises(ValueError, match=model.__name__):
        model.model_validate(least | change)


def test_nothing_may_be_waived_and_no_unit_is_without_a_source_until_a_file_says_so(tmp_path: Path) -> None:
    assert (WaiverCaps().unit_pct, WaiverCaps().province_pct) == (Decimal(0), Decimal(0))
    assert load_without_source(tmp_path).units == ()
    (tmp_path / "without_source.yaml").write_text(yaml.safe_dump({"units": [NONE]}), encoding="utf-8")
    load_without_source.cache_clear()
    [unit] = load_without_source(tmp_path).units
    assert unit.with_all_below is False


def test_of_what_stands_twice_the_first_is_named() -> None:
    with pytest.raises(ValueError, match="the line no_batch_held stands twice"):
        Finality.model_validate({"lines": LINES * 2})
    records = [{**WAIVER, "record_id": number} for number in ("2", "1")]
    with pytest.raises(ValueError, match="the record s/H59/1 is waived twice"):
        Waivers.model_validate({"waivers": records * 2})


@pytest.mark.parametrize(
    ("record_id", "place", "name"),
    [
        ("1", None, "H59/1"),
        ("1", Place("so.xlsx", "T10", 3), "H59/1"),
        (None, Place("so.xlsx", "T10", 3), "H59: so.xlsx, sheet T10 row 3"),
        (None, None, "H59/"),
    ],
)
def test_a_record_is_called_by_its_id_or_by_where_it_stands(
    record_id: str | None, place: Place | None, name: str
) -> None:
    assert record_name("H59", record_id, place) == name


def test_a_waiver_is_of_today_or_before() -> None:
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    Waiver.model_validate({**WAIVER, "day": today})
    with pytest.raises(ValueError, match="has not come"):
        Waiver.model_validate({**WAIVER, "day": today + timedelta(days=2)})


@pytest.mark.parametrize(
    ("entry", "line", "first", "last", "is_named"),
    [
        ({}, ("u", "d", "p"), "2023-01-01", "2023-12-31", True),
        ({}, ("x", "u", "p"), "2023-01-01", "2023-12-31", False),
        ({"with_all_below": True}, ("x", "u", "p"), "2023-01-01", "2023-12-31", True),
        ({"with_all_below": True}, ("u", "d", "p"), "2023-01-01", "2023-12-31", True),
        ({"with_all_below": True}, ("x", "d", "p"), "2023-01-01", "2023-12-31", False),
        ({}, ("u", "d", "p"), "2022-12-31", "2023-12-31", False),
        ({}, ("u", "d", "p"), "2023-01-01", "2024-01-01", False),
        ({}, ("x", "d", "p"), "2022-12-31", "2023-12-31", False),
        ({}, ("x", "d", "u"), "2023-01-01", "2023-12-31", False),
    ],
)
def test_a_unit_is_named_itself_or_with_all_below_on_all_days(
    entry: dict[str, Any], line: tuple[str, ...], first: str, last: str, is_named: bool
) -> None:
    stated = UnitsWithoutSource.model_validate({"units": [NONE | entry]})
    found = stated.of(line, date.fromisoformat(first), date.fromisoformat(last))
    assert (found is not None) is is_named
