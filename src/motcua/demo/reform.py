"""The demo of a reform: a night of the old units, a night of their heirs, and one report on both maps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.table import Table

from motcua.catalog import LEVELS, Level, Source, load_catalog
from motcua.demo.walk import DemoFailed, Walk
from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.publish import FormReading, Row

SHOWN = {
    "received_total": "received",
    "carried_over": "carried over",
    "resolved_total": "resolved",
    "resolved_late": "late",
    "open_total": "open",
    "open_overdue": "overdue",
}
LEVEL_NAMES = {"province": "Cấp tỉnh", "district": "Cấp huyện", "commune": "Cấp xã"}


class ReformWalk(Walk):
    """The steps of a scenario in which the units change on one day."""

    def run(self) -> bool:
        """Pull a night of the old systems and two of the new systems, publish, show both maps and compare."""
        scenario = self.scenario
        reform, period = scenario.reform, scenario.period
        assert reform is not None
        catalog = load_catalog(Settings.load().catalog_dir)
        first_day = scenario.from_date.isoformat()
        eve, last_day = scenario.day_of_night(1), scenario.to_date
        old = catalog.sources_on(scenario.from_date, province=scenario.province)
        new = catalog.sources_on(last_day, province=scenario.province)
        last_of_old = max(source.valid_to for source in old if source.valid_to is not None)
        with self.steps(f"The last night of the old units: pull {first_day} to {last_of_old}") as result:
            self.levels = _levels(old)
            result.text = self.ingest("old-units", {"from": first_day, "to": last_of_old.isoformat()})
        with self.steps(f"From {eve} their heirs: pull {first_day} to {last_day} from the new systems") as result:
            self.sandbox.set_night(2)
            self.levels = _levels(new)
            result.text = self.ingest("new-units", {"from": first_day, "to": last_day.isoformat()})
        with self.steps("The next night: the offices have corrected what was set aside") as result:
            self.sandbox.set_night(3)
            result.text = self.ingest("corrected", {"from": first_day, "to": last_day.isoformat()})
        with self.steps(f"Publish the report of {period.label}") as result:
            final = self.publish("final")
            result.text = final.edition_id
        self.show_checklist(final)
        agrees = self.show_both_maps()
        self.show_files(final)
        return agrees

    def show_both_maps(self) -> bool:
        """Print the report on both maps. Return whether it equals the dossiers of the one-stop systems."""
        from motcua.publish import read_form

        scenario = self.scenario
        unit, period = scenario.province, scenario.period
        was, now = (read_form("form-06", unit, period, "level", on_map=on_map) for on_map in ("as-was", "as-now"))
        self.console.print()
        for part in was.reading.parts:
            title = f"As it was, part {part.number}: {part.period.from_date} to {part.period.to_date}"
            self._print(title, [*part.tables["level"].rows, *part.tables["total"].rows])
        self._print(f"As it was, all parts: {period.from_date} to {period.to_date}", [was.total])
        self._print(f"As it is now: {period.from_date} to {period.to_date}", [*now.rows, now.total])
        self.console.print(now.reading.explanation["vi"], highlight=False)
        self.console.print()
        self.console.print(now.reading.explanation["en"], highlight=False)
        self.console.print()
        if was.total.figures != now.total.figures:
            raise DemoFailed(
                "The totals of the two maps differ.",
                action="compare `motcua report form-06 --map` of both maps by unit.",
            )
        return self._compare(read_form("form-06", unit, period, "unit", on_map="as-now"))

    def _compare(self, form: FormReading) -> bool:
        """Compare every line of the new map with the sandbox's own count, which does not use the pipeline."""
        from motcua.sandbox.world.generate import build_world
        from motcua.sandbox.world.reform import count_reform

        catalog = load_catalog(Settings.load().catalog_dir)
        truth = count_reform(build_world(self.scenario, catalog), catalog)
        names = ("received_online", "received_direct", "resolved_early", "resolved_late", "open_total", "open_overdue")
        computed = {row.unit_id: tuple(row.figures[name] for name in names) for row in form.rows}
        expected = {
            unit_id: tuple(getattr(counts, name) for name in names)
            for unit_id, counts in truth.items()
            if unit_id in computed or any(getattr(counts, name) for name in names)
        }
        differing = sorted(key for key in {**computed, **expected} if computed.get(key) != expected.get(key))
        summary = f"{len(computed) - len(differing)} of {len(computed)} units agree with what their systems hold"
        self.console.print(summary if not differing else f"{summary}; different: {', '.join(differing[:5])}")
        return not differing

    def _print(self, title: str, rows: list[Row]) -> None:
        table = Table(title=title, title_justify="left")
        table.add_column("")
        for name in SHOWN.values():
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(LEVEL_NAMES.get(row.level, row.row_name), *(f"{row.figures[name]:,}" for name in SHOWN))
        self.console.print(table)

    def show_files(self, final: object) -> None:
        """Print the paths of the edition's files and the total duration."""
        edition_id: str = final.edition_id  # type: ignore[attr-defined]
        for path in sorted((Settings.load().reports_dir / edition_id).glob("*")):
            self.console.print(f"{path.suffix[1:]:>9}  {path}", soft_wrap=True)
        self.console.print(f"    total  {time.monotonic() - self.started_at:.0f} s")


def _levels(sources: list[Source]) -> list[Level]:
    return [level for level in LEVELS if any(source.level == level for source in sources)]
