"""Published figures beside computed ones, a stated percentage beside its own counts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.publish import publish_edition
from motcua.reconcile.published import COLUMNS, compare_published

TRA_VINH = "Trà Vinh,2023-10,2023-10-01,2023-10-31,province,online_share,15247,33482,44.23,percent,"
OTHER = "Trà Vinh,2018,2018-01-01,2018-12-31,all,late_share,,,0.83,percent,no counts"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def put(*rows: str) -> Path:
        path = tmp_path / "published_figures.csv"
        path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
        return path

    return put


def tra_vinh(store: Any, online: int) -> Any:
    store.answer(store.sources_of("84:2020"))
    store.measure("842:2020", date(2023, 10, 2), "received_online", online)
    store.measure("842:2020", date(2023, 10, 2), "received_direct", 33482 - 15247)
    return publish_edition("form-06", "84", parse_period("CAL_MONTH:2023-10"))


def test_a_stated_percentage_is_held_against_its_own_counts(store: Any, write: Any) -> None:
    rows = compare_published(tra_vinh(store, 15247), write(TRA_VINH, OTHER))
    assert [(row.name_en, row.published, row.computed, row.verdict) for row in rows] == [
        ("received online", Decimal(15247), Decimal(15247), "reproduced"),
        ("received", Decimal(33482), Decimal(33482), "reproduced"),
        ("received online, share", Decimal("44.23"), Decimal("45.54"), "contradicts_itself"),
    ]
    assert "15,247 / 33,482 = 45.54 %: the published 44.23 % disagrees with its own counts" in rows[2].verdict_en
    assert "45,54 %" in rows[2].verdict_vi
    assert all(row.is_reproduced for row in rows)


def test_a_count_one_off_is_a_difference(store: Any, write: Any) -> None:
    rows = compare_published(tra_vinh(store, 15246), write(TRA_VINH))
    assert [row.verdict_en for row in rows[:2]] == ["differs by -1", "differs by -1"]
    assert [row.is_reproduced for row in rows[:2]] == [False, False]


def test_the_counts_of_tien_giang_are_all_compared_once(store: Any, write: Any) -> None:
    store.answer(store.sources_of("82:2020"), (date(2020, 1, 1), date(2020, 6, 30)))
    counts = {"received_online": 21683, "received_direct": 306958 - 21683,
              "resolved_early": 282000, "resolved_on_time": 766, "resolved_late": 981}  # fmt: skip
    for measure, quantity in counts.items():
        store.measure("82-TTPVHCC:2020", date(2020, 3, 2), measure, quantity)
    head = "Tiền Giang,2020-H1,2020-01-01,2020-06-30,province"
    path = write(
        f"{head},dossiers_received,306958,,,dossiers,", f"{head},online_share,21683,306958,7.01,percent,",
        f"{head},resolved,283747,306958,,dossiers,", f"{head},resolved_on_time,282766,283747,,dossiers,",
    )  # fmt: skip
    rows = compare_published(publish_edition("form-06", "82", parse_period("CAL_H1:2020")), path)
    assert [(row.published, row.computed) for row in rows] == [
        (306958, 306958), (21683, 21683), (Decimal("7.01"), Decimal("7.06")), (283747, 283747), (282766, 282766),
    ]  # fmt: skip
    assert [row.verdict for row in rows].count("contradicts_itself") == 1


def test_a_share_published_without_its_count_is_compared_at_two_decimals_by_level(store: Any, write: Any) -> None:
    store.answer(store.sources_of("26:2020"), (date(2020, 1, 1), date(2020, 12, 31)))
    for unit, received, late in (("26-TTPVHCC:2020", 2000, 30), ("243:2020", 1000, 5), ("08707:2020", 500, 1)):
        store.measure(unit, date(2020, 2, 3), "received_direct", received)
        store.measure(unit, date(2020, 2, 4), "resolved_early", received - late)
        store.measure(unit, date(2020, 2, 5), "resolved_late", late)
    head = "Vĩnh Phúc,2020,2020-01-01,2020-12-31"
    path = write(
        f"{head},province,resolved_on_time,,2000,98.50,percent,",
        f"{head},district,resolved_on_time,,1000,99.50,percent,",
        f"{head},commune,resolved_on_time,,500,99.81,percent,",
        f"{head},all,par_index_self_score,62.77,66.5,,points,",
    )  # fmt: skip
    rows = compare_published(publish_edition("form-06", "26", parse_period("CAL_YEAR:2020")), path)
    assert [(row.level, row.is_percentage, row.computed, row.verdict) for row in rows] == [
        ("province", False, 2000, "reproduced"), ("province", True, Decimal("98.50"), "reproduced"),
        ("district", False, 1000, "reproduced"), ("district", True, Decimal("99.50"), "reproduced"),
        ("commune", False, 500, "reproduced"), ("commune", True, Decimal("99.80"), "differs"),
    ]  # fmt: skip


def test_a_table_of_another_shape_is_refused(store: Any, tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("province,metric\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"figures\.csv:1: the columns"):
        compare_published(tra_vinh(store, 15247), path)
