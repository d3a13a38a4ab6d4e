"""An index in words and table rows, Vietnamese first: what an office reads on a screen or in a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from motcua.catalog.index import Item
from motcua.catalog.models import Text
from motcua.percentage import count_text
from motcua.publish.index.gap import Gap, next_band
from motcua.publish.index.score import NO_REPORT_DATA, TEMP_DENOMINATOR, ItemScore, Score, number, rounded
from motcua.publish.index.standing import Change, Standing

LEVEL_NAMES = {
    "province": ("tỉnh, thành phố", "provinces"),
    "department": ("cơ quan cấp tỉnh", "agencies of the province"),
    "district": ("đơn vị cấp huyện", "districts"),
    "commune": ("đơn vị cấp xã", "communes"),
}
_HEADINGS = {
    "vi": ("Mã", "Chỉ tiêu", "Tử số", "Mẫu số", "Tỷ lệ", "Điểm", "Tối đa", "Ghi chú"),
    "en": ("Row", "Indicator", "Numerator", "Denominator", "Ratio", "Score", "Max", "Note"),
}
_STATES = {
    "measured": ("", ""),
    "empty": ("mẫu số bằng 0", "nothing to divide by"),
    "undecided": (
        "mẫu số bằng 0, chưa rõ khi đó được bao nhiêu điểm",
        "nothing to divide by, and it is not known what points that gave then",
    ),
    "substitute": ("mẫu số tạm tính theo năm trước", "denominator is a share of the prior year"),
    "not_available": ("không có số liệu", "not available"),
    "not_applicable": ("không áp dụng ở cấp này", "does not apply at this level"),
}
_FLAGS = {
    TEMP_DENOMINATOR: ("", ""),
    NO_REPORT_DATA: ("không có số liệu báo cáo quốc gia", "no national report data"),
}


def headings(lang: str) -> tuple[str, ...]:
    """Return the headings over `lines`."""
    return _HEADINGS[lang]


def lines(
    score: Score, lacking: Mapping[str, Gap], reasons: Mapping[str, Text], lang: str
) -> Iterator[tuple[str, ...]]:
    """Yield the printed rows: each group, its rows, then the total. `reasons` say why a row is not available."""
    why = {row: reason.vi if lang == "vi" else reason.en for row, reason in reasons.items()}
    for group in score.groups:
        text = score.definition.groups[group.code]
        name = (text.vi if lang == "vi" else text.en).upper()
        yield ("", name, "", "", "", points_text(group.score, lang), most_text(group.max, lang), "")
        for one in group.items:
            counts = one.counts
            yield (
                one.item.id,
                name_of(one.item, lang),
                "" if counts is None else amount_text(counts.numerator, lang),
                "" if counts is None or counts.denominator is None else amount_text(counts.denominator, lang),
                ratio_text(one.ratio, lang),
                points_text(one.score, lang),
                most_text(one.item.max, lang),
                note(score, one, lacking.get(one.item.id), why.get(one.item.id, ""), lang),
            )
    if score.total is not None:
        name = "TỔNG ĐIỂM" if lang == "vi" else "TOTAL"
        yield ("", name, "", "", "", points_text(score.total, lang), most_text(score.max_available, lang), "")


def note(score: Score, one: ItemScore, gap: Gap | None, reason: str, lang: str) -> str:
    """Say what a row rests on where that is not plain, and what it still lacks."""
    vi = lang == "vi"
    place = 0 if vi else 1
    said = [": ".join(part for part in (_STATES[one.state][place], reason) if part)]
    said.append(_FLAGS[one.flag][place] if one.flag else "")
    if one.counts is not None and one.counts.inherited:
        said.append("theo số liệu của tỉnh" if vi else "the province's value")
    elif gap is not None:
        said.append(gap_text(score, one.item, gap, lang))
    return "; ".join(part for part in said if part)


def gap_text(score: Score, item: Item, gap: Gap, lang: str) -> str:
    """Say what a row lacks to its full score and to the next class; empty when it is full."""
    vi = lang == "vi"
    if gap.to_full == 0:
        return ""
    band = next_band(score)
    what = item.short_of.vi if vi else item.short_of.en
    said = []
    if gap.to_full is not None:
        count = count_text(gap.to_full, lang)
        said.append(f"còn thiếu {count} {what} để đạt điểm tối đa" if vi else f"{count} more {what} to the full score")
    if band is not None and gap.to_band is not None:
        count = count_text(gap.to_band, lang)
        said.append(f"thêm {count} thì xếp loại {band.vi}" if vi else f"{count} more and the class is {band.en}")
    return "; ".join(said)


def summary(score: Score, lang: str) -> Iterator[str]:
    """Yield the sentences under the table: the score, or the range in which it lies, and the class where known."""
    vi = lang == "vi"
    if score.total is None:
        if all(item.max is None for item in score.definition.items):
            yield "Chưa biết điểm tối đa của từng tiêu chí: chỉ có tỷ lệ." if vi else "Points unknown: ratios only."
        else:
            yield "Không có chỉ tiêu nào có số liệu." if vi else "No row is available."
        return
    total, whole = points_text(score.total, lang), most_text(score.max_whole, lang)
    if score.is_complete:
        of_hundred = points_text(score.of_hundred, lang)
        yield (
            f"Tổng điểm {total}/{whole}, quy về thang 100: {of_hundred}."
            if vi
            else f"Total {total} of {whole}; in points of 100: {of_hundred}."
        )
    else:
        known = most_text(score.max_available, lang)
        least, most = points_text(score.at_least, lang), points_text(score.at_most, lang)
        yield (
            f"Ít nhất {least}, nhiều nhất {most} trên thang 100: mới biết {known}/{whole} điểm tối đa, đạt {total}"
            f"; {_unknown_rows(score, lang)}."
            if vi
            else f"At least {least}, at most {most} of 100: {known} of the {whole} points are known, {total} reached"
            f"; {_unknown_rows(score, lang)}."
        )
    band = score.band
    if band is not None:
        surely = "" if score.is_complete else (
            ", dù chỉ tiêu chưa có số liệu đạt bao nhiêu điểm" if vi else ", whatever the unknown rows are worth"
        )  # fmt: skip
        yield f"Xếp loại: {band.vi}{surely}." if vi else f"Class: {band.en}{surely}."
    elif score.definition.bands:
        yield "Chưa biết xếp loại." if vi else "Class not known."


def _unknown_rows(score: Score, lang: str) -> str:
    others = sum(one.state == "not_applicable" for one in score.items)
    missing = len(score.items) - len(score.known_rows) - others
    if lang == "vi":
        return f"{missing} chỉ tiêu không có số liệu" + (f", {others} không áp dụng ở cấp này" if others else "")
    return f"{missing} rows are not known" + (f", {others} do not apply at this level" if others else "")


def standing_summary(standing: Standing, lang: str) -> Iterator[str]:
    """Yield the sentences under a unit's index: its total, the change from the period before, its place, what lacks."""
    vi = lang == "vi"
    yield from summary(standing.score, lang)
    if change := standing.change:
        amount = _local(f"{change.total:+}".replace("-", "−"), lang)
        rows = "" if change.is_like_for_like else (
            f" (so trên {change.rows_compared} chỉ tiêu có số liệu ở cả hai kỳ)" if vi
            else f" (over the {change.rows_compared} rows available in both)"
        )  # fmt: skip
        before = "" if not change.missing_before else (
            f"; số liệu kỳ trước là TẠM THỜI, chưa đủ dữ liệu của {change.missing_before} nguồn" if vi
            else f"; the figures before are PROVISIONAL, {change.missing_before} sources are incomplete"
        )  # fmt: skip
        label = change.period.label
        yield (
            f"So với kỳ trước ({label}): {amount} điểm{rows}{before}."
            if vi
            else f"Against {label}: {amount} points{rows}{before}."
        )
    if rank := standing.rank:
        names = LEVEL_NAMES[standing.level]
        mixed = "" if rank.has_same_rows else (
            "; các đơn vị không cùng bộ chỉ tiêu có số liệu" if vi else "; not all have the same rows available"
        )  # fmt: skip
        yield (
            f"Xếp thứ {rank.place}/{rank.of} {names[0]} (theo tỷ lệ điểm đạt được của phần có số liệu{mixed})."
            if vi
            else f"Place {rank.place} of {rank.of} {names[1]} (by the share reached of the known points{mixed})."
        )
    if missing := standing.missing_sources:
        told = ", ".join(cell.source_name for cell in missing[:5]) + (" ..." if len(missing) > 5 else "")
        yield (
            f"TẠM THỜI: chưa có đủ dữ liệu của {len(missing)} nguồn ({told})."
            if vi
            else f"PROVISIONAL: {len(missing)} sources are incomplete ({told})."
        )


