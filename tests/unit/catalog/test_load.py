"""The catalogue refuses what it does not understand, and says where it stands."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from motcua.catalog import Catalog, load_catalog
from motcua.errors import CatalogError
from motcua.settings import Settings

SHIPPED = Settings.load().catalog_dir


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "catalog"))


def shipped() -> Catalog:
    return load_catalog(SHIPPED)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("province", "sources"),
    [("84", {"province": 1, "district": 9, "commune": 106}), ("26", {"commune": 136})],
)
def test_the_shipped_catalogue_holds_the_one_stop_units_the_provinces_published(
    province: str, sources: dict[str, int]
) -> None:
    for level, count in sources.items():
        assert len(shipped().sources_on(date(2020, 6, 1), level=level, province=province)) == count


def test_an_unknown_key_is_refused_with_file_and_line(copied: Path) -> None:
    path = copied / "sources" / "tra-vinh.yaml"
    replace(path, "  page_size: 1000\n", "  page_sise: 1000\n")
    line = path.read_text(encoding="utf-8").splitlines().index("  page_sise: 1000") + 1
    with pytest.raises(CatalogError, match=rf"tra-vinh\.yaml:{line}: page_sise is not a known key"):
        load_catalog(copied)


def test_a_wrong_value_in_a_csv_is_refused_with_file_and_line(copied: Path) -> None:
    path = copied / "procedures" / "procedures.csv"
    replace(path, "1.000894", "1.00894")
    with pytest.raises(CatalogError, match=r"procedures\.csv:3: code: String should match pattern"):
        load_catalog(copied)


def test_a_secret_cannot_be_put_into_a_source(copied: Path) -> None:
    replace(copied / "sources" / "tra-vinh.yaml", "  adapter: opencps\n", "  adapter: opencps\n  password: x\n")
    with pytest.raises(CatalogError, match="password is not a known key"):
        load_catalog(copied)


def test_a_key_that_stands_twice_is_refused(copied: Path) -> None:
    replace(
        copied / "sources" / "tra-vinh.yaml",
        "  adapter: opencps\n",
        "  adapter: opencps\n  adapter: opencps\n",
    )
    with pytest.raises(CatalogError, match="'adapter' stands twice"):
        load_catalog(copied)


def test_a_source_of_an_unknown_unit_is_refused(copied: Path) -> None:
    replace(copied / "sources" / "tra-vinh.yaml", '"842:2020"', '"842:1999"')
    with pytest.raises(CatalogError, match="unknown unit '842:1999'"):
        load_catalog(copied)


def test_a_source_id_used_twice_is_refused(copied: Path) -> None:
    replace(copied / "sources" / "tra-vinh.yaml", "tra-vinh.d844", "tra-vinh.d842")
    with pytest.raises(CatalogError, match=r"source_id 'tra-vinh\.d842' stands 2 times"):
        load_catalog(copied)


def test_a_code_names_a_unit_only_on_the_days_the_unit_holds() -> None:
    assert shipped().unit("84", date(2025, 6, 30)).name == "Tỉnh Trà Vinh"
    with pytest.raises(CatalogError, match=r"names 0 units on 2025-07-01. Known under that code: 84:2020"):
        shipped().unit("84", date(2025, 7, 1))


def test_a_subtree_holds_everything_below_a_unit_and_nothing_else() -> None:
    units = shipped().subtree("84:2020")
    assert len(units) == 1 + 1 + 9 + 106
    assert {shipped().province_of(unit.unit_id).code for unit in units} == {"84"}


def register(source_id: str, **options: object) -> dict[str, object]:
    return {
        "source_id": source_id, "name": "A register", "system_code": source_id, "adapter": "files", "level": "commune",
        "unit_id": "29236:2020", "valid_from": "2023-01-01", "mapping": "files-example",
        "options": {"path": "drops/*.csv"} | options,
    }  # fmt: skip


def enter(copied: Path, *entries: dict[str, object]) -> None:
    (copied / "sources" / "registers.yaml").write_text(yaml.safe_dump({"sources": entries}), encoding="utf-8")
    load_catalog.cache_clear()


def test_a_file_that_a_unit_drops_below_the_catalogue_is_no_rule_of_it(copied: Path) -> None:
    enter(copied, register("dropped"))
    before = load_catalog(copied).fingerprint
    (copied / "drops").mkdir()
    (copied / "drops" / "so.csv").write_text("Số hồ sơ", encoding="utf-8")
    load_catalog.cache_clear()
    assert load_catalog(copied).fingerprint == before


@pytest.mark.parametrize("options", [{}, {"once": ["bo sung*"]}])
def test_two_sources_that_read_the_same_files_are_refused(copied: Path, options: dict[str, object]) -> None:
    """Each dossier would count once for each of them."""
    enter(copied, register("one"), register("other", **options))
    with pytest.raises(CatalogError, match="sources 'one' and 'other' read the same files"):
        load_catalog(copied)


def test_sources_may_share_a_workbook_by_its_sheets_and_files_one_after_the_other(copied: Path) -> None:
    earlier = register("one", sheets=["Hộ tịch"]) | {"valid_to": "2023-06-30"}
    later = register("two", sheets=["Hộ tịch"]) | {"valid_from": "2023-07-01"}
    enter(copied, earlier, later, register("three", sheets=["Đất đai"]))
    assert {"one", "two", "three"} <= {source.source_id for source in load_catalog(copied).sources}


def test_the_fingerprint_changes_with_any_file(copied: Path) -> None:
    before = load_catalog(copied).fingerprint
    load_catalog.cache_clear()
    replace(copied / "sources" / "tra-vinh.yaml", "page_size: 1000", "page_size: 999")
    assert load_catalog(copied).fingerprint != before


def test_a_province_by_its_id_has_the_sources_of_those_that_became_it() -> None:
    found = shipped()
    names = {source.source_id.partition(".")[0] for source in found.sources_on(date(2025, 6, 30), province="86:2025")}
    assert names == {"tra-vinh", "vinh-long-cu", "ben-tre"}
    assert {s.source_id.partition(".")[0] for s in found.sources_on(date(2025, 7, 1), province="86:2025")} == {
        "vinh-long"
    }
    by_code = {source.source_id.partition(".")[0] for source in found.sources_on(date(2025, 6, 30), province="86")}
    assert by_code == {"vinh-long-cu"}
