"""The ASGI app: OpenCPS v2 for every system of a world, and the levers a test pulls under /_sandbox."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.sandbox.query import Index, parse_query, parse_range
from motcua.sandbox.records import RecordWriter
from motcua.sandbox.working_days import Ints
from motcua.sandbox.world import Kind, World

BASE_PATH = "/o/rest/v2"


class Answer(Response):
    """A JSON answer by orjson, NumPy included."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


@dataclass
class Served:
    """What was answered since the last reset, for a test to reconcile with the pipeline's ledger."""

    size: int
    seen: Any = field(init=False)
    rows: dict[int, int] = field(default_factory=dict)
    requests: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.size, np.bool_)

    def count(self, group_id: int, rows: Ints) -> None:
        self.seen[rows] = True
        self.rows[group_id] = self.rows.get(group_id, 0) + len(rows)


class Host:
    """One OpenCPS host: the world, which night it is, who is down, and the account that may ask."""

    def __init__(self, world: World, login: str, password: str) -> None:
        self.world = world
        self.night = 1
        self.down: set[int] = set()
        self.served = Served(len(world))
        self.indexes = {night: Index(world, night) for night in world.nights}
        self._writer = RecordWriter(world)
        self._credentials = f"{login}:{password}".encode()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(f"{BASE_PATH}/dossiers", self._as_system(self._list)),
                Route(f"{BASE_PATH}/dossiers/{{dossier_id:int}}", self._as_system(self._detail)),
                Route("/_sandbox/night", self._set_night, methods=["POST"]),
                Route("/_sandbox/down", self._set_down, methods=["POST"]),
                Route("/_sandbox/status", self._status),
                Route("/_sandbox/served", self._served),
                Route("/_sandbox/served/reset", self._reset_served, methods=["POST"]),
            ]
        )

    def _as_system(self, answer: Callable[[Request, int], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Let a request through to the system its groupId names, if it may and the system is up."""

        async def endpoint(request: Request) -> Response:
            if not self._may_ask(request.headers.get("authorization", "")):
                return Answer(_error("not authenticated"), 401, {"WWW-Authenticate": 'Basic realm="OpenCPS"'})
            text = request.headers.get("groupId", "")
            group_id = int(text) if text.isdigit() else 0
            if group_id not in self.world.group_ids:
                return Answer(_error("no permission on this site"), 403)
            self.served.requests[group_id] = self.served.requests.get(group_id, 0) + 1
            if group_id in self.down:
                return Answer(_error("site is under maintenance"), 503)
            return answer(request, group_id)

        return endpoint

    def _may_ask(self, header: str) -> bool:
        kind, _, credentials = header.partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, self._credentials)

    def _list(self, request: Request, group_id: int) -> Response:
        rows = self.indexes[self.night].answer(group_id, parse_query(request.query_params))
        start, end = parse_range(request.query_params, len(rows))
        page = rows[start:end]
        self.served.count(group_id, page)
        return Answer({"total": len(rows), "data": self._writer.records(self.night, page)})

    def _detail(self, request: Request, group_id: int) -> Response:
        rows = self.indexes[self.night].find(group_id, request.path_params["dossier_id"])
        if not len(rows):
            return Answer(_error("no such dossier"), 404)
        self.served.count(group_id, rows)
        return Answer(self._writer.records(self.night, rows)[0])

    async def _set_night(self, request: Request) -> Response:
        night = orjson.loads(await request.body()).get("night")
        if night not in self.indexes:
            return Answer(_error(f"night must be one of {sorted(self.indexes)}"), 400)
        self.night = night
        return await self._status(request)

    async def _set_down(self, request: Request) -> Response:
        asked = set(orjson.loads(await request.body()).get("group_ids", []))
        unknown = sorted(asked - set(self.world.group_ids))
        if unknown:
            return Answer(_error(f"unknown group_ids {unknown}"), 400)
        self.down = asked
        return await self._status(request)

    async def _status(self, request: Request) -> Response:
        scenario = self.world.scenario
        return Answer(
            {
                "scenario": scenario.scenario_id,
                "from_date": scenario.from_date,
                "to_date": scenario.to_date,
                "night": self.night,
                "down": sorted(self.down),
                "group_ids": self.world.group_ids,
                "records": len(self.world),
            }
        )

    async def _served(self, request: Request) -> Response:
        night = self.world.nights[self.night]
        distinct = np.bincount(night.group[self.served.seen], minlength=len(self.world.group_ids))
        truth = {number: self._truth(number) for number in self.indexes}
        return Answer(
            {
                str(group_id): {
                    "requests": self.served.requests.get(group_id, 0),
                    "rows": self.served.rows.get(group_id, 0),
                    "distinct": distinct[position],
                    "truth": {str(number): truth[number][position] for number in truth},
                }
                for position, group_id in enumerate(self.world.group_ids)
            }
        )

    def _truth(self, number: int) -> list[dict[str, int]]:
        """Return, for each system, what a complete pull of the period finds on a night.

        `records` were received in the period (local days) and are listed without asking for children; `copies` and
        `broken` are those of them that are public copies or break a rule; `children` come only when asked for.
        """
        index, night, cells = self.indexes[number], self.world.nights[number], []
        for group_id in self.world.group_ids:
            rows = index.rows(group_id)
            rows = rows[self.world.in_period[rows]]
            listed = rows[~index.is_child(rows)]
            cells.append(
                {
                    "records": len(listed),
                    "copies": int(np.count_nonzero(night.kind[listed] == Kind.COPY)),
                    "broken": int(np.count_nonzero(night.broken[listed])),
                    "children": len(rows) - len(listed),
                }
            )
        return cells

    async def _reset_served(self, request: Request) -> Response:
        self.served = Served(len(self.world))
        return await self._status(request)


def _error(text: str) -> dict[str, str]:
    return {"error": text}
