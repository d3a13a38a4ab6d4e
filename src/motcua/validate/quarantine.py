"""Reads the quarantine: the records set aside, the rules they broke, and whether they were accepted since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from motcua.catalog.finality import Waivers, record_name
from motcua.catalog.models import Text
from motcua.errors import ConfigurationError
from motcua.ledger import grounds_of
from motcua.place import STANDS_IN, Place
from motcua.warehouse import statement, store_engine

QuarantineStatus = Literal["open", "accepted", "superseded"]


@dataclass(frozen=True)
class BrokenRule:
    """One check that a record broke. `value` is the value of the record, already free of personal data."""

    rule_id: str
    severity: str
    field: str
    value: str | None
    reason: str
    reason_vi: str
    legal_source: str


@dataclass(frozen=True)
class QuarantineEntry:
    """One record set aside.

    `status` is `open` at first. It becomes `accepted` when a later batch that accepts the record is loaded, and
    `superseded` when a later batch sets the record aside again. `unit_id` is its unit, or None where it is not known.
    `place` is where it stands in a dropped file, and `grounds` what a waiver of it must name (`motcua.ledger`).
    """

    quarantine_id: int
    record_kind: str
    source_id: str
    batch_id: str
    system_code: str
    agency_code: str
    record_id: str | None
    dossier_no: str | None
    unit_id: str | None
    status: QuarantineStatus
    set_aside_at: datetime
    accepted_in_batch_id: str | None
    broken_rules: tuple[BrokenRule, ...]
    place: Place | None
    grounds: tuple[str, ...]

    @property
    def named(self) -> str:
        """The record as its source names it; one without an id by its place."""
        return record_name(self.agency_code, self.record_id, self.place)

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The broken rules, each once, in the order of the suite."""
        return tuple(dict.fromkeys(rule.rule_id for rule in self.broken_rules))


@dataclass(frozen=True)
class QuarantineDetail(QuarantineEntry):
    """A record set aside, with the columns that the quarantine keeps."""

    record: dict[str, Any]


def list_quarantine(
    source_id: str | None = None,
    rule: str | None = None,
    only_open: bool = True,
    limit: int = 100,
    *,
    batch_id: str | None = None,
) -> list[QuarantineEntry]:
    """Return the records set aside, the newest first. A source, a rule and a batch narrow the list."""
    return [
        QuarantineEntry(**_entry(row))
        for row in _rows(source_id=source_id, rule_id=rule, batch_id=batch_id, only_open=only_open, row_limit=limit)
    ]


def show_quarantine(quarantine_id: int) -> QuarantineDetail:
    """Return one record set aside.

    Raises:
        ConfigurationError: there is no such record.
    """
    from motcua.canonical import KINDS

    rows = _rows(quarantine_id=quarantine_id)
    if not rows:
        raise ConfigurationError(
            f"There is no quarantine record {quarantine_id}.",
            action="list the ids with `motcua quarantine list`; validating a batch again gives its records new ids.",
        )
    record = rows[0].record
    names = KINDS[rows[0].record_kind].shown
    return QuarantineDetail(**_entry(rows[0]), record={name: record[name] for name in names if name in record})


def _rows(**filters: Any) -> list[Row[Any]]:
    parameters = dict.fromkeys(("source_id", "rule_id", "batch_id", "quarantine_id"))
    parameters |= {"only_open": False, "row_limit": 1}
    with store_engine().connect() as connection:
        return list(connection.execute(statement("quarantine/list"), parameters | filters).all())


def _entry(row: Row[Any]) -> dict[str, Any]:
    made = ("broken_rules", "place", "grounds")
    names = [name for name in QuarantineEntry.__dataclass_fields__ if name not in made]
    broken = tuple(BrokenRule(**rule) for rule in row.broken_rules)
    critical = sorted({rule.rule_id for rule in broken if rule.severity == "critical"})
    return {name: getattr(row, name) for name in names} | {
        "broken_rules": broken,
        "place": Place.of(row.record.get(STANDS_IN)),
        "grounds": grounds_of(critical, row.record.get("mapping_issues")),
    }


def idle_waivers(waivers: Waivers) -> list[Text]:
    """Return a sentence on each waiver that covers no record that is set aside now, with why."""
    told = []
    for waiver in waivers.waivers:
        entries = [
            QuarantineEntry(**_entry(row))
            for row in _rows(source_id=waiver.source_id, only_open=True, row_limit=1_000_000)
            if row.record_kind == "dossier"
        ]
        named = [one for one in entries if waiver.names(one.source_id, one.agency_code, one.record_id, one.place)]
        rest = sorted({ground for one in named for ground in one.grounds} - set(waiver.rules))
        record = f"{waiver.source_id}, {waiver.record}"
        if not named and any(one.record_id is None and one.named == waiver.record for one in entries):
            told.append(
                Text(
                    vi=f"Miễn trừ không có tác dụng: {record}: tệp được lưu vào lúc khác với lúc ghi ở saved; xem lại"
                    " dòng này, rồi ghi mục mà `motcua quarantine show` in ra",
                    en=f"A waiver without effect: {record}: the file was saved at another time than saved says; look at"
                    " the row, then write the entry that `motcua quarantine show` prints",
                )
            )
        elif not named:
            told.append(
                Text(
                    vi=f"Miễn trừ không có tác dụng: {record}: không có bản ghi này trong số đang bị giữ lại (motcua"
                    f" quarantine list --source {waiver.source_id})",
                    en=f"A waiver without effect: {record}: no such record is set aside (motcua quarantine list"
                    f" --source {waiver.source_id})",
                )
            )
        elif rest:
            told.append(
                Text(
                    vi=f"Miễn trừ không có tác dụng: {record}: chưa nêu {', '.join(rest)}",
                    en=f"A waiver without effect: {record}: it does not name {', '.join(rest)}",
                )
            )
    return told
