"""By what records of a source are read, as one hash: what it depends on, and what it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from motcua.catalog import load_catalog
from motcua.catalog.record_sources import reading_sha256

FOREIGN = Path(__file__).parents[1] / "cli" / "foreign"


def reading(folder: Path) -> str:
    load_catalog.cache_clear()
    catalog = load_catalog(folder)
    [source] = catalog.sources
    return reading_sha256(catalog, source)


def in_file(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        words = path.read_text(encoding="utf-8")
        assert old in words
        path.write_text(words.replace(old, new, 1), encoding="utf-8")

    return change


MAPPING, ENTRY, CODES = "mappings/so-theo-doi.yaml", "sources/phu-an.yaml", "units/agency_codes.csv"
UNITS = "units/units.csv"


def another_unit(folder: Path) -> None:
    with (folder / UNITS).open("a", encoding="utf-8") as units:
        units.write("phu-binh,99002,commune,commune,,Xã Phú Bình,2020-01-01,,made up\n")
    in_file(ENTRY, 'unit_id: "phu-an"', "unit_id: phu-binh")(folder)


def name_of(system: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / CODES).open("a", encoding="utf-8") as codes:
            codes.write(f"Phòng Tư pháp,phu-an,2025-07-01,,made up,{system}\n")

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(in_file(MAPPING, "BCCI: 3}", "BCCI: 1}"), id="a word of the mapping"),
        pytest.param(another_unit, id="the unit of the entry"),
        pytest.param(in_file(ENTRY, "system_code: so-theo-doi", "system_code: so-tay"), id="the system"),
        pytest.param(in_file(ENTRY, "level: commune", "level: commune\n    agency_code: so-1"), id="the agency"),
        pytest.param(name_of("so-theo-doi"), id="a name that the system gives a unit"),
    ],
)
def test_what_changes_how_records_are_read_changes_the_reading(tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = Path(shutil.copytree(FOREIGN, tmp_path / "catalog"))
    before = reading(folder)
    change(folder)
    assert reading(folder) != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(in_file(MAPPING, "adapter: files", "# a remark\nadapter: files"), id="a comment"),
        pytest.param(in_file(MAPPING, "evidence: inferred", "evidence: code"), id="what is said of the evidence"),
        pytest.param(in_file(ENTRY, "name: Sổ", "name: Quyển sổ"), id="the name of the source"),
        pytest.param(in_file(ENTRY, "path: ", "once: [], path: "), id="which files there are"),
        pytest.param(name_of("another-system"), id="a name that another system gives a unit"),
    ],
)
def test_what_does_not_change_how_records_are_read_leaves_the_reading(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = Path(shutil.copytree(FOREIGN, tmp_path / "catalog"))
    before = reading(folder)
    change(folder)
    assert reading(folder) == before
