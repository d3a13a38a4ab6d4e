"""The checklist of an edition: each line of the catalogue's `finality.yaml`, met or not, with what is missing.

This is the only place that says whether an edition is final. A line that the catalogue leaves out is not asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from motcua.catalog.cells import cell_text
from motcua.catalog.finality import Finality, LineCode, WaiverCaps
from motcua.catalog.models import Text
from motcua.ledger import AskedOtherwise, ClaimedMore, LookAlikes, ReadOtherwise
from motcua.publish.edition.asked_text import asked_text
from motcua.publish.edition.claims_text import claims_text
from motcua.publish.edition.content import Content
from motcua.publish.edition.set_aside import PeriodSetAside
from motcua.publish.form.completeness import LeftBehind, SourceCell
from motcua.publish.form.scope import Scope

_OWN_LINES = ("quarantined", "opening_not_known", "no_source")  # cells that a line of their own names


@dataclass(frozen=True)
class Line:
    """One line as judged: met when nothing is missing. `noted` is what it goes without by a decision, to be read."""

    code: LineCode
    text: Text
    missing: tuple[Text, ...]
    noted: tuple[Text, ...] = ()

    @property
    def is_met(self) -> bool:
        return not self.missing

    def as_json(self) -> Content:
        return {
            "code": self.code,
            "vi": self.text.vi,
            "en": self.text.en,
            "is_met": "yes" if self.is_met else "no",
            "missing": _as_json(self.missing),
            **({"noted": _as_json(self.noted)} if self.noted else {}),
        }


@dataclass(frozen=True)
class Findings:
    """What the lines of one edition are judged by.

    Attributes:
        cells: what each source in scope gave.
        aside: the records that are set aside and may belong to the period.
        caps: how much of them may be waived.
        key_doubts: by source in scope, how many groups of its keys seem to mean one dossier each.
        look_alikes: pairs of sources whose dossiers have one number, and nothing tells whether they are one or two.
        merged: pairs of sources whose dossiers count once, though the catalogue does not say so any more.
        left_behind: dossiers of units that need no source by the catalogue.
        otherwise: sources with records that were read by another entry or mapping than today's.
        asked: sources that were asked otherwise than their entries say today.
        claims: sources with days that rest on what their entries or mappings no longer vouch for.
        years: years of the period without a working calendar, which is noted and holds nothing up.
    """

    scope: Scope
    cells: Sequence[SourceCell]
    aside: PeriodSetAside
    caps: WaiverCaps = field(default_factory=WaiverCaps)
    key_doubts: Mapping[str, int] = field(default_factory=dict)
    look_alikes: Sequence[LookAlikes] = ()
    merged: Sequence[LookAlikes] = ()
    left_behind: Sequence[LeftBehind] = ()
    otherwise: Sequence[ReadOtherwise] = ()
    asked: Sequence[AskedOtherwise] = ()
    claims: Sequence[ClaimedMore] = ()
    years: Sequence[Text] = ()


def judge(finality: Finality, found: Findings) -> list[Line]:
    """Return the lines of the catalogue's checklist, in its order, each judged for one edition."""
    return [
        Line(
            line.code,
            Text(vi=line.vi, en=line.en),
            tuple(_JUDGES[line.code](found)),
            tuple(_NOTES[line.code](found)) if line.code in _NOTES else (),
        )
        for line in finality.lines
    ]


def _as_json(texts: Iterable[Text]) -> list[Content]:
    return [{"vi": text.vi, "en": text.en} for text in texts]


def _period_over(found: Findings) -> list[Text]:
    last = found.scope.period.to_date
    if last < found.scope.today:
        return []
    return [Text(vi=f"kỳ báo cáo kéo dài đến {last:%d/%m/%Y}", en=f"the period runs until {last}")]


def _units_have_sources(found: Findings) -> list[Text]:
    """Name each unit on whose days no source is in force, so that nobody says what it received; and what to do.

    And each of which the catalogue says why it has none, although the store has dossiers of it that nobody tells of.
    """
    missing = [
        Text(
            vi=f"{cell.source_name} ({cell.row_code}), {cell.from_date:%d/%m/%Y} – {cell.to_date:%d/%m/%Y}: thêm nguồn,"
            f" hoặc ghi lý do cho unit_id {cell.unit_id} vào without_source.yaml",
            en=f"{cell.source_name} ({cell.row_code}), {cell.from_date} to {cell.to_date}: add its source, or say why"
            f" it has none for unit_id {cell.unit_id} in without_source.yaml",
        )
        for cell in found.cells
        if cell.cell == "no_source"
    ]
    names = {cell.unit_id: f"{cell.source_name} ({cell.row_code})" for cell in found.cells if cell.reason}
    return missing + [
        Text(
            vi=f"{names[one.unit_id]}: without_source.yaml nói unit_id {one.unit_id} không có nguồn, nhưng kho có"
            f" {one.dossier_count} hồ sơ của kỳ từ {one.source_id}{_known_until(one, 'vi')}; khôi phục mục của"
            f" {one.source_id} trong sources/ rồi nạp đến hết kỳ",
            en=f"{names[one.unit_id]}: without_source.yaml says that unit_id {one.unit_id} has no source, but the store"
            f" has {one.dossier_count} dossiers of the period from {one.source_id}{_known_until(one, 'en')}; restore"
            f" the entry of {one.source_id} in sources/ and ingest it to the end of the period",
        )
        for one in found.left_behind
    ]


