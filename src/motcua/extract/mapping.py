"""How a source's record becomes the canonical one, as data: `include/catalog/mappings/<adapter>.yaml`, typed.

A mapping also classifies every key the source is known to send: kept, kept as a keyed HMAC, or dropped. A key a field
is made from must be kept, and a kept key must be used, so that the file cannot say one thing and do another.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from motcua.canonical import CONTENT, TRACE, Status
from motcua.catalog.load import read_document

# domain.md section 4.2
OPEN_STATUSES = (Status.ACCEPTED, Status.IN_PROCESS, Status.SUPPLEMENT_ASKED, Status.PAYMENT_ASKED)
_DERIVED = {"status_code", "channel_code", "procedure_suffix", "mapping_issues"}

Scalar = bool | int | str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule(_Part):
    key: str
    null_values: frozenset[Scalar] = frozenset()


class CodeRule(_Rule):
    """A code kept as it is; what looks personal and fits none of its own `patterns` is masked."""

    as_: Literal["code"] = Field(alias="as")
    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
        return patterns


class ProcedureRule(_Rule):
    """A procedure code, split into the national code and what follows it (domain.md section 6.1)."""

    as_: Literal["procedure"] = Field(alias="as")


class IdentifierRule(_Rule):
    """A record number of the source: digits, as a number or as text."""

    as_: Literal["identifier"] = Field(alias="as")


class InstantRule(_Rule):
    """An instant in local time, in the first of `formats` (letters dd MM yyyy HH mm ss) that fits.

    With `only_status` it is taken only for records of these source statuses.
    """

    as_: Literal["instant"] = Field(alias="as")
    formats: tuple[str, ...] = Field(min_length=1)
    only_status: frozenset[str] = frozenset()
    null_values: frozenset[Scalar] = frozenset({0, "0"})


class IntegerRule(_Rule):
    """A whole number, or its digits, within bounds."""

    as_: Literal["integer"] = Field(alias="as")
    minimum: int
    maximum: int


class ChoiceRule(_Rule):
    """One of a closed list, translated."""

    as_: Literal["choice"] = Field(alias="as")
    choices: dict[str, bool | str]
    when_null: bool | str | None = None


class PseudonymRule(_Rule):
    """An identity number, kept only as a keyed HMAC."""

    as_: Literal["pseudonym"] = Field(alias="as")


FieldRule = Annotated[
    CodeRule | ProcedureRule | IdentifierRule | InstantRule | IntegerRule | ChoiceRule | PseudonymRule,
    Field(discriminator="as_"),
]


class StatusCode(_Part):
    """A national status for a source status, and whether it was read in code or inferred."""

    code: int = Field(ge=1, le=10)
    evidence: Literal["code", "inferred"]


class StatusRule(_Part):
    """The source's statuses and what they mean in the national list."""

    key: str
    codes: dict[str, StatusCode] = Field(min_length=1)


class ChannelRule(_Part):
    """Online by a flag; else postal from a level on; else direct (a missing channel counts as direct)."""

    online_key: str
    postal_key: str
    postal_from: int


class StandingRule(_Part):
    """Which rows stand for no dossier of their own, and which are deleted at the source."""

    key: str
    parent_key: str
    public_copy: frozenset[int]
    group: frozenset[int]
    child: frozenset[int]
    deleted_below: int


class Listing(_Part):
    """What a listing must ask for, so that nothing is hidden."""

    system_ids: tuple[int, ...] = Field(min_length=1)
    originality: tuple[int, ...] = Field(min_length=1)


class Keys(_Part):
    """What is done with each key the source is known to send."""

    keep: tuple[str, ...]
    hmac: tuple[str, ...] = ()
    drop_personal: tuple[str, ...] = ()
    drop_unneeded: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        return frozenset((*self.keep, *self.hmac, *self.drop_personal, *self.drop_unneeded))


class SourceMapping(_Part):
    """A mapping file."""

    adapter: str
    listing: Listing
    null_values: frozenset[Scalar]
    identity: str
    standing: StandingRule
    status: StatusRule
    channel: ChannelRule
    fields: dict[str, FieldRule]
    keys: Keys

    @property
    def open_statuses(self) -> list[str]:
        """The source statuses that mean a dossier is still open."""
        return [name for name, status in self.status.codes.items() if status.code in OPEN_STATUSES]

    @field_validator("fields")
    @classmethod
    def _fields_are_canonical(cls, fields: dict[str, FieldRule]) -> dict[str, FieldRule]:
        unknown = fields.keys() - (set(CONTENT.names) | set(TRACE.names)) | fields.keys() & _DERIVED
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: not a field a mapping can fill")
        return fields

    @field_validator("keys")
    @classmethod
    def _keys_agree_with_fields(cls, keys: Keys, info: ValidationInfo) -> Keys:
        listed = (*keys.keep, *keys.hmac, *keys.drop_personal, *keys.drop_unneeded)
        if twice := sorted({key for key in listed if listed.count(key) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice")
        seen = info.data
        if {"identity", "standing", "status", "channel", "fields"} - seen.keys():
            return keys  # one of those is wrong, and named already
        standing, status, channel = seen["standing"], seen["status"], seen["channel"]
        plain = {
            seen["identity"],
            status.key,
            channel.online_key,
            channel.postal_key,
            standing.key,
            standing.parent_key,
        }
        secret: set[str] = set()
        for rule in seen["fields"].values():
            (secret if isinstance(rule, PseudonymRule) else plain).add(rule.key)
        for used, allowed, name in ((plain, keys.keep, "keep"), (secret, keys.hmac, "hmac")):
            if wrong := sorted(used ^ set(allowed)):
                raise ValueError(f"{name} and the fields disagree on {', '.join(wrong)}")
        return keys


@lru_cache(maxsize=8)
def load_mapping(catalog_dir: Path, adapter: str) -> SourceMapping:
    """Read the mapping of an adapter from a catalogue folder.

    Raises:
        CatalogError: the file is missing, or wrong; the message names the file and the line.
    """
    return read_document(catalog_dir / "mappings" / f"{adapter}.yaml", SourceMapping)
