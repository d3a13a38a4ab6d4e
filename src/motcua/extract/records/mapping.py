"""How a source's record becomes a canonical record: the typed content of `include/catalog/mappings/<mapping>.yaml`.

A mapping also classifies every key that the source is known to send: kept, kept as a keyed HMAC, or dropped. Every key
of a field must be kept, and every kept key must be used, so that the lists of keys always agree with the fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from motcua.canonical import APPLICANT_KINDS, CONTENT, TRACE, Status
from motcua.catalog import Source
from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.record_sources import COVERS_UNSAID
from motcua.errors import CatalogError
from motcua.extract.records.made_rules import MadeColumn
from motcua.extract.records.paths import without_positions
from motcua.extract.records.rules import (
    ChannelRule,
    ChoiceRule,
    CodeRule,
    ConstantRule,
    FieldRule,
    IdentifierRule,
    InstantRule,
    ItemsRule,
    KeyClasses,
    KeyRule,
    NameRule,
    Part,
    PseudonymRule,
    Scalar,
    StandingRule,
    StatusRule,
    SumRule,
)
from motcua.spelling import folded

Identity = IdentifierRule | CodeRule | KeyRule
# domain.md section 4.2
OPEN_STATUSES = (Status.ACCEPTED, Status.IN_PROCESS, Status.SUPPLEMENT_ASKED, Status.PAYMENT_ASKED)
SATISFACTIONS = frozenset({"satisfied", "unsatisfied"})
WRITTEN = ("files", "sql")  # adapters whose keys may be numbers that an office writes itself
_DROPPED = ("drop_personal", "drop_unneeded")
_DERIVED = {"status_code", "channel_code", "procedure_suffix", "previous_applicant_refs", "mapping_issues"}


Covers = Literal["register", "period"]
RepeatedRows = Literal["not_known", "later_row"]


class SourceMapping(Part):
    """A mapping file. `repeats: later_row` says that of two rows of one dossier in one table the later one counts.

    With `nested`, a key is a path: `procedure.code`, or `DanhSachHoSoBoSung.-1.NgayBoSung` for the last item of a list.
    When `applicant` is dropped, everything inside it is dropped. `covers` says what a source that gives all it has, as
    dropped files do, gives: a `register` holds every dossier that the unit ever had, so each row belongs to each pull;
    a table of a `period` proves nothing of what it leaves out. `repeats` is `later_row` where the office adds a row for
    each step. Else it is `not_known` which one counts, unless a modified time tells, and a dossier whose rows differ is
    set aside. `made` names columns that are made of others; the columns they are made of are those that are kept.
    """

    adapter: str
    covers: Covers = COVERS_UNSAID
    repeats: RepeatedRows = "not_known"
    nested: bool = False
    null_values: frozenset[Scalar]
    made: dict[str, MadeColumn] = Field(default_factory=dict)
    identity: Annotated[Identity, Field(discriminator="as_")]
    standing: tuple[StandingRule, ...] = ()
    status: StatusRule
    channel: ChannelRule
    fields: dict[str, FieldRule]
    keys: KeyClasses

    @property
    def open_statuses(self) -> list[str]:
        """The source statuses that an open dossier may have."""
        return [name for name, status in self.status.codes.items() if not set(OPEN_STATUSES).isdisjoint(status.codes)]

    @property
    def identity_key(self) -> str:
        return self.identity.key[0]

    @property
    def identity_columns(self) -> tuple[str, ...]:
        """The columns of the source from which the key of a dossier is made."""
        return self.columns_of(identity_columns(self.identity))

    def columns_of(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the columns of the source from which keys are read; of a made one those that it is made of."""
        return tuple(column for key in keys for column in (self.made[key].columns if key in self.made else (key,)))

    @property
    def is_key_left_open(self) -> bool:
        """Whether an office's own number is the key as it stands, without a word on its spellings or its reach."""
        return self.adapter in WRITTEN and isinstance(self.identity, CodeRule)

    @property
    def repeated_rows(self) -> RepeatedRows | None:
        """How two rows of one dossier are told apart; None of a system, which shows a dossier as it is when asked."""
        return self.repeats if self.adapter in WRITTEN else None

    @property
    def inner_keys(self) -> set[str]:
        """The keys inside a kept list from which its field is made."""
        sums = (rule for rule in self.fields.values() if isinstance(rule, SumRule))
        names = (rule for rule in self.fields.values() if isinstance(rule, NameRule))
        lists = (rule for rule in self.fields.values() if isinstance(rule, ItemsRule))
        return (
            {f"{key}.{rule.of}" for rule in sums for key in rule.key}
            | {f"{key}.{inner}" for rule in names for key in rule.key for inner in ("languageId", "name")}
            | {f"{key}.{inner}" for rule in lists for key in rule.key for inner in rule.inner}
        )

    @field_validator("made")
    @classmethod
    def _only_a_table_has_columns(cls, made: dict[str, MadeColumn], info: ValidationInfo) -> dict[str, MadeColumn]:
        if made and info.data.get("adapter") not in WRITTEN:
            raise ValueError(f"made columns are of {' and '.join(WRITTEN)} only")
        return made

    @field_validator("identity")
    @classmethod
    def _key_can_be_made(cls, identity: Identity, info: ValidationInfo) -> Identity:
        adapter = info.data.get("adapter")
        if isinstance(identity, KeyRule):
            if adapter not in WRITTEN:
                raise ValueError(f"the records of {adapter} have keys of their own: use as: identifier or as: code")
            if identity.places and adapter != "files":
                raise ValueError("unique_in: sheet and month are of dropped files only")
        return identity

    @field_validator("fields")
    @classmethod
    def _fields_are_canonical(cls, fields: dict[str, FieldRule], info: ValidationInfo) -> dict[str, FieldRule]:
        unknown = fields.keys() - (set(CONTENT.names) | set(TRACE.names)) | fields.keys() & _DERIVED
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: not a field that a mapping can fill")
        for name, rule in fields.items():
            if (name == "applicant_ref") != isinstance(rule, PseudonymRule):
                raise ValueError(f"{name}: applicant_ref must be a pseudonym, and no other field may be one")
            if isinstance(rule, InstantRule):
                _check_instant(name, rule, info.data.get("made", {}))
        if fields.keys() & {"due_at"} and getattr(fields["due_at"], "limits", None) and "received_at" not in fields:
            raise ValueError("due_at: limits are counted from received_at, which no field reads")
        if "applicant_kind" in fields:
            _check_applicant_kinds(fields["applicant_kind"])
        satisfaction = fields.get("satisfaction_code")
        if satisfaction is not None and not (
            isinstance(satisfaction, ChoiceRule) and SATISFACTIONS.issuperset(satisfaction.choices.values())
        ):
            raise ValueError(f"satisfaction_code: must be a choice of {' or '.join(sorted(SATISFACTIONS))}")
        return fields

    @field_validator("status")
    @classmethod
    def _sub_statuses_have_a_key(cls, status: StatusRule) -> StatusRule:
        if status.sub_words and not status.sub_key:
            raise ValueError("sub_key is needed: it names the key of the sub-statuses of `sub`")
        return status

    @field_validator("keys")
    @classmethod
    def _keys_agree_with_fields(cls, keys: KeyClasses, info: ValidationInfo) -> KeyClasses:
        if twice := sorted(key for key, count in Counter(keys.listed).items() if count > 1):
            raise ValueError(f"{', '.join(twice)} is listed twice")
        valid = info.data
        if {"identity", "standing", "status", "channel", "fields"} - valid.keys():
            return keys  # one of them is wrong and was reported already
        plain = {*identity_columns(valid["identity"]), *valid["status"].key, *valid["channel"].keys}
        plain.update(valid["status"].sub_keys)
        plain.update(key for rule in valid["standing"] for key in rule.keys)
        secret: set[str] = set()
        for rule in valid["fields"].values():
            (secret if isinstance(rule, PseudonymRule) else plain).update(rule.key)
        made = valid.get("made", {})
        if wrong := sorted({*made} & {*keys.listed} | {*made} - plain - secret):
            raise ValueError(f"made: {wrong[0]} is a column of the source, or no field is read from it")
        for read in (plain, secret):
            read.update(column for key in read & made.keys() for column in made[key].columns)
            read.difference_update(made)
        for used, allowed, name in ((plain, keys.keep, "keep"), (secret, keys.hmac, "hmac")):
            if wrong := sorted(used ^ set(allowed)):
                raise ValueError(f"{name} and the fields disagree on {', '.join(wrong)}")
        if valid["nested"]:
            dropped = (*keys.drop_personal, *keys.drop_unneeded)
            for key in (*keys.keep, *keys.hmac):
                if inside := [drop for drop in dropped if f"{without_positions(key)}.".startswith(f"{drop}.")]:
                    raise ValueError(f"{key} is kept, but {inside[0]} is dropped with everything in it")
        return keys


