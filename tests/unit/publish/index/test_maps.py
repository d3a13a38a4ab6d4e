"""Index 766 across 1 July 2025: a unit's dossiers count for whoever stands for it on the map asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.measured_world import Store
from tests.reform_world import NEW_TOWN, NEW_WARD, TOWN, WARD_1, WARD_4, reform_catalog

from motcua.errors import ReportRefused
from motcua.period import parse_period
from motcua.publish.index.standing import Standing, level_index, unit_index
from motcua.units.codes import sync_units
from motcua.warehouse import store_engine

STRADDLING = parse_period("2025-06-15..2025-07-14")
TODAY = date(2025, 8, 1)


@pytest.fixture
def reform(databases: None, tmp_path: Path) -> Iterator[Store]:
    """Wards of Trà Vinh before the reform and the ward that took over from two of them after it."""
    with reform_catalog(tmp_path) as catalog:
        with store_engine().begin() as connection:
            sync_units(connection, catalog)
        store = Store(catalog)
        for source in catalog.sources:
            first = max(STRADDLING.from_date, source.valid_from)
            last = min(STRADDLING.to_date, source.valid_to or STRADDLING.to_date)
            store.answer([source.source_id], (first, last))
        june, july = date(2025, 6, 20), date(2025, 7, 5)
        for unit, day, online, direct in ((WARD_4, june, 10, 0), (WARD_1, june, 0, 30), (TOWN, june, 4, 4),
                                          (NEW_WARD, july, 5, 5), (NEW_TOWN, july, 2, 0)):  # fmt: skip
            for measure, quantity in (("received_online", online), ("received_direct", direct)):
                if quantity:
                    store.measure(unit, day, measure, quantity)
        yield store


def online(standing: Standing) -> tuple[int, int]:
    counts = standing.counts["3.3"]
    assert counts is not None
    return int(counts.numerator), int(counts.denominator or 0)


def test_a_heir_has_the_dossiers_of_those_it_took_over_from(reform: Any) -> None:
    def of(unit: str, on_map: str) -> tuple[int, int]:
        return online(unit_index(unit, STRADDLING, on_map=on_map, today=TODAY))

    assert of(NEW_WARD, "as-now") == (15, 50)
    assert of(NEW_TOWN, "as-now") == (6, 10)
    assert of("86:2025", "as-now") == (21, 60)
    assert unit_index(NEW_WARD, STRADDLING, today=TODAY).rank is not None


def test_the_units_of_a_level_are_those_of_the_map(reform: Any) -> None:
    now: Any = level_index("86:2025", "commune", STRADDLING, on_map="as-now", today=TODAY)
    assert {s.unit.unit_id: online(s) for s in now if s.score.item("3.3").counts} == {
        NEW_WARD: (15, 50), NEW_TOWN: (6, 10), "29270:2025": (0, 0),
    }  # fmt: skip
    assert [s.unit.unit_id for s in now[:2]] == [NEW_TOWN, NEW_WARD]
    before = level_index("84:2020", "commune", STRADDLING, on_map="2025-06-30", today=TODAY)
    assert {s.unit.unit_id for s in before} == {WARD_4, WARD_1, TOWN}
    with pytest.raises(ReportRefused, match="has no unit of level district on 2025-08-01"):
        level_index("86:2025", "district", STRADDLING, on_map="as-now", today=TODAY)


@pytest.mark.parametrize(
    ("unit", "on_map", "heir"),
    [("84:2020", "as-now", "86:2025"), (WARD_4, "as-now", NEW_WARD), (NEW_TOWN, "2025-06-30", TOWN)],
)
def test_a_unit_for_which_another_stands_on_the_map_is_refused_and_the_other_named(
    reform: Any, unit: str, on_map: str, heir: str
) -> None:
    with pytest.raises(ReportRefused, match=rf"\({heir}\) stands for .* \({unit}\) on the map of 2025-0") as refused:
        unit_index(unit, STRADDLING, on_map=on_map, today=TODAY)
    assert heir in str(refused.value.action)
