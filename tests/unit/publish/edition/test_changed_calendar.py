"""The working calendar is corrected after a final edition: late intake is counted anew, and the edition again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.unit.extract.test_register import make_catalog, pull

from motcua.aggregate import build_measures, check_measures
from motcua.days.workdays import working_calendar
from motcua.errors import ReportRefused
from motcua.period import period_between
from motcua.publish import Edition, plan_publication, publish_edition

HEAD = "Số hồ sơ,Tên thủ tục,Hình thức nộp,Ngày nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái\n"
# Five were sent on Friday 13 February 2026 and two in the Tết holidays, which end on Sunday the 22nd.
WAITING = "".join(
    f"{no},Đăng ký khai tử,Trực tuyến,{13 if no <= 5 else 20}/02/2026,,,,Mới đăng ký\n" for no in range(1, 8)
)
DONE = "8,Đăng ký khai tử,Trực tiếp,03/02/2026,03/02/2026,20/02/2026,10/02/2026,Đã trả kết quả\n"
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))
MARCH_10 = date(2026, 3, 10)
TO_TET = (FEBRUARY[0], date(2026, 2, 22))
pytestmark = pytest.mark.usefixtures("databases")


@pytest.fixture
def calendar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The days that decisions changed, of a catalogue whose commune has dossiers that wait for intake over Tết."""
    make_catalog("register", HEAD + WAITING + DONE, tmp_path, monkeypatch)
    mapping = tmp_path / "catalog" / "mappings" / "plain.yaml"
    text = mapping.read_text(encoding="utf-8")
    due = '  due_at: {as: instant, key: "Ngày hẹn trả"'
    assert due in text
    text = text.replace(due, f'  submitted_at: {{as: instant, key: "Ngày nộp", formats: ["dd/MM/yyyy"]}}\n{due}')
    text = text.replace('codes: {"Đã trả', 'codes: {"Mới đăng ký": {code: 1, evidence: inferred}, "Đã trả')
    mapping.write_text(text.replace("keep: [", 'keep: ["Ngày nộp", '), encoding="utf-8")
    pull(FEBRUARY)
    return tmp_path / "catalog" / "calendar" / "swapped_days.csv"


def correct(calendar: Path, days: str) -> None:
    calendar.write_text(days, encoding="utf-8")
    working_calendar.cache_clear()


def publish(days: tuple[date, date] = FEBRUARY) -> tuple[Edition, int, int]:
    """Return the edition of some days, and how many dossiers wait for intake within time and overdue."""
    edition = publish_edition("form-2026", "plain", period_between(*days))
    [table] = [table for table in edition.content["tables"] if table["code"] == "unit"]
    figures = table["rows"][-1]["figures"]
    return edition, figures["intake_in_time"], figures["intake_overdue"]


def changed() -> set[str]:
    planned = plan_publication("plain", MARCH_10)
    return {one.newest.edition_id for one in planned if one.newest is not None and one.why == "changed"}


def test_a_corrected_calendar_plans_the_editions_whose_figures_it_moves_and_so_does_one_that_is_turned_back(
    calendar: Path,
) -> None:
    before = calendar.read_text(encoding="utf-8")
    first, *counts = publish()
    assert (first.completeness, counts) == ("final", [0, 7])
    early, *counts = publish(TO_TET)
    assert (early.completeness, counts) == ("final", [7, 0])
    assert changed() == set()

    correct(calendar, before + "".join(f"2026-02-{day},rest,made up,none\n" for day in range(23, 28)))
    with pytest.raises(ReportRefused, match="when the intake of 7 online dossiers was late") as refused:
        publish()
    assert "motcua measures rebuild --check" in refused.value.action
    check_measures()
    assert changed() == {first.edition_id}  # until 22 February nothing was late by either calendar
    second, *counts = publish()
    assert (second.edition_no, second.completeness, counts) == (2, "final", [7, 0])
    assert changed() == set()

    correct(calendar, before)
    with pytest.raises(ReportRefused):
        publish()
    build_measures()
    assert changed() == {second.edition_id}
    third, *counts = publish()
    assert (third.edition_no, third.completeness, counts) == (3, "final", [0, 7])
    assert publish(TO_TET)[0].edition_no == 1


def test_a_correction_that_decides_on_no_dossier_of_an_edition_neither_refuses_nor_plans_it(calendar: Path) -> None:
    first, *counts = publish()
    with calendar.open("a", encoding="utf-8") as lines:
        lines.write("2026-03-18,rest,made up,none\n")
    working_calendar.cache_clear()
    again, *same = publish()
    assert (again.edition_id, same) == (first.edition_id, counts)
    build_measures()
    assert changed() == set()
