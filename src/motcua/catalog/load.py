"""Reads the catalogue folder into typed entries; an error names the file and the line."""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from motcua.catalog.models import AgencyCode, ProcedureAlias, Source, SourceFile, Succession, Unit, UnitName
from motcua.catalog.procedures import OnlineLevels, Procedure, ProcedureIndex, refuse_overlaps
from motcua.catalog.rows import read_rows, refused
from motcua.catalog.successions import check_successions
from motcua.errors import CatalogError
from motcua.period import Period
from motcua.settings import Settings

ModelT = TypeVar("ModelT", bound=BaseModel)
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads the sources ten times faster


@dataclass(frozen=True, eq=False)  # each load is one of its own, so what is made of it can be kept
class Catalog:
    """The catalogue in force, typed. Look-ups take the day, because units and procedures live in time."""

    folder: Path
    units: tuple[Unit, ...]
    agency_codes: tuple[AgencyCode, ...]
    procedures: tuple[Procedure, ...]
    procedure_aliases: tuple[ProcedureAlias, ...]
    sources: tuple[Source, ...]  # of dossiers
    other_sources: tuple[Source, ...] = ()  # of other kinds of record (`motcua.catalog.record_sources`)
    unit_names: tuple[UnitName, ...] = ()
    successions: tuple[Succession, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every catalogue file, which an edition records as the rules it was made under."""
        dropped = {path for one in (*self.sources, *self.other_sources) for path in one.options.dropped_in(self.folder)}
        rules = (path for path in _rule_files(self.folder) if path not in dropped)
        files = {path.relative_to(self.folder).as_posix(): path for path in rules}
        for part in _LENT:
            for path in _lent_files(self.folder, part):
                files.setdefault(f"{part}/{path.name}", path)
        digest = hashlib.sha256()
        for name, path in sorted(files.items()):
            digest.update(name.encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @cached_property
    def unit_by_id(self) -> dict[str, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    @cached_property
    def units_by_code(self) -> dict[str, list[Unit]]:
        return _grouped(self.units, "code")

    @cached_property
    def names_by_unit(self) -> dict[str, list[UnitName]]:
        """The later names of each unit that has some."""
        return _grouped(self.unit_names, "unit_id")

    @cached_property
    def successions_from(self) -> dict[str, list[Succession]]:
        """Who took over from each unit that has successors."""
        return _grouped(self.successions, "predecessor_id")

    @cached_property
    def successions_to(self) -> dict[str, list[Succession]]:
        """From whom each unit took over."""
        return _grouped(self.successions, "successor_id")

    @cached_property
    def source_by_id(self) -> dict[str, Source]:
        return {source.source_id: source for source in self.sources}

    @cached_property
    def units_known_from(self) -> date:
        """The first day of the oldest list of units. Knowledge begins then, not the units (inferred)."""
        return min((unit.valid_from for unit in self.units), default=date.min)

    @cached_property
    def procedures_known_from(self) -> date:
        """The first day of the oldest list of procedures: where knowledge begins, not the procedures (inferred)."""
        return min((procedure.valid_from for procedure in self.procedures), default=date.min)

    @cached_property
    def _children(self) -> dict[str | None, list[Unit]]:
        return _grouped(self.units, "parent_id")

    def unit(self, code_or_id: str, day: date) -> Unit:
        """Return the unit that a code or unit id means on a day. Raises CatalogError naming the candidates."""
        if code_or_id in self.unit_by_id:
            return self.unit_by_id[code_or_id]
        named = self.units_by_code.get(code_or_id, [])
        valid = [unit for unit in named if unit.holds_on(day)]
        if len(valid) == 1:
            return valid[0]
        candidates = ", ".join(f"{u.unit_id} ({u.name}, {u.valid_from} to {u.valid_to or 'now'})" for u in named)
        raise CatalogError(
            f"Unit {code_or_id!r} names {len(valid)} units on {day}. Known under that code: {candidates or 'none'}.",
            action="use one of the unit ids above, or add the unit to include/catalog/units/units*.csv.",
        )

    def unit_in(self, code_or_id: str, period: Period) -> Unit:
        """Return the unit that a code or unit id means on a period's last day, or else on its first.

        Raises:
            CatalogError: it means none or several on both.
        """
        try:
            return self.unit(code_or_id, period.to_date)
        except CatalogError:
            return self.unit(code_or_id, period.from_date)

    def name_of(self, unit_id: str, day: date) -> str:
        """Return what a unit is called on a day."""
        later = [entry.name for entry in self.names_by_unit.get(unit_id, ()) if entry.holds_on(day)]
        return later[-1] if later else self.unit_by_id[unit_id].name

    @cached_property
    def procedure_index(self) -> ProcedureIndex:
        return ProcedureIndex(self.procedures)

    def procedure(self, code: str, day: date, level: str | None = None, province: str = "") -> Procedure | None:
        """Return the row of a procedure in force on a day: the province's own first, of the level if it has one."""
        return self.procedure_index.find(code, day, level, province)

    def subtree(self, unit_id: str) -> list[Unit]:
        """Return a unit and everything below it, parents before children."""
        found = [self.unit_by_id[unit_id]]
        for unit in found:
            found.extend(self._children.get(unit.unit_id, ()))
        return found

    def sources_on(
        self, day: date | None, *, level: str | None = None, province: str = "", among: Iterable[Source] | None = None
    ) -> list[Source]:
        """Return the sources (of dossiers, or `among` others) in force on a day, of a level and a province if given."""
        all_ = self.sources if among is None else among
        given = [one for one in all_ if level in (None, one.level) and (day is None or one.holds_on(day))]
        return [source for source in given if not province or self.belongs_to(source.unit_id, province)]

    def belongs_to(self, unit_id: str, province: str) -> bool:
        """Say whether a unit lies in a province, given by official code, or by id: then also in one that became it."""
        own = self.province_of(unit_id)
        if province in (own.code, own.unit_id):
            return True
        heirs = [row.successor_id for row in self.successions_from.get(own.unit_id, ()) if row.is_heir]
        return any(self.belongs_to(heir, province) for heir in heirs if province in self.unit_by_id)

    def line_of(self, unit_id: str) -> tuple[str, ...]:
        """Return a unit and all above it, from below; nothing where the catalogue has no such unit."""
        unit = self.unit_by_id.get(unit_id)
        return () if unit is None else (unit_id, *self.line_of(unit.parent_id or ""))

    def province_of(self, unit_id: str) -> Unit:
        return self.unit_by_id[self.line_of(unit_id)[-1]]


def _grouped(entries: Iterable[ModelT], key: str) -> dict[Any, list[ModelT]]:
    found: dict[Any, list[ModelT]] = {}
    for entry in entries:
        found.setdefault(getattr(entry, key), []).append(entry)
    return found


# What a folder may leave to the shipped catalogue: national lists, and what holds whoever the sources are.
_LENT = ("calendar", "forms", "index", "mappings", "procedures", "tables")


def catalog_file(folder: Path, part: str, name: str) -> Path:
    """Return a file of a catalogue folder, or the shipped one of that name where the folder has none."""
    own = folder / part / name
    return own if own.is_file() else Settings.load().shipped_catalog_dir / part / name


def catalog_files(folder: Path, part: str, pattern: str) -> list[Path]:
    """Return the files of one part of a catalogue folder, or the shipped ones where the folder has none."""
    return sorted((folder / part).glob(pattern)) or sorted((Settings.load().shipped_catalog_dir / part).glob(pattern))


def procedure_files(folder: Path) -> list[Path]:
    """Return the lists of procedures of a folder, or the shipped ones where it has none; aliases are no such list."""
    for place in (folder, Settings.load().shipped_catalog_dir):
        if found := sorted(set((place / "procedures").glob("*.csv")) - set((place / "procedures").glob("aliases*"))):
            return found
    return []


def _lent_files(folder: Path, part: str) -> list[Path]:
    """The shipped files that stand in: each that is missing where files are read by name, all where none is there."""
    shipped = _rule_files(Settings.load().shipped_catalog_dir / part)
    own = {path.name for path in _rule_files(folder / part)}
    if part == "procedures":
        return [path for path in shipped if path in procedure_files(folder) or path.suffix == ".yaml"]
    has_days = any(name.endswith(".csv") for name in own)
    return [
        path
        for path in shipped
        if path.name not in own and (part != "calendar" or path.suffix == ".yaml" or not has_days)
    ]


def _rule_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".csv", ".sql", ".yaml"})


