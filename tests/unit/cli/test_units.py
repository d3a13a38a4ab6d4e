"""`motcua units` as a data engineer types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Told

from motcua.settings import PROJECT_ROOT

Command = Callable[..., str]


@pytest.fixture
def units(command: Callable[..., Told]) -> Command:
    """Return a function that runs `motcua units`, holds it to an exit code and returns all that it printed."""

    def run(*arguments: str, code: int = 0) -> str:
        told = command("units", *arguments, code=code)
        return told.out + " ".join(told.err.split())

    return run


def shown(units: Command, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(units("show", *arguments, "--json")))


def test_a_code_is_shown_with_all_its_meanings(units: Command) -> None:
    old, new = shown(units, "82")
    assert (old["name"], old["valid_to"], old["successors"][0]["unit_id"]) == (
        "Tỉnh Tiền Giang",
        "2025-06-30",
        "82:2025",
    )
    assert (new["name"], new["valid_to"]) == ("Tỉnh Đồng Tháp", None)
    assert {one["unit_id"] for one in new["predecessors"]} == {"82:2020", "87:2020"}
    text = units("show", "82")
    assert "Tỉnh Tiền Giang" in text
    assert "NQ 202/2025/QH15" in text


def test_a_code_on_a_day_is_one_unit_with_the_units_above_it(units: Command) -> None:
    [unit] = shown(units, "29236", "--on", "2023-10-01")
    assert [one["name"] for one in unit["above"]] == ["Thành phố Trà Vinh", "Tỉnh Trà Vinh"]
    assert unit["electronic_codes"] == [{"code": "H59.21.01", "in_force": "2020-01-01 to 2025-06-30"}]


@pytest.mark.parametrize("spelling", ["000.00.21.H59", "h59.21", "842:2020", "thành phố trà vinh", "Trà  Vinh"])
def test_a_unit_is_found_by_any_of_its_names(units: Command, spelling: str) -> None:
    assert "842:2020" in {unit["unit_id"] for unit in shown(units, spelling, "--on", "2023-10-01")}


def test_a_renamed_unit_is_found_by_each_name_in_its_time(units: Command) -> None:
    assert [unit["unit_id"] for unit in shown(units, "Huyện Đạ Huoai", "--on", "2023-01-01")] == ["681:2020"]
    assert [unit["unit_id"] for unit in shown(units, "Huyện Đạ Huoai", "--on", "2025-01-01")] == ["682:2020"]
    [unit] = shown(units, "816:2020")
    assert [(one["name"], one["valid_from"]) for one in unit["names"]] == [
        ("Thị xã Gò Công", "2020-01-01"),
        ("Thành phố Gò Công", "2024-11-01"),
    ]


def test_a_name_of_many_units_is_answered_with_a_list_of_them(units: Command) -> None:
    text = units("show", "Huyện Châu Thành", "--on", "2025-01-01")
    assert "means several units" in text
    assert "847:2020" in text
    assert "Tỉnh Trà Vinh" in text


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            ("84", "--on", "2025-07-01"),
            "84:2020 (Tỉnh Trà Vinh) has this name or code from 2020-01-01 to 2025-06-30, then 86:2025",
        ),
        (("H59", "--on", "2026-01-01"), "then 86-TTPVHCC:2025"),
        (
            ("29245", "--on", "2025-01-01"),
            "29245:2020 (Phường 2) has this name or code from 2020-01-01 to 2024-10-31, then 842:2020",
        ),
        (("H59.21.99",), "Known at and below H59.21: H59.21, H59.21.01"),
        (("Xã Bình Ngueyn",), "Similar names: "),
        (("qqqqqq",), "No unit has the code or name 'qqqqqq'. What to do"),
    ],
)
def test_a_name_or_code_without_a_unit_is_refused_with_candidates(
    units: Command, arguments: tuple[str, ...], what: str
) -> None:
    assert what in units("show", *arguments, code=1)


def test_a_succession_is_shown_to_the_end_of_each_line_in_both_directions(units: Command) -> None:
    [found] = json.loads(units("succession", "842", "--json"))
    assert {one["unit_id"] for one in found["predecessors"]} == {"29245:2020", "29251:2020"}
    assert [(one["unit_id"], one["on"], one["is_heir"]) for one in found["successors"]] == [
        ("86-TTPVHCC:2025", "2025-07-01", True)
    ]
    [vanished] = json.loads(units("succession", "29245", "--json"))
    assert vanished["successors"][0]["successors"][0]["unit_id"] == "86-TTPVHCC:2025"
    text = units("succession", "842")
    assert "29245:2020  Phường 2 (2024-11-01, heir, unknown)" in text
    assert "(2025-07-01, heir, inferred)" in text
    assert "none known" in units("succession", "29263", "--on", "2023-01-01")


def test_a_divided_unit_is_shown_with_its_parts_and_its_one_heir(units: Command) -> None:
    [old] = json.loads(units("succession", "219", "--json"))
    assert [(one["unit_id"], one["is_heir"]) for one in old["successors"]] == [
        ("224:2024", False),
        ("24-TTPVHCC:2025", True),
    ]


def test_an_import_that_changes_nothing_says_so_and_one_that_would_fails_the_check(
    units: Command, tmp_path: Path
) -> None:
    into = tmp_path / "units"
    told = json.loads(units("import", "--check", "--json"))
    assert {one["state"] for one in told["files"]} == {"unchanged"}
    assert told["units"][1] == {"on": "2025-06-30", "province": 63, "district": 696, "commune": 10_035}
    assert "differs" in units("import", "--into", str(into), "--check", code=1)
    assert not into.exists()
    units("import", "--into", str(into))
    shipped = PROJECT_ROOT / "include" / "catalog" / "units"
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {
        one["file"]: (shipped / one["file"]).read_bytes() for one in told["files"]
    }


def test_an_import_into_the_catalogue_in_force_is_refused_when_kept_files_no_longer_fit(
    units: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Path(shutil.copytree(PROJECT_ROOT / "include" / "catalog", tmp_path / "catalog"))
    (catalog / "units" / "district_heirs.csv").write_text(
        "district_code,heir_id,evidence\n*,{province}-NOBODY:2025,test\n", encoding="utf-8"
    )
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    told = units("import", code=1)
    assert "succession-2025-districts.csv:2: succession of an unknown unit" in told
