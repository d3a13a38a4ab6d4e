"""Procedures in time: what a row may state, which one is in force, and what rows may not do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from motcua.catalog import Catalog, OnlineLevels, Procedure, load_catalog
from motcua.errors import CatalogError
from motcua.procedures import split_procedure
from motcua.settings import Settings

HEAD = "code,name,field_code,field_name,level,province,time_limit,time_unit,fee,service_level,state,valid_from,valid_to,evidence\n"  # noqa: E501
PLAIN = {"code": "1.000001", "name": "N", "field_code": "f", "field_name": "F", "level": "commune", "evidence": "e"}


def catalog_of(folder: Path, *rows: str) -> Catalog:
    files = {
        "units/units.csv": "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
        "a,10001,commune,commune,,Xã A,2020-01-01,,test\n",
        "sources/s.yaml": "sources: []\n",
        "procedures/procedures.csv": HEAD + "".join(f"{row}\n" for row in rows),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    load_catalog.cache_clear()
    return load_catalog(folder)


def procedure(**given: object) -> Procedure:
    return Procedure.model_validate({**PLAIN, "valid_from": "2020-01-01", **given})


@pytest.mark.parametrize(
    ("spelt", "code", "suffix"),
    [
        ("1.004082.000.00.00.H58", "1.004082", "000.00.00.H58"),
        ("1.000948.H38", "1.000948", "H38"),
        ("1.001193", "1.001193", None),
        ("TS_lop1.000.00.00.H22", "TS_lop1", "000.00.00.H22"),
        ("anything", "anything", None),
        (None, None, None),
    ],
)
def test_every_spelling_of_a_code_is_split_the_same_way(
    spelt: str | None, code: str | None, suffix: str | None
) -> None:
    assert split_procedure(spelt) == (code, suffix)


def test_the_row_of_the_day_is_in_force(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        "1.000001,N,f,F,commune,,7,working_days,,,,2020-01-01,2023-05-31,test",
        "1.000001,N,f,F,commune,,5,working_days,,,,2023-06-01,,test",
    )
    limits = [catalog.procedure("1.000001", day) for day in (date(2019, 12, 31), date(2023, 5, 31), date(2023, 6, 1))]
    assert [found and found.time_limit for found in limits] == [None, 7, 5]


def test_the_own_row_of_a_province_and_of_a_level_comes_first(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        "1.000001,N,f,F,commune,,7,working_days,,,,2020-01-01,,test",
        "1.000001,N,f,F,province,,10,working_days,,,,2020-01-01,,test",
        "1.000001,N,f,F,commune,84,3,working_days,,,,2020-01-01,,test",
    )
    day = date(2023, 1, 1)

    def limit(level: str | None, province: str) -> int | None:
        found = catalog.procedure("1.000001", day, level, province)
        return found.time_limit if found else None

    assert [limit("commune", "84"), limit("commune", "82"), limit("province", "84"), limit("district", "82")] == [
        3, 7, 10, 7
    ]  # fmt: skip


def test_an_inactive_procedure_is_not_in_force(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "1.000001,N,f,F,commune,,7,working_days,,,INACTIVE,2020-01-01,,test")
    assert catalog.procedure("1.000001", date(2023, 1, 1)) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("2020-01-01,", "2023-01-01,"), ("2020-01-01,2023-01-01", "2023-01-01,"), ("2023-01-01,", "2020-01-01,")],
)
def test_rows_that_hold_on_one_day_are_refused_with_both_lines(tmp_path: Path, first: str, second: str) -> None:
    with pytest.raises(CatalogError, match=r"procedures\.csv:[23]: 1\.000001 at commune level holds from .*csv:[23]"):
        catalog_of(
            tmp_path,
            f"1.000001,N,f,F,commune,,7,working_days,,,,{first},test",
            f"1.000001,N,f,F,commune,,5,working_days,,,,{second},test",
        )


def test_rows_that_meet_but_do_not_overlap_are_taken(tmp_path: Path) -> None:
    rows = catalog_of(
        tmp_path,
        "1.000001,N,f,F,commune,,7,working_days,,,,2020-01-01,2022-12-31,test",
        "1.000001,N,f,F,commune,,5,working_days,,,,2023-01-01,,test",
        "1.000001,N,f,F,commune,84,5,working_days,,,,2022-01-01,,test",
    ).procedures
    assert len(rows) == 3


def test_the_older_heading_of_the_limit_is_still_read() -> None:
    found = procedure(time_limit_days="7", fee="2000")
    assert (found.time_limit, found.time_unit, found.has_fee) == (7, "working_days", True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"time_unit": "working_hours"}, "time_limit is missing"),
        ({"fee": "5", "has_fee": "no"}, "has_fee is no"),
        ({"service_level": "5"}, "service_level"),
        ({"online_level": "toàn trình"}, "online_level"),
        ({"time_limit": "-1"}, "time_limit"),
    ],
)
def test_a_row_that_disagrees_with_itself_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        procedure(**given)


@pytest.mark.parametrize(
    ("fee", "has_fee", "known"),
    [("", "", None), ("0", "", False), ("20000", "", True), ("", "yes", True), ("", "no", False)],
)
def test_a_fee_that_is_not_known_is_not_no_fee(fee: str, has_fee: str, known: bool | None) -> None:
    assert procedure(fee=fee, has_fee=has_fee).has_fee is known


@pytest.mark.parametrize(("service", "online"), [(1, "none"), (2, "none"), (3, "partial"), (4, "full")])
def test_the_older_online_level_is_told_in_the_newer_scale_and_marked(
    tmp_path: Path, service: int, online: str
) -> None:
    catalog = catalog_of(tmp_path, f"1.000001,N,f,F,commune,,7,working_days,,{service},,2020-01-01,,test")
    assert (catalog.procedures[0].online_level, catalog.procedures[0].is_online_level_inferred) == (online, True)


def test_a_stated_online_level_is_not_overruled() -> None:
    stated = procedure(service_level=3, online_level="full")
    assert OnlineLevels(levels={3: "partial"}, evidence="e").applied(stated) == stated


@pytest.mark.parametrize(
    ("limit", "unit", "days"),
    [("7", "working_days", 7), ("", "same_day", 1), ("9", "working_hours", 2), ("10", "calendar_days", 8)],
)
def test_a_time_in_any_unit_takes_so_many_working_days_at_most(limit: str, unit: str, days: int) -> None:
    assert procedure(time_limit=limit, time_unit=unit).time_limit_days == days


def test_what_the_province_announced_comes_before_the_statutory_time() -> None:
    found = procedure(time_limit="10", announced_limit="16", announced_unit="working_hours")
    assert found.due_time == (16, "working_hours")
    assert procedure(time_limit="10").due_time == (10, "working_days")
    assert procedure().due_time is None


def test_district_procedures_of_the_shipped_catalogue_move_to_the_commune_on_the_day_of_the_reform() -> None:
    catalog = load_catalog(Settings.load().shipped_catalog_dir)
    levels = [catalog.procedure("2.000806", day) for day in (date(2025, 6, 30), date(2025, 7, 1))]
    assert [found and found.level for found in levels] == ["district", "commune"]