def _known_until(one: LeftBehind, lang: str) -> str:
    if one.known_until is None:
        return ""
    return f", biết đến ngày {one.known_until:%d/%m/%Y}" if lang == "vi" else f", last known on {one.known_until}"


def _without_source_by_reason(found: Findings) -> list[Text]:
    """Count the units of which the catalogue says why they need no source, by that reason."""
    reasons = Counter((cell.reason.vi, cell.reason.en) for cell in found.cells if cell.reason)
    return [
        Text(vi=f"{count} đơn vị không có nguồn: {vi}", en=f"{count} units without a source: {en}")
        for (vi, en), count in reasons.items()
    ]


def _sources_answered(found: Findings) -> list[Text]:
    missing = [_cell(cell) for cell in found.cells if cell.is_lacking and cell.cell not in _OWN_LINES]
    missing += [
        Text(
            vi=f"{cell.source_id} ({cell.source_name}): chưa được hỏi lại sau ngày {cell.to_date:%d/%m/%Y}",
            en=f"{cell.source_id} ({cell.source_name}): not asked after {cell.to_date} ended",
        )
        for cell in found.cells
        if cell.is_answered and not cell.is_after_end
    ]
    if not any(cell.is_answered or cell.is_lacking for cell in found.cells):
        missing.append(Text(vi="chưa có nguồn nào trả lời", en="no source in scope has answered"))
    return missing


def _openings_known(found: Findings) -> list[Text]:
    return [_cell(cell) for cell in found.cells if cell.cell == "opening_not_known"]


def _no_batch_held(found: Findings) -> list[Text]:
    return [_cell(cell) for cell in found.cells if cell.cell == "quarantined"]


def _everything_read(found: Findings) -> list[Text]:
    """Name each field that could not be read, with the number of records."""
    unread = Counter(name for record in found.aside.unwaived for name in record.unread_fields)
    return [Text(vi=f"{name}: {count} bản ghi", en=f"{name}: {count} records") for name, count in unread.items()]


def _read_as_stated(found: Findings) -> list[Text]:
    names = {cell.source_id: cell.source_name for cell in found.cells}
    return [
        Text(
            vi=f"{one.source_id} ({names[one.source_id]}): {one.pull_count} lần lấy dữ liệu của"
            f" {one.first_day:%d/%m/%Y} – {one.last_day:%d/%m/%Y} được đọc theo mục hoặc bảng ánh xạ trước đây; chạy"
            f" `motcua replay --source {one.source_id}`",
            en=f"{one.source_id} ({names[one.source_id]}): {one.pull_count} pulls, of {one.first_day} to"
            f" {one.last_day}, were read by an earlier entry or mapping; run `motcua replay --source {one.source_id}`",
        )
        for one in found.otherwise
    ] + [
        *(asked_text(one, names[one.source_id]) for one in found.asked),
        *(claims_text(one, names[one.source_id]) for one in found.claims),
    ]


def _nothing_set_aside(found: Findings) -> list[Text]:
    """Name each unit with its records, their share and the rules they broke; and where too many are waived."""
    missing = []
    for unit in found.aside.units:
        if not unit.unwaived:
            continue
        said = unit.as_json()
        rules = ", ".join(f"{rule} {count}" for rule, count in unit.by_rule.items())
        share = said["share"]
        missing.append(
            Text(
                vi=f"{unit.name or 'không rõ đơn vị'}: {said['records']}/{said['of']} bản ghi"
                f" ({share.replace('.', ',')} %; {rules})",
                en=f"{unit.name or 'unit not known'}: {said['records']} of {said['of']} records ({share} %; {rules})",
            )
        )
    for unit in found.aside.units:
        missing += _above(unit.name or "?", len(unit.waived), unit.of, found.caps.unit_pct)
    if found.scope.unit.level == "province":
        missing += _above(found.scope.unit.name, found.aside.waived_count, found.aside.of, found.caps.province_pct)
    return missing


def _above(name: str, waived: int, of: int, cap: Decimal) -> list[Text]:
    """Return that more is waived than may be; the share is not rounded before it is compared."""
    if Decimal(100 * waived) <= cap * of:
        return []
    return [
        Text(
            vi=f"{name}: {waived}/{of} bản ghi được miễn, quá mức {str(cap).replace('.', ',')} %",
            en=f"{name}: {waived} of {of} records are waived, above the cap of {cap} %",
        )
    ]


def _nothing_missing(found: Findings) -> list[Text]:
    """Name each source with dossiers that count although nobody knows whether they go on."""
    names = {cell.source_id: cell.source_name for cell in found.cells}
    return [
        Text(
            vi=f"{one.source_id} ({names.get(one.source_id, 'không có trong danh mục')}): {one.dossiers} hồ sơ"
            f" {_MISSING[one.reason].vi}",
            en=f"{one.source_id} ({names.get(one.source_id, 'not in the catalogue')}): {one.dossiers} dossiers"
            f" {_MISSING[one.reason].en}",
        )
        for one in found.aside.missing
    ]


