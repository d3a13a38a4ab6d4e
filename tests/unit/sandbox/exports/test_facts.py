"""The facts that index 766 asks for come out of what is exported, by a mapping, as the world has them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from motcua.catalog import Source, load_catalog
from motcua.extract import NO_CONNECTION, SourceConnection
from motcua.extract.adapters.protocol import Window, make_adapter
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.sandbox.exports.export import DATABASE_FILE, export
from motcua.sandbox.exports.tables import FORMS, file_name
from motcua.sandbox.systems.dossier_values import DossierValues, Holdings
from motcua.sandbox.world.columns import World
from motcua.settings import PROJECT_ROOT

HERE = Path(__file__).parent
MAPPINGS = PROJECT_ROOT / "tests" / "reliability" / "mappings"
SOURCE, GROUP, NIGHT = "tra-vinh.c29266", 84113, 2
COUNTS = {"components_count": "components", "components_digitised_count": "digitised",
          "components_reused_count": "reused"}  # fmt: skip
RATINGS = (None, "satisfied", "unsatisfied")


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped catalogue with mappings of the sandbox's exports that read the facts too."""
    folder = Path(shutil.copytree(PROJECT_ROOT / "include" / "catalog", tmp_path / "catalog"))
    for kind in ("files", "sql"):
        document = yaml.safe_load((MAPPINGS / f"{kind}-sandbox.yaml").read_text(encoding="utf-8"))
        facts = yaml.safe_load((HERE / f"facts-{kind}.yaml").read_text(encoding="utf-8"))
        document["fields"] |= facts
        read = {rule["key"] for rule in facts.values()}
        document["keys"]["keep"] += sorted(read)
        document["keys"]["drop_unneeded"] = [key for key in document["keys"]["drop_unneeded"] if key not in read]
        path = folder / "mappings" / f"{kind}-facts.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    (folder / "queries").mkdir()
    (folder / "queries" / "own.sql").write_text(f"select * from v_ho_so where group_id = {GROUP}\n", encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    return folder


def read(catalog: Path, world: World, kind: str, folder: Path, form: Any = None) -> dict[int, dict[str, Any]]:
    """Export a night and read it as a pull does; return the records by their number."""
    export(world, kind, str(folder), night=NIGHT, form=form)  # type: ignore[arg-type]
    options = {"path": str(folder / file_name(GROUP, form))} if kind == "files" else {"query": "queries/own.sql"}
    if form == "csv_windows":
        options |= {"encoding": "windows-1258", "delimiter": ";"}
    shipped = load_catalog(catalog).source_by_id[SOURCE].model_dump()
    source = Source.model_validate(shipped | {"adapter": kind, "mapping": f"{kind}-facts", "options": options})
    url = SourceConnection(f"sqlite://{folder / DATABASE_FILE}", "", "") if kind == "sql" else NO_CONNECTION
    mapping = load_mapping(catalog, f"{kind}-facts")
    builder = TableBuilder(source, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    adapter = make_adapter(source, url, mapping)
    window = Window(world.scenario.from_date, world.scenario.to_date)
    table = pa.concat_tables([builder.table(page.records) for page in adapter.pages(window)])
    adapter.close()
    assert not builder.unclassified
    return {int(row["dossier_id"]): row for row in table.to_pylist()}


@pytest.mark.parametrize(("kind", "form"), [("sql", None), *(("files", form) for form in FORMS)])
def test_every_fact_is_read_as_the_world_has_it(
    kind: str, form: Any, catalog: Path, small: World, tmp_path: Path
) -> None:
    found = read(catalog, small, kind, tmp_path / "out", form)
    holdings = Holdings(small, NIGHT)
    dossiers = DossierValues(small, holdings.columns, holdings.rows(GROUP))
    instant = small.scenario.second_of_night(NIGHT)
    facts = {name: dossiers.fact(name) for name in ("components", "digitised", "reused", "results", "non_territorial")}
    told = zip(dossiers.ids, dossiers.released, dossiers.payments, dossiers.ratings, dossiers.reasons(instant),
               dossiers.apologies(instant).tolist(), strict=True)  # fmt: skip
    for place, (number, released, paid, rating, reason, apology) in enumerate(told):
        row = found[number]
        assert {name: row[name] for name in COUNTS} == {name: facts[fact][place] for name, fact in COUNTS.items()}
        assert row["paid_online_code"] == paid
        assert row["has_electronic_result"] == (facts["results"][place] if released else None)
        assert row["is_non_territorial"] == facts["non_territorial"][place]
        assert row["satisfaction_code"] == RATINGS[rating]
        assert row["overdue_reason_code"] == (reason or None)
        assert (row["apology_at"] is None) == (apology == 0)
    assert len(found) == len(dossiers)
    for name in ("apology_at", "overdue_reason_code", "satisfaction_code", "has_electronic_result"):
        assert any(row[name] is not None for row in found.values()), name
