"""Three nights of nine units on a real scheduler, executor, PostgreSQL and HTTP: told once, read by every test.

The catalogue is the project's own, cut down to the sources the scenario serves; everything else is as it ships.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.settings import PROJECT_ROOT

SCENARIO = "small"
RUN_SECONDS = 180


@dataclass
class Story:
    """What happened, as each side tells it."""

    stack: Any
    sandbox: Any
    scenario: Any
    world: Any
    work_dir: Path
    down: Any
    served: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    provisional: Any = None
    final: Any = None
    garbled: str = ""
    asked_in_vain: list[str] = field(default_factory=list)

    @property
    def communes(self) -> list[Any]:
        from motcua.catalog import load_catalog

        catalog = load_catalog(Path(os.environ["MOTCUA_CATALOG"]))
        return [source for source in catalog.sources if source.level == "commune"]

    @property
    def runs(self) -> list[str]:
        return list(self.served)

    def ingest(self, run_id: str, levels: tuple[str, ...], conf: dict[str, Any]) -> None:
        """Run the ingest DAGs to the end of everything they set off, and keep what was served meanwhile."""
        self.sandbox.reset_served()
        client = self.stack.client
        for level in levels:
            client.trigger(f"ingest_dossiers__{level}", conf, run_id)
        for level in levels:
            dag_id = f"ingest_dossiers__{level}"
            self.states[dag_id, run_id] = client.wait_for_run(dag_id, run_id, timeout=RUN_SECONDS)
        client.wait_until_idle(timeout=RUN_SECONDS)
        self.served[run_id] = self.sandbox.served()

    def publish(self, run_id: str) -> Any:
        from motcua.publish import list_editions, read_edition

        period = self.scenario.period
        conf = {"period": f"{period.from_date}..{period.to_date}"}
        self.stack.client.trigger("publish_period_reports", conf, run_id)
        dag_id = "publish_period_reports"
        self.states[dag_id, run_id] = self.stack.client.wait_for_run(dag_id, run_id, timeout=RUN_SECONDS)
        return read_edition(list_editions("form-06", "84", period)[0].edition_id)


@pytest.fixture(scope="package")
def story() -> Iterator[Story]:
    """Start everything once, live three nights, publish twice; stop everything at the end."""
    base = Path(os.environ["MOTCUA_WORK"]) / "e2e"  # a folder that PostgreSQL may enter as its own user
    base.mkdir()
    before = dict(os.environ)
    os.environ.update(
        MOTCUA_WORK=str(base / "work"),
        MOTCUA_CATALOG=str(cut_catalog(base / "catalog")),
        MOTCUA_PROVINCE="84",
        MOTCUA_SOURCES_PER_TASK="4",
    )
    (base / "work").mkdir()
    from motcua.catalog import load_catalog
    from motcua.demo.processes import free_ports
    from motcua.demo.stack import Stack, source_connections
    from motcua.sandbox.serve import SandboxServer
    from motcua.sandbox.world.generate import build_world
    from motcua.sandbox.world.scenario import load_scenario

    scenario = load_scenario(SCENARIO)
    (port,) = free_ports(1)
    sandbox = SandboxServer(SCENARIO, port=port)
    stack = Stack(source_connections("84", f"http://127.0.0.1:{port}", sandbox.login, sandbox.password))
    down = load_catalog(base / "catalog").source_by_id[scenario.goes_down]
    try:
        sandbox.start(base / "sandbox.log")
        stack.start()
        told = Story(stack, sandbox, scenario, build_world(scenario), base / "work", down)
        live(told)
        yield told
    finally:
        stack.stop_airflow()
        sandbox.stop()
        stack.stop()
        os.environ.clear()
        os.environ.update(before)


def live(told: Story) -> None:
    """Three nights, one system down on the second, a provisional report, the system again, the final report.

    The first night ends a day before the period does, so that the system that is down owes the last day.
    """
    levels = ("province", "district", "commune")
    period = told.scenario.period
    eve = period.to_date - timedelta(days=1)
    told.ingest("night-1", levels, {"from": period.from_date.isoformat(), "to": eve.isoformat()})
    told.sandbox.set_night(2)
    told.sandbox.set_down([told.down.options.group_id])
    night = {"to": (told.scenario.day_of_night(2) - timedelta(days=1)).isoformat()}
    told.ingest("night-2", levels, night)
    told.provisional = told.publish("provisional")
    told.sandbox.set_down([])
    told.ingest("again", (told.down.level,), {**night, "sources": [told.down.source_id]})
    told.sandbox.set_night(3)
    told.ingest("night-3", levels, {"to": (told.scenario.day_of_night(3) - timedelta(days=1)).isoformat()})
    told.final = told.publish("final")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the rough night come last among these tests: the others tell of a story that ends well."""
    places = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    ordered = sorted((items[place] for place in places), key=lambda item: "rough" in getattr(item, "fixturenames", ()))
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.fixture(scope="package")
def rough(story: Story) -> Story:
    """The story with one more night, at its end."""
    live_rough(story)
    return story


def live_rough(told: Story) -> None:
    """A night whose answers cannot be read, or hold people where codes are due: what fails must name nobody either."""
    broken, login_page, garbled = [source for source in told.communes if source != told.down][:3]
    of = [[source.options.group_id] for source in (broken, login_page, garbled)]
    told.sandbox.set_faults(
        [
            {"kind": "invalid_json", "group_ids": of[0]},
            {"kind": "html_login", "group_ids": of[1]},
            {"kind": "plaintext_password", "group_ids": of[2]},
            {"kind": "field_renamed", "group_ids": of[2], "field": "applicantName", "renamed_to": "serviceCode"},
            {"kind": "field_renamed", "group_ids": of[2], "field": "contactTelNo", "renamed_to": "govAgencyCode"},
            {"kind": "field_renamed", "group_ids": of[2], "field": "contactName", "renamed_to": "hoTenLienHe"},
        ]
    )
    told.garbled, told.asked_in_vain = garbled.source_id, [broken.source_id, login_page.source_id]
    period = told.scenario.period
    window = {"from": period.from_date.isoformat(), "to": period.to_date.isoformat()}
    # One run after the other: hosts that fail would keep the third source, on the same host, from being asked at all.
    for run_id, sources in (("garbled", [told.garbled]), ("rough", told.asked_in_vain)):
        told.stack.client.trigger("ingest_dossiers__commune", {**window, "sources": sources}, run_id)
        told.stack.client.wait_for_run("ingest_dossiers__commune", run_id, timeout=RUN_SECONDS)
        told.stack.client.wait_until_idle(timeout=RUN_SECONDS)
    told.sandbox.set_faults([])


def cut_catalog(folder: Path) -> Path:
    """Copy the catalogue with only the sources that the scenario serves."""
    from motcua.sandbox.world.scenario import load_scenario

    shutil.copytree(PROJECT_ROOT / "include" / "catalog", folder)
    wanted = set(load_scenario(SCENARIO).source_ids)
    for path in (folder / "sources").glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        document["sources"] = [entry for entry in document["sources"] if entry["source_id"] in wanted]
        if document["sources"]:
            path.write_text(json.dumps(document, default=str, ensure_ascii=False), encoding="utf-8")
        else:
            path.unlink()
    others = {"vi": "kịch bản chỉ gồm một phần các đơn vị", "en": "the scenario has a part of the units only"}
    entry = {"unit_id": "84:2020", "with_all_below": True, "valid_from": "2020-01-01", **others}
    (folder / "without_source.yaml").write_text(json.dumps({"units": [entry]}, ensure_ascii=False), encoding="utf-8")
    return folder
