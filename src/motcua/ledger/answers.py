"""What sources gave for which days, which dossiers they no longer show, and what they sent otherwise than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from motcua.catalog import Source
from motcua.catalog.cells import CellCode
from motcua.period import Period
from motcua.place import Place
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class Completeness:
    """Whether one source answered for every day of a period: received, missing, failed or quarantined.

    Attributes:
        is_in_time: every day was loaded before the moment asked about; false where none was.
        is_after_end: the last day was answered for by a batch that was planned after that day ended.
        pulled_count, quarantined_count: of its newest loaded batch; none without one.
        unanswered_state: of its newest batch that is held, failed or under way and leaves days unanswered; its message
            is `reason`.
    """

    source_id: str
    cell: CellCode
    batch_ids: list[str]
    reason: str | None
    is_in_time: bool = False
    is_after_end: bool = False
    pulled_count: int | None = None
    quarantined_count: int | None = None
    unanswered_state: str | None = None

    @property
    def set_aside_pct(self) -> float:
        """The share of the newest batch's records that were set aside, 0 to 100."""
        return 100 * (self.quarantined_count or 0) / self.pulled_count if self.pulled_count else 0.0


def completeness(
    source_ids: Sequence[str],
    from_date: date,
    to_date: date,
    *,
    due_end: datetime | None = None,
    connection: Connection | None = None,
) -> list[Completeness]:
    """Return one cell for each source: what it gave for the days of a period, and the batches that gave it.

    `received` means loaded batches cover every day, and no failed or held batch of those days is still unanswered. A
    batch that failed after its days were answered for, each after it ended, changes nothing; one that is held does.

    Args:
        due_end: the moment after which an answer is late, for `is_in_time`.
        connection: whose snapshot is read; one of its own by default.
    """
    if connection is None:
        with store_engine().connect() as own:
            return completeness(source_ids, from_date, to_date, due_end=due_end, connection=own)
    rows = connection.execute(
        statement("ledger/source_completeness"),
        {"source_ids": list(source_ids), "from_date": from_date, "to_date": to_date, "due_end": due_end},
    )
    found = {row.source_id: Completeness(**row._mapping) for row in rows}
    return [found[source_id] for source_id in source_ids]


@dataclass(frozen=True)
class SetAside:
    """How many petitions of a source, and of a unit where that is known, are set aside and may belong to a period.

    `is_countable` is false of those that are about nothing that the form or the index counts.
    """

    source_id: str
    unit_id: str | None
    is_countable: bool
    petition_count: int


def petitions_set_aside(
    source_ids: Sequence[str], from_date: date, to_date: date, *, connection: Connection
) -> list[SetAside]:
    """Return the petitions of these sources that are set aside and not settled, and may belong to a period."""
    rows = connection.execute(
        statement("ledger/petitions_set_aside"),
        {"source_ids": list(source_ids), "from_date": from_date, "to_date": to_date},
    )
    return [SetAside(**row._mapping) for row in rows]


@dataclass(frozen=True)
class DossierSetAside:
    """A dossier record that is set aside and may belong to a period.

    Attributes:
        unit_id: whose it is; none where that cannot be told: any unit's that its source speaks for.
        agency_code, record_id: as its source names it; no id where it has no key.
        rule_ids: the critical rules it broke.
        unread: what could not be read of it, such as `due_at: not dd/MM/yyyy`; none where everything could.
        stands_in: the text of its place; none of a record that stands in no file, or landed without it.
    """

    quarantine_id: int
    source_id: str
    unit_id: str | None
    agency_code: str
    record_id: str | None
    rule_ids: tuple[str, ...]
    unread: str | None
    stands_in: str | None = None

    @property
    def unread_fields(self) -> tuple[str, ...]:
        """The fields that could not be read."""
        return _fields(self.unread)

    @property
    def grounds(self) -> tuple[str, ...]:
        """Why it is set aside (`grounds_of`)."""
        return grounds_of(self.rule_ids, self.unread)

    @property
    def place(self) -> Place | None:
        """Where it stands in a dropped file."""
        return Place.of(self.stands_in)


def grounds_of(rule_ids: Sequence[str], unread: str | None) -> tuple[str, ...]:
    """Return why a record is set aside, as a waiver of it names it.

    The critical rules it broke, V0 with each field that was not read (`V0 due_at`).
    """
    others = tuple(rule for rule in rule_ids if rule != "V0")
    return (*others, *(f"V0 {field}" for field in _fields(unread))) if "V0" in rule_ids else others


def _fields(unread: str | None) -> tuple[str, ...]:
    return tuple(issue.split(":")[0].strip() for issue in unread.split(";")) if unread else ()


def dossiers_set_aside(
    unit_ids: Sequence[str], source_ids: Sequence[str], from_date: date, to_date: date, *, connection: Connection
) -> list[DossierSetAside]:
    """Return the dossier records of units, or of sources where no unit is known, that are set aside and not settled.

    Only those that may belong to the days from `from_date` to `to_date`.
    """
    rows = connection.execute(
        statement("ledger/dossiers_set_aside"),
        {"unit_ids": list(unit_ids), "source_ids": list(source_ids), "from_date": from_date, "to_date": to_date},
    )
    return [DossierSetAside(**{**row._mapping, "rule_ids": tuple(row.rule_ids)}) for row in rows]


