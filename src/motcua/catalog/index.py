"""What an index consists of, as effective-dated data: groups, rows, points, rules, bands, and what feeds each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from motcua.canonical import CONTENT
from motcua.catalog import Procedure, catalog_file, catalog_files
from motcua.catalog.forms import Measure, PublishingRule, Term
from motcua.catalog.load import read_document
from motcua.catalog.models import Entry, Level, Text
from motcua.catalog.options import ClosedModel
from motcua.errors import CatalogError, ReportRefused
from motcua.settings import Settings

IndexLevel = Literal["province", "department", "district", "commune"]
INDEX_LEVELS: tuple[IndexLevel, ...] = ("province", "department", "district", "commune")
Span = Literal["month", "quarter", "half_year", "nine_months", "year"]
Points = Annotated[Decimal, Field(gt=0, le=100)]
RowId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Procedures(ClosedModel):
    """A count over the procedures under the unit's authority that `where` describes, by columns of `procedures.csv`.

    Without `having_any` they are counted themselves. With it only those are that have such a measure in the period; or,
    with `count: dossiers`, the dossiers of those measures.
    """

    where: dict[str, tuple[str | bool, ...]] = Field(default_factory=dict)
    having_any: tuple[Measure, ...] = ()
    count: Literal["procedures", "dossiers"] = "procedures"

    @model_validator(mode="after")
    def _names_columns(self) -> Procedures:
        if unknown := set(self.where) - set(Procedure.model_fields):
            raise ValueError(f"{sorted(unknown)} are no columns of procedures.csv")
        if self.count == "dossiers" and not self.having_any:
            raise ValueError("dossiers are counted by the measures in having_any")
        return self


class Quantity(ClosedModel):
    """What a numerator or denominator is made of: columns of a form, signed terms of measures, or procedures."""

    form: str = "form-06"
    columns: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    procedures: Procedures | None = None

    @property
    def counts_dossiers(self) -> bool:
        return self.procedures is None or bool(self.procedures.having_any)

    @model_validator(mode="after")
    def _counts_one_thing(self) -> Quantity:
        if bool(self.columns or self.terms) == (self.procedures is not None):
            raise ValueError("a quantity is made either of columns and terms, or of procedures")
        return self


class Item(ClosedModel):
    """A row of the index. `rule: ratio` is a row whose points are not known: its ratio is shown, nothing is scored.

    `empty` says what a denominator of 0 means: null adds 0; of `unknown` nobody knows what it adds. `short_of` names
    what one more of the numerator is. A row is either fed (`numerator`, `denominator`, or `deadlines` of the province's
    procedures) or says in `not_fed` why nothing here can feed it. `needs` names the fields of a dossier that a source
    must say for the row to be available; `known_of` is what the denominator would be if every dossier told. `of_level`
    counts the units of one level only; `of_petitions` is a row of petitions, available where a source of petitions
    covers the unit.
    """

    id: RowId
    vi: str
    en: str
    portal_code: str = ""
    max: Points | None
    rule: Literal["linear", "capped", "ratio"]
    full_at: Decimal | None = Field(default=None, gt=0, le=1)
    empty: Literal[0, "full", "prior_year_share", "unknown"] | None
    evidence: str
    short_of: Text
    inherits: bool = False
    applies_to: tuple[IndexLevel, ...] = INDEX_LEVELS
    of_level: Level | None = None
    of_petitions: bool = False
    needs: tuple[str, ...] = ()
    numerator: Quantity | None = None
    denominator: Quantity | None = None
    known_of: Quantity | None = None
    deadlines: Literal["announcement", "publication"] | None = None
    not_fed: Text | None = None
    fed_evidence: str = ""

    @property
    def quantities(self) -> dict[str, Quantity]:
        """What the row is made of, by the name of the part."""
        parts = {"numerator": self.numerator, "denominator": self.denominator, "known_of": self.known_of}
        return {name: quantity for name, quantity in parts.items() if quantity is not None}

    @model_validator(mode="after")
    def _is_whole(self) -> Item:
        if (self.rule == "capped") != (self.full_at is not None):
            raise ValueError(f"row {self.id}: full_at belongs to the rule capped, and to no other")
        if (self.rule == "ratio") != (self.max is None):
            raise ValueError(f"row {self.id}: the rule ratio has no max, every other has one")
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError(f"row {self.id}: numerator and denominator go together")
        if sum(part is not None for part in (self.numerator, self.deadlines, self.not_fed)) != 1:
            raise ValueError(f"row {self.id} needs one of: numerator and denominator, deadlines, not_fed")
        if unknown := set(self.needs) - set(CONTENT.names):
            raise ValueError(f"row {self.id}: {sorted(unknown)} are no fields of a dossier")
        return self


class Group(ClosedModel):
    """A group of rows; its maximum is the sum of theirs."""

    max: Points | None
    vi: str
    en: str
    portal_code: str = ""
    evidence: str
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Group:
        if self.max != _sum_of(self.items):
            raise ValueError(f"the group's max is {self.max}, its rows sum to {_sum_of(self.items)}")
        return self


class Band(ClosedModel):
    """A class: from this score on, in points of 100."""

    score: Decimal = Field(ge=0, le=100)
    vi: str
    en: str
    evidence: str


class Definition(Entry):
    """One version of an index, in force from `valid_from` on.

    A class is told only where at least `class_needs_share` of the points is known, and the others cannot change it.
    """

    index: str = ""
    variant: str = ""
    title_vi: str
    title_en: str
    mark: Text = Text(vi="Bộ chỉ số", en="Index")
    legal_source: str
    evidence: str
    rounding: int = Field(default=2, ge=0, le=6)
    full_where_not_applicable: bool = False
    year_shares: dict[Span, int] = Field(default_factory=dict)
    groups: dict[str, Group] = Field(min_length=1)
    bands: tuple[Band, ...] = ()
    class_needs_share: Decimal = Field(default=Decimal(1), gt=0, le=1)

    @model_validator(mode="after")
    def _names_rows_once(self) -> Definition:
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids):
            raise ValueError("a row id stands twice")
        scores = [band.score for band in self.bands]
        if scores != sorted(set(scores), reverse=True) or (scores and scores[-1] != 0):
            raise ValueError("bands go from the highest score down to 0")
        if any(item.empty == "prior_year_share" for item in self.items) and not self.year_shares:
            raise ValueError("a row takes its share of the prior year: year_shares is needed")
        return self

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for group in self.groups.values() for item in group.items)

    def item(self, row_id: str) -> Item:
        return next(item for item in self.items if item.id == row_id)


class Amendment(Entry):
    """Keys of rows that were others on some days of a version, such as what an empty denominator gave."""

    override: dict[str, dict[str, Any]] = Field(min_length=1)
    evidence: str = Field(min_length=1)


class IndexFile(ClosedModel):
    """`index/<index>.yaml`: an index, when it is published by itself (as report `index-<index>`), and its versions.

    Amendments in force on a day are applied to the version of that day, in their order.
    """

    index: str
    published: tuple[PublishingRule, ...] = ()
    versions: tuple[Definition, ...] = Field(min_length=1)
    amendments: tuple[Amendment, ...] = ()

    @model_validator(mode="after")
    def _amends_rows_that_are_there(self) -> IndexFile:
        for amendment in self.amendments:
            for version in self.versions:
                if version.holds_on(amendment.valid_from):
                    _amended(version, amendment)
        return self


class Variant(Entry):
    """`index/variants/*.yaml`: how a province scores its own units of some levels by adapted rows.

    It holds for the units of `levels` at or below `unit`. An example (`is_example`) holds only where it is asked for.
    `override` changes keys of a row, `remove` drops rows, `add` appends rows to a group; maxima follow.
    """

    variant: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    of: str
    unit: str
    levels: tuple[IndexLevel, ...] = Field(min_length=1)
    is_example: bool = False
    title_vi: str
    title_en: str
    legal_source: str
    evidence: str
    override: dict[str, dict[str, Any]] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()
    add: dict[str, tuple[Item, ...]] = Field(default_factory=dict)
    bands: tuple[Band, ...] = ()


_REPORT = "index-"  # an index `766` is report `index-766`


def index_codes(catalog_dir: Path) -> list[str]:
    """Return the reports that are an index: those of the catalogue, and the shipped ones it does not replace."""
    shipped = Settings.load().shipped_catalog_dir
    names = {path.stem for folder in (shipped, catalog_dir) for path in (folder / "index").glob("*.yaml")}
    return sorted(map(report_of, names))


def report_of(index: str) -> str:
    """Return the report that an index is published as."""
    return _REPORT + index


def index_of(report_code: str) -> str | None:
    """Return the index that a report is of; none for a report that has a form."""
    return report_code.removeprefix(_REPORT) if report_code.startswith(_REPORT) else None


def index_file(catalog_dir: Path, report_code: str) -> IndexFile:
    """Return what the file of an index says, by its report. Raises as `load_definition`."""
    return _index_file(catalog_dir, index_of(report_code) or report_code)


def _index_file(catalog_dir: Path, index: str) -> IndexFile:
    path = catalog_file(catalog_dir, "index", f"{index}.yaml")
    if not path.is_file():
        known = ", ".join(code.removeprefix(_REPORT) for code in index_codes(catalog_dir))
        raise ReportRefused(f"There is no index {index!r}.", action=f"ask for one of: {known}.")
    return _read_index(path)


def load_definition(catalog_dir: Path, index: str, day: date) -> Definition:
    """Return the version of an index in force on a day, from `<catalog>/index/<index>.yaml`, else the shipped one.

    Raises:
        ReportRefused: there is no such index, or no version of it is in force on the day.
        CatalogError: the file is wrong; file and line are named.
    """
    content = _index_file(catalog_dir, index)
    for definition in content.versions:
        if definition.holds_on(day):
            for amendment in content.amendments:
                if amendment.holds_on(day):
                    definition = _amended(definition, amendment)
            return definition.model_copy(update={"index": content.index})
    first = min(definition.valid_from for definition in content.versions)
    raise ReportRefused(
        f"No version of index {index} is in force on {day}; the first holds from {first}.",
        action=f"ask for a later day, or add a version to index/{index}.yaml, with its legal source.",
    )


def find_variant(catalog_dir: Path, index: str, day: date, name: str) -> Variant:
    """Return a variant by name. Raises ReportRefused when none of that name is in force on the day."""
    for variant in _variants(catalog_dir, index, day):
        if variant.variant == name:
            return variant
    known = sorted(variant.variant for variant in _variants(catalog_dir, index, day))
    raise ReportRefused(
        f"Index {index} has no variant {name!r} on {day}.", action=f"ask for one of: {', '.join(known) or 'none'}."
    )


def variant_for(catalog_dir: Path, index: str, day: date, unit_ids: list[str], level: IndexLevel) -> Variant | None:
    """Return the variant that holds for a unit (its id, then those above it) of a level, if any; never an example."""
    for unit_id in unit_ids:
        for variant in _variants(catalog_dir, index, day):
            if variant.unit == unit_id and level in variant.levels and not variant.is_example:
                return variant
    return None


def apply_variant(definition: Definition, variant: Variant) -> Definition:
    """Return the definition with a variant's rows overridden, removed and added; groups left empty are gone.

    Raises:
        CatalogError: the variant names a row or group that the index has not, or makes a row that is none.
    """
    known = {item.id for item in definition.items}
    unknown = (set(variant.override) | set(variant.remove)) - known
    unknown |= set(variant.add) - set(definition.groups)
    if unknown:
        raise _variant_wrong(variant, f"{sorted(unknown)} are no rows or groups of index {definition.index}")
    groups: dict[str, Group] = {}
    try:
        for code, group in definition.groups.items():
            kept = [item for item in group.items if item.id not in variant.remove]
            items = (*_overridden(kept, variant.override), *variant.add.get(code, ()))
            if items:
                groups[code] = group.model_copy(update={"items": items, "max": _sum_of(items)})
        return Definition.model_validate(
            {
                **dict(definition),
                "groups": groups,
                "bands": variant.bands or definition.bands,
                "variant": variant.variant,
                "title_vi": variant.title_vi,
                "title_en": variant.title_en,
                "legal_source": variant.legal_source,
                "evidence": variant.evidence,
            }
        )
    except ValidationError as error:
        raise _variant_wrong(variant, str(error.errors()[0]["msg"])) from None


def _amended(definition: Definition, amendment: Amendment) -> Definition:
    """Return a version with the keys of an amendment's rows. Raises ValueError where it names a row there is not."""
    if unknown := sorted(set(amendment.override) - {item.id for item in definition.items}):
        raise ValueError(f"the amendment of {amendment.valid_from} names {unknown}, which are no rows of the index")
    groups = {}
    for code, group in definition.groups.items():
        items = _overridden(group.items, amendment.override)
        groups[code] = group.model_copy(update={"items": items, "max": _sum_of(items)})
    return definition.model_copy(update={"groups": groups})


def _overridden(items: Iterable[Item], override: Mapping[str, Mapping[str, Any]]) -> tuple[Item, ...]:
    return tuple(
        Item.model_validate({**item.model_dump(), **override.get(item.id, {}), "id": item.id}) for item in items
    )


def _variant_wrong(variant: Variant, what: str) -> CatalogError:
    return CatalogError(f"index/variants, variant {variant.variant}: {what}.", action="correct the variant's file.")


def _variants(catalog_dir: Path, index: str, day: date) -> Iterator[Variant]:
    for path in catalog_files(catalog_dir, "index/variants", "*.yaml"):
        variant = _read_variant(path)
        if variant.of == index and variant.holds_on(day):
            yield variant


@lru_cache(maxsize=8)
def _read_index(path: Path) -> IndexFile:
    return read_document(path, IndexFile)


@lru_cache(maxsize=32)
def _read_variant(path: Path) -> Variant:
    return read_document(path, Variant)


def _sum_of(items: tuple[Item, ...]) -> Decimal | None:
    known = [item.max for item in items if item.max is not None]
    return sum(known, Decimal(0)) if known else None
