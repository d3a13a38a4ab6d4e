"""Builds the catalogue files of the country's units from the public lists.

In: the lists of mid-2022, of 30 June 2025 and of 1 July 2025 with their successions, and `district_heirs.csv`. Out:
units, successions, later names and electronic codes as rows, each with its evidence. Never: a legal date that no list
gives; `evidence` states where a date is a convention. The form of the ids is explained in
docs/decisions/0019-units-in-time.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from motcua.catalog.models import AgencyCode, Succession, Unit, UnitName
from motcua.catalog.rows import read_rows
from motcua.errors import CatalogError
from motcua.spelling import fold
from motcua.units.changes import Changes
from motcua.units.lists import EVE, Listed, UnitLists, read_unit_lists

FIRST = date(2020, 1, 1)
BETWEEN = date(2024, 11, 1)  # a convention: the day assumed for every change between the two lists
REFORM = date(2025, 7, 1)
HEIRS_OF_DISTRICTS = "district_heirs.csv"
HEIRS_OF_VANISHED = "vanished_heirs.csv"

_OLD_LIST = "thanglequoc/vietnamese-provinces-database v1.0.0 (mid-2022)"
_NEW_LIST = "vietnamadminunits 1.0.4 and thanglequoc/vietnamese-provinces-database"
_FROM_2022 = f"{_OLD_LIST}; valid_from is the first day the project needs, not a legal date"
_SOME_DAY = "the day is unknown (between mid-2022 and 2025-06-30), 2024-11-01 is a convention"
_ENDS = "ends with NQ 202/2025/QH15 and QĐ 19/2025/QĐ-TTg"
_LAW = f"NQ 202/2025/QH15, QĐ 19/2025/QĐ-TTg; {_NEW_LIST}"

Row = Unit | Succession | UnitName | AgencyCode


class DistrictHeir(BaseModel):
    """The unit that took over the open dossiers of a district on 30 June 2025.

    The row `*` applies to every district without a row of its own. `{province}` in `heir_id` stands for the code of the
    new province.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    district_code: str = Field(pattern=r"^(\*|\d{3})$")
    heir_id: str
    evidence: str = Field(min_length=1)


