"""Which batches a run asks for: the sources in force, each with the days it has not answered for."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from motcua.catalog import Catalog, Source
from motcua.catalog.guards import Guards, load_guards
from motcua.catalog.record_sources import sources_of
from motcua.errors import ConfigurationError
from motcua.ledger.answers import LastAnswer, last_answers
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.warehouse import statement, store_engine


def plan_run(
    catalog: Catalog,
    run_id: str,
    day: date,
    *,
    record_kind: str = "dossier",
    level: str | None = None,
    window: tuple[date, date] | None = None,
    source_ids: Sequence[str] = (),
    accept_shrink: bool = False,
    accept_changes: bool = False,
    is_opening: bool | None = None,
) -> list[list[str]]:
    """Write the batches of a run and return their ids, in chunks of `Settings.sources_per_task`.

    Without a `window` each source is asked for what `due_windows` says, up to `day`: a batch for each window.
    Planning the same run again returns the same batches, so a repeated task changes nothing. With `accept_shrink` the
    batches are believed although they bring fewer dossiers than the guards of the catalogue allow, and with
    `accept_changes` although keys come back with other content.

    The oldest window of a source that has never answered is its opening (`motcua.extract.opening`); with `is_opening`
    that of every source is, or of none.

    Raises:
        ConfigurationError: a named source is unknown or not in force, or there is nothing to plan; or the run asks a
            source for other days already, or its name reads like that of another run: a window would be lost.
    """
    settings = Settings.load()
    sources = _sources_to_plan(catalog, day, record_kind, level, source_ids)
    answers = last_answers()
    guards = load_guards(settings.catalog_dir)
    planned: list[str] = []
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext(:run))"), {"run": f"plan {run_id}"})
        sync_units(connection, catalog)
        before = _planned_before(connection, run_id, [source.source_id for source in sources], window)
        for source in sources:
            if source.source_id in before:
                planned += before[source.source_id]
                continue
            windows = [window] if window else due_windows(source, day, answers.get(source.source_id), guards)
            for number, (window_from, window_to) in enumerate(windows):
                batch_id = batch_id_of(source.source_id, run_id, number)
                planned.append(batch_id)
                written = connection.execute(
                    statement("ledger/plan_batch"),
                    {
                        "batch_id": batch_id,
                        "run_id": run_id,
                        "source_id": source.source_id,
                        "record_kind": source.record_kind,
                        "is_whole": source.options.answers_whole,
                        "level": source.level,
                        "window_from": window_from,
                        "window_to": window_to,
                        "is_shrink_accepted": accept_shrink,
                        "is_change_accepted": accept_changes,
                        "is_opening": number == len(windows) - 1
                        and (_is_first_pull(answers.get(source.source_id)) if is_opening is None else is_opening),
                        "landing_uri": "/".join(
                            (settings.landing_url, source.source_id, f"{window_from}_{window_to}", _slug(run_id))
                        ),
                    },
                )
                if not written.rowcount:
                    raise _taken(run_id, f"its batch {batch_id} belongs to another run")
    return in_chunks(planned)


def take_units(catalog: Catalog) -> None:
    """Copy the units in use into the store, which refuses dossiers of others."""
    with store_engine().begin() as connection:
        sync_units(connection, catalog)


def _is_first_pull(answer: LastAnswer | None) -> bool:
    return answer is None or answer.covered_from is None


def new_run_id(kind: str, now: datetime) -> str:
    """Return an id for a run that a person starts: readable by its time, and one of its own whatever the clock says."""
    return f"{kind}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def _planned_before(
    connection: Connection, run_id: str, source_ids: Sequence[str], window: tuple[date, date] | None
) -> dict[str, list[str]]:
    """Return the batches that the run has of these sources, which ask for every day that is asked for now."""
    batches: dict[str, list[str]] = {}
    for row in connection.execute(
        text(
            "select source_id, array_agg(batch_id order by planned_at, batch_id) as batch_ids, bool_or(is_whole) as"
            " is_whole, min(window_from) as first_day, max(window_to) as last_day"
            " from batch where run_id = :run and source_id = any(:source_ids) group by source_id"
        ),
        {"run": run_id, "source_ids": list(source_ids)},
    ):
        batches[row.source_id] = row.batch_ids
        # The window of a source that gives all it has ends where its answer ends, once it has answered.
        if window and (window[0] < row.first_day or (window[1] > row.last_day and not row.is_whole)):
            asked = f"{row.source_id} for {row.first_day} to {row.last_day}, not {window[0]} to {window[1]}"
            raise _taken(run_id, f"it asks {asked}")
    return batches


def _taken(run_id: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Run {run_id} is planned already: {why}.", action="start the run again with an id that no run has."
    )


def _sources_to_plan(
    catalog: Catalog, day: date, record_kind: str, level: str | None, source_ids: Sequence[str]
) -> list[Source]:
    province = Settings.load().province
    sources = catalog.sources_on(day, level=level, province=province, among=sources_of(catalog, record_kind))
    told = f"source of {record_kind}s of level {level or 'any'}"
    if unknown := sorted(set(source_ids) - {source.source_id for source in sources}):
        raise ConfigurationError(
            f"No {told} called {', '.join(unknown)} is in force on {day}.",
            action="list the ids with `motcua sources list`, or correct valid_from/valid_to in the catalogue.",
        )
    if not sources:
        raise ConfigurationError(
            f"No {told} is in force on {day} for province {province or 'any'}.",
            action="check MOTCUA_PROVINCE and the validity of the sources in the catalogue.",
        )
    return [source for source in sources if not source_ids or source.source_id in set(source_ids)]


def in_chunks(batch_ids: Sequence[str]) -> list[list[str]]:
    """Cut batch ids into what one task handles, `Settings.sources_per_task`."""
    size = Settings.load().sources_per_task
    return [list(batch_ids[start : start + size]) for start in range(0, len(batch_ids), size)]


def batch_id_of(source_id: str, run_id: str, number: int = 0) -> str:
    """Return the id of a source's batch in a run; `number` tells its windows apart where there are several."""
    return f"{source_id}@{_slug(run_id)}" + (f"+{number}" if number else "")


