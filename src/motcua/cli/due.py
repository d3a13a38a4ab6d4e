"""`motcua due`: how the due date of a dossier comes about, step by step."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import typer

from motcua.catalog import Level
from motcua.cli.console import catalog, output, print_json
from motcua.days.due_dates import DueDates, DueRule, due_dates, due_rules
from motcua.days.workdays import workdays_from, working_calendar
from motcua.errors import CatalogError, ConfigurationError
from motcua.procedures import split_procedure

_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_UNITS = {
    "vi": {"working_days": "ngày làm việc", "calendar_days": "ngày", "working_hours": "giờ làm việc",
           "same_day": "trong ngày"},
    "en": {"working_days": "working days", "calendar_days": "calendar days", "working_hours": "working hours",
           "same_day": "the same day"},
}  # fmt: skip
Language = Literal["vi", "en"]


def due(
    code: Annotated[str, typer.Argument(help="The procedure, with or without a suffix.")],
    received: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="Local time of intake.")
    ],
    supplement: Annotated[
        list[str] | None, typer.Option(help="FROM..TO, days: asked for, handed in. Without TO: still awaited.")
    ] = None,
    reappointed: Annotated[
        list[datetime] | None, typer.Option(formats=["%Y-%m-%d"], help="A new day due was set (NgayHenTraMoi).")
    ] = None,
    stated: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The source's own day due, to compare as rule V6 does."),
    ] = None,
    level: Annotated[Level | None, typer.Option(help="The level that handles it.")] = None,
    province: Annotated[str, typer.Option(help="Official code of the province: its own times and hours.")] = "",
    language: Annotated[Language, typer.Option(help="vi or en.")] = "vi",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say when a dossier falls due, step by step, as the validation rules compute it."""
    found = catalog()
    national = split_procedure(code)[0] or code
    entry = found.procedure(national, received.date(), level, province)
    if entry is None or entry.due_time is None:
        raise CatalogError(
            f"{national} is not in the catalogue on {received:%Y-%m-%d}." if entry is None
            else f"{national} has no resolution time in the catalogue.",
            action=f"look at `motcua procedures show {national}`.",
        )  # fmt: skip
    limit, unit = entry.due_time
    rules = due_rules(found.folder).rules
    place = due_rules(found.folder).place(national, entry.field_code, province, received.date())
    if place is None:
        raise CatalogError(f"No rule of due dates holds on {received:%Y-%m-%d}.", action="add one to due_dates.yaml.")
    if reappointed and len(reappointed) > 1:
        raise ConfigurationError(
            f"{len(reappointed)} new appointments are given; a new day due is set at most once (NĐ 61/2018/NĐ-CP).",
            action="give the first one only; the others do not count.",
        )
    pauses = [_pause(text) for text in sorted(supplement or ())]
    for (_, end), (begin, _) in pairwise(pauses):
        if end is None or begin < end:
            raise ConfigurationError(
                f"The supplement asked for on {begin} overlaps the one before.", action="give them one after another."
            )
    calendar = working_calendar(found.folder)
    told = due_dates(
        np.array([received], "datetime64[us]"), [limit], unit, rules[place], calendar,
        pauses=[(np.array([begin], "datetime64[D]"), np.array([end], "datetime64[D]")) for begin, end in pauses],
        reappointed_on=np.array([reappointed[0]], "datetime64[D]") if reappointed else None,
    )  # fmt: skip
    due_on: date | None = told.due_on[0].astype(object)
    steps = _steps(language, received, limit, unit, rules[place], told, pauses)
    if entry.announced_limit is not None:
        steps[0] += {"vi": " (thời hạn đã công bố của tỉnh)", "en": " (as the province announced)"}[language]
    if reappointed:
        steps.append({"vi": "Hẹn lại: ", "en": "New appointment: "}[language] + _said(language, due_on))
    gap = None
    if stated is not None and due_on is not None:
        gap = int(workdays_from(np.datetime64(due_on, "D"), np.datetime64(stated.date(), "D"), calendar))
        steps.append(_compared(language, gap, rules[place].tolerance_workdays))
    at = None if due_on is None else told.due_at[0].astype(object)
    if as_json:
        print_json({"code": national, "due_on": due_on, "due_at": at, "gap_workdays": gap, "steps": steps,
                    "evidence": rules[place].evidence})  # fmt: skip
        return
    output.print(f"{national} {entry.name}", markup=False, highlight=False)
    for number, step in enumerate(steps, start=1):
        output.print(f"{number}. {step}", markup=False, highlight=False, soft_wrap=True)
    head = {"vi": "Ngày hẹn trả: ", "en": "Due: "}[language]
    awaited = {"vi": "chưa có, đang chờ bổ sung", "en": "none yet, a supplement is awaited"}[language]
    until = {"vi": f", trước {at:%H:%M}", "en": f", by {at:%H:%M}"}[language] if at else ""
    output.print(head + (_said(language, due_on) + until if due_on else awaited), style="bold", highlight=False)
    source = {"vi": "Căn cứ của cách tính: ", "en": "How the rule is known: "}[language]
    output.print(source + rules[place].evidence, markup=False, highlight=False, soft_wrap=True)