_MISSING: Mapping[str, Text] = {
    "not_shown": Text(vi="nguồn không còn gửi", en="that it no longer shows"),
    "source_gone": Text(
        vi="của một nguồn không còn trong danh mục; khôi phục mục của nguồn (nguồn đổi mã thì trả lại mã cũ)",
        en="of a source that the catalogue does not have; restore its entry (one that was renamed takes its id back)",
    ),
    "source_ended": Text(vi="còn mở khi nguồn ngừng hoạt động", en="that were open when it ended"),
}


def _keys_mean_one(found: Findings) -> list[Text]:
    """Name each source with numbers that are written in several ways, and each pair with the same numbers.

    Keys themselves stay in the store. A pair is in doubt, or is merged though the catalogue says it is not.
    """
    names = {cell.source_id: cell.source_name for cell in found.cells}
    return [
        Text(
            vi=f"{source_id} ({names[source_id]}): {count} số hồ sơ được viết theo nhiều cách",
            en=f"{source_id} ({names[source_id]}): {count} numbers are written in several ways",
        )
        for source_id, count in sorted(found.key_doubts.items())
    ] + [
        *(_alike(pair, names) for pair in found.look_alikes),
        *(_merged(pair, names) for pair in found.merged),
    ]


def _alike(pair: LookAlikes, names: Mapping[str, str]) -> Text:
    """Say how many dossiers two sources may have in common, and how a person says whether they do."""
    one, other = _named(pair, names)
    shared, own = (f"`numbers: {{{pair.other_system_code}: {said}}}`" for said in ("shared", "own"))
    ingest = f"`motcua ingest --source {pair.source_id}`"
    return Text(
        vi=f"{one} và {other}: {pair.pair_count} hồ sơ trùng số, chưa rõ mỗi cặp là một hay hai hồ sơ; ghi vào mục của"
        f" {pair.source_id} trong danh mục: {shared} (chung một dãy số: là một hồ sơ, lấy bản ghi của"
        f" {pair.source_id}; muốn lấy bản ghi của {pair.other_source_id} thì ghi vào mục của nguồn đó) hoặc {own} (hai"
        f" sổ riêng), rồi chạy {ingest}",
        en=f"{one} and {other}: {pair.pair_count} dossiers with the same number may be one or two each; write into the"
        f" entry of {pair.source_id} in the catalogue: {shared} (one numbering: one dossier, of which the record of"
        f" {pair.source_id} counts; for that of {pair.other_source_id} write it into its entry instead) or {own} (two"
        f" books), then run {ingest}",
    )


def _merged(pair: LookAlikes, names: Mapping[str, str]) -> Text:
    """Say how many dossiers of two sources still count once, and what tells them apart."""
    one, other = _named(pair, names)
    ingest, replay = (f"`motcua {verb} --source {pair.source_id}`" for verb in ("ingest", "replay"))
    return Text(
        vi=f"{one} và {other}: {pair.pair_count} cặp hồ sơ trùng số còn được tính là một, trong khi danh mục không"
        f" (còn) ghi là chung một dãy số; chạy {ingest} hoặc {replay} để xét lại",
        en=f"{one} and {other}: {pair.pair_count} pairs of dossiers with the same number still count as one each,"
        f" which the catalogue does not say (any more); run {ingest} or {replay}, which decides them anew",
    )


def _named(pair: LookAlikes, names: Mapping[str, str]) -> list[str]:
    ids = (pair.source_id, pair.other_source_id)
    return [f"{source_id} ({names[source_id]})" if source_id in names else source_id for source_id in ids]


def _refused_otherwise(_: Findings) -> list[Text]:
    """Return nothing: figures that break this line are refused before they become an edition."""
    return []


_JUDGES: Mapping[LineCode, Callable[[Findings], list[Text]]] = {
    "period_over": _period_over,
    "units_have_sources": _units_have_sources,
    "sources_answered": _sources_answered,
    "openings_known": _openings_known,
    "no_batch_held": _no_batch_held,
    "everything_read": _everything_read,
    "read_as_stated": _read_as_stated,
    "nothing_set_aside": _nothing_set_aside,
    "nothing_missing": _nothing_missing,
    "keys_mean_one": _keys_mean_one,
    "identities_hold": _refused_otherwise,
    "measures_agree": _refused_otherwise,
}


_NOTES: Mapping[LineCode, Callable[[Findings], list[Text]]] = {
    "period_over": lambda found: list(found.years),
    "units_have_sources": _without_source_by_reason,
}


def _cell(cell: SourceCell) -> Text:
    vi, en = (cell_text(cell.cell, lang).lower() for lang in ("vi", "en"))
    return Text(vi=f"{cell.source_id} ({cell.source_name}): {vi}", en=f"{cell.source_id} ({cell.source_name}): {en}")
