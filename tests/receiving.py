"""A reception that listens while a test runs, in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import uvicorn

from motcua.catalog import Catalog
from motcua.extract.reception.app import ReceptionApp
from motcua.extract.reception.take_in import Reception
from motcua.extract.records.privacy import pseudonymiser
from motcua.extract.wire.connection import Resolve
from motcua.settings import Settings

MOST_BYTES = 1 << 20


@contextmanager
def receiving(catalog: Catalog, resolve: Resolve, today: date, **limits: float) -> Iterator[str]:
    """Yield where the inboxes of a catalogue are received."""
    reception = Reception(catalog, resolve, pseudonymiser(Settings.load().hmac_keys()), today=lambda: today)
    app = ReceptionApp(reception, most_bytes=MOST_BYTES, refusal_seconds=0, **limits).app()
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
