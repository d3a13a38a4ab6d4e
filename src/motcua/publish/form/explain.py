"""One paragraph under a table that says on which map its units are counted, what moved, and that totals agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from motcua.catalog import LEVELS
from motcua.catalog.forms import Form
from motcua.percentage import count_text
from motcua.publish.form.figures import Table
from motcua.publish.form.parts import PeriodPart, stocks
from motcua.publish.form.scope import Scope

NAMED = 5  # heirs named one by one; the rest are summed
_LEVELS = {
    "vi": {"province": "cấp tỉnh", "district": "cấp huyện", "commune": "cấp xã"},
    "en": {"province": "at province level", "district": "at district level", "commune": "at commune level"},
}


def explain_parts(form: Form, scope: Scope, parts: Sequence[PeriodPart], tables: Mapping[str, Table]) -> dict[str, str]:
    """Say which part counts which units, what moved to whom, and that the totals of both maps agree; by language."""
    return {lang: " ".join(_sentences(form, scope, parts, tables, lang)) for lang in ("vi", "en")}


def explain_other_map(form: Form, scope: Scope, tables: Mapping[str, Table]) -> dict[str, str]:
    """Say how many units stand on another's line than on the map of the period; nothing when none does."""
    own, asked, day = scope.placed_in_period, scope.placed, scope.day
    used = {row.unit_id for row in tables["unit"].rows} if "unit" in tables else set(asked.values())
    moved = {own[unit_id] for unit_id in own if own[unit_id] != asked[unit_id] and asked[unit_id] in used}
    if not moved:
        return {}
    lines = {asked[unit_id] for unit_id in own if own[unit_id] in moved and asked[unit_id] in used}
    told = {}
    for lang in ("vi", "en"):
        n, m = count_text(len(moved), lang), count_text(len(lines), lang)
        told[lang] = (
            f"Số liệu đọc theo bản đồ đơn vị ngày {_day(day, lang)}: {n} đơn vị của kỳ báo cáo được tính vào {m} đơn vị"
            " thay thế. Tổng số"
            if lang == "vi"
            else f"Read on the map of {_day(day, lang)}: {n} units of the period are counted on the lines of {m} that"
            " stand for them. The totals"
        ) + _totals(form, tables, lang, ("bằng số liệu trên bản đồ của kỳ báo cáo", "equal those on the period's map"))
    return told


def _sentences(
    form: Form, scope: Scope, parts: Sequence[PeriodPart], tables: Mapping[str, Table], lang: str
) -> Iterable[str]:
    vi = lang == "vi"
    days = _listed([_day(part.day, lang) for part in parts[1:]], lang)
    first, last = _day(scope.period.from_date, lang), _day(scope.period.to_date, lang)
    yield (
        f"Kỳ báo cáo từ {first} đến {last} có thay đổi đơn vị từ ngày {days}, nên được tính thành {len(parts)} phần."
        if vi
        else f"Units change on {days}, within the period {first} to {last}, so it is counted in {len(parts)} parts."
    )
    for part in parts:
        span = f"{_day(part.period.from_date, lang)}{'–' if vi else ' to '}{_day(part.period.to_date, lang)}"
        yield f"{'Phần' if vi else 'Part'} {part.number} ({span}): {_units(scope, part, lang)}."
    for before, after in pairwise(parts):
        yield from _moved(form, scope, before, after, lang)
    agree = ("bằng nhau trên cả hai cách đọc", "are the same on either map")
    yield ("Tổng số" if vi else "The totals") + _totals(form, tables, lang, agree)


def _units(scope: Scope, part: PeriodPart, lang: str) -> str:
    rows = part.tables["unit"].rows
    provinces = sorted({scope.catalog.province_of(row.unit_id).name for row in rows})
    levels = [
        f"{count_text(count, lang)} {_LEVELS[lang][level]}"
        for level in LEVELS
        if (count := sum(row.level == level for row in rows))
    ]
    of = f" {'thuộc' if lang == 'vi' else 'of'} {_listed(provinces, lang)}" if provinces else ""
    inside = f" ({', '.join(levels)})" if levels else ""
    return f"{count_text(len(rows), lang)} {'đơn vị' if lang == 'vi' else 'units'}{of}{inside}"


def _moved(form: Form, scope: Scope, before: PeriodPart, after: PeriodPart, lang: str) -> Iterable[str]:
    vi = lang == "vi"
    heirs: dict[str, int] = {}
    moving = 0
    for row in before.tables["unit"].rows:
        heir = scope.map.place(row.unit_id, after.day)
        if heir != row.unit_id:
            moving += 1
            heirs[heir] = heirs.get(heir, 0) + sum(row.figures[closing] for _, closing in stocks(form))
    if any(row.unknown for row in (*before.tables["unit"].rows, *after.tables["unit"].rows)):
        yield (
            f"Chưa biết số hồ sơ chuyển theo từ ngày {_day(after.day, lang)}."
            if vi
            else f"How many dossiers went along from {_day(after.day, lang)} is not known."
        )
        return
    eve = _day(after.day - timedelta(days=1), lang)
    units, count = count_text(moving, lang), count_text(len(heirs), lang)
    open_count = count_text(sum(heirs.values()), lang)
    most = sorted(((n, unit_id) for unit_id, n in heirs.items() if n), key=lambda heir: (-heir[0], heir[1]))
    named = [f"{scope.catalog.unit_by_id[unit_id].name} {count_text(n, lang)}" for n, unit_id in most[:NAMED]]
    if rest := most[NAMED:]:
        n, m = count_text(len(rest), lang), count_text(sum(count for count, _ in rest), lang)
        named.append(f"{n} đơn vị khác {m}" if vi else f"{n} others {m}")
    to = f": {'; '.join(named)}" if named else ""
    yield (
        f"Từ ngày {_day(after.day, lang)}, {units} đơn vị có {count} đơn vị kế thừa; {open_count} hồ sơ đang giải quyết"
        f" cuối ngày {eve} chuyển theo{to}."
        if vi
        else f"From {_day(after.day, lang)}, {units} units have {count} heirs; {open_count} dossiers open at the end of"
        f" {eve} went with them{to}."
    )
    yield (
        f"Số từ kỳ trước của phần {after.number} bằng số đang giải quyết cuối phần {before.number}, ở từng đơn vị kế"
        " thừa."
        if vi
        else f"What part {after.number} carries over equals what part {before.number} left in process, at each heir."
    )


def _totals(form: Form, tables: Mapping[str, Table], lang: str, agree: tuple[str, str]) -> str:
    """Name the columns that the form's identities add up to: what is received, resolved and in process."""
    figures = tables["total"].rows[0].told
    codes = dict.fromkeys(identity.total for identity in form.identities)
    columns = [column for column in form.columns if column.code in codes]
    told = ", ".join(
        f"{(column.vi if lang == 'vi' else column.en)[0].lower()} {count_text(figures[column.code], lang)}"
        for column in columns
        if column.code in figures
    )
    return f" {agree[0] if lang == 'vi' else agree[1]}{': ' + told if told else ''}."


def _day(day: date, lang: str) -> str:
    return f"{day:%d/%m/%Y}" if lang == "vi" else f"{day.day} {day:%B %Y}"


def _listed(names: list[str], lang: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {'và' if lang == 'vi' else 'and'} {names[-1]}"