def identity_columns(identity: Identity) -> tuple[str, ...]:
    """Return the keys that an identity names; they may be made columns."""
    return identity.columns if isinstance(identity, KeyRule) else identity.key


def _check_instant(name: str, rule: InstantRule, made: Mapping[str, MadeColumn]) -> None:
    is_of_numbers = {key in made and made[key].is_of_numbers for key in rule.key}
    if not (rule.formats or rule.limits) and is_of_numbers != {True}:
        raise ValueError(f"{name}: needs formats")
    if rule.swapped is not None and True in is_of_numbers:
        raise ValueError(f"{name}: swapped is of days in one cell; turn day and month in made instead")
    if rule.limits and name != "due_at":
        raise ValueError(f"{name}: limits are of due_at only")


def _check_applicant_kinds(rule: FieldRule) -> None:
    """Refuse kinds outside the one list: two words for one kind would count as two kinds."""
    match rule:
        case ChoiceRule():
            kinds = {*rule.choices.values(), rule.when_null, rule.otherwise} - {None}
        case ConstantRule():
            kinds = {rule.value}
        case _:
            raise ValueError("applicant_kind: must be a choice or a constant")
    if unknown := sorted(map(str, kinds - set(APPLICANT_KINDS))):
        raise ValueError(f"applicant_kind: {unknown[0]!r} is not one of {', '.join(APPLICANT_KINDS)}")