def owed_days(source: Source, period: Period, until: date) -> tuple[date, date] | None:
    """Return the days of a period that a source owes until a day: those on which it is in force. None: no day."""
    first = max(period.from_date, source.valid_from)
    last = min(period.to_date, until, source.valid_to or until)
    return (first, last) if first <= last else None


@dataclass(frozen=True)
class LastAnswer:
    """The days a source has answered for, if ever, and the state of its newest batch.

    `unanswered_from` is the first day that only batches without an answer hold: failed, held, or never finished.
    """

    covered_until: date | None
    last_state: str
    covered_from: date | None = None
    unanswered_from: date | None = None


def last_answers() -> dict[str, LastAnswer]:
    """Return, by source, how far it has answered. A source never asked is not there."""
    with store_engine().connect() as connection:
        rows = connection.execute(statement("ledger/last_answers"))
        return {
            row.source_id: LastAnswer(row.covered_until, row.last_state, row.covered_from, row.unanswered_from)
            for row in rows
        }


@dataclass(frozen=True)
class Absences:
    """How many of a source's dossiers it no longer shows: unconfirmed, since when, and proven to be deleted."""

    source_id: str
    unconfirmed_count: int
    unconfirmed_since: datetime | None
    tombstoned_count: int


def absences() -> list[Absences]:
    """Return the sources that do not show every dossier the store knows of them."""
    with store_engine().connect() as connection:
        return [Absences(**row._mapping) for row in connection.execute(statement("ledger/absences"))]


@dataclass(frozen=True)
class DriftFinding:
    """What a source sent that differs from what was known of it, and how that was handled."""

    source_id: str
    batch_id: str
    kind: str
    name: str
    detail: str
    handling: str
    found_at: datetime


def drift(source_id: str | None = None, limit: int = 100) -> list[DriftFinding]:
    """Return the newest findings of contract drift, of one source or of all."""
    with store_engine().connect() as connection:
        rows = connection.execute(statement("ledger/drift"), {"source_id": source_id, "row_limit": limit})
        return [DriftFinding(**row._mapping) for row in rows]


def key_doubts(source_ids: Sequence[str], *, connection: Connection) -> dict[str, int]:
    """Return, by source, how many groups of keys seem to mean one dossier each, as its newest pull found them."""
    rows = connection.execute(statement("ledger/key_doubts"), {"source_ids": list(source_ids)})
    return {row.source_id: row.group_count for row in rows}


def hold_stated_numbers(connection: Connection, numbers: Sequence[tuple[str, str, str]]) -> None:
    """Make the table `stated_numbers` of what the catalogue says, in place of the one that the transaction has."""
    stated = {
        "system_codes": [system for system, _, _ in numbers],
        "agency_codes": [agency for _, agency, _ in numbers],
        "other_system_codes": [other for _, _, other in numbers],
    }
    connection.execute(text("drop table if exists pg_temp.stated_numbers"))
    connection.execute(statement("ledger/stated_numbers"), stated)
    # It holds a few rows or none, which a plan cannot know otherwise.
    connection.execute(text("analyze stated_numbers"))


@dataclass(frozen=True)
class LookAlikes:
    """How many pairs of dossiers of two sources, in two systems, have the same number."""

    source_id: str
    system_code: str
    other_source_id: str
    other_system_code: str
    pair_count: int


def look_alikes(
    unit_ids: Sequence[str],
    from_date: date,
    to_date: date,
    own_numbers: Sequence[tuple[str, str, str]],
    names_office: str,
    *,
    connection: Connection,
) -> list[LookAlikes]:
    """Return the pairs of sources with dossiers of a period of which nothing tells whether they are one or two.

    Args:
        own_numbers: what the catalogue says to be two numberings (`stated_numbers`).
        names_office: the pattern of a number that names its office, of which nothing is in doubt.
    """
    hold_stated_numbers(connection, own_numbers)
    asked = {"unit_ids": list(unit_ids), "from_date": from_date, "to_date": to_date, "names_office": names_office}
    rows = connection.execute(statement("ledger/look_alikes"), asked)
    return [LookAlikes(**row._mapping) for row in rows]


def merged_otherwise(
    unit_ids: Sequence[str],
    to_date: date,
    shared_numbers: Sequence[tuple[str, str, str]],
    names_office: str,
    *,
    connection: Connection,
) -> list[LookAlikes]:
    """Return the pairs of sources with dossiers that count once in the store, and are not stated to be one any more.

    Only dossiers of the units that were received until a day. Which they are, the merge says that a next batch would
    run: it notes them here in a table of this transaction.

    Args:
        shared_numbers: what the catalogue says to be one numbering (`stated_numbers`).
        names_office: the pattern of a number that names its office, and needs no statement.
    """
    hold_stated_numbers(connection, shared_numbers)
    connection.execute(text("create temporary table identity_due (dossier_no text primary key) on commit drop"))
    connection.execute(statement("consolidate/note_identity_due"), {"names_office": names_office})
    asked = {"unit_ids": list(unit_ids), "to_date": to_date}
    found = [LookAlikes(**row._mapping) for row in connection.execute(statement("ledger/merged_otherwise"), asked)]
    connection.execute(text("drop table pg_temp.identity_due"))
    return found
