"""What a pull that is complete proves of its source: for which days it speaks, and since when its stock is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from motcua import ledger
from motcua.canonical import KINDS
from motcua.catalog import Source
from motcua.errors import SourceUnavailable
from motcua.extract.adapters.protocol import SourceAdapter, WholeAdapter, Window, can_ask_by_id, tell_books
from motcua.extract.opening import Opening
from motcua.extract.wire.drop_order import Drop
from motcua.settings import TIMEZONE


def proof_of(
    batch: ledger.Batch, source: Source, opening: Opening | None, adapter: SourceAdapter, began: date | None
) -> ledger.Proof:
    """Return what a pull proves beside the answer for its days.

    A list of what is open shows what is open today; what was closed before may be missing from the store. So without an
    opening the stock is complete from the day after the pull, once the days until then are pulled too. It stays so
    while each dossier that is known to be open is asked for by id.

    Args:
        began: since which day a source that gave its register tells all (`book_began`); none of any other.
    """
    first_record = source.first_record_on or ledger.EVERY_DAY
    if began is not None:
        return ledger.Proof(ledger.EVERY_DAY, began, keeps_stock=True, opening_ended_by="register")
    if opening:
        return ledger.Proof(
            receptions_from=batch.window_from,
            stock_from=max(batch.window_from, first_record),
            keeps_stock=True,
            opening_asked_from=opening.asked_from,
            opening_ended_by=opening.ended_by,
        )
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    return ledger.Proof(
        stock_from=max(batch.window_to, today) + timedelta(days=1) if adapter.lists_open else None,
        keeps_stock=can_ask_by_id(adapter),
    )


def register_began(source: Source, register: pa.Table) -> date:
    """Return since which day a register tells all: it may be the first, or come after a book that nobody gave.

    That is the day that the source says (`first_record_on`). Else it is the first of the months in a row, up to the
    newest, in each of which a record was received: one that was carried over from an older book, or has a mistyped day,
    proves nothing of the months between. Where no record has a day each of them is set aside, and keeps any period from
    being final.

    Args:
        register: its rows, with their dispositions.
    """
    if source.first_record_on is not None:
        return source.first_record_on
    records = register.filter(pc.equal(register["disposition"], "record"))
    days = pc.coalesce(records["received_at"], records["submitted_at"])
    months = {at.date().replace(day=1) for at in pc.unique(days).to_pylist() if at}
    if not months:
        return ledger.EVERY_DAY
    began: date = max(months)
    while (before := (began - timedelta(days=1)).replace(day=1)) in months:
        began = before
    return began


def book_began(source: Source, register: pa.Table, known: Callable[[date, date], Sequence[str]]) -> date:
    """Return since which day a register tells all, as `register_began`, beside what the store knows of its source.

    A new book into which dossiers of the month before were carried over begins after it: of its first month it shows
    some of those that the store has, but fewer than half.

    Args:
        register: its rows, with their dispositions.
        known: returns the ids of the source's dossiers in the store that were received from a day to another.
    """
    began = register_began(source, register)
    if source.first_record_on is not None:
        return began
    listed = {*register["dossier_id"].to_pylist()}
    while began > ledger.EVERY_DAY:
        following = (began + timedelta(days=31)).replace(day=1)
        ids = known(began, following - timedelta(days=1))
        shown = listed.intersection(ids)
        if not shown or 2 * len(shown) >= len(ids):
            break
        began = following
    return began


def answers_until(
    source: Source,
    adapter: SourceAdapter | WholeAdapter,
    window: Window,
    listed: pa.Table,
    *,
    is_register: bool = False,
) -> date | None:
    """Return the last day for which a source speaks that gives what it has; none: for every day asked.

    A file says what was so when it was dropped. Asked for later days, it would answer with zeros.

    Args:
        listed: all rows of the answer.

    Raises:
        SourceUnavailable: it speaks for none of the days, its time lies ahead, or its register has no row.
    """
    tell_books(adapter, listed, KINDS[source.record_kind])
    until: date | None = getattr(adapter, "answers_until", None)
    assert window.from_date is not None
    if until is not None and until > datetime.now(ZoneInfo(TIMEZONE)).date():
        raise SourceUnavailable(
            f"{source.source_id}: its file has a time that lies ahead, {until + timedelta(days=1)}:"
            " a clock stood wrong, so it is not known until when it speaks.",
            action="set the clock of the computer that saves it right and save it again, or set the time of the file.",
        )
    if until is not None:
        until = min(until, datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1))
    if until is not None and until < window.from_date:
        last: Drop | None = getattr(adapter, "speaks_last", None)
        name = last.file if last else "its newest file"
        told_apart: Callable[[Drop], str] | None = getattr(adapter, "told_apart", None)
        why = told_apart(last) if last and told_apart else ""
        raise SourceUnavailable(
            f"{source.source_id}: {name} was dropped on {until + timedelta(days=1)},"
            f" so nothing is known of the days from {window.from_date} on.{why}",
            action="ask the unit to save it again, then ingest the source again; name a file that is never saved again"
            " in options.once of the source.",
        )
    if is_register and not listed.num_rows:
        raise SourceUnavailable(
            f"{source.source_id}: its register has no dossier at all, which is no answer (`covers: register`).",
            action="ask the unit for the whole register; a unit that never had a dossier needs no source yet.",
        )
    return until
