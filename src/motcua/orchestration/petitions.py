"""The task bodies of `ingest_petitions`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from motcua.catalog.petitions import petition_sources
from motcua.errors import ContractBroken
from motcua.settings import Settings

log = logging.getLogger(__name__)


def plan_sources(params: Mapping[str, Any]) -> list[str]:
    """Return the sources of petitions to read: those the conf names, else all of the catalogue.

    Raises:
        AirflowSkipException: the catalogue has none.
    """
    if named := params.get("sources"):
        return list(named)
    sources = [source.source_id for source in petition_sources(Settings.load().catalog_dir)]
    if not sources:
        raise AirflowSkipException("The catalogue has no source of petitions (docs/how-to/take-in-petitions.md).")
    return sources


def take(source_id: str) -> dict[str, int]:
    """Read the dropped tables of one source; what is sound is taken in whatever the other rows are.

    Raises:
        ContractBroken: a row was refused; the log says which, and by which rule.
    """
    from motcua.extract.petitions import take_petitions

    [outcome] = take_petitions((source_id,))
    for reason in outcome.refused:
        log.warning("%s: %s", source_id, reason)
    log.info("%s: %d of %d rows taken in", source_id, outcome.taken_count, outcome.row_count)
    if outcome.refused:
        raise ContractBroken(
            f"{source_id}: {len(outcome.refused)} of {outcome.row_count} rows refused, the first is"
            f" {outcome.refused[0]}.",
            action="correct the file, or the source in petitions/ of the catalogue, and clear the task.",
        )
    return {"rows": outcome.row_count, "taken": outcome.taken_count}
