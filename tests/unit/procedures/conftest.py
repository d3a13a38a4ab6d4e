"""A catalogue of its own for each test: one commune, and the procedures the test gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from motcua.catalog import Catalog, load_catalog

HEAD = "code,name,field_code,field_name,level,province,time_limit,time_unit,announced_limit,announced_unit,fee,decision_no,announced_on,effective_on,published_on,valid_from,valid_to,evidence"  # noqa: E501
UNITS = (
    "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
    "84:2010,84,province,province,,Tỉnh Trà Vinh,2010-01-01,2025-06-30,test\n"
    "96:2010,96,province,province,,Tỉnh Cà Mau,2010-01-01,2025-06-30,test\n"
)

MakeCatalog = Callable[..., Catalog]


@pytest.fixture
def make_catalog(tmp_path: Path) -> MakeCatalog:
    folder = tmp_path / "catalog"

    def make(*rows: str, head: str = HEAD) -> Catalog:
        files = {
            "units/units.csv": UNITS,
            "sources/s.yaml": "sources: []\n",
            "procedures/procedures.csv": "\n".join((head, *rows)) + "\n",
        }
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        load_catalog.cache_clear()
        return load_catalog(folder)

    return make
