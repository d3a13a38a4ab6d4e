"""What of a period is set aside, by unit, rule and share: a table of its edition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from motcua.catalog.finality import Waiver, load_waivers
from motcua.ledger import DossierSetAside, dossiers_set_aside
from motcua.percentage import percentage
from motcua.publish.edition.content import Content
from motcua.publish.form.scope import Scope
from motcua.warehouse import statement


@dataclass(frozen=True)
class UnitSetAside:
    """The records of one unit that are set aside; of no known unit where `unit_id` is empty.

    Attributes:
        dossiers: how many dossiers of the unit the store holds of the period, without these.
        by_rule: the records by each critical rule they broke; a record may break several.
        waived: those of the records that somebody decided an edition may be final without, with the decision.
    """

    unit_id: str
    row_code: str
    name: str
    records: tuple[DossierSetAside, ...]
    dossiers: int
    waived: tuple[tuple[DossierSetAside, Waiver], ...] = ()

    @property
    def unwaived(self) -> list[DossierSetAside]:
        waived = {record.quarantine_id for record, _ in self.waived}
        return [record for record in self.records if record.quarantine_id not in waived]

    @property
    def of(self) -> int:
        """All records of the unit that belong, or may belong, to the period."""
        return self.dossiers + len(self.records)

    @property
    def by_rule(self) -> dict[str, int]:
        return dict(sorted(Counter(rule for record in self.records for rule in record.rule_ids).items()))

    def as_json(self) -> Content:
        return {
            "unit_id": self.unit_id,
            "row_code": self.row_code,
            "name": self.name,
            "records": len(self.records),
            "of": self.of,
            "share": str(percentage(len(self.records), self.of)),
            "rules": [{"rule_id": rule, "records": count} for rule, count in self.by_rule.items()],
        }


@dataclass(frozen=True)
class Missing:
    """Dossiers of a source that count, and that the source no longer shows or, having ended, cannot show."""

    source_id: str
    reason: Literal["not_shown", "source_ended"]
    dossiers: int


@dataclass(frozen=True)
class PeriodSetAside:
    """Every unit that has something set aside, and how many records the period has in all.

    `missing` are the dossiers of which it is not known whether they go on, by source and reason.
    """

    units: tuple[UnitSetAside, ...]
    of: int
    missing: tuple[Missing, ...] = ()

    @property
    def records(self) -> list[DossierSetAside]:
        return [record for unit in self.units for record in unit.records]

    @property
    def unwaived(self) -> list[DossierSetAside]:
        return [record for unit in self.units for record in unit.unwaived]

    @property
    def waived_count(self) -> int:
        return sum(len(unit.waived) for unit in self.units)

    def as_json(self) -> Content:
        count = len(self.records)
        return {
            "records": count,
            "of": self.of,
            "share": str(percentage(count, self.of) or ""),
            "units": [unit.as_json() for unit in self.units],
            "waived": [
                {
                    "source_id": waiver.source_id,
                    "record": waiver.record,
                    "row_code": unit.row_code,
                    "unit_name": unit.name,
                    "rules": list(record.rule_ids),
                    "reason": waiver.reason,
                    "person": waiver.person,
                    "day": waiver.day.isoformat(),
                }
                for unit in self.units
                for record, waiver in unit.waived
            ],
        }


def read_set_aside(store: Connection, scope: Scope, source_ids: Sequence[str]) -> PeriodSetAside:
    """Return the dossier records that are set aside and may belong to the period of a scope, by unit.

    Args:
        store: in a transaction of one snapshot.
        source_ids: the sources in scope, whose records without a known unit may belong here too.
    """
    period, catalog = scope.period, scope.catalog
    waivers = load_waivers(catalog.folder)
    by_unit: dict[str, list[DossierSetAside]] = {}
    aside = dossiers_set_aside(scope.unit_ids, source_ids, period.from_date, period.to_date, connection=store)
    for record in aside:
        by_unit.setdefault(record.unit_id or "", []).append(record)
    counted = store.execute(
        statement("publish/dossiers_of_period"),
        {
            "unit_ids": list(scope.unit_ids),
            "from_date": period.from_date,
            "to_date": period.to_date,
            "aside_agencies": [record.agency_code for record in aside],
            "aside_ids": [record.record_id for record in aside],
        },
    )
    dossiers: dict[str, int] = {row.unit_id: row.dossier_count for row in counted}
    units = []
    for unit_id in sorted(by_unit):
        known = catalog.unit_by_id.get(unit_id)
        waived = (
            (
                record,
                waivers.of(record.source_id, record.agency_code, record.record_id, record.grounds, record.place),
            )
            for record in by_unit[unit_id]
        )
        units.append(
            UnitSetAside(
                unit_id,
                known.code if known else "",
                known.name if known else "",
                tuple(by_unit[unit_id]),
                dossiers.get(unit_id, 0),
                tuple((record, waiver) for record, waiver in waived if waiver is not None),
            )
        )
    of = sum(dossiers.values()) + sum(map(len, by_unit.values()))
    return PeriodSetAside(tuple(units), of, _missing(store, scope))


def _missing(store: Connection, scope: Scope) -> tuple[Missing, ...]:
    period = scope.period
    rows = store.execute(
        statement("publish/missing_dossiers"),
        {
            "unit_ids": list(scope.unit_ids),
            "from_date": period.from_date,
            "to_date": period.to_date,
            "in_force": [source.source_id for source in scope.catalog.sources_on(period.to_date)],
            "catalogued": [source.source_id for source in scope.catalog.sources],
        },
    )
    return tuple(Missing(row.source_id, row.reason, row.dossier_count) for row in rows)