class VanishedHeir(BaseModel):
    """The known heir of a unit that vanished between the lists. It takes precedence over an inferred heir."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^\d{3}(\d{2})?$")
    heir_code: str = Field(pattern=r"^\d{3}(\d{2})?$")
    evidence: str = Field(min_length=1)


@dataclass(frozen=True)
class UnitHistory:
    """The public lists with the heirs that people know, and the catalogue rows built from them."""

    lists: UnitLists
    district_heirs: Mapping[str, DistrictHeir]
    vanished_heirs: Mapping[str, VanishedHeir]

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.lists.before, self.lists.eve)

    @cached_property
    def unchanged_provinces(self) -> set[str]:
        """Provinces that the reform did not change: they keep their id, and their centre keeps its parent."""
        parts: dict[str, list[str]] = {}
        for old, new in self.lists.provinces.items():
            parts.setdefault(new, []).append(old)
        return {new for new, olds in parts.items() if olds == [new]}

    def id_on_eve(self, code: str) -> str:
        is_new = code not in self.lists.before or code in self.changes.moved
        return f"{code}:{BETWEEN.year if is_new else FIRST.year}"

    def id_after(self, code: str) -> str:
        return f"{code}:{FIRST.year if code in self.unchanged_provinces else REFORM.year}"

    def files(self) -> dict[str, list[Row]]:
        """Return the rows of each file of `units/` that is built from the lists, by file name."""
        return {
            "units-2020.csv": [*self._units_of_2022()],
            "units-2024.csv": [*self._units_of_the_eve()],
            "units-2025.csv": [*self._units_of_the_reform()],
            "units-2025-centres.csv": [*self._centres()],
            "names.csv": [*self._names()],
            "succession-2024.csv": [*self._successions_between()],
            "succession-2025-provinces.csv": [*self._provinces()],
            "succession-2025-districts.csv": [*self._districts()],
            "succession-2025-communes.csv": [*self._communes()],
            "agency_codes-2025.csv": [*self._electronic_codes()],
        }

    def _units_of_2022(self) -> Iterator[Unit]:
        for code, unit in self.lists.before.items():
            vanished, moved = code not in self.lists.eve, code in self.changes.moved
            end, evidence = REFORM, f"{_FROM_2022}; {_ENDS}"
            if vanished or moved:
                what = "not in the list of 2025-06-30" if vanished else "under another district in the later list"
                end, evidence = BETWEEN, f"{_FROM_2022}; {what}: {_SOME_DAY}"
            elif code in self.unchanged_provinces:
                yield _unit(unit, FIRST, None, unit.parent_code and f"{unit.parent_code}:2020", _FROM_2022)
                continue
            yield _unit(unit, FIRST, end, unit.parent_code and f"{unit.parent_code}:2020", evidence)

    def _units_of_the_eve(self) -> Iterator[Unit]:
        for code, unit in self.lists.eve.items():
            if self.id_on_eve(code).endswith(f":{BETWEEN.year}"):
                what = "under another district before" if code in self.changes.moved else "not in the list of mid-2022"
                evidence = f"{_NEW_LIST} (2025-06-30); {what}: {_SOME_DAY}; {_ENDS}"
                yield _unit(unit, BETWEEN, REFORM, self.id_on_eve(unit.parent_code), evidence)

    def _units_of_the_reform(self) -> Iterator[Unit]:
        for code, unit in self.lists.after.items():
            if code not in self.unchanged_provinces:
                parent = unit.parent_code and self.id_after(unit.parent_code)
                yield _unit(unit, REFORM, None, parent, _LAW)

    def _centres(self) -> Iterator[Unit]:
        for code, unit in self.lists.after.items():
            if unit.level == "province":
                yield Unit(
                    unit_id=centre_id(code),
                    code=f"{code}-TTPVHCC",
                    kind="agency",
                    level="province",
                    parent_id=self.id_after(code),
                    name=f"Trung tâm Phục vụ hành chính công {unit.name[0].lower()}{unit.name[1:]}",
                    valid_from=REFORM,
                    evidence="name and code are our choice; each province has one, so that the open dossiers of the "
                    "districts have an heir",
                )

    def _names(self) -> Iterator[UnitName]:
        """New names of units that stayed the same, where more than the spelling differs from the name of 2022."""
        for code, unit in self.lists.before.items():
            if code not in self.lists.eve or code in self.changes.moved:
                continue
            name, end = self.lists.eve[code].name, None if code in self.unchanged_provinces else REFORM
            if fold(name) != fold(unit.name):
                yield UnitName(
                    unit_id=self.id_on_eve(code),
                    name=name,
                    valid_from=BETWEEN,
                    valid_to=end and end - timedelta(days=1),
                    evidence=f"{_NEW_LIST} (2025-06-30); {_SOME_DAY}",
                )

    def _successions_between(self) -> Iterator[Succession]:
        known = self.vanished_heirs
        heirs = {code: self.changes.district_heir(code).code for code in self.changes.vanished("district")}
        for code, targets in sorted(self.changes.moves.items()):
            for target, count in targets.most_common():
                if code in known and known[code].heir_code == target:
                    continue
                is_heir = heirs.get(code) == target and code not in known
                reason = f"{count} of its communes are under {target} in the later list"
                yield self._between(code, target, is_heir, f"inferred: {reason}; {_SOME_DAY}")
        for code in sorted(self.changes.moved):
            reason = "the same code under another district in the later list"
            yield self._between(code, code, True, f"{_NEW_LIST} (2025-06-30): {reason}; {_SOME_DAY}")
        for code, known_heir in sorted(known.items()):
            yield self._between(code, known_heir.heir_code, True, f"{known_heir.evidence}; {_SOME_DAY}")
        for code, heir in sorted(self.changes.commune_heirs.items()):
            inferred = f"inferred: {heir.reason}"
            unknown = "unknown: no name shows which commune took it over; its district is used instead"
            if code not in known:
                yield self._between(code, heir.code, True, f"{inferred if heir.reason else unknown}; {_SOME_DAY}")

    def _between(self, old: str, new: str, is_heir: bool, evidence: str) -> Succession:
        return Succession(
            predecessor_id=f"{old}:{FIRST.year}",
            successor_id=self.id_on_eve(new),
            on=BETWEEN,
            is_heir=is_heir,
            evidence=evidence,
        )

    def _provinces(self) -> Iterator[Succession]:
        for old, new in self.lists.provinces.items():
            if new not in self.unchanged_provinces:
                yield _reform(self.id_on_eve(old), self.id_after(new), True, _LAW)

    def _districts(self) -> Iterator[Succession]:
        for code, unit in self.lists.eve.items():
            if unit.level == "district":
                rule = self.district_heirs.get(code) or self.district_heirs["*"]
                heir = rule.heir_id.replace("{province}", self.lists.provinces[unit.parent_code])
                yield _reform(self.id_on_eve(code), heir, True, rule.evidence)

    def _communes(self) -> Iterator[Succession]:
        for old, new, is_heir in self.lists.communes:
            yield _reform(self.id_on_eve(old), self.id_after(new), is_heir, f"QĐ 19/2025/QĐ-TTg; {_NEW_LIST}")

    def _electronic_codes(self) -> Iterator[AgencyCode]:
        for spelling, province in self.lists.electronic:
            yield AgencyCode(
                code=spelling,
                unit_id=centre_id(province),
                valid_from=REFORM,
                evidence="this spelling is from a national export of October 2025; that it holds from the reform on is "
                "inferred; it is the province's code (QĐ 20/2020/QĐ-TTg), and its dossiers are those of the centre",
            )


def build_files(folder: Path, kept: Path) -> tuple[UnitLists, dict[str, str]]:
    """Return the lists in `folder`, and the text of each catalogue file built from them and from the heirs in `kept`.

    Raises:
        CatalogError: a list or a file of heirs contradicts itself or the lists. The message names file and line.
    """
    lists = read_unit_lists(folder)
    history = UnitHistory(lists, _district_heirs(kept, lists), _vanished_heirs(kept, lists))
    return lists, {name: as_csv(rows) for name, rows in history.files().items()}


def _district_heirs(kept: Path, lists: UnitLists) -> dict[str, DistrictHeir]:
    path = kept / HEIRS_OF_DISTRICTS
    rows = {row.district_code: (line, row) for _, line, row in read_rows(path, DistrictHeir)}
    for code, (line, _) in rows.items():
        if code != "*" and (code not in lists.eve or lists.eve[code].level != "district"):
            raise CatalogError(f"{path}:{line}: {code} is not a district of {EVE}.", action="correct that line.")
    if "*" not in rows:
        raise CatalogError(
            f"{path}: the row `*` is missing.",
            action="add it: it names the heir of every district without a row of its own.",
        )
    return {code: row for code, (_, row) in rows.items()}


def _vanished_heirs(kept: Path, lists: UnitLists) -> dict[str, VanishedHeir]:
    path = kept / HEIRS_OF_VANISHED
    heirs = {}
    for _, line, row in read_rows(path, VanishedHeir) if path.is_file() else ():
        if row.code not in lists.before or row.code in lists.eve:
            raise CatalogError(f"{path}:{line}: {row.code} did not vanish before {EVE}.", action="correct that line.")
        if row.heir_code not in lists.eve:
            raise CatalogError(f"{path}:{line}: {row.heir_code} is not a unit of {EVE}.", action="correct that line.")
        heirs[row.code] = row
    return heirs


def centre_id(province: str) -> str:
    """Return the id of a new province's one-stop centre."""
    return f"{province}-TTPVHCC:{REFORM.year}"