def name_of(item: Item, lang: str) -> str:
    """Return a row's name in a language."""
    return item.vi if lang == "vi" else item.en


def points_text(value: Decimal | None, lang: str) -> str:
    """Return points as the language writes them, rounded as they are: `8,83` in Vietnamese; blank for none."""
    return "" if value is None else _local(str(value), lang)


def most_text(value: Decimal | None, lang: str) -> str:
    """Return a maximum, `12` or `1,5`; blank for none."""
    return "" if value is None else _local(str(number(value)), lang)


def amount_text(value: Fraction, lang: str) -> str:
    """Return a count with its thousands parted; a share of a year may have a fraction."""
    return count_text(int(value), lang) if value.denominator == 1 else _local(f"{float(value):.2f}", lang)


def ratio_text(ratio: Fraction | None, lang: str) -> str:
    """Return a ratio as a percentage with 2 decimals; blank for none."""
    if ratio is None:
        return ""
    return _local(f"{rounded(100 * ratio, 2)} %", lang)


def _local(shown: str, lang: str) -> str:
    return shown.replace(".", ",") if lang == "vi" else shown


def level_headings(lang: str) -> tuple[str, ...]:
    """Return the headings over `level_line`."""
    if lang == "vi":
        return ("Hạng", "Mã", "Đơn vị", "Điểm", "Tối đa có số liệu", "Thang 100", "So kỳ trước", "Xếp loại")
    return ("Place", "Code", "Unit", "Score", "Max available", "Of 100", "Change", "Class")


