"""A history of units that cannot be followed day by day is refused, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from motcua.catalog import Catalog, load_catalog
from motcua.errors import CatalogError

UNITS = """unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence
old,1,commune,commune,,Xã Cũ,2020-01-01,2025-06-30,test
other,2,commune,commune,,Xã Khác,2020-01-01,2025-06-30,test
new,1,commune,commune,,Xã Mới,2025-07-01,,test
newer,3,commune,commune,,Xã Mới Hai,2025-07-01,,test
stays,4,commune,commune,,Xã Ở Lại,2020-01-01,,test
stays.too,5,commune,commune,,Xã Ở Lại Hai,2020-01-01,,test
"""
HEAD = "predecessor_id,successor_id,on,is_heir,evidence\n"
SOURCES = """sources:
  - {source_id: s, name: x, system_code: s, adapter: files, options: {path: x}, level: commune, unit_id: stays,
     valid_from: 2020-01-01}
"""


@pytest.fixture
def load(tmp_path: Path) -> object:
    def with_rows(rows: str) -> Catalog:
        files = {"units/units.csv": UNITS, "units/succession-x.csv": HEAD + rows, "sources/s.yaml": SOURCES}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        load_catalog.cache_clear()
        return load_catalog(tmp_path)

    return with_rows


def test_a_divided_unit_has_several_successors_and_one_heir(load) -> None:
    catalog = load("old,new,2025-07-01,1,test\nold,newer,2025-07-01,0,test\nother,newer,2025-07-01,1,test\n")
    assert [(row.successor_id, row.is_heir) for row in catalog.successions if row.predecessor_id == "old"] == [
        ("new", True),
        ("newer", False),
    ]


def test_a_unit_that_lives_on_may_lose_a_part_and_stays_its_own_heir(load) -> None:
    assert len(load("stays,newer,2025-07-01,0,part of its territory\n").successions) == 1


def test_a_part_that_leaves_one_living_unit_may_come_back_another_day(load) -> None:
    rows = "stays,stays.too,2025-07-01,0,test\nstays.too,stays,2025-08-01,0,test\n"
    assert len(load(rows).successions) == 2


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        ("old,nobody,2025-07-01,1,t\n", 2, "succession of an unknown unit 'nobody'"),
        ("gone,new,2025-07-01,1,t\n", 2, "succession of an unknown unit 'gone'"),
        ("old,new,2025-07-01,1,t\nold,new,2025-07-01,0,t\n", 3, "old to new on 2025-07-01 stands twice"),
        ("old,new,2025-07-02,1,t\n", 2, "hands over its dossiers on 2025-07-02, but its last day is 2025-06-30"),
        ("old,newer,2025-07-02,0,t\n", 2, "must end the day before, or live on"),
        ("stays,newer,2025-07-01,1,t\n", 2, "its last day is not set"),
        ("old,other,2025-07-01,1,t\n", 2, "other takes over on 2025-07-01, but it is valid 2020-01-01 to 2025-06-30"),
        ("old,new,2025-07-01,0,t\nold,newer,2025-07-01,0,t\n", 2, "old has 0 heirs"),
        ("old,new,2025-07-01,1,t\nold,newer,2025-07-01,1,t\n", 2, r"old has 2 heirs \(new, newer\)"),
        (
            "stays,stays.too,2025-07-01,0,t\nstays.too,stays,2025-07-01,0,t\n",
            2,
            "successions lead in a circle",
        ),
        ("stays,stays,2025-07-01,0,t\n", 2, "successions lead in a circle: stays to stays"),
        ("old,new,2025-07-01,perhaps,t\n", 2, "is_heir: Input should be a valid boolean"),
        ("old,new,2025-07-01,1,\n", 2, "evidence: String should have at least 1 character"),
    ],
)
def test_a_history_that_cannot_be_followed_is_refused_by_file_and_line(load, rows: str, line: int, what: str) -> None:
    with pytest.raises(CatalogError, match=rf"succession-x\.csv:{line}: .*{what}"):
        load(rows)
