"""Turns pages of source records into Arrow tables of the canonical record, and drops everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import DOSSIER
from motcua.catalog import Source, load_catalog
from motcua.errors import ContractBroken
from motcua.extract.records.as_sent import AsSent, read_status_again, readable_keys, vocabulary
from motcua.extract.records.cells.due_limits import DueLimits
from motcua.extract.records.cells.made import MadeColumns
from motcua.extract.records.convert import (
    Column,
    Memo,
    Problem,
    Report,
    first_with_value,
    read_flag,
    read_integer,
    to_array,
)
from motcua.extract.records.day_order import DayOrder, columns_of_days, hold
from motcua.extract.records.keys import KeyMaker
from motcua.extract.records.mapping import Identity, SourceMapping, identity_columns
from motcua.extract.records.paths import Picker
from motcua.extract.records.privacy import MASKED, Pseudonym, Pseudonymiser
from motcua.extract.records.rules import (
    ChannelCodes,
    ChannelConstant,
    ChannelFlags,
    IdentifierRule,
    InstantRule,
    KeyRule,
    StandingRule,
)
from motcua.extract.records.unread import UnreadCells, readings
from motcua.procedures import procedure_namer, split_procedure
from motcua.settings import Settings
from motcua.spelling import folded

# The standing of a pulled row: null for an ordinary dossier, otherwise why it is not one.
SOFT_DELETED, MIGRATED = "soft_deleted", "migrated"
STANDING = pa.field("standing", pa.string())
PULLED_SCHEMA = DOSSIER.pulled_schema.append(STANDING)
Issues = dict[int, list[str]]
_READ_AGAIN = frozenset(PULLED_SCHEMA.names) - {"applicant_ref"}


class TableBuilder:
    """Builds the tables of one pull of one source.

    Args:
        since: the first days of the source's new numberings.
        earlier: rules by which keys of this source were made before.

    `unclassified` contains the keys that the mapping does not classify. Their values are dropped. `became` says, of
    every key that an earlier rule would have given records, which keys these have now, where they are other ones.
    """

    def __init__(
        self,
        source: Source,
        mapping: SourceMapping,
        pseudonymise: Pseudonymiser,
        *,
        since: Sequence[date] = (),
        earlier: Sequence[Identity] = (),
    ) -> None:
        self._source = source
        self._mapping = mapping
        self._nulls = frozenset({None}) | mapping.null_values
        identity = mapping.identity
        places = identity.places if isinstance(identity, KeyRule) else ()
        kept = mapping.keys.model_copy(update={"keep": (*mapping.keys.keep, *places)})
        self._picker = Picker(kept, mapping.nested, mapping.inner_keys)
        self._codes = {folded(name): status.code for name, status in mapping.status.codes.items()}
        self._sub_codes = mapping.status.sub_codes
        self._spellings = {folded(name): name for name in mapping.status.codes}
        self._statuses = Memo(self._read_status)
        self._names = Memo(folded)
        self._needs_names = (
            bool(self._sub_codes)
            or "source_status" not in mapping.fields
            or any(isinstance(field, InstantRule) and field.only_status for field in mapping.fields.values())
        )
        self._readings = readings(mapping)
        self._integers = Memo(read_integer)
        self._procedures = Memo(split_procedure)
        self._channel_codes = Memo(self._read_channel)
        self._standings_of = [Memo(_standing_reader(rule, self._nulls)) for rule in mapping.standing]
        self._keys_of = KeyMaker(identity, self._nulls, since)
        number = mapping.fields.get("dossier_no")
        self._number_is_key = (isinstance(identity, KeyRule) or bool(since)) and (
            number is not None and number.key == identity.key
        )
        readable = {*kept.keep, *mapping.made}
        self._earlier = [
            KeyMaker(rule, self._nulls, since)
            for rule in earlier
            if {*identity_columns(rule), *(rule.places if isinstance(rule, KeyRule) else ())} <= readable
        ]
        self.became: dict[str, set[str]] = {}
        self._rows, self._without_key = 0, 0
        catalog = load_catalog(Settings.load().catalog_dir)
        name_procedure = procedure_namer(catalog, source.level)
        self._made = MadeColumns(mapping.made, self._nulls)
        self._limits = DueLimits(mapping, source, catalog)
        self._columns = [
            Column(name, rule, mapping.null_values, PULLED_SCHEMA.field(name).type, pseudonymise, name_procedure)
            for name, rule in mapping.fields.items()
            if not (name == "dossier_no" and self._number_is_key)
        ]
        self._days = DayOrder(columns_of_days(mapping))
        self._pseudonymise = pseudonymise
        self._as_sent = AsSent(mapping, pseudonymise, name_procedure)
        self._vocabulary: dict[str, str] | None = None
        self._previous_refs: Column | None = None
        if pseudonymise.previous_ids and (applicant := mapping.fields.get("applicant_ref")):
            self._previous_refs = Column(
                "previous_applicant_refs", applicant, mapping.null_values, pa.string(), pseudonymise.previous_refs
            )

    @property
    def unclassified(self) -> set[str]:
        return self._picker.unclassified

    def day_findings(self) -> list[str]:
        """Return the columns in which days and months changed places, or may have, in all that was read so far."""
        return self._days.findings()

    def check_days(self) -> None:
        """Hold what was read where days and months changed places, or may have.

        Raises:
            BatchHeld: they did in some column. The message shows two places, what they say, and that turned round.
        """
        hold(self._source.source_id, self._days.findings(), f"at the field in mappings/{self._source.mapping}.yaml")

    def table(self, records: Sequence[dict[str, Any]], stands: Sequence[str] | None = None) -> pa.Table:
        """Return the records as a table of PULLED_SCHEMA, in the given order, with where each stands (`Page.stands`).

        Raises:
            ContractBroken: most records have no key that identifies them.
        """
        issues: Issues = {}
        values = self._picker.columns(records, _reporter(issues))
        values |= self._made.of(values)
        self._days.add(values, len(records), stands)
        table = self._read(values, len(records), issues)
        return table if stands is None else _standing_in(table, pa.array(stands, pa.string()))

    def read_again(self, landed: pa.Table) -> pa.Table:
        """Return landed records as they are read today, as a table of PULLED_SCHEMA, in the given order.

        What was landed before its values were kept (`as_sent`) stays as it was read, but for the status.

        Raises:
            ContractBroken: the mapping needs a key that was not kept when they were landed, or most records have no
                key that identifies them.
        """
        is_kept = pc.is_valid(landed["as_sent"])
        kept, earlier = landed.filter(is_kept), landed.filter(pc.invert(is_kept))
        order = pa.concat_arrays([pc.indices_nonzero(is_kept), pc.indices_nonzero(pc.invert(is_kept))])
        tables = [self._from_kept(kept)] if kept.num_rows else []
        if earlier.num_rows and (sub_keys := self._mapping.status.sub_keys):
            raise self._not_kept(sub_keys)
        if earlier.num_rows:
            tables.append(read_status_again(earlier, self._mapping).select(PULLED_SCHEMA.names))
        read = pa.concat_tables(tables or [PULLED_SCHEMA.empty_table()]).take(pc.array_sort_indices(order))
        return _standing_in(read, landed["stands_in"])

    def _from_kept(self, landed: pa.Table) -> pa.Table:
        rows = landed.num_rows
        values: dict[str, Sequence[Any]] = dict(self._as_sent.values(landed["as_sent"].to_pylist(), self._words))
        if missing := sorted(set(self._as_sent.keys) - values.keys()):
            raise self._not_kept(missing)
        refs = landed.select(["applicant_ref", "previous_applicant_refs"]).to_pylist()
        persons = [
            None if row["applicant_ref"] is None
            else Pseudonym(row["applicant_ref"], row["previous_applicant_refs"] or "")
            for row in refs
        ]  # fmt: skip
        values |= {key: persons if number == 0 else [None] * rows for number, key in enumerate(self._mapping.keys.hmac)}
        values |= self._made.of(values)
        self._days.add(values, rows, landed["stands_in"].to_pylist(), is_one_table=False)
        issues: Issues = {}
        for row, told in enumerate(landed["mapping_issues"].to_pylist()):
            # Said of what is not kept, so it holds on.
            stays = [one for one in (told or "").split("; ") if one and one.split(":")[0] not in _READ_AGAIN]
            if stays:
                issues[row] = stays
        return self._read(values, rows, issues, landed["as_sent"])

    def _not_kept(self, keys: Iterable[str]) -> ContractBroken:
        return ContractBroken(
            f"{self._source.source_id}: its records cannot be read again, because {', '.join(keys)} was not kept"
            " when they were landed.",
            action="ask the source for its days again with `motcua ingest`.",
        )

    def _words(self) -> dict[str, str]:
        if self._vocabulary is None:
            catalog = load_catalog(Settings.load().catalog_dir)
            self._vocabulary = vocabulary(self._mapping, catalog, self._pseudonymise)
        return self._vocabulary

    def _read(
        self, values: dict[str, Sequence[Any]], rows: int, issues: Issues, as_sent: pa.ChunkedArray | None = None
    ) -> pa.Table:
        report, said = _reporter(issues), values
        unread = UnreadCells(self._readings, said)
        values = unread.values
        rule = self._mapping.status
        statuses = _scalars(first_with_value(values, rule.key, self._nulls)) if rule.key else [None] * rows
        names = [self._names[status] for status in statuses] if self._needs_names else ()
        unread.report(names, report)
        columns: dict[str, pa.Array] = {
            "system_code": pa.repeat(self._source.system_code, rows),
            "agency_code": pa.repeat(self._source.agency_code, rows),
            "channel_code": self._channels(values, rows, report),
            "standing": pa.array(self._standings(values, rows), pa.string()),
        }
        for column in self._columns:
            columns[column.name] = column.take(values, rows, names, report)
        self._limits.fill(columns, values, names, report)
        columns["dossier_id"] = self._keys(values, columns, rows, report)
        if self._number_is_key:
            columns["dossier_no"] = columns["dossier_id"]
        if self._previous_refs is not None:  # a problem of the number is reported once, for applicant_ref
            columns["previous_applicant_refs"] = self._previous_refs.take(values, rows, names, lambda row, issue: None)
        columns["status_code"] = self._status_codes(self._said_codes(statuses, names, values), columns, report)
        if "source_status" not in columns:
            columns["source_status"] = pa.array([self._spelling(name) for name in names], pa.string())
        if "unit_code" not in columns:  # the source states no units: all its records belong to its own unit
            columns["unit_code"] = pa.repeat(self._source.unit_id, rows)
        if "procedure_code" in columns:
            split = [self._procedures[code] for code in columns["procedure_code"].to_pylist()]
            columns["procedure_code"] = pa.array([code for code, _ in split], pa.string())
            columns["procedure_suffix"] = pa.array([suffix for _, suffix in split], pa.string())
        if as_sent is None:
            broken = {issue.split(":")[0] for told in issues.values() for issue in told}
            if self._number_is_key:  # it is a copy of the key, and was not read itself
                broken.add("dossier_no")
            as_sent = self._as_sent.column(said, rows, readable_keys(self._mapping, broken))
        columns["as_sent"] = as_sent
        if issues:
            columns["mapping_issues"] = pa.array(
                ["; ".join(issues[row]) if row in issues else None for row in range(rows)], pa.string()
            )
        return pa.table(
            [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in PULLED_SCHEMA],
            schema=PULLED_SCHEMA,
        )

    def _keys(
        self, values: dict[str, Sequence[Any]], columns: dict[str, pa.Array], rows: int, report: Report
    ) -> pa.Array:
        """Return the keys. Validation sets a record without a key aside; a pull of mostly such records is refused."""
        rule = self._mapping.identity
        if isinstance(rule, IdentifierRule) and not (self._keys_of.needs_days or self._earlier):
            try:
                numbers = pa.array(first_with_value(values, rule.key, self._nulls), pa.int64())
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                numbers = None
            if numbers is not None and not numbers.null_count:
                return numbers.cast(pa.string())
        days = _days(columns, rows) if self._keys_of.needs_days or self._earlier else [None] * rows
        keys = self._keys_of.keys(values, days)
        self._note_earlier(keys, values, days)
        wrong = [key for key in keys if not isinstance(key, str) or key == MASKED]
        self._rows += len(keys)
        self._without_key += len(wrong)
        # Of all pages so far: the last page of a long table may be one row, which lacks a key.
        if wrong and self._without_key * 2 > self._rows:
            why = Counter(key.why for key in wrong if isinstance(key, Problem)).most_common(1)
            raise ContractBroken(
                f"{self._source.source_id} returned {self._without_key} of {self._rows} records without a usable "
                f"{' or '.join(rule.key)}, which identifies a dossier{f' ({why[0][0]})' if why else ''}.",
                action=f"check identity in include/catalog/mappings/{self._source.mapping}.yaml (key, patterns, "
                "unique_in) and the version of the source; nothing of this pull was kept.",
            )
        for row, key in enumerate(keys if wrong else ()):
            if isinstance(key, Problem):
                report(row, f"dossier_id: {key.why}")
                keys[row] = None
        return pa.array(keys, pa.string())

    def _note_earlier(self, keys: Sequence[Any], values: dict[str, Sequence[Any]], days: Sequence[date | None]) -> None:
        for maker in self._earlier:
            for key, former in zip(keys, maker.keys(values, days), strict=True):
                if isinstance(key, str) and isinstance(former, str) and former != key:
                    self.became.setdefault(former, set()).add(key)

    def _read_status(self, status: Any) -> Any:
        if status in self._nulls:
            return None
        known = self._codes.get(folded(status))
        return Problem(f"not a known {' or '.join(self._mapping.status.key)}") if known is None else known

    def _said_codes(self, statuses: Sequence[Any], names: Sequence[str], values: dict[str, Sequence[Any]]) -> list[Any]:
        """Return the code of each record, or the problem: by its sub-status first, then by its status."""
        codes = [self._statuses[status] for status in statuses]
        for key in self._mapping.status.sub_keys:
            for row, sub in enumerate(_scalars(values[key])):
                codes[row] = self._sub_codes.get((names[row], self._names[sub]), codes[row])
        return codes

    def _spelling(self, name: str) -> str | None:
        return self._spellings.get(name, None if name in ("", "none") else MASKED)

    def _status_codes(self, codes: list[Any], columns: dict[str, pa.Array], report: Report) -> pa.Array:
        is_unstated = pa.array([code is None for code in codes])
        array = to_array(codes, pa.int16(), "status_code", report)
        for rule in self._mapping.status.by_dates if array.null_count else ():
            if rule.field in columns:
                stated = pc.is_valid(columns[rule.field])
                is_applied = pc.and_(pc.and_(pc.is_null(array), is_unstated), stated)
                array = pc.if_else(is_applied, pa.scalar(rule.code, pa.int16()), array)
        return array

    def _channels(self, values: dict[str, Sequence[Any]], rows: int, report: Report) -> pa.Array:
        rule = self._mapping.channel
        if isinstance(rule, ChannelConstant):
            return pa.repeat(pa.scalar(rule.code, pa.int16()), rows)
        stated: Iterable[Any]
        if isinstance(rule, ChannelCodes):
            stated = _scalars(first_with_value(values, rule.key, self._nulls))
        else:
            stated = zip(_scalars(values[rule.online_key]), _scalars(values[rule.postal_key]), strict=True)
        return to_array([self._channel_codes[value] for value in stated], pa.int16(), "channel_code", report)

    def _read_channel(self, value: Any) -> Any:
        rule = self._mapping.channel
        assert not isinstance(rule, ChannelConstant)
        stated = value[0] if isinstance(rule, ChannelFlags) else value
        if stated in self._nulls:
            return Problem("not stated") if rule.when_null is None else rule.when_null
        if isinstance(rule, ChannelCodes):
            return rule.codes.get(folded(stated), Problem("not a value of its list"))
        if read_flag(stated):
            return 2
        if folded(stated) not in ("0", "false"):
            return Problem("not a flag")
        return 3 if (read_integer(value[1]) or 0) >= rule.postal_from else 1

    def _standings(self, values: dict[str, Sequence[Any]], rows: int) -> list[str | None]:
        standings: list[str | None] = [None] * rows
        for rule, memo in zip(reversed(self._mapping.standing), reversed(self._standings_of), strict=True):
            column = _scalars(values[rule.key])
            matching = {value for value in set(column) if memo[value]}
            if not matching:
                continue
            others = _scalars(values[rule.only_with]) if rule.only_with else ()
            for row, value in enumerate(column):
                if value in matching and (not rule.only_with or not self._is_empty(others[row])):
                    standings[row] = rule.standing
        return standings

    def _is_empty(self, value: Any) -> bool:
        return value in self._nulls or self._integers[value] == 0


def _reporter(issues: Issues) -> Report:
    return lambda row, issue: issues.setdefault(row, []).append(issue)


def _standing_reader(rule: StandingRule, nulls: frozenset[Any]) -> Any:
    def matches(value: Any) -> bool:
        if value in nulls:
            return False
        if rule.below is not None:
            number = read_integer(value)
            return number is not None and number < rule.below
        return not rule.values or folded(value) in rule.values

    return matches


def _days(columns: dict[str, pa.Array], rows: int) -> Sequence[date | None]:
    """Return the day on which each record was received, else submitted."""
    told = [columns[name] for name in ("received_at", "submitted_at") if name in columns]
    return pc.coalesce(*told).cast(pa.date32()).to_pylist() if told else [None] * rows


def _standing_in(table: pa.Table, stands: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index("stands_in"), PULLED_SCHEMA.field("stands_in"), stands)


def _scalars(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values with None for a list or an object, which is never a code and is not hashable."""
    if list in (kinds := set(map(type, values))) or dict in kinds:
        return [None if isinstance(value, list | dict) else value for value in values]
    return values
