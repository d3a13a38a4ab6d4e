"""How the keys of a source's dossiers are made, now and in earlier pulls, so that no change of a rule doubles them.

The store keeps each rule of identity that a source was pulled by. A record whose key was another one by an earlier rule
takes the place of the dossier under that key; the merge withdraws the old key once it has accepted the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from motcua.catalog import Source
from motcua.catalog.guards import load_guards
from motcua.catalog.options import SqlOptions
from motcua.errors import ConfigurationError, ContractBroken
from motcua.extract.records.keys import KeyMaker, numbered, spelled_alike
from motcua.extract.records.mapping import WRITTEN, Identity, SourceMapping, identity_columns
from motcua.extract.records.rules import CodeRule, IdentifierRule, KeyRule
from motcua.extract.reused_keys import Content, are_two
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

SHOWN = 5  # groups of keys that a finding names

_RULE: TypeAdapter[Identity] = TypeAdapter(Identity)
_MADE = "made"


@dataclass(frozen=True)
class SourceKeys:
    """The keys of one source: its rule, the rules of before, the first days of its new numberings, and its dossiers."""

    source: Source
    mapping: SourceMapping
    earlier: tuple[Identity, ...]
    since: tuple[date, ...] = ()
    remade: tuple[str, ...] = ()  # columns of an earlier key that the mapping makes of others in another way now

    @cached_property
    def in_store(self) -> Mapping[str, tuple[date | None, Content]]:
        """The keys of the source's dossiers in the store, each with its day and content; read once."""
        with store_engine().connect() as connection:
            rows = connection.execute(statement("extract/keys_of_source"), {"source_id": self.source.source_id})
            return {row.dossier_id: (row.on_day, Content.of(row)) for row in rows}

    @cached_property
    def set_aside(self) -> Mapping[str, tuple[date | None, Content]]:
        """The keys of the source's records that are set aside and not settled, in the same way."""
        with store_engine().connect() as connection:
            rows = connection.execute(statement("extract/keys_set_aside"), self._asked).all()
        contents = {row.dossier_id: Content.of(row) for row in rows}
        return {key: (one.received_at.date() if one.received_at else None, one) for key, one in contents.items()}

    @property
    def _asked(self) -> dict[str, str]:
        return {
            "source_id": self.source.source_id,
            "system_code": self.source.system_code,
            "agency_code": self.source.agency_code,
        }

    def check(self) -> None:
        """Refuse a rule under which the dossiers in the store cannot be recognised.

        Raises:
            ContractBroken: an earlier key was made of a column that the mapping no longer keeps, or makes otherwise, or
                the catalogue gives the source another system or agency.
        """
        with store_engine().connect() as connection:
            elsewhere = connection.scalar(statement("extract/keys_elsewhere"), self._asked)
        if elsewhere:
            raise ContractBroken(
                f"{self.source.source_id}: {elsewhere} of its dossiers in the store stand under another system_code or"
                " agency_code than its catalogue entry gives now, so each of them would count twice.",
                action="set system_code and agency_code back; a new system is a new source, with an id of its own.",
            )
        if self.remade and self.in_store:
            raise ContractBroken(
                f"{self.source.source_id}: the keys of its {len(self.in_store)} dossiers in the store were made with"
                f" {self.remade[0]}, which mappings/{self.source.mapping}.yaml makes of other columns or in another way"
                " now, so they cannot be recognised and would count twice.",
                action=f"set {self.remade[0]} under made back as it was.",
            )
        kept = {*self.mapping.keys.keep, *self.mapping.made, *_places(self.mapping.identity)}
        lost = [column for rule in self.earlier for column in _columns(rule) if column not in kept]
        if lost and self.in_store:
            raise ContractBroken(
                f"{self.source.source_id}: the keys of its {len(self.in_store)} dossiers in the store were made with"
                f" {lost[0]}, which mappings/{self.source.mapping}.yaml no longer reads, so they cannot be recognised"
                " and would count twice.",
                action=f"take {lost[0]} back into identity or a field of the mapping, or undo the change of identity.",
            )

    def replaced(self, became: Mapping[str, Set[str]], rows: Sequence[tuple[str, Content]]) -> dict[str, str]:
        """Return the keys in the store that are made otherwise today, each with the key that its record has now.

        A key that comes back as another dossier's is not replaced: last year's 7 is not this year's.

        Args:
            became: for each key that an earlier rule makes of records of the pull, their keys of today
                (`TableBuilder.became`).
            rows: the key and content of each row of the pull.
        """
        if not (became or self._is_read_anew):
            return {}
        return {key: now[0] for key, now in self._made_otherwise(self.in_store, became, rows).items()}

    def settled_set_aside(
        self,
        became: Mapping[str, Set[str]],
        rows: Sequence[tuple[str, Content]],
        listed: Set[str],
        *,
        withdrawn_from: date | None,
    ) -> dict[str, str | None]:
        """Return the keys of records set aside that need no decision any more, each with the key of its record now.

        One without a day may be any of several records, so it is none of them. Of a register that somebody accepted as
        it is, what it does not list (`listed`) is withdrawn, and has no key now, unless it was received before the
        register began (`withdrawn_from`). One without a day is withdrawn where the store has nothing of before.
        """
        settled: dict[str, str | None] = {}
        if became or self._is_read_anew:
            found = self._made_otherwise(self.set_aside, became, rows)
            settled |= {key: now[0] for key, now in found.items() if self.set_aside[key][0] or len(now) == 1}
        if withdrawn_from is not None and self.source.lists_all:
            has_older = any(day is not None and day < withdrawn_from for day, _ in self.in_store.values())
            settled |= {
                key: None
                for key, (day, _) in self.set_aside.items()
                if key not in listed
                and key not in settled
                and (not has_older if day is None else day >= withdrawn_from)
            }
        return settled

    @property
    def _is_read_anew(self) -> bool:
        return bool(self.since) or (bool(self.earlier) and isinstance(self.mapping.identity, KeyRule))

    def _made_otherwise(
        self,
        known: Mapping[str, tuple[date | None, Content]],
        became: Mapping[str, Set[str]],
        rows: Sequence[tuple[str, Content]],
    ) -> dict[str, list[str]]:
        """Return the known keys that no row has, each with the keys of the rows that may be its record."""
        rule = self.mapping.identity
        shown = dict(rows)
        gone = [key for key in known if key not in shown]
        candidates = {key: sorted(became.get(key, ())) for key in gone}
        # A number that stands in the store as it was written may be written, or numbered, otherwise today.
        maker = KeyMaker(rule, frozenset({None}), self.since)
        if self._is_read_anew and not maker.has_parts:
            days = [known[key][0] for key in gone]
            for key, now in zip(gone, maker.keys(dict.fromkeys(rule.key, gone), days), strict=True):
                if isinstance(now, str):
                    candidates[key].insert(0, now)
        limits = load_guards(Settings.load().catalog_dir).reused_keys
        found: dict[str, list[str]] = {}
        for key, possible in candidates.items():
            _, content = known[key]
            same = [now for now in possible if now in shown and not are_two(content, shown[now], limits)]
            if same:
                found[key] = list(dict.fromkeys(same))
        return found

    def doubts(self, shown: Set[str]) -> list[tuple[str, ...]]:
        """Return groups of keys that seem to be one number, where the mapping leaves open what makes a key."""
        return spelled_alike([*self.in_store, *shown]) if self.mapping.is_key_left_open else []

    def note(self) -> None:
        """Keep the rule of today, after a pull that used it."""
        with store_engine().begin() as connection:
            connection.execute(
                statement("extract/note_source_key"),
                {"source_id": self.source.source_id, "made_by": _dumped(self.mapping.identity, _made(self.mapping))},
            )