def _pause(text: str) -> tuple[date, date | None]:
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last) if last else None
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no supplement.", action="write FROM..TO, such as 2023-10-03..2023-10-05."
        ) from None
    if end is not None and end < begin:
        raise ConfigurationError(f"The supplement {text} ends before it begins.", action="swap the days.")
    return begin, end


def _said(language: Language, day: date | None) -> str:
    if day is None:
        return {"vi": "chưa xác định", "en": "not known yet"}[language]
    weekday = _WEEKDAYS[language][day.weekday()]
    return f"{weekday} {day:%d/%m/%Y}" if language == "vi" else f"{weekday} {day}"


def _steps(
    language: Language,
    received: datetime,
    limit: int,
    unit: str,
    rule: DueRule,
    told: DueDates,
    pauses: list[tuple[date, date | None]],
) -> list[str]:
    """Return the steps in words, the days taken from what the one function computed."""
    is_vi = language == "vi"
    start: date = told.start_on[0].astype(object)
    first: date = told.first_on[0].astype(object)
    named = _UNITS[language][unit] if unit == "same_day" else f"{limit} {_UNITS[language][unit]}"
    steps = [
        f"Thời hạn giải quyết: {named}" if is_vi else f"Time limit: {named}",
        f"Tiếp nhận {received:%H:%M} {_said(language, received.date())}" if is_vi
        else f"Received {received:%H:%M} {_said(language, received.date())}",
    ]  # fmt: skip
    if start != received.date():
        is_after = start - received.date() >= timedelta(days=1) and received.time() > rule.sessions[-1][1]
        why = ("ngoài giờ hoặc ngày nghỉ", "after hours or on a rest day") if is_after else ("ngày nghỉ", "a rest day")
        steps.append(
            f"Tiếp nhận vào {why[0]}: tính từ ngày làm việc tiếp theo, {_said(language, start)}" if is_vi
            else f"Received {why[1]}: counted from the next working day, {_said(language, start)}"
        )  # fmt: skip
    if unit == "same_day" or limit == 0:
        is_late = first > start
        cutoff = f"{rule.same_day_cutoff:%H:%M}"
        if is_late:
            steps.append(
                f"Sau {cutoff}: trả vào ngày làm việc tiếp theo" if is_vi else f"After {cutoff}: the next working day"
            )
    elif unit == "working_hours":
        sessions = ", ".join(f"{begin:%H:%M}-{end:%H:%M}" for begin, end in rule.sessions)
        steps.append(
            f"Giờ làm việc {sessions} ({rule.hours_a_day:g} giờ một ngày)" if is_vi
            else f"Working hours {sessions} ({rule.hours_a_day:g} a day)"
        )  # fmt: skip
    else:
        day_one = rule.count_from == "intake_day"
        steps.append(
            ("Ngày tiếp nhận là ngày thứ nhất" if day_one else "Ngày sau ngày tiếp nhận là ngày thứ nhất") if is_vi
            else ("The day of intake is day 1" if day_one else "The day after intake is day 1")
        )  # fmt: skip
    steps.append((f"Đến hạn: {_said(language, first)}") if is_vi else f"Due without a pause: {_said(language, first)}")
    for (begin, end), moved in zip(pauses, told.paused_to, strict=True):
        now: date | None = moved[0].astype(object)
        span = f"{begin:%d/%m/%Y}-{end:%d/%m/%Y}" if end else f"{begin:%d/%m/%Y}-…"
        steps.append(
            f"Yêu cầu bổ sung {span}, tạm dừng tính thời hạn: đến hạn {_said(language, now)}" if is_vi
            else f"Supplement {span}, the clock stops: due {_said(language, now)}"
        )  # fmt: skip
    return steps


def _compared(language: Language, gap: int, tolerance: int) -> str:
    is_within = abs(gap) <= tolerance
    if language == "vi":
        verdict = "trong mức cho phép" if is_within else "vượt mức cho phép (quy tắc V6)"
        return f"Ngày hẹn trả của hệ thống nguồn lệch {gap:+d} ngày làm việc: {verdict}, ±{tolerance}"
    verdict = "within" if is_within else "beyond (rule V6)"
    return f"The source's own day due lies {gap:+d} working days off: {verdict} the tolerance of ±{tolerance}"
