"""Rows 5.2 and 5.3 from a dropped table to `motcua index unit`, as typed: counted, or not available and why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.petition_world import CITY, OTHER_WARD, WARD, add_source, drop, emptied, make_catalog, row
from tests.unit.cli.conftest import Told

from motcua.catalog import load_catalog
from motcua.period import parse_period
from motcua.publish.index.standing import level_index

pytestmark = pytest.mark.usefixtures("databases")

NOTHING = (None, None, None, "not_available")
OCTOBER_1 = date(2023, 10, 1)
OCTOBER = ("--period", "CAL_MONTH:2023-10", "--json")
GOOD = row("1", Hạn_xử_lý="20/10/2023", Ngày_xử_lý="05/10/2023", Hài_lòng="Có")
LATE = row("2", Hạn_xử_lý="09/10/2023", Ngày_xử_lý="12/10/2023", Hài_lòng="Có")
# tests/unit/cli/petitions_refused is a reported case: the unit of no row can be read.
REFUSED = Path(__file__).parent / "petitions_refused"

Run = Callable[..., str]


@pytest.fixture
def run(command: Callable[..., Told]) -> Run:
    def typed(*arguments: str, code: int = 0) -> str:
        told = command(*arguments, code=code)
        return told.out + told.err

    return typed


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_catalog(tmp_path_factory.mktemp("petitions") / "catalog")


@pytest.fixture
def catalog(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_CATALOG", str(shared))
    with emptied(shared) as found:
        return found


def index(run: Run, unit: str) -> dict[str, Any]:
    return json.loads(run("index", "unit", unit, *OCTOBER))  # type: ignore[no-any-return]


def rows_of(found: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    items = found["groups"]["satisfaction"]["items"]
    return {
        row_id: tuple(items[row_id][name] for name in ("numerator", "denominator", "score", "state"))
        for row_id in ("5.2", "5.3")
    }


def scored(run: Run, unit: str = CITY) -> tuple[dict[str, tuple[Any, ...]], str]:
    """Return rows 5.2 and 5.3 of October, and the note that stands beside them."""
    found = index(run, unit)
    [note] = {
        item.get("note", {}).get("en", "")
        for row_id, item in found["groups"]["satisfaction"]["items"].items()
        if row_id in ("5.2", "5.3")
    }
    return rows_of(found), note


def is_not_available(run: Run, reason: str, unit: str = CITY) -> bool:
    found, note = scored(run, unit)
    assert re.search(reason, note), note
    return found == {"5.2": NOTHING, "5.3": NOTHING}


def test_petitions_are_scored_where_they_are_told_full_without_any_and_not_available_where_nobody_tells(
    run: Run, catalog: Path
) -> None:
    assert is_not_available(run, "no source of petitions")
    drop(
        add_source(catalog),
        row("1", Ngày_nhận="20/09/2023", Hạn_xử_lý="10/10/2023", Ngày_xử_lý="05/10/2023", Hài_lòng="Có"),
        LATE,
        row("3", Hạn_xử_lý="20/10/2023", Ngày_xử_lý="12/10/2023", Hài_lòng="Không"),
        row("4", Ngày_nhận="30/10/2023", Hạn_xử_lý="20/11/2023"),
        row("5", Ngày_nhận="01/10/2023", Hạn_xử_lý="20/10/2023"),
    )
    assert "5 of 5 rows taken in" in run("petitions", "ingest")
    assert scored(run) == ({"5.2": (3, 5, 3.6, "measured"), "5.3": (2, 5, 2.4, "measured")}, "")
    assert scored(run, WARD) == ({"5.2": (0, 0, 6, "empty"), "5.3": (0, 0, 6, "empty")}, "")
    assert is_not_available(run, "no source of petitions", "84-TTPVHCC:2020")
    table = " ".join(run("index", "unit", CITY, *OCTOBER[:2]).split())
    assert "còn thiếu 2 phản ánh kiến nghị xử lý đúng hạn" in table


def test_petitions_whose_unit_cannot_be_read_are_not_full_marks(run: Run, catalog: Path) -> None:
    (catalog / "petitions" / "tv.yaml").write_text((REFUSED / "tv.yaml").read_text("utf-8"), encoding="utf-8")
    table = (REFUSED / "a.csv").read_text(encoding="utf-8")
    folder = catalog / "petitions-drop"
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_text(table, encoding="utf-8")
    told = run("petitions", "ingest", code=1)
    assert "tra-vinh.petitions: 0 of 3 rows taken in" in told
    assert told.count("(P2)") == 3
    assert is_not_available(run, "^3 petitions set aside may belong to the period")
    assert len(json.loads(run("quarantine", "list", "--json"))) == 3

    # Once the units are readable: one on time, one overdue, one of a kind that nobody said how to count.
    (folder / "a.csv").write_text(table.replace(",842,", ",842:2020,"), encoding="utf-8")
    assert "2 of 3 rows taken in" in run("petitions", "ingest", code=1)
    found, note = scored(run)
    assert found == {"5.2": (1, 2, 3, "measured"), "5.3": (1, 2, 3, "measured")}
    assert note == "1 petition left out, for the kind is not listed (motcua quarantine list)"


def test_a_source_that_never_answered_is_missing_and_not_without_petitions(run: Run, catalog: Path) -> None:
    folder = add_source(catalog)
    assert is_not_available(run, r"data incomplete for Phản ánh, kiến nghị .* \(missing\)")
    assert "no file at" in run("petitions", "ingest", code=1)
    assert is_not_available(run, r"\(failed\)")
    drop(folder)
    run("petitions", "ingest")
    assert scored(run)[0] == {"5.2": (0, 0, 6, "empty"), "5.3": (0, 0, 6, "empty")}


def test_a_file_that_lacks_a_column_answers_for_no_day(run: Run, catalog: Path) -> None:
    folder = add_source(catalog)
    (folder / "1.csv").write_text("Mã PAKN,Ngày nhận\nP-1,02/10/2023\n", encoding="utf-8")
    assert "has no column" in run("petitions", "ingest", code=1)
    assert is_not_available(run, r"\(failed\)")


def test_a_source_that_answered_for_a_part_of_the_period_is_not_all_there_is(run: Run, catalog: Path) -> None:
    folder = add_source(catalog)
    drop(folder, GOOD, on=date(2023, 10, 16))
    assert "for the days until 2023-10-15" in run("petitions", "ingest")
    assert is_not_available(run, r"\(missing\)")
    [cell] = [one for one in index(run, CITY)["missing_sources"] if one["source_id"] == "tra-vinh.petitions"]
    assert cell == {"source_id": "tra-vinh.petitions", "unit_id": CITY, "cell": "missing"}
    drop(folder, GOOD, name="2.csv", on=date(2023, 11, 1))
    run("petitions", "ingest")
    assert scored(run)[0]["5.2"] == (1, 1, 6, "measured")


BROKEN = (
    {"Ngày nhận": "32/10/2023"},
    {"Ngày nhận": ""},
    {"Ngày nhận": "02/10/2033"},
    {"Hạn xử lý": "cuối tháng"},
    {"Ngày xử lý": "01/10/2023"},
    {"Hài lòng": "không rõ"},
    {"Loại": ""},
    {"Mã PAKN": ""},
    {"Đơn vị": "Phòng không ai biết"},
)


def test_a_petition_that_is_set_aside_takes_the_rows_it_may_change(run: Run, catalog: Path) -> None:
    wards = [
        unit for unit in load_catalog(catalog).subtree(CITY) if unit.kind == "commune" and unit.holds_on(OCTOBER_1)
    ]
    assert len(wards) > len(BROKEN)
    for number, ward in enumerate(wards):  # a source a ward, each with another fault, the last ones without any
        wrong = [row("2") | BROKEN[number]] if number < len(BROKEN) else []
        drop(add_source(catalog, f"ward-{number}.petitions", ward.unit_id), GOOD, *wrong)
    run("petitions", "ingest", code=1)
    found = {one.unit.unit_id: one for one in level_index(CITY, "commune", parse_period("CAL_MONTH:2023-10"))}
    for number, ward in enumerate(wards):
        one = found[ward.unit_id]
        is_broken = number < len(BROKEN)
        assert {one.score.item(row_id).is_available for row_id in ("5.2", "5.3")} == {not is_broken}, number
        assert ("set aside" in one.notes["5.2"].en) if is_broken else "5.2" not in one.notes, number
    assert is_not_available(run, f"^{len(BROKEN)} petitions set aside may belong to the period")


@pytest.mark.parametrize(
    ("broken", "ward", "other_ward"),
    [({"Hạn xử lý": "x", "Đơn vị": WARD}, False, True), ({"Đơn vị": "Phòng không ai biết"}, False, False)],
    ids=["of a known ward", "of nobody knows whom"],
)
def test_it_takes_them_from_whom_it_may_belong_to(
    run: Run, catalog: Path, broken: dict[str, str], ward: bool, other_ward: bool
) -> None:
    drop(add_source(catalog), GOOD, row("2") | broken)
    run("petitions", "ingest", code=1)
    found = {unit: scored(run, unit)[0]["5.2"][3] == "empty" for unit in (WARD, OTHER_WARD)}
    assert found == {WARD: ward, OTHER_WARD: other_ward}
    assert is_not_available(run, "set aside")


@pytest.mark.parametrize(
    "broken",
    [
        {"Ngày nhận": "02/11/2023", "Hạn xử lý": "x"},
        {"Ngày nhận": "02/08/2023", "Ngày xử lý": "30/09/2023", "Hạn xử lý": "x"},
    ],
    ids=["received later", "closed before"],
)
def test_it_takes_nothing_from_a_period_it_cannot_belong_to(run: Run, catalog: Path, broken: dict[str, str]) -> None:
    drop(add_source(catalog), GOOD, row("2") | broken)
    run("petitions", "ingest", code=1)
    assert scored(run) == ({"5.2": (1, 1, 6, "measured"), "5.3": (1, 1, 6, "measured")}, "")


def test_where_some_units_are_told_and_others_not_the_row_says_of_how_many(run: Run, catalog: Path) -> None:
    drop(add_source(catalog, "ward.petitions", WARD), GOOD)
    add_source(catalog, "other-ward.petitions", OTHER_WARD)
    run("petitions", "ingest", code=1)
    found, note = scored(run)
    assert found["5.2"] == (1, 1, 6, "measured")
    assert re.fullmatch(
        r"\d+ of \d+ units have no source of petitions; 1 of \d+ units have a source that has not answered", note
    )


def test_an_edition_that_counts_petitions_is_final_only_when_they_are_all_there(run: Run, catalog: Path) -> None:
    folder = add_source(catalog)
    publish = ("report", "publish", "petitions", "--unit", CITY, "--period", "CAL_MONTH:2023-10")
    drop(folder, GOOD, row("2", Loại="Kiểu lạ"))
    run("petitions", "ingest", code=1)
    assert "provisional" in run(*publish)
    drop(folder, GOOD, row("2", Loại="Việc khác"))
    run("petitions", "ingest")
    assert "final" in run(*publish)
