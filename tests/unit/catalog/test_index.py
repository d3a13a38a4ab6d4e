"""The rows of index 766 as data: what is in force when, a province's adapted rows, and files that are wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from motcua.catalog.index import apply_variant, find_variant, load_definition, variant_for
from motcua.errors import CatalogError, ReportRefused
from motcua.settings import Settings

SHIPPED = Settings.load().shipped_catalog_dir
DAY = date(2023, 10, 31)
EXAMPLE = "example-communes.yaml"


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    def put(name: str, old: str, new: str) -> Path:
        shutil.copytree(SHIPPED / "index", tmp_path / "index", dirs_exist_ok=True)
        path = tmp_path / "index" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return put


def test_the_rows_and_points_are_those_of_the_decision() -> None:
    definition = load_definition(SHIPPED, "766", DAY)
    groups = definition.groups.items()
    assert {code: (int(group.max or 0), [item.id for item in group.items]) for code, group in groups} == {
        "transparency": (18, ["1.1", "1.2", "1.3", "1.4"]),
        "progress": (20, ["2.1"]),
        "online": (12, ["3.1", "3.2", "3.3"]),
        "payment": (10, ["3.4", "3.5", "3.6"]),
        "digitisation": (22, ["4.1", "4.2", "4.3", "4.4", "4.5a", "4.5b", "4.6"]),
        "satisfaction": (18, ["5.2", "5.3", "5.4"]),
    }  # fmt: skip
    assert all(any(mark in item.evidence for mark in ("[C-law]", "[C-data]", "[C-code]")) for item in definition.items)


def test_before_its_first_day_there_is_no_index() -> None:
    assert load_definition(SHIPPED, "766", date(2022, 8, 1)).index == "766"
    with pytest.raises(ReportRefused, match="No version of index 766 is in force on 2022-07-31; the first holds from"):
        load_definition(SHIPPED, "766", date(2022, 7, 31))
    with pytest.raises(ReportRefused, match="There is no index '767'"):
        load_definition(SHIPPED, "767", DAY)


def test_a_later_version_takes_over_on_its_day(edited: Callable[..., Path]) -> None:
    folder = edited(
        "766.yaml", "  - valid_from: 2022-08-01\n", "  - valid_from: 2022-08-01\n    valid_to: 2026-12-31\n"
    )
    path = folder / "index" / "766.yaml"
    text = path.read_text(encoding="utf-8")
    later = (
        text.partition("versions:\n")[2]
        .replace("2022-08-01", "2027-01-01", 1)
        .replace("    valid_to: 2026-12-31\n", "", 1)
    )
    later = later.replace("full_at: 0.50", "full_at: 0.70").replace("&", "&x_").replace("*", "*x_")
    path.write_text(text + later, encoding="utf-8")
    assert load_definition(folder, "766", date(2026, 12, 31)).item("3.3").full_at == Decimal("0.5")
    assert load_definition(folder, "766", date(2027, 1, 1)).item("3.3").full_at == Decimal("0.7")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("            full_at: 0.50\n", "            full_up: 0.50\n", r"766\.yaml:\d+: .*full_up is not a known key"),
        (
            "            max: 20\n",
            "            max: 19\n",
            r"766\.yaml:\d+: .*the group's max is 20, its rows sum to 19",
        ),
        ("            full_at: 0.50\n", "", r"766\.yaml:\d+: .*full_at belongs to the rule capped"),
        ('          - id: "3.2"', '          - id: "3.3"', "a row id stands twice"),
        ("{score: 90,", "{score: 75,", "bands go from the highest"),
        ("empty: prior_year_share", "empty: nothing", r"766\.yaml:\d+: .*empty"),
        ('      "5.3": {empty: full}', '      "5.9": {empty: full}', r"the amendment of 2025-10-16 names \['5\.9'\]"),
        ('      "5.3": {empty: full}', '      "5.3": {empty: some}', r"766\.yaml:\d+: .*empty"),
    ],
)
def test_a_definition_that_is_wrong_is_refused(edited: Callable[..., Path], old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogError, match=told):
        load_definition(edited("766.yaml", old, new), "766", DAY)


def test_an_amendment_holds_from_its_day_and_leaves_the_rest_of_the_version() -> None:
    before, since = (load_definition(SHIPPED, "766", date(2025, 10, day)) for day in (15, 16))
    assert [before.item(row).empty for row in ("5.2", "5.3", "5.4")] == ["unknown", "unknown", 0]
    assert [since.item(row).empty for row in ("5.2", "5.3", "5.4")] == ["full", "full", 0]
    assert [item for item in since.items if item.id not in ("5.2", "5.3")] == [
        item for item in before.items if item.id not in ("5.2", "5.3")
    ]
    assert {code: group.max for code, group in since.groups.items()} == {
        code: group.max for code, group in before.groups.items()
    }


def test_rows_may_share_one_denominator_from_a_day_on(edited: Callable[..., Path]) -> None:
    one = "{columns: [received_online, received_direct]}"
    rows = "".join(
        f'      "{row}": {{denominator: {one}, known_of: null}}\n' for row in ("4.1", "4.2", "4.3", "4.4", "4.5b")
    )
    amendment = f"amendments:\n  - valid_from: 2026-01-01\n    evidence: test\n    override:\n{rows}"
    folder = edited("766.yaml", "amendments:\n", amendment)
    shared = {
        day: {str(load_definition(folder, "766", day).item(row).denominator) for row in ("4.1", "4.2", "4.3", "4.5b")}
        for day in (date(2025, 12, 31), date(2026, 1, 1))
    }
    assert [len(found) for found in shared.values()] == [4, 1]


def test_every_row_of_the_digitisation_group_applies_to_every_level_and_row_31_to_provinces() -> None:
    definition = load_definition(SHIPPED, "766", DAY)
    narrower = {item.id: item.applies_to for item in definition.items if len(item.applies_to) < 4}
    assert narrower == {"3.1": ("province",)}
    assert definition.class_needs_share == Decimal("0.8")


def test_a_variant_overrides_removes_and_adds_rows_and_maxima_follow() -> None:
    definition = load_definition(SHIPPED, "766", DAY)
    adapted = apply_variant(definition, find_variant(SHIPPED, "766", DAY, "example-communes"))
    assert (adapted.item("3.3").max, adapted.item("3.3").full_at, adapted.item("3.3").vi) == (
        8, Decimal("0.6"), definition.item("3.3").vi,
    )  # fmt: skip
    assert {code: group.max for code, group in adapted.groups.items()} == {
        "transparency": 18, "progress": 22, "online": 12, "payment": 10, "digitisation": 16, "satisfaction": 18,
    }  # fmt: skip
    assert "4.6" not in {item.id for item in adapted.items}
    assert (adapted.variant, definition.variant) == ("example-communes", "")


def test_an_example_never_holds_unasked(edited: Callable[..., Path]) -> None:
    units = ["29236:2020", "842:2020", "84:2020"]
    assert variant_for(SHIPPED, "766", DAY, units, "commune") is None
    folder = edited(f"variants/{EXAMPLE}", "is_example: true", "is_example: false")
    found = variant_for(folder, "766", DAY, units, "commune")
    assert found is not None
    assert found.variant == "example-communes"
    assert variant_for(folder, "766", DAY, ["84:2020"], "province") is None
    assert variant_for(folder, "766", date(2022, 12, 31), units, "commune") is None
    assert variant_for(folder, "766", DAY, ["08707:2020", "26:2020"], "commune") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('remove: ["3.1",', 'remove: ["3.9",', r"variant example-communes: \['3\.9'\] are no rows"),
        ("{max: 8, full_at", "{max: 8, rule: linear, full_at", "full_at belongs to the rule capped"),
        ("is_example: true", "is_exmaple: true", r"example-communes\.yaml:\d+: is_exmaple is not a known key"),
    ],
)
def test_a_variant_that_is_wrong_is_refused(edited: Callable[..., Path], old: str, new: str, told: str) -> None:
    folder = edited(f"variants/{EXAMPLE}", old, new)
    with pytest.raises(CatalogError, match=told):
        apply_variant(load_definition(folder, "766", DAY), find_variant(folder, "766", DAY, "example-communes"))


def test_a_variant_nobody_wrote_is_refused() -> None:
    with pytest.raises(ReportRefused, match="has no variant 'xa'"):
        find_variant(SHIPPED, "766", DAY, "xa")