def note_numbering(source: Source, mapping: SourceMapping, since: date, *, with_known: bool = False) -> int:
    """Keep that the numbers of a source began again on a day: what are received from then on are other dossiers.

    Args:
        with_known: so are dossiers of those days that the store has under keys of before. Each takes its new key when
            its record comes back.

    Returns:
        How many such dossiers there are.

    Raises:
        ConfigurationError: the keys of the source are those of its own database; or there are such dossiers, and nobody
            said that they are new ones. Nothing was kept.
    """
    has_own = isinstance(source.options, SqlOptions) and source.options.by_id_query is not None
    if mapping.adapter not in WRITTEN or has_own:
        raise ConfigurationError(
            f"{source.source_id}: its keys are those of its own database, which do not begin again.",
            action="if the system was installed anew, end the entry (valid_to) and add a source with another id.",
        )
    keys = read_source_keys(source, mapping)
    begun = sorted({*keys.since, since})
    days = sorted(
        day
        for key, (day, _) in keys.in_store.items()
        if day and [first for first in begun if first <= day][-1:] == [since] and not key.endswith(numbered(since))
    )
    if days and not with_known:
        raise ConfigurationError(
            f"{source.source_id}: {len(days)} dossiers in the store were received since {since}, from {days[0]} to"
            f" {days[-1]}, so each would take a second key.",
            action=f"if they have numbers of before, give the day after {days[-1]} on which numbers began again; if"
            " they are new ones, add --with-known, and each takes its new key when its record comes back; if only a day"
            f" of reception was corrected, use `motcua ingest --source {source.source_id} --accept-changes`.",
        )
    with store_engine().begin() as connection:
        connection.execute(statement("extract/note_numbering"), {"source_id": source.source_id, "since": since})
    return len(days)


