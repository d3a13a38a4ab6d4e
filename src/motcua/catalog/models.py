"""The typed entries of the catalogue. Unknown keys are refused: a misspelt setting must not be ignored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from motcua.catalog.options import OPTIONS, AdapterName, AnyOptions, ClosedModel, OptionsT, PortalSyncOptions
from motcua.period import Period

Level = Literal["province", "district", "commune"]
LEVELS: tuple[Level, ...] = ("province", "district", "commune")


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _keys_as_text(value: object) -> object:
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else value


OptionalDate = Annotated[date | None, BeforeValidator(_empty_is_none)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_none)]


class Text(ClosedModel):
    """A text in both languages."""

    vi: str
    en: str

    def of(self, lang: str) -> str:
        """Return the text in Vietnamese (`vi`) or English (`en`)."""
        return self.vi if lang == "vi" else self.en


class Entry(ClosedModel):
    """An effective-dated entry; `valid_to` is the last day it holds, none while it still does."""

    valid_from: date
    valid_to: OptionalDate = None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, period: Period) -> bool:
        """True when it holds on some day of a period."""
        return self.valid_from <= period.to_date and (self.valid_to is None or period.from_date <= self.valid_to)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Entry:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self


class Unit(Entry):
    """An administrative unit or an agency below one. A code alone is never a key: `unit_id` is."""

    unit_id: str
    code: str
    kind: Literal["province", "district", "commune", "agency"]
    level: Level
    parent_id: OptionalText = None
    name: str
    evidence: str


class UnitName(Entry):
    """Another name of a unit that stayed the same unit, and since when: `Thị xã Gò Công` is a city since.

    Without one that holds on a day, a unit is called as in `units*.csv`. Other spellings of a name need no row.
    """

    unit_id: str
    name: str = Field(min_length=1)
    evidence: str


class Succession(BaseModel):
    """Who took over from a unit, and from which day: `predecessor_id` was the unit until the day before `on`.

    A unit that ended has one row for each unit that took over some of it, and exactly one of them is its heir
    (`is_heir`): it takes over the dossiers. A unit that lives on while a part leaves it has rows without an heir.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    predecessor_id: str
    successor_id: str
    on: date
    is_heir: bool
    evidence: str = Field(min_length=1)


class AgencyCode(Entry):
    """What sources call a unit: an electronic identification code (QĐ 20/2020/QĐ-TTg), or its name.

    With `system_code` only that system calls it so: every district has a `Phòng Tư pháp`.
    """

    code: str
    unit_id: str
    evidence: str
    system_code: OptionalText = None


