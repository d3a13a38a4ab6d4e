"""A small catalogue around 1 July 2025: two provinces become one, communes merge, a district ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from motcua.catalog import Catalog, load_catalog

EVE, REFORM = date(2025, 6, 30), date(2025, 7, 1)
CENTRE, CITY, WARD_4, WARD_1, TOWN = "84-TTPVHCC:2020", "842:2020", "29236:2020", "29239:2020", "29266:2020"
OTHER_CENTRE = "86-TTPVHCC:2020"
NEW_CENTRE, NEW_WARD, NEW_TOWN, NEW_PART = "86-TTPVHCC:2025", "29242:2025", "29266:2025", "29270:2025"

_OLD = """84:2020,84,province,province,,Tỉnh Trà Vinh
86:2020,86,province,province,,Tỉnh Vĩnh Long
84-TTPVHCC:2020,84-TTPVHCC,agency,province,84:2020,Trung tâm tỉnh Trà Vinh
86-TTPVHCC:2020,86-TTPVHCC,agency,province,86:2020,Trung tâm tỉnh Vĩnh Long cũ
842:2020,842,district,district,84:2020,Thành phố Trà Vinh
29236:2020,29236,commune,commune,842:2020,Phường 4
29239:2020,29239,commune,commune,842:2020,Phường 1
29266:2020,29266,commune,commune,842:2020,Thị trấn Càng Long
"""
_NEW = """86:2025,86,province,province,,Tỉnh Vĩnh Long
86-TTPVHCC:2025,86-TTPVHCC,agency,province,86:2025,Trung tâm tỉnh Vĩnh Long
29242:2025,29242,commune,commune,86:2025,Phường Trà Vinh
29266:2025,29266,commune,commune,86:2025,Xã Càng Long
29270:2025,29270,commune,commune,86:2025,Xã Phần Mới
"""
_HEIRS = {
    "84:2020": "86:2025", "86:2020": "86:2025", CENTRE: NEW_CENTRE, OTHER_CENTRE: NEW_CENTRE, CITY: NEW_CENTRE,
    WARD_4: NEW_WARD, WARD_1: NEW_WARD, TOWN: NEW_TOWN,
}  # fmt: skip
CODES = {
    CENTRE: "000.00.00.H59", CITY: "000.00.21.H59", WARD_4: "000.01.21.H59", WARD_1: "000.02.21.H59",
    TOWN: "000.03.21.H59", OTHER_CENTRE: "000.00.00.H61", NEW_CENTRE: "H61.00", NEW_WARD: "H61.101",
    NEW_TOWN: "H61.102", NEW_PART: "H61.103",
}  # fmt: skip
OLD_SOURCES = {CENTRE: "old.centre", CITY: "old.city", WARD_4: "old.ward4", WARD_1: "old.ward1", TOWN: "old.town",
               OTHER_CENTRE: "old.other"}  # fmt: skip
NEW_SOURCES = {NEW_CENTRE: "new.centre", NEW_WARD: "new.ward", NEW_TOWN: "new.town", NEW_PART: "new.part"}


def write_catalog(folder: Path) -> Path:
    """Write the files of the catalogue and return the folder."""
    units = ["unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence"]
    units += [f"{line},2020-01-01,{EVE},test" for line in _OLD.splitlines()]
    units += [f"{line},{REFORM},,test" for line in _NEW.splitlines()]
    rows = ["predecessor_id,successor_id,on,is_heir,evidence"]
    rows += [f"{old},{new},{REFORM},1,test" for old, new in _HEIRS.items()]
    rows += [f"{TOWN},{NEW_PART},{REFORM},0,test"]
    codes = ["code,unit_id,valid_from,valid_to,evidence"]
    codes += [f"{code},{unit},2020-01-01,,test" for unit, code in CODES.items()]
    files = {
        "units/units.csv": units, "units/succession.csv": rows, "units/agency_codes.csv": codes,
        "sources/old.yaml": _sources("opencps-old", OLD_SOURCES, "valid_from: 2020-01-01\n  valid_to: 2025-06-30", 1),
        "sources/new.yaml": _sources("opencps-new", NEW_SOURCES, "valid_from: 2025-07-01", 51),
    }  # fmt: skip
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _sources(system: str, sources: dict[str, str], days: str, first: int) -> list[str]:
    lines = [f"defaults:\n  system_code: {system}\n  adapter: opencps\n  connection_id: {system}\n  {days}\nsources:"]
    for number, (unit, source_id) in enumerate(sources.items(), start=first):
        level = "district" if unit == CITY else "province" if "TTPVHCC" in unit else "commune"
        lines.append(
            f'  - {{source_id: {source_id}, level: {level}, unit_id: "{unit}", options: {{group_id: {number}}},'
            f' name: "{source_id}"}}'
        )
    return lines


@contextmanager
def reform_catalog(folder: Path) -> Iterator[Catalog]:
    """Make the small catalogue the one in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTCUA_CATALOG", str(write_catalog(folder)))
        yield load_catalog(folder)