def read_source_keys(source: Source, mapping: SourceMapping) -> SourceKeys:
    """Return how the keys of a source are made. Nothing is checked.

    A source that was pulled before rules were kept had its number as it stood, or read as digits.
    """
    with store_engine().connect() as connection:
        asked = {"source_id": source.source_id}
        rows = connection.scalars(statement("extract/source_keys"), asked).all()
        since = tuple(connection.scalars(statement("extract/numberings"), asked))
    made = _made(mapping)
    said = [(row.get(_MADE, {}), {key: told for key, told in row.items() if key != _MADE}) for row in rows]
    remade = {column for before, _ in said for column in before if column in made and before[column] != made[column]}
    rules = [_RULE.validate_python(row) for _, row in said]
    if not rules and isinstance(mapping.identity, KeyRule):
        plain = {"key": mapping.identity.key}
        rules = [CodeRule(**plain, **{"as": "code"}), IdentifierRule(**plain, **{"as": "identifier"})]
    earlier = tuple(rule for rule in rules if _dumped(rule) != _dumped(mapping.identity))
    return SourceKeys(source, mapping, earlier, since, tuple(sorted(remade)))


def key_findings(mapping: SourceMapping, doubts: Sequence[tuple[str, ...]], keys: Sequence[str]) -> list[str]:
    """Return what the keys of a sample leave open, each with what the mapping has to say."""
    column = " or ".join(mapping.identity.key)
    found = []
    if doubts:
        shown = "; ".join(" = ".join(group) for group in doubts[:SHOWN])
        found.append(
            f"{len(doubts)} numbers of {column} are written in several ways, and each counts as a dossier of its own:"
            f" {shown}. Write identity: {{as: key, key: ...}}, which reads them as one."
        )
    if mapping.is_key_left_open and keys and all(key.isdecimal() for key in keys):
        found.append(
            f"{column} is a running number, and the mapping does not say where it is unique. Write identity:"
            " {as: key, key: ..., unique_in: [...]}: year, month, sheet, a column."
        )
    return found


def doubts_json(doubts: Sequence[tuple[str, ...]]) -> str | None:
    """Return the doubts of a batch as the ledger keeps them: how many, and the first groups. None without any."""
    return json.dumps({"count": len(doubts), "keys": doubts[:SHOWN]}) if doubts else None


def _made(mapping: SourceMapping) -> dict[str, Any]:
    """Return how the columns are made that the key of a dossier is made of, as far as they are made of others."""
    said = {
        key: mapping.made[key].model_dump(mode="json")
        for key in identity_columns(mapping.identity)
        if key in mapping.made
    }
    return {key: rule | {"optional": sorted(rule["optional"])} for key, rule in said.items()}


def _dumped(rule: Identity, made: Mapping[str, Any] | None = None) -> str:
    said = _ordered(rule.model_dump(mode="json", by_alias=True)) | ({_MADE: made} if made else {})
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    """Return a rule whose sets are in one order, so that two dumps of one rule are equal."""
    return document | {"null_values": sorted(document["null_values"], key=str)}


def _places(rule: Identity) -> tuple[str, ...]:
    return rule.places if isinstance(rule, KeyRule) else ()


def _columns(rule: Identity) -> tuple[str, ...]:
    return (*identity_columns(rule), *_places(rule))
