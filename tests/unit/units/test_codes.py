"""What sources call units and procedures: codes, names, in any spelling, on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy

from motcua.catalog import Catalog, load_catalog
from motcua.procedures import SeveralProcedures, procedure_namer
from motcua.settings import Settings
from motcua.units.codes import UnitCodes, sync_units, units_in_use
from motcua.warehouse import store_engine

HEAD = "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
UNITS = HEAD + (
    "a,10001,commune,commune,,Xã Hoà An,2025-07-01,,test\n"
    "a.tp,10001.1,agency,commune,a,Phòng Tư pháp,2025-07-01,,test\n"
    "b,10002,commune,commune,,Xã Phú An,2025-07-01,,test\n"
    "b.tp,10002.1,agency,commune,b,Phòng Tư pháp,2025-07-01,,test\n"
    "old,10003,commune,commune,,Xã Cũ,2020-01-01,2025-06-30,test\n"
)
SOURCE = "{{source_id: {0}, name: x, system_code: so-{0}, adapter: files, options: {{path: x-{0}}}, level: commune, unit_id: {0}, valid_from: 2025-07-01}}"  # noqa: E501


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    files = {
        "units/units.csv": UNITS,
        "units/agency_codes.csv": "code,unit_id,valid_from,valid_to,evidence,system_code\n"
        "H99.3,old,2019-01-01,2026-12-31,test,\nH99.4,b,2024-01-01,2025-12-31,test,\n"
        "H99.1,a,2025-07-01,,test,\nMột cửa,a,2025-07-01,,test,so-a\nMột cửa,b,2025-07-01,,test,so-b\n",
        "procedures/procedures.csv": "code,name,field_code,field_name,level,time_limit_days,fee,"
        "valid_from,valid_to,evidence\n"
        "1.000001,Đăng ký khai sinh,f,F,commune,1,,2020-01-01,,test\n"
        "1.000002,Cấp bản sao,f,F,commune,1,,2020-01-01,,test\n"
        "1.000003,Cấp bản sao,f,F,district,1,,2020-01-01,,test\n"
        "1.000004,Hoà giải,f,F,district,1,,2020-01-01,,test\n"
        "1.000005,Hoà giải,f,F,district,1,,2020-01-01,,test\n",
        "procedures/aliases.csv": "name,code,evidence\nĐK khai sinh,1.000001,test\nTS_lop1,1.000001,test\n",
        "sources/s.yaml": "sources:\n" + "".join(f"  - {SOURCE.format(name)}\n" for name in "ab"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load_catalog(tmp_path)


def meant(catalog: Catalog, code: str, source_id: str | None) -> set[str]:
    return {meaning.unit_id for meaning in UnitCodes(catalog).meanings(code, source_id)}


@pytest.mark.parametrize(
    ("code", "source_id", "unit_id"),
    [
        ("h99.1", "b", "a"),  # a code means the same everywhere
        ("MỘT  CỬA", "a", "a"),  # a name that two systems use
        ("một cửa", "b", "b"),
        ("phòng tư pháp", "b", "b.tp"),  # a name at or below the source's own unit
        ("10002.1", "b", "b.tp"),
        ("xã hòa an", "a", "a"),
        ("b.tp", "a", "b.tp"),  # a unit id is never another's
    ],
)
def test_a_unit_is_found_by_code_or_name_however_it_is_spelt(
    catalog: Catalog, code: str, source_id: str, unit_id: str
) -> None:
    assert meant(catalog, code, source_id) == {unit_id}


@pytest.mark.parametrize(
    ("code", "day", "unit_ids"),
    [
        ("H99.3", date(2019, 12, 31), set()),  # the code is older than its unit
        ("H99.3", date(2020, 1, 1), {"old"}),
        ("H99.3", date(2025, 6, 30), {"old"}),
        ("H99.3", date(2025, 7, 1), set()),  # and was left standing when its unit ended
        ("H99.4", date(2025, 6, 30), set()),
        ("H99.4", date(2025, 12, 31), {"b"}),
        ("H99.4", date(2026, 1, 1), set()),  # the unit goes on under another code
    ],
)
def test_a_code_means_a_unit_on_the_days_that_both_hold(
    catalog: Catalog, code: str, day: date, unit_ids: set[str]
) -> None:
    assert UnitCodes(catalog).meant_on(day, code) == unit_ids


@pytest.mark.parametrize(("code", "source_id"), [("Một cửa", None), ("Xã Phú An", "a"), ("Phòng Kinh tế", "a")])
def test_a_name_that_is_not_listed_for_the_source_means_no_unit(
    catalog: Catalog, code: str, source_id: str | None
) -> None:
    assert meant(catalog, code, source_id) == set()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("  đăng ký KHAI SINH ", "1.000001"),
        ("ĐK khai sinh", "1.000001"),
        ("TS_lop1", "1.000001"),
        ("Cấp bản sao", "1.000002"),  # of two, the one of the source's level
        ("2.000815 - Chứng thực", "2.000815"),
        ("Cấp phép đào đường", None),
    ],
)
def test_a_procedure_is_found_by_its_name(catalog: Catalog, name: str, code: str | None) -> None:
    assert procedure_namer(catalog, "commune")(name) == code


def test_a_name_of_several_procedures_is_not_decided(catalog: Catalog) -> None:
    with pytest.raises(SeveralProcedures):
        procedure_namer(catalog, "commune")("hòa giải")


def test_only_the_provinces_of_the_sources_and_their_successors_are_in_use() -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    units = units_in_use(catalog)
    assert len(units) < len(catalog.units) / 4
    below = {unit.kind for unit in units if catalog.province_of(unit.unit_id).unit_id == "83:2020"}
    assert below == {"province", "district", "commune"}  # Bến Tre, because it became Vĩnh Long with Trà Vinh
    assert not any(unit.code == "00001" for unit in units)  # a ward of Hà Nội
    ids = [unit.unit_id for unit in units]
    assert all(unit.parent_id is None or unit.parent_id in ids[:place] for place, unit in enumerate(units))


def test_the_province_of_an_installation_is_in_use_before_it_has_a_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    monkeypatch.setenv("MOTCUA_PROVINCE", "01")
    assert {"01:2020", "00001:2020", "00097:2025"} <= {unit.unit_id for unit in units_in_use(catalog)}


def test_units_are_written_to_the_store_once_and_then_only_what_differs(databases: None) -> None:
    shipped = load_catalog(Settings.load().catalog_dir)
    with store_engine().begin() as connection:
        assert sync_units(connection, shipped) == len(units_in_use(shipped))
        assert sync_units(connection, shipped) == 0
        connection.execute(sqlalchemy.text("update unit set name = 'x', valid_to = null where unit_id = '842:2020'"))
        connection.execute(sqlalchemy.text("delete from unit_heir where heir_id = '29254:2025'"))
        connection.execute(sqlalchemy.text("delete from unit where unit_id = '29254:2025'"))
        assert sync_units(connection, shipped) == 2
        heirs = connection.execute(sqlalchemy.text("select count(*) from unit_heir where heir_id = '29254:2025'"))
        assert heirs.scalar_one() > 0
        stored = connection.execute(sqlalchemy.text("select name, valid_to from unit where unit_id = '842:2020'")).one()
    assert tuple(stored) == ("Thành phố Trà Vinh", date(2025, 6, 30))
