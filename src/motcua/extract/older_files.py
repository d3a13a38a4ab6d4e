"""Notices that dropped files went back in time: an older copy was put back, or a file is gone.

A pull is newer than the pulls before it, so what it says wins. Files that are older than those that the last accepted
pull read would win too. Such a pull is held by name before anything of it is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from motcua import landing, ledger
from motcua.catalog import Source
from motcua.errors import BatchHeld, ContractBroken
from motcua.extract.wire.drop_order import Drop
from motcua.settings import TIMEZONE
from motcua.warehouse import statement, store_engine

SHOWN = 5  # files that a message names

log = logging.getLogger(__name__)


def check_files(batch: ledger.Batch, source: Source, newest: Sequence[Drop]) -> list[dict[str, str]]:
    """Hold a batch whose files went back in time. Return its files, for the manifest.

    Args:
        newest: the newest file of each series of the pull; none of a source without files.

    Raises:
        BatchHeld: a file is older than the pull before read it, or is gone, and nobody accepted that.
    """
    stated = [
        {"file": drop.file, "dropped_at": drop.dropped_at.isoformat()} for drop in newest if drop.dropped_at is not None
    ]
    if not newest or batch.is_change_accepted:
        return stated
    pull, before = _read_before(source)
    told = gone_back(before, newest, pull, lists_all=source.lists_all)
    if told:
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        raise BatchHeld(
            f"{source.source_id}: its files went back in time: {'; '.join(told[:SHOWN])}{more}. Nothing was loaded.",
            action=f"put the newer file back, or, where the older is right, use `{_command(source)}`.",
        )
    return stated


def gone_back(before: Sequence[Drop], now: Sequence[Drop], pull: str, *, lists_all: bool = True) -> list[str]:
    """Say of each series in which way it went back in time.

    Args:
        before, now: the newest file of each series, then and now, each with its time.
        pull: the batch that read `before`.
        lists_all: false for a source of changes, which need not keep what it sent.
    """
    newest = {drop.series: drop for drop in now}
    told = []
    for was in before:
        is_now = newest.get(was.series)
        read = f"the pull of {pull} read {'it' if is_now is None or is_now.file == was.file else was.file}"
        if is_now is None:
            if lists_all:
                told.append(f"{was.file} is gone; {read} as saved {_day(was)}")
        elif _at(is_now) < _at(was):
            told.append(f"{is_now.file} was saved {_day(is_now)}; {read} as saved {_day(was)}")
    return told


def _read_before(source: Source) -> tuple[str, list[Drop]]:
    """Return the newest file of each series of the last accepted pull, and its batch; none where that is not known."""
    with store_engine().connect() as connection:
        last = connection.execute(statement("extract/last_files"), {"source_id": source.source_id}).one_or_none()
    if last is None:
        return "", []
    try:
        files = landing.read_manifest(last.landing_uri).get("files") or []
    except (ContractBroken, OSError) as error:
        log.warning(
            "%s: the manifest of batch %s cannot be read (%s), so it is not known whether its files went back in time",
            source.source_id,
            last.batch_id,
            type(error).__name__,
        )
        return last.batch_id, []
    return last.batch_id, [Drop(one["file"], datetime.fromisoformat(one["dropped_at"])) for one in files]


def _at(drop: Drop) -> datetime:
    assert drop.dropped_at is not None
    return drop.dropped_at


def _day(drop: Drop) -> str:
    return f"{_at(drop).astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d at %H:%M:%S}"


def _command(source: Source) -> str:
    command = "motcua ingest" if source.record_kind == "dossier" else "motcua petitions ingest"
    return f"{command} --source {source.source_id} --accept-changes"