@lru_cache(maxsize=32)
def load_mapping(catalog_dir: Path, name: str) -> SourceMapping:
    """Read a mapping of a catalogue folder, or the shipped mapping of that name when the folder does not have it.

    Raises:
        CatalogError: the file is missing or wrong. The message names the file and the line.
    """
    return read_document(catalog_file(catalog_dir, "mappings", f"{name}.yaml"), SourceMapping)


def mapping_of(catalog_dir: Path, source: Source) -> SourceMapping:
    """Return how records of a source are read: its mapping, with what its entry says of its site's statuses.

    A row of `statuses` takes the place of the mapping's row of that status. Where it has sub-statuses, their key is
    kept of this source's records.

    Raises:
        CatalogError: the mapping is missing or wrong, or knows no key of a status or sub-status that the entry names.
    """
    mapping = load_mapping(catalog_dir, source.mapping)
    if not source.statuses:
        return mapping
    own = {folded(name) for name in source.statuses}
    codes = {name: row for name, row in mapping.status.codes.items() if folded(name) not in own} | source.statuses
    status = mapping.status.model_copy(update={"codes": codes})
    if not status.key or (status.sub_words and not status.sub_key):
        raise CatalogError(
            f"{source.source_id}: statuses of its entry cannot be read, because its mapping {source.mapping} names no"
            f" {'sub_key' if status.key else 'key'} of a status.",
            action=f"add it under status in mappings/{source.mapping}.yaml, or leave statuses out of the entry.",
        )
    keys = mapping.keys
    if added := [key for key in status.sub_keys if key not in keys.keep]:
        left = {name: tuple(key for key in getattr(keys, name) if key not in added) for name in _DROPPED}
        keys = keys.model_copy(update={"keep": (*keys.keep, *added), **left})
    return mapping.model_copy(update={"status": status, "keys": keys})
