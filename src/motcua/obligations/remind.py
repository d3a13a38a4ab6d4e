"""Reminders: each is sent once, some working days before or after a due day, only where an answer is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from motcua.alerts import raise_alert
from motcua.catalog.cells import cell_text, is_lacking
from motcua.catalog.obligations import load_obligations
from motcua.days.workdays import add_workdays, working_calendar
from motcua.obligations.cells import Cell, read_cells
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

_REACH = timedelta(days=31)  # no reminder is further from its due day, even over Tết


@dataclass(frozen=True)
class Reminder:
    """A sent reminder: its distance from the due day in working days (negative: before), and the missing answer."""

    cell: Cell
    working_days: int


def send_reminders(today: date) -> list[Reminder]:
    """Raise an alert for every obligation with a due reminder and no answer yet. Return the sent reminders.

    After days without a run, only the latest of the missed reminders is sent. A unit whose sources have answered for
    every day so far is on track, and gets no reminder until the period is over.
    """
    settings = Settings.load()
    offsets = sorted(load_obligations(settings.catalog_dir).reminder_working_days)
    calendar = working_calendar(settings.catalog_dir)
    sent: list[Reminder] = []
    for cell in read_cells(due_between=(today - _REACH, today + _REACH), today=today):
        due = [offset for offset in offsets if add_workdays(cell.due_on, offset, calendar) <= today]
        if not due or not is_lacking(cell.cell) or cell.is_on_track:
            continue
        reminder = Reminder(cell, due[-1])
        with store_engine().begin() as connection:
            is_new = connection.execute(
                statement("obligations/remind"),
                {"obligation_id": cell.obligation_id, "working_days": due[-1], "cell": cell.cell},
            ).one_or_none()
            if is_new is not None:
                raise_alert(
                    _alert(reminder)
                )  # before the commit, because a repeated reminder is better than a lost one
                sent.append(reminder)
    return sent


def _alert(reminder: Reminder) -> dict[str, object]:
    cell = reminder.cell
    days = reminder.working_days
    when_vi = (
        f"còn {-days} ngày làm việc" if days < 0 else "hôm nay đến hạn" if days == 0 else f"quá {days} ngày làm việc"
    )
    when_en = f"{-days} working days left" if days < 0 else "due today" if days == 0 else f"{days} working days overdue"
    return {
        "kind": "reminder",
        "unit_id": cell.unit_id,
        "report_code": cell.report_code,
        "period": cell.period.label,
        "due_on": cell.due_on.isoformat(),
        "cell": cell.cell,
        "message_vi": f"{cell.unit_name}: biểu {cell.report_code} kỳ {cell.period.label}, hạn {cell.due_on:%d/%m/%Y},"
        f" {when_vi}. {cell_text(cell.cell, 'vi')}.",
        "message_en": f"{cell.unit_name}: {cell.report_code} for {cell.period.label} is due {cell.due_on}, {when_en}:"
        f" {cell_text(cell.cell, 'en').lower()}.",
        "detail": cell.reason,
    }