def _without_pauses(load: Callable[[Path], Catalog]) -> Callable[[Path], Catalog]:
    """Load without the garbage collector, which looks for circles among entries that have none: a third of the time."""

    @wraps(load)
    def loaded(folder: Path) -> Catalog:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return load(folder)
        finally:
            if was_enabled:
                gc.enable()

    return loaded


@lru_cache(maxsize=4)
@_without_pauses
def load_catalog(folder: Path) -> Catalog:
    """Read and check every file of a catalogue folder.

    It needs `units/units*.csv` and `sources/*.yaml`. Names of units are needed when records carry some
    (`units/agency_codes*.csv`), successions when units took over from others (`units/succession*.csv`); what else is
    missing is taken from the shipped catalogue.

    Raises:
        CatalogError: a file is missing, a key is unknown, a value has the wrong type, an id is used twice or a
            reference leads nowhere. The message names the file and the line.
    """
    if not folder.is_dir():
        raise CatalogError(f"There is no catalogue folder {folder}.", action="check --catalog or MOTCUA_CATALOG.")
    paths = sorted((folder / "units").glob("succession*.csv"))
    successions = [row for path in paths for row in read_rows(path, Succession)]
    sources = tuple(_read_sources(_needed(folder / "sources", "*.yaml", Source)))
    catalog = Catalog(
        folder=folder,
        units=tuple(_read_csvs(_needed(folder / "units", "units*.csv", Unit), Unit)),
        unit_names=tuple(_read_csvs(sorted((folder / "units").glob("names*.csv")), UnitName)),
        successions=tuple(row for _, _, row in successions),
        agency_codes=tuple(_read_csvs(sorted((folder / "units").glob("agency_codes*.csv")), AgencyCode)),
        procedures=_read_procedures(folder),
        procedure_aliases=tuple(_read_csvs(sorted((folder / "procedures").glob("aliases*.csv")), ProcedureAlias)),
        sources=tuple(source for source in sources if source.record_kind == "dossier"),
        other_sources=tuple(source for source in sources if source.record_kind != "dossier"),
    )
    _check_references(catalog)
    check_successions(successions, catalog.unit_by_id)
    return catalog


