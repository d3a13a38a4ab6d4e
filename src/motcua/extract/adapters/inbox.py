"""The store of posted messages: each message once, in the order of reception, without personal data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from motcua.extract.records.masking import unmask
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class Message:
    """A stored message. Its items hold no personal data (`masking`)."""

    service: str
    is_update: bool
    items: Sequence[dict[str, Any]]


def keep(source_id: str, message: Message, dossier_nos: Sequence[str]) -> int | None:
    """Commit a message to disk and return its number, or None when the same message is already stored.

    The messages of a source are stored one after the other, so that the numbers give the order of reception.
    """
    items = orjson.dumps(message.items).decode()
    content = orjson.dumps([message.service, message.is_update, message.items], option=orjson.OPT_SORT_KEYS)
    with store_engine().begin() as connection:
        # The sender deletes the message after our confirmation, so it must be on disk before.
        connection.execute(text("set local synchronous_commit = on"))
        connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"inbox {source_id}"})
        number: int | None = connection.execute(
            statement("extract/keep_message"),
            {
                "source_id": source_id,
                "service": message.service,
                "is_update": message.is_update,
                "dossier_nos": list(dossier_nos),
                "items": items,
                "content_sha256": hashlib.sha256(content).hexdigest(),
            },
        ).scalar()
    return number


def read(source_id: str) -> Iterator[tuple[int, Message]]:
    """Yield the messages of a source with their numbers, in the order of reception."""
    with store_engine().connect() as connection:
        rows = connection.execution_options(yield_per=100).execute(
            statement("extract/received_messages"), {"source_id": source_id}
        )
        for row in rows:
            yield row.message_id, Message(row.service, row.is_update, unmask(row.items))
