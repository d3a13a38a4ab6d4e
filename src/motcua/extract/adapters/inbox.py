"""What was posted to us, in the store: each message once, in the order of reception, with nothing personal in it."""

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
    """A message as it was kept; its items hold no personal data (`masking`)."""

    service: str
    is_update: bool
    items: Sequence[dict[str, Any]]


def keep(source_id: str, message: Message, dossier_nos: Sequence[str]) -> int | None:
    """Commit a message to disk and return its number; none when it was sent before.

    Two messages of a source are kept one after the other, so that the numbers are the order of reception.
    """
    items = orjson.dumps(message.items).decode()
    content = orjson.dumps([message.service, message.is_update, message.items], option=orjson.OPT_SORT_KEYS)
    with store_engine().begin() as connection:
        # The sender forgets the message when we have said that we have it.
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
        found = connection.execution_options(yield_per=100).execute(
            statement("extract/received_messages"), {"source_id": source_id}
        )
        for row in found:
            yield row.message_id, Message(row.service, row.is_update, unmask(row.items))