class ProcedureAlias(BaseModel):
    """Another name of a procedure, as some source spells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    code: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    evidence: str


class SubStatusCode(ClosedModel):
    """The national status of a sub-status, its evidence (read in code, or inferred), and in words where it was read."""

    code: int = Field(ge=1, le=10)
    evidence: Literal["code", "inferred"]
    why: str = ""


class StatusCode(SubStatusCode):
    """The national status of a status of a source, its evidence, and in words where it was read.

    `sub` has the sub-statuses that mean something else. Any other sub-status, or none, changes nothing.
    """

    sub: Annotated[dict[str, SubStatusCode], BeforeValidator(_keys_as_text)] = Field(default_factory=dict)

    @property
    def codes(self) -> tuple[int, ...]:
        """Every national status that a record of this status may have."""
        return (self.code, *(sub.code for sub in self.sub.values()))


StatusCodes = Annotated[dict[str, StatusCode], BeforeValidator(_keys_as_text)]


class Source(Entry):
    """One one-stop system as seen by us: an agency's records behind one adapter and one connection.

    What an adapter of another kind of record gives (petitions) is no dossier, and stands beside the one-stop systems.

    `agency_code` is, by default, what names the agency in the options, else the source id; `mapping` names the file in
    `mappings/` that says what its records mean, by default the adapter's own. With `lists_all: false` its answers list
    only what has changed, or only a part: what they lack is no loss, so no guard judges it and no absence is noted.
    `first_record_on` is the first day of which the system has records: an opening asks no further back, and nothing is
    known of the time before.

    `numbers` says, by the `system_code` of another system of its unit, how the numbers of the two stand to each other:
    `shared`, one numbering, so that a same number is one dossier; `own`, two numberings, so that it is two. Of two
    records of one dossier the one modified last counts; where nothing tells, that of the source which says `shared`.

    `statuses` has the statuses that this site reads otherwise than the mapping, as the table of a site of OpenCPS does
    (DossierStatusMapping): first by the sub-status, then by the status. A row takes the place of the mapping's row.
    """

    source_id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    name: str
    system_code: str
    adapter: AdapterName
    options: AnyOptions
    agency_code: str = Field(default_factory=lambda given: given["options"].agency or given["source_id"], min_length=1)
    mapping: str = Field(default_factory=lambda given: given["adapter"], pattern=r"^[a-z0-9][a-z0-9_-]*$")
    connection_id: str = ""  # empty for what needs no login: files within reach
    level: Level
    unit_id: str
    page_size: int = Field(default=1000, ge=1, le=5000)
    concurrent_pages: int = Field(default=1, ge=1, le=16)
    max_requests_per_second: float | None = Field(default=None, gt=0)
    overlap_days: int = Field(default=31, ge=0, le=400)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    attempts: int = Field(default=8, ge=1, le=10)
    retry_wait_seconds: float = Field(default=0.5, ge=0, le=300)
    lists_all: bool = True
    first_record_on: date | None = None
    on_drift: Literal["freeze", "evolve"] = "evolve"
    numbers: dict[str, Literal["shared", "own"]] = Field(default_factory=dict)
    statuses: StatusCodes = Field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.source_id)

    @field_validator("options", mode="before")
    @classmethod
    def _options_are_the_adapters(cls, options: object, info: ValidationInfo) -> object:
        adapter = info.data.get("adapter")
        if adapter is None:
            return options  # the adapter is wrong, and named already
        return OPTIONS[adapter].model_validate(options)

    @model_validator(mode="after")
    def _is_reachable(self) -> Source:
        if not self.connection_id and self.adapter not in ("files", "portal_sync", "petition_files"):
            raise ValueError(f"connection_id is needed by the adapter {self.adapter}")
        if not self.connection_id and isinstance(self.options, PortalSyncOptions) and self.options.inbox:
            raise ValueError("connection_id is needed: its login is the one that may post to the inbox")
        return self

    @property
    def record_kind(self) -> str:
        """The kind of record that its adapter gives."""
        return self.options.record_kind

    def options_as(self, kind: type[OptionsT]) -> OptionsT:
        """Return the options as those of one adapter. Raises TypeError when the source has another adapter."""
        if not isinstance(self.options, kind):
            raise TypeError(f"{self.source_id} has the adapter {self.adapter}, its options are no {kind.__name__}")
        return self.options

    @staticmethod
    def problems_among(sources: Sequence[Source]) -> list[str]:
        """Return what is wrong between sources: two that read the same files, and what `numbers` says.

        A system in `numbers` that no other source has, or two answers for one pair.
        """
        problems = []
        readers: dict[str, list[Source]] = {}
        for source in sources:
            if source.adapter in ("files", "portal_sync") and getattr(source.options, "path", None):
                others = readers.setdefault(source.options.model_dump_json(exclude={"once"}), [])
                problems += [
                    f"sources {other.source_id!r} and {source.source_id!r} read the same files"
                    for other in others
                    if source.valid_from <= (other.valid_to or date.max)
                    and other.valid_from <= (source.valid_to or date.max)
                ]
                others.append(source)
            for system, said in source.numbers.items():
                others = [other for other in sources if other.system_code == system]
                if system == source.system_code or not others:
                    problems.append(f"numbers of source {source.source_id!r} name {system!r}, no other system's code")
                for other in others:
                    if other.unit_id == source.unit_id and other.numbers.get(source.system_code, said) != said:
                        problems.append(
                            f"numbers of sources {source.source_id!r} and {other.source_id!r} contradict each other"
                        )
        return problems


def stated_numbers(sources: Iterable[Source], answer: Literal["shared", "own"]) -> list[tuple[str, str, str]]:
    """Return what sources say of their numbers: system and agency of the source, and the other system, each once."""
    said = (
        (source.system_code, source.agency_code, other)
        for source in sources
        for other, given in source.numbers.items()
        if given == answer
    )
    return sorted(set(said))


class SourceFile(BaseModel):
    """A sources file: defaults for every entry, then the entries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: dict[str, object] = Field(default_factory=dict)
    sources: list[dict[str, object]]
