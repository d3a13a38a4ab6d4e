"""The dossiers a bench is about: a scenario brought to a number of them, served or written out by the sandbox.

A page of a listing is rendered once and kept as bytes. Who asks for it again waits for the sending alone, so that on a
machine that is client and server in one the clients are compared and not the sandbox.

`python bench/dossiers.py serve SCENARIO NUMBER`, `python bench/dossiers.py write SCENARIO NUMBER PROTOCOL FOLDER`
"""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import uvicorn

from motcua.sandbox.app import Sandbox
from motcua.sandbox.exports.export import export
from motcua.sandbox.serve import LOGIN_VARIABLE, PASSWORD_VARIABLE, SandboxServer
from motcua.sandbox.systems import portal_sync
from motcua.sandbox.systems.tandan import LIST_PATHS
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import Scenario, load_scenario

READY = "pages ready on "
LISTINGS = ("/o/rest/v2/dossiers", "/igate/pa/dossier/search", *LIST_PATHS)
LEVER = "/_bench/kept"
MESSAGES = "/portal_sync/items"  # what the messages hold, as a REST source would list it
MESSAGES_FOLDER = "BENCH_MESSAGES"
MESSAGES_PAGE = 1000


def of_size(scenario_id: str, dossiers: int) -> Scenario:
    """Return the scenario with this many dossiers received in all, its other figures in proportion.

    Nothing is carried over: a listing of the period's days is all that is compared, and all that dlt asks for.
    """
    scenario = load_scenario(scenario_id)
    share = dossiers / sum(level.received for level in scenario.levels.values())

    def scaled(part: Any) -> Any:
        counts = {name: value for name, value in part.model_dump().items() if isinstance(value, int)}
        return part.model_copy(update={name: round(value * share) for name, value in counts.items()})

    levels = {level: scaled(totals).model_copy(update={"carried_over": 0}) for level, totals in scenario.levels.items()}
    first = next(iter(levels))
    rest = dossiers - sum(level.received for level in levels.values())
    levels[first] = levels[first].model_copy(update={"received": levels[first].received + rest})
    return scenario.model_copy(
        update={
            "levels": levels,
            "past_per_unit": 0,
            "changes": scaled(scenario.changes),
            "noise": scaled(scenario.noise),
        }
    )


class KeptPages:
    """Answers a listing's page from memory once the app has answered it; everything else goes through to the app."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._kept: dict[Any, list[Any]] = {}
        self._rendered = 0
        self._pages: dict[str, bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == LEVER:
            await self._tell(scope, send)
            return
        if scope["type"] == "http" and scope["path"] == MESSAGES:
            await _give(send, self._messages(dict(parse_qsl(scope["query_string"].decode()))["page"]))
            return
        if scope["type"] != "http" or not scope["path"].startswith(LISTINGS):
            await self._app(scope, receive, send)
            return
        body = b""
        is_more = True
        while is_more:
            message = await receive()
            body += message.get("body", b"")
            is_more = message.get("more_body", False)
        question = tuple(sorted(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)))
        asked = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body else b""
        key = scope["method"], scope["path"], question, asked
        if key not in self._kept:
            answer: list[Any] = []

            async def given() -> Any:
                return {"type": "http.request", "body": body, "more_body": False}

            async def keep(message: Any) -> None:
                answer.append(message)

            await self._app(scope, given, keep)
            self._rendered += 1
            if answer[0]["status"] == 200:
                self._kept[key] = answer
        else:
            answer = self._kept[key]
        for message in answer:
            await send(dict(message))

    async def _tell(self, scope: Any, send: Any) -> None:
        """Say how many pages were rendered since it was last asked; a POST lets go of those that are kept."""
        content = orjson.dumps({"rendered": self._rendered, "kept": len(self._kept)})
        self._rendered = 0
        if scope["method"] == "POST":
            self._kept.clear()
        await _give(send, content)

    def _messages(self, page: str) -> bytes:
        if page not in self._pages:
            self._pages[page] = (Path(os.environ[MESSAGES_FOLDER]) / f"{page}.json").read_bytes()
        return self._pages[page]


async def _give(send: Any, content: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class PageServer(SandboxServer):
    """The sandbox in a process of its own, behind kept pages."""

    def __init__(self, scenario_id: str, dossiers: int, messages: Path) -> None:
        super().__init__(scenario_id)
        self._dossiers = dossiers
        self._messages = messages

    def start(self, log: Path | None = None) -> PageServer:
        """Start the process and wait until it listens."""
        command = [sys.executable, __file__, "serve", self.scenario_id, str(self._dossiers)]
        account = {LOGIN_VARIABLE: self.login, PASSWORD_VARIABLE: self.password}
        account[MESSAGES_FOLDER] = str(self._messages)
        self._process = subprocess.Popen(command, env=os.environ | account, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(READY), "the pages are not served; see above"
        self.url = line.removeprefix(READY).strip()
        return self


def serve(scenario: Scenario) -> None:
    """Answer on a free port of 127.0.0.1 until stopped."""
    sandbox = Sandbox(build_world(scenario), os.environ[LOGIN_VARIABLE], os.environ[PASSWORD_VARIABLE])
    gc.freeze()
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(f"{READY}http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        KeptPages(sandbox.app()), log_level="warning", access_log=False, lifespan="off", date_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])


def write_once(world: World, folder: Path) -> int:
    """Write one `DongBoHoSoMC` item for each dossier, as the last whole one of the sandbox says; return the messages.

    The sandbox tells a dossier some four times, step by step. A record here is to be a dossier, as in a listing.
    """
    last: dict[str, Any] = {}
    ((_, group_id),) = enumerate(world.group_ids)
    for service, _, items in portal_sync._batches(world, 1, group_id, "2025", None):
        if service == portal_sync.WHOLE:
            last.update((item["MaHoSo"], item) for item in items)
    own = folder / str(group_id)
    own.mkdir(parents=True)
    chunks = list(portal_sync._chunks(list(last.values()), portal_sync.WHOLE_CHUNK))
    for number, items in enumerate(chunks, start=1):
        message = {"session": "", "madonvi": world.unit_codes[0], "service": portal_sync.WHOLE, "isUpdating": "False"}
        (own / f"{number:06d}-{portal_sync.WHOLE}.json").write_bytes(orjson.dumps(message | {"data": items}))
    pages = list(portal_sync._chunks(list(last.values()), MESSAGES_PAGE))
    (folder / "pages").mkdir()
    for number, items in enumerate(pages, start=1):
        page = {"page": number, "pages": len(pages), "data": items}
        (folder / "pages" / f"{number}.json").write_bytes(orjson.dumps(page))
    return len(chunks)


def main() -> None:
    what, scenario_id, dossiers, *rest = sys.argv[1:]
    scenario = of_size(scenario_id, int(dossiers))
    if what == "serve":
        serve(scenario)
    else:
        protocol, folder = rest
        if protocol == "portal_sync":
            print(f"{write_once(build_world(scenario), Path(folder))} messages in {folder}")
            return
        form = "csv_utf8" if protocol == "files" else None
        print(export(build_world(scenario), protocol, folder, night=1, form=form))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