def as_csv(rows: Iterable[Row]) -> str:
    """Return rows of one model as the text of a catalogue file."""
    listed = list(rows)
    text = io.StringIO()
    columns = list(COLUMNS[type(listed[0])])
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in listed:
        values = row.model_dump(mode="json", include=set(columns))
        writer.writerow({key: int(value) if isinstance(value, bool) else value for key, value in values.items()})
    return text.getvalue()


COLUMNS: Mapping[type[Row], tuple[str, ...]] = {
    Unit: ("unit_id", "code", "kind", "level", "parent_id", "name", "valid_from", "valid_to", "evidence"),
    UnitName: ("unit_id", "name", "valid_from", "valid_to", "evidence"),
    Succession: ("predecessor_id", "successor_id", "on", "is_heir", "evidence"),
    AgencyCode: ("code", "unit_id", "valid_from", "valid_to", "evidence"),
}


def _unit(listed: Listed, first: date, end: date | None, parent_id: str, evidence: str) -> Unit:
    return Unit.model_validate(
        {
            "unit_id": f"{listed.code}:{first.year}",
            "code": listed.code,
            "kind": listed.level,
            "level": listed.level,
            "parent_id": parent_id,
            "name": listed.name,
            "valid_from": first,
            "valid_to": end and end - timedelta(days=1),
            "evidence": evidence,
        }
    )


def _reform(old: str, new: str, is_heir: bool, evidence: str) -> Succession:
    return Succession(predecessor_id=old, successor_id=new, on=REFORM, is_heir=is_heir, evidence=evidence)