def _needed(folder: Path, pattern: str, model: type[BaseModel]) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        needed = ", ".join(name for name, field in model.model_fields.items() if field.is_required())
        raise CatalogError(
            f"No {pattern} in {folder}.",
            action=f"add one (each entry needs {needed}; docs/reference/catalog.md), or correct --catalog.",
        )
    return paths


def _read_procedures(folder: Path) -> tuple[Procedure, ...]:
    online = read_document(catalog_file(folder, "procedures", "online_levels.yaml"), OnlineLevels)
    rows = [row for path in procedure_files(folder) for row in read_rows(path, Procedure)]
    return tuple(online.applied(procedure) for procedure in refuse_overlaps(rows))


def _read_csvs(paths: Iterable[Path], model: type[ModelT]) -> Iterator[ModelT]:
    for path in paths:
        yield from (entry for _, _, entry in read_rows(path, model))


def _read_sources(paths: Iterable[Path]) -> Iterator[Source]:
    for path in paths:
        document, lines = read_yaml(path)
        try:
            content = SourceFile.model_validate(document)
        except ValidationError as error:
            raise refused(path, _line(lines, error.errors()[0]["loc"]), error) from None
        for number, entry in enumerate(content.sources):
            try:
                yield Source.model_validate(_merged(content.defaults, entry))
            except ValidationError as error:
                key = error.errors()[0]["loc"]
                own, shared = ("sources", number, *key), ("defaults", *key)
                place = shared if shared in lines and own not in lines else own
                raise refused(path, _line(lines, place), error) from None