def level_notes(standings: Iterable[Standing], lang: str) -> Iterator[str]:
    """Say what a range, and the dagger beside a change, of these lines of `level_line` mean."""
    shown = list(standings)
    if any(standing.score.total is not None and not standing.score.is_complete for standing in shown):
        yield (
            "Hai số ở cột Thang 100 là mức ít nhất và nhiều nhất, vì có chỉ tiêu không có số liệu; khi chưa biết xếp"
            " loại thì để trống. Xếp hạng theo tỷ lệ điểm đạt được của phần có số liệu."
            if lang == "vi"
            else "Two numbers of 100 are the least and the most, as some rows are not known; a class that is not known"
            " is left empty. Places are by the share reached of the known points."
        )
    if any(standing.change and standing.change.missing_before for standing in shown):
        yield (
            "† Số liệu kỳ trước là TẠM THỜI, chưa đủ dữ liệu."
            if lang == "vi"
            else "† The figures of the period before are PROVISIONAL: some of their sources are incomplete."
        )


def _dagger(change: Change) -> str:
    return " †" if change.missing_before else ""


def level_line(standing: Standing, lang: str) -> tuple[str, ...]:
    """Return a unit's line in the list of its level."""
    score, rank, change = standing.score, standing.rank, standing.change
    band = score.band
    return (
        "" if rank is None else str(rank.place),
        standing.unit.code,
        standing.unit.name,
        points_text(score.total, lang),
        "" if score.total is None else most_text(score.max_available, lang),
        _range_text(score, lang),
        "" if change is None else _local(f"{change.total:+}".replace("-", "−"), lang) + _dagger(change),
        "" if band is None else band.vi if lang == "vi" else band.en,
    )


def _range_text(score: Score, lang: str) -> str:
    if score.total is None or score.is_complete:
        return points_text(score.of_hundred, lang)
    return f"{points_text(score.at_least, lang)} – {points_text(score.at_most, lang)}"
