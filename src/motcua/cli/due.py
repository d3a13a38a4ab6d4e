"""`motcua due`: computes the due date of a dossier and shows each step."""

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
from motcua.days.years import years_told
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
    code: Annotated[str, typer.Argument(help="The procedure code, with or without a suffix.")],
    received: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="Local time of intake.")
    ],
    supplement: Annotated[
        list[str] | None,
        typer.Option(help="FROM..TO: the days of the request and of the answer. Without TO: still awaited."),
    ] = None,
    reappointed: Annotated[
        list[datetime] | None, typer.Option(formats=["%Y-%m-%d"], help="The new due date that was set (NgayHenTraMoi).")
    ] = None,
    stated: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The due date that the source states; compared as rule V6 does."),
    ] = None,
    level: Annotated[Level | None, typer.Option(help="The level that handles it.")] = None,
    province: Annotated[
        str, typer.Option(help="Official code of the province, for its own time limits and hours.")
    ] = "",
    language: Annotated[Language, typer.Option(help="vi or en.")] = "vi",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show the due date of a dossier and its steps, as the validation rules compute them."""
    the_catalog = catalog()
    national = split_procedure(code)[0] or code
    procedure = the_catalog.procedure(national, received.date(), level, province)
    if procedure is None or procedure.due_time is None:
        raise CatalogError(
            f"{national} is not in the catalogue on {received:%Y-%m-%d}." if procedure is None
            else f"{national} has no resolution time in the catalogue.",
            action=f"look at `motcua procedures show {national}`.",
        )  # fmt: skip
    limit, unit = procedure.due_time
    rules = due_rules(the_catalog.folder).rules
    index = due_rules(the_catalog.folder).narrowest_index(national, procedure.field_code, province, received.date())
    if index is None:
        raise CatalogError(
            f"No rule of due dates is in force on {received:%Y-%m-%d}.", action="add one to due_dates.yaml."
        )
    if reappointed and len(reappointed) > 1:
        raise ConfigurationError(
            f"{len(reappointed)} new appointments are given; a due date is changed at most once (NĐ 61/2018/NĐ-CP).",
            action="give only the first one; later ones do not count.",
        )
    pauses = [_pause(text) for text in sorted(supplement or ())]
    for (_, end), (begin, _) in pairwise(pauses):
        if end is None or begin < end:
            raise ConfigurationError(
                f"The supplement requested on {begin} overlaps the one before.",
                action="give supplements that do not overlap.",
            )
    calendar = working_calendar(the_catalog.folder)
    computed = due_dates(
        np.array([received], "datetime64[us]"), [limit], unit, rules[index], calendar,
        pauses=[(np.array([begin], "datetime64[D]"), np.array([end], "datetime64[D]")) for begin, end in pauses],
        reappointed_on=np.array([reappointed[0]], "datetime64[D]") if reappointed else None,
    )  # fmt: skip
    due_on: date | None = computed.due_on[0].astype(object)
    steps = _steps(language, received, limit, unit, rules[index], computed, pauses)
    if procedure.announced_limit is not None:
        steps[0] += {"vi": " (thời hạn đã công bố của tỉnh)", "en": " (as the province announced)"}[language]
    if reappointed:
        steps.append({"vi": "Hẹn lại: ", "en": "New appointment: "}[language] + _day_text(language, due_on))
    gap = None
    if stated is not None and due_on is not None:
        gap = int(workdays_from(np.datetime64(due_on, "D"), np.datetime64(stated.date(), "D"), calendar))
        steps.append(_compared(language, gap, rules[index].tolerance_workdays))
    due_at = None if due_on is None else computed.due_at[0].astype(object)
    years = years_told(the_catalog.folder, received.date(), max(due_on or received.date(), received.date()))
    said = [year.vi if language == "vi" else year.en for year in years]
    if as_json:
        print_json({"code": national, "due_on": due_on, "due_at": due_at, "gap_workdays": gap, "steps": steps,
                    "evidence": rules[index].evidence, "calendar": said})  # fmt: skip
        return
    output.print(f"{national} {procedure.name}", markup=False, highlight=False)
    for number, step in enumerate(steps, start=1):
        output.print(f"{number}. {step}", markup=False, highlight=False, soft_wrap=True)
    head = {"vi": "Ngày hẹn trả: ", "en": "Due: "}[language]
    awaited = {"vi": "chưa có, đang chờ bổ sung", "en": "not known, a supplement is awaited"}[language]
    until = {"vi": f", trước {due_at:%H:%M}", "en": f", by {due_at:%H:%M}"}[language] if due_at else ""
    output.print(head + (_day_text(language, due_on) + until if due_on else awaited), style="bold", highlight=False)
    source = {"vi": "Căn cứ của cách tính: ", "en": "Evidence of the rule: "}[language]
    for line in (source + rules[index].evidence, *said):
        output.print(line, markup=False, highlight=False, soft_wrap=True)


def _pause(text: str) -> tuple[date, date | None]:
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last) if last else None
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a supplement.", action="write FROM..TO, such as 2023-10-03..2023-10-05."
        ) from None
    if end is not None and end < begin:
        raise ConfigurationError(f"The supplement {text} ends before it begins.", action="swap the days.")
    return begin, end


def _day_text(language: Language, day: date | None) -> str:
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
    computed: DueDates,
    pauses: list[tuple[date, date | None]],
) -> list[str]:
    """Return the steps in words. The days are those that `due_dates` computed."""
    is_vi = language == "vi"
    start: date = computed.start_on[0].astype(object)
    first: date = computed.first_on[0].astype(object)
    limit_text = _UNITS[language][unit] if unit == "same_day" else f"{limit} {_UNITS[language][unit]}"
    steps = [
        f"Thời hạn giải quyết: {limit_text}" if is_vi else f"Time limit: {limit_text}",
        f"Tiếp nhận {received:%H:%M} {_day_text(language, received.date())}" if is_vi
        else f"Received {received:%H:%M} {_day_text(language, received.date())}",
    ]  # fmt: skip
    if start != received.date():
        is_after_hours = start - received.date() >= timedelta(days=1) and received.time() > rule.sessions[-1][1]
        why = (
            ("ngoài giờ hoặc ngày nghỉ", "after hours or on a rest day")
            if is_after_hours
            else ("ngày nghỉ", "a rest day")
        )
        steps.append(
            f"Tiếp nhận vào {why[0]}: tính từ ngày làm việc tiếp theo, {_day_text(language, start)}" if is_vi
            else f"Received {why[1]}: counted from the next working day, {_day_text(language, start)}"
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
    steps.append(
        (f"Đến hạn: {_day_text(language, first)}") if is_vi else f"Due without a pause: {_day_text(language, first)}"
    )
    for (begin, end), moved in zip(pauses, computed.paused_to, strict=True):
        now: date | None = moved[0].astype(object)
        span = f"{begin:%d/%m/%Y}-{end:%d/%m/%Y}" if end else f"{begin:%d/%m/%Y}-…"
        steps.append(
            f"Yêu cầu bổ sung {span}, tạm dừng tính thời hạn: đến hạn {_day_text(language, now)}" if is_vi
            else f"Supplement {span}, the clock stops: due {_day_text(language, now)}"
        )  # fmt: skip
    return steps


def _compared(language: Language, gap: int, tolerance: int) -> str:
    is_within = abs(gap) <= tolerance
    if language == "vi":
        verdict = "trong mức cho phép" if is_within else "vượt mức cho phép (quy tắc V6)"
        return f"Ngày hẹn trả của hệ thống nguồn lệch {gap:+d} ngày làm việc: {verdict}, ±{tolerance}"
    verdict = "within" if is_within else "beyond (rule V6)"
    return f"The source's due date differs by {gap:+d} working days: {verdict} the tolerance of ±{tolerance}"