def _merged(defaults: Mapping[str, object], entry: Mapping[str, object]) -> dict[str, object]:
    """Return an entry with the defaults it does not override; `options` are merged key by key."""
    given = {**defaults, **entry}
    parts = (defaults.get("options"), entry.get("options"))
    if all(isinstance(part, Mapping) for part in parts):
        given["options"] = {key: value for part in parts if isinstance(part, Mapping) for key, value in part.items()}
    return given


def read_document(path: Path, model: type[ModelT]) -> ModelT:
    """Return a YAML file as one typed document. Raises CatalogError naming the file and the line."""
    if not path.is_file():
        raise CatalogError(f"There is no {path}.", action="restore the file or correct --catalog.")
    document, lines = read_yaml(path)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise refused(path, _line(lines, error.errors()[0]["loc"]), error) from None


def read_yaml(path: Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Return a YAML document and the line of every key and list item in it, by path."""
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    text = path.read_text(encoding="utf-8")
    try:
        loader = _YamlLoader(text)
        root = loader.get_single_node()
        document = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise CatalogError(
            f"{path}:{mark.line + 1 if mark else 1}: not valid YAML ({getattr(error, 'problem', error)}).",
            action="correct the line.",
        ) from None

    def walk(node: yaml.Node | None, place: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise CatalogError(
                        f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands twice.",
                        action="keep one of the two.",
                    )
                seen.add(key.value)
                lines[(*place, key.value)] = key.start_mark.line + 1
                walk(value, (*place, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                lines[(*place, number)] = item.start_mark.line + 1
                walk(item, (*place, number))

    walk(root, ())
    return document, lines


def _line(lines: dict[tuple[str | int, ...], int], place: Iterable[str | int]) -> int:
    """The line of the deepest part of a place that stands in the file; the tag of a union does not."""
    path: tuple[str | int, ...] = ()
    for part in place:
        if (*path, part) in lines:
            path = (*path, part)
    return lines[path]


def _check_references(catalog: Catalog) -> None:
    problems = Source.problems_among(catalog.sources)
    for name, ids in (
        ("unit_id", [u.unit_id for u in catalog.units]),
        ("source_id", [s.source_id for s in (*catalog.sources, *catalog.other_sources)]),
    ):
        problems += [f"{name} {key!r} stands {count} times" for key, count in Counter(ids).items() if count > 1]
    known = catalog.unit_by_id
    problems += [
        f"unit {u.unit_id!r} has an unknown parent {u.parent_id!r}"
        for u in catalog.units
        if u.parent_id is not None and u.parent_id not in known
    ]
    problems += [
        f"name {n.name!r} is of an unknown unit {n.unit_id!r}" for n in catalog.unit_names if n.unit_id not in known
    ]
    problems += [
        f"code {a.code!r} names an unknown unit {a.unit_id!r}" for a in catalog.agency_codes if a.unit_id not in known
    ]
    problems += [
        f"source {s.source_id!r} names an unknown unit {s.unit_id!r}"
        for s in (*catalog.sources, *catalog.other_sources)
        if s.unit_id not in known
    ]
    if problems:
        raise CatalogError(
            f"{catalog.folder}: {problems[0]} (and {len(problems) - 1} more problems).",
            action="correct the catalogue entry named.",
        )