def due_windows(source: Source, day: date, answer: LastAnswer | None, guards: Guards) -> list[tuple[date, date]]:
    """Return the windows a source is to be asked for in the night of a day, the newest first.

    The days since it last answered, and those a batch that failed or was held left unanswered, plus its overlap: there
    is no modified-since filter to ask by. Every so many nights, spread by the source's id, as far back as a sweep
    reaches. What is longer than a bounded window, as after an outage, is cut. A source that always gives all it has
    is asked once for every day since it is in force.
    """
    if source.options.answers_whole:
        begun = bool(answer and answer.covered_from and answer.covered_from <= source.valid_from)
        known = answer.covered_until if answer and begun else None
        since = source.valid_from if known is None else known + timedelta(days=1 - source.overlap_days)
        return [(min(day, max(since, source.valid_from)), day)]
    first = day
    if answer and answer.covered_until:
        first = min(day, answer.covered_until + timedelta(days=1), answer.unanswered_from or day)
        first = min(day, max(first, source.valid_from, day - timedelta(days=guards.catch_up.limit_days)))
    first -= timedelta(days=source.overlap_days)
    if answer and answer.covered_from and is_swept(source.source_id, day, guards):
        first = min(first, max(answer.covered_from, source.valid_from, day - timedelta(days=guards.sweep.days)))
    size = timedelta(days=max(guards.catch_up.window_days, source.overlap_days + 1))
    windows = []
    last = day
    while last >= first:
        start = max(first, last - size + timedelta(days=1))
        windows.append((start, last))
        last = start - timedelta(days=1)
    return windows


def is_swept(source_id: str, day: date, guards: Guards) -> bool:
    """Return whether a source's turn for a wide window comes in the night of a day."""
    spread = int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:8], "big")
    return guards.sweep.days > 0 and (day.toordinal() + spread) % guards.sweep.every_nights == 0


def _slug(run_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id)
