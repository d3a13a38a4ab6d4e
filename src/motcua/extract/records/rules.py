"""The rules of a mapping: each reads one canonical field from one or more keys of a source's record."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from motcua.catalog import StatusCodes
from motcua.days.limits import DayUnit
from motcua.extract.records import instants
from motcua.spelling import folded

Scalar = bool | int | str


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


ANY_WORD = "*"

# What a dropped file adds to each record, for keys that need it: the name of its sheet, and the month in its own name.
PLACES = {"sheet": "(sheet)", "month": "(month)"}


def _folded_words(keys: object) -> object:
    return {key: [folded(word) for word in words] for key, words in keys.items()} if isinstance(keys, dict) else keys


ItemWords = Annotated[dict[str, frozenset[str]], BeforeValidator(_folded_words)]
Keys = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class Part(BaseModel):
    """Base of all parts of a mapping file. Unknown keys are refused, so a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _words(codes: object) -> object:
    """Fold the words of a code list, so that the spelling of the source does not matter."""
    return {folded(word): code for word, code in codes.items()} if isinstance(codes, dict) else codes


class _Rule(Part):
    """`key` is one key, or several keys of which the first with a value is taken."""

    key: Keys
    null_values: frozenset[Scalar] = frozenset()


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
    return patterns


class CodeRule(_Rule):
    """A code that is kept unchanged. A value that looks personal and matches none of `patterns` is masked."""

    as_: Literal["code"] = Field(alias="as")
    patterns: tuple[str, ...] = ()

    _compile = field_validator("patterns")(_compiled)


class NameRule(_Rule):
    """The name of an agency, as text or as a list of `{languageId, name}`.

    A name is kept where the catalogue has it, where it begins with a word of `units/office_words.yaml` and no person
    stands in it, or where it matches one of `patterns`, in lower case with single spaces. Any other is masked.
    """

    as_: Literal["name"] = Field(alias="as")
    patterns: tuple[str, ...] = ()
    language_id: int = 228  # Vietnamese in iGate, 46 is English

    _compile = field_validator("patterns")(_compiled)


class ProcedureRule(_Rule):
    """A procedure code, which is split into the national code and its suffix (domain.md section 6.1), or a name.

    A name is looked up in the catalogue (`procedures/*.csv`, `procedures/aliases*.csv`). `otherwise` is the code of a
    record without a code and without a known name; without `otherwise`, such a record has an issue.
    """

    as_: Literal["procedure"] = Field(alias="as")
    otherwise: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]+$")


class IdentifierRule(_Rule):
    """A record number of the source: digits, as a number or as text.

    In base 16 it may be written as a GUID. Case, dashes and leading zeros do not change the key.
    """

    as_: Literal["identifier"] = Field(alias="as")
    base: Literal[10, 16] = 10


class KeyColumn(Part):
    """A column in which two dossiers of one number differ, such as the book: `{column: Quyển số}`."""

    column: str = Field(min_length=1)


class KeyLiteral(Part):
    """A word that stands in every key of the mapping, where two registers share an agency: `{literal: HT}`."""

    literal: str = Field(pattern=r"^[A-Za-z0-9._-]+$")


