"""The overdue list: what a unit still owes on a day, with how late, which step, which letter; and no applicant."""

from __future__ import annotations

import stat
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import OTHER_COMMUNE, dossier, validated_batch

from motcua.aggregate import build_measures
from motcua.cli.reports import write_list_csv
from motcua.consolidate import consolidate_batches
from motcua.period import parse_period
from motcua.publish import OverdueDossier, read_form, read_list
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OPEN: dict[str, Any] = {"status_code": 4, "finished_at": None, "returned_at": None}


def overdue_list(unit: str, day: date, lang: str = "vi") -> list[OverdueDossier]:
    return list(read_list("overdue-list", unit, day, lang).dossiers)


def night(*records: dict[str, Any]) -> None:
    consolidate_batches([validated_batch(list(records))])
    build_measures()


def test_a_dossier_is_overdue_from_the_day_after_its_due_day_until_it_ends() -> None:
    night(dossier("1", **OPEN), dossier("2", status_code=10, finished_at=datetime(2023, 10, 12, 9)))

    def listed(day: int) -> list[str | None]:
        return [one.dossier_no for one in overdue_list("84", date(2023, 10, day))]

    first, second = "000.01.21.H59-231002-0001", "000.01.21.H59-231002-0002"
    assert listed(9) == []
    assert listed(10) == listed(11) == [first, second]
    assert listed(12) == [first]


@pytest.mark.parametrize(("day", "late"), [(10, 1), (13, 4), (14, 5), (16, 5), (17, 6)])
def test_lateness_is_told_in_working_days(day: int, late: int) -> None:
    night(dossier("1", **OPEN))  # due on Monday 9 October
    [found] = overdue_list("84", date(2023, 10, day))
    assert found.late_workdays == late


@pytest.mark.parametrize(
    ("given", "apology"),
    [
        ({}, "none"),
        ({"apology_at": datetime(2023, 10, 8, 23, 59)}, "in_time"),
        ({"apology_at": datetime(2023, 10, 9)}, "late"),
        ({"apology_count": 1}, "undated"),
    ],
)
def test_a_letter_is_in_time_up_to_the_day_before_the_due_day(given: dict[str, Any], apology: str) -> None:
    night(dossier("1", **OPEN, **given))
    [found] = overdue_list("84", date(2023, 10, 20))
    assert found.apology == apology


def test_the_step_is_the_status_and_since_when_it_is_known() -> None:
    night(dossier("1", **OPEN | {"status_code": 2}))
    night(dossier("1", **OPEN))
    night(dossier("1", **OPEN, fee_amount=1))
    with store_engine().connect() as connection:
        moments = connection.execute(text("select known_from from dossier_version order by version_id")).scalars().all()
    [found] = overdue_list("84", date(2023, 10, 20), "en")
    assert (found.step, found.in_step_since) == ("In process", moments[1])
    assert overdue_list("84", date(2023, 10, 20))[0].step == "Đang xử lý"


def test_the_list_is_as_long_as_the_form_says_and_counts_by_unit_and_reason() -> None:
    night(
        dossier("1", **OPEN, overdue_reason_code="volume", apology_at=datetime(2023, 10, 5)),
        dossier("2", **OPEN, overdue_reason_code="volume"),
        dossier("3", **OPEN, unit_id=OTHER_COMMUNE),
        dossier("4"),
        dossier("5", **OPEN, due_at=None),
    )
    found = overdue_list("84", date(2023, 10, 31), "en")
    assert (
        len(found) == read_form("form-06", "84", parse_period("CAL_MONTH:2023-10")).total.figures["open_overdue"] == 3
    )
    counts = [counted[1:] for counted in read_list("overdue-list", "84", date(2023, 10, 31), "en").by_unit()]
    assert counts == [("", 1, 0), ("Many dossiers at once", 2, 1)]
    assert [one.unit_id for one in overdue_list("29239", date(2023, 10, 31))] == [OTHER_COMMUNE]


def test_the_file_is_its_owners_alone_and_names_no_applicant(tmp_path: Path) -> None:
    night(dossier("1", **OPEN, applicant_ref="k1:abcdef", applicant_kind="citizen"))
    path = tmp_path / "overdue.csv"
    path.write_text("older", encoding="utf-8")
    path.chmod(0o644)
    write_list_csv(path, read_list("overdue-list", "84", date(2023, 10, 20)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "applicant" not in lines[0]
    assert "000.01.21.H59-231002-0001" in lines[1]
    assert "abcdef" not in lines[1]