class KeyRule(_Rule):
    """A number as an office writes it, in any spelling, and where it is unique: it becomes the key of the dossier.

    Spaces of every kind, dashes of every kind, and text or number make no difference. Neither do zeros in front of a
    number (`zeros: drop`) and letter case (`case: fold`), unless the mapping says `keep`. A number that names its
    office, as the national code does, is unique everywhere and keeps its zeros. Any other is unique in its office and
    in what `unique_in` lists: the `year` that it states itself or else that of reception, the `month` in the name of
    the file, the `sheet`, a column, a word. An empty list: the office never begins again at 1.
    `dossier_no`, where it is read from the same column, is the whole key.
    """

    as_: Literal["key"] = Field(alias="as")
    patterns: tuple[str, ...] = ()
    zeros: Literal["drop", "keep"] = "drop"
    case: Literal["fold", "keep"] = "fold"
    unique_in: tuple[Literal["year", "month", "sheet"] | KeyColumn | KeyLiteral, ...] = ("year",)

    _compile = field_validator("patterns")(_compiled)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source from which a key is made."""
        return (*self.key, *(part.column for part in self.unique_in if isinstance(part, KeyColumn)))

    @property
    def places(self) -> tuple[str, ...]:
        """The keys under which the adapter of files says where a record stands, as far as this rule needs them."""
        return tuple(PLACES[part] for part in self.unique_in if isinstance(part, str) and part in PLACES)


class InstantRule(_Rule):
    """An instant, read with the first of `formats` that matches, as local wall-clock time.

    A format consists of letters (dd MM yyyy HH mm ss; d M H for one or two digits; yy for a year of two digits, 2000 to
    2099; tt for SA, CH, AM or PM) or is one of `iso` (an offset, with or without a colon, is applied), `iso_fake_z`
    (local time with a false Z), `epoch_ms`, `epoch_s`, `excel` (serial days of 2000 to 2099).
    With `only_status`, it is read only for records with one of these source statuses.
    `swapped` is of tables that an office writes: true where a program turned day and month of all its dates, so that
    each date (no text) is turned back; false where a column that looks so is right as it stands.
    `limits` is of `due_at`: a time limit may stand in the place of the day (`Trong ngày`, `10 ngày`, `10`). It is
    counted from reception (`motcua.days.limits`); `limits` says of what a number is that says no more.
    A column of limits only, and one that is made of day, month and year, needs no formats.
    """

    as_: Literal["instant"] = Field(alias="as")
    formats: tuple[str, ...] = ()
    only_status: frozenset[Annotated[str, BeforeValidator(folded)]] = frozenset()
    swapped: bool | None = None
    limits: DayUnit | None = None
    null_values: frozenset[Scalar] = frozenset({0, "0"})

    @field_validator("formats")
    @classmethod
    def _formats_are_known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in formats if not instants.is_format(name)]:
            raise ValueError(f"{unknown[0]!r} is not a format of an instant (hh is an hour of twelve and needs tt)")
        if both := instants.contradiction(formats):
            raise ValueError(f"{both} contradict one another: a year of two digits leaves open which of them is meant")
        return formats


class IntegerRule(_Rule):
    """A whole number, or its digits, within bounds. `thousands` is the separator between groups of three digits."""

    as_: Literal["integer"] = Field(alias="as")
    minimum: int
    maximum: int
    thousands: str = Field(default="", max_length=1)


class ItemsRule(_Rule):
    """Items of a list that have one of the words for each key of `where`, and none of the words of `unless`.

    The word `*` means any value that is not null. When no item of a list has a key of `where`, the result is not known.
    """

    where: ItemWords = Field(default_factory=dict)
    unless: ItemWords = Field(default_factory=dict)

    @property
    def inner(self) -> tuple[str, ...]:
        """The keys of an item that are read."""
        return (*self.where, *self.unless)

    @property
    def words_by_key(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """The keys of an item that are read, each with the words that count."""
        return (*self.where.items(), *self.unless.items())


class CountRule(ItemsRule):
    """The number of items of a list, or of those that match. Without a list, it is `when_null`."""

    as_: Literal["count"] = Field(alias="as")
    when_null: int | None = 0


class AnyRule(ItemsRule):
    """Whether a list has an item, or one that matches. Without a list, it is `when_null`; the default is not known."""

    as_: Literal["any"] = Field(alias="as")
    when_null: bool | None = None


class SumRule(_Rule):
    """The sum of the whole numbers under the key `of` in the items of a list; null for an empty list."""

    as_: Literal["sum"] = Field(alias="as")
    of: str


class ChoiceRule(_Rule):
    """A word of a closed list, translated. Any other word becomes `otherwise`, or an issue when that is not given."""

    as_: Literal["choice"] = Field(alias="as")
    choices: Annotated[dict[str, bool | int | str], BeforeValidator(_words)]
    when_null: bool | int | str | None = None
    otherwise: bool | int | str | None = None


class PseudonymRule(_Rule):
    """An identity number, kept only as a keyed HMAC."""

    as_: Literal["pseudonym"] = Field(alias="as")


class ConstantRule(Part):
    """A value that is the same for every record. The source does not state it because it is always the same."""

    as_: Literal["constant"] = Field(alias="as")
    value: bool | int | str

    @property
    def key(self) -> tuple[str, ...]:
        return ()


FieldRule = Annotated[
    CodeRule
    | NameRule
    | ProcedureRule
    | IdentifierRule
    | InstantRule
    | IntegerRule
    | CountRule
    | AnyRule
    | SumRule
    | ChoiceRule
    | PseudonymRule
    | ConstantRule,
    Field(discriminator="as_"),
]


class DateStatus(Part):
    """The status of a record that states no status but has this date."""

    field: Literal["finished_at", "returned_at", "refused_at", "paused_at", "received_at"]
    code: int = Field(ge=1, le=10)


class StatusRule(Part):
    """The statuses of the source and their codes in the national list.

    For a record without a status, the first of `by_dates` whose field has a value decides. `sub_key` is where a
    sub-status stands. It is read, and must be kept, only where a status has sub-statuses (`sub`).
    """

    key: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    sub_key: str | None = None
    codes: StatusCodes = Field(default_factory=dict)
    by_dates: tuple[DateStatus, ...] = ()

    @property
    def sub_keys(self) -> tuple[str, ...]:
        """The key of sub-statuses, where some mean something else than their status."""
        return (self.sub_key,) if self.sub_key and self.sub_codes else ()

    @property
    def sub_codes(self) -> dict[tuple[str, str], int]:
        """The national status of each status with a sub-status of its own, both folded."""
        return {
            (folded(name), folded(sub)): row.code for name, status in self.codes.items()
            for sub, row in status.sub.items()
        }  # fmt: skip

    @property
    def sub_words(self) -> list[str]:
        """The sub-statuses that mean something else than their status."""
        return [sub for status in self.codes.values() for sub in status.sub]


class ChannelFlags(Part):
    """Online by a flag; otherwise postal from a level on; otherwise direct.

    `when_null` is the channel of a record without the flag; by default it is not known.
    """

    as_: Literal["flags"] = Field(alias="as")
    online_key: str
    postal_key: str
    postal_from: int
    when_null: Literal[1, 2, 3] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.online_key, self.postal_key)


class ChannelCodes(Part):
    """The channel from a closed list. `when_null` is that of a record without one; by default it is not known.

    A mapping that says direct (1) for it does so by the formula of QĐ 766, which takes online from all (inferred).
    """

    as_: Literal["codes"] = Field(alias="as")
    key: Keys
    codes: Annotated[dict[str, Literal[1, 2, 3]], BeforeValidator(_words)] = Field(min_length=1)
    when_null: Literal[1, 2, 3] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return self.key


class ChannelConstant(Part):
    """All records have the same channel."""

    as_: Literal["constant"] = Field(alias="as")
    code: Literal[1, 2, 3]

    @property
    def keys(self) -> tuple[str, ...]:
        return ()


ChannelRule = Annotated[ChannelFlags | ChannelCodes | ChannelConstant, Field(discriminator="as_")]


Standing = Literal["public_copy", "group", "child", "soft_deleted", "migrated"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


class StandingRule(Part):
    """Marks rows that are not ordinary dossiers. The first rule that matches decides.

    A rule matches when `key` has one of `values`, or is below the number `below`, or, with neither of them, has any
    value. With `only_with`, that key must also have a value other than 0.
    """

    standing: Standing
    key: str
    values: frozenset[Annotated[str, BeforeValidator(folded)]] = frozenset()
    below: int | None = None
    only_with: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if self.only_with is None else (self.key, self.only_with)


class KeyClasses(Part):
    """The treatment of each key that the source is known to send."""

    keep: tuple[str, ...]
    hmac: tuple[str, ...] = ()
    drop_personal: tuple[str, ...] = ()
    drop_unneeded: tuple[str, ...] = ()

    @property
    def listed(self) -> tuple[str, ...]:
        return (*self.keep, *self.hmac, *self.drop_personal, *self.drop_unneeded)
