"""The ASGI app: every protocol of a world, the faults in front of them, and the test controls under /_sandbox."""

from __future__ import annotations

import numpy as np
import orjson
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.sandbox.systems.faults import FaultPlan, Faults
from motcua.sandbox.systems.host import Answer, Host, Served
from motcua.sandbox.systems.igate import Igate
from motcua.sandbox.systems.misbehaviour import Asgi, Misbehaviour
from motcua.sandbox.systems.national_portal import NationalPortal
from motcua.sandbox.systems.opencps import Opencps
from motcua.sandbox.systems.tandan import Tandan
from motcua.sandbox.world.columns import Kind, World


class Sandbox:
    """One host that answers in every protocol."""

    def __init__(self, world: World, login: str, password: str) -> None:
        self.host = Host(world, login, password)
        self.faults = Faults()
        self._opencps, self._igate, self._tandan = Opencps(self.host), Igate(self.host), Tandan(self.host)
        self._portal = NationalPortal(self.host)

    def app(self) -> Asgi:
        protocols = (self._opencps, self._igate, self._tandan, self._portal)
        controls = [
            Route("/_sandbox/night", self._set_night, methods=["POST"]),
            Route("/_sandbox/down", self._set_down, methods=["POST"]),
            Route("/_sandbox/tokens", self._set_tokens, methods=["POST"]),
            Route("/_sandbox/faults", self._set_faults, methods=["POST"]),
            Route("/_sandbox/faults", self._faults),
            Route("/_sandbox/status", self._status),
            Route("/_sandbox/served", self._served),
            Route("/_sandbox/served/reset", self._reset_served, methods=["POST"]),
        ]
        routes = [route for protocol in protocols for route in protocol.routes()]
        groups = {"igate": self._igate.group_of, "tandan": self._tandan.group_of}
        return Misbehaviour(Starlette(routes=[*routes, *controls]), self.faults, groups, self.host.tokens.revoke)

    async def _set_night(self, request: Request) -> Response:
        night = orjson.loads(await request.body()).get("night")
        if night not in self.host.world.nights:
            return Answer(_error(f"night must be one of {sorted(self.host.world.nights)}"), 400)
        self.host.night = night
        return await self._status(request)

    async def _set_down(self, request: Request) -> Response:
        asked = set(orjson.loads(await request.body()).get("group_ids", []))
        unknown = sorted(asked - set(self.host.world.group_ids))
        if unknown:
            return Answer(_error(f"unknown group_ids {unknown}"), 400)
        self.host.down = asked
        return await self._status(request)

    async def _set_tokens(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        self.host.tokens.seconds = float(asked.get("expires_in", self.host.tokens.seconds))
        if asked.get("revoke"):
            self.host.tokens.revoke()
        return Answer({"expires_in": self.host.tokens.seconds, "issued": self.host.tokens.issued})

    async def _set_faults(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        try:
            plan = FaultPlan.model_validate({"faults": asked} if isinstance(asked, list) else asked)
        except ValidationError as error:
            first = error.errors()[0]
            return Answer(_error(f"{'.'.join(map(str, first['loc']))}: {first['msg']}"), 400)
        self.faults.plan(plan)
        return await self._faults(request)

    async def _faults(self, request: Request) -> Response:
        return Answer(self.faults.report())

    async def _status(self, request: Request) -> Response:
        scenario = self.host.world.scenario
        return Answer(
            {
                "scenario": scenario.scenario_id,
                "from_date": scenario.from_date,
                "to_date": scenario.to_date,
                "night": self.host.night,
                "down": sorted(self.host.down),
                "group_ids": self.host.world.group_ids,
                "records": len(self.host.world),
            }
        )

    async def _served(self, request: Request) -> Response:
        host = self.host
        night = host.world.nights[host.night]
        distinct = np.bincount(night.group[host.served.seen], minlength=len(host.world.group_ids))
        truth = {number: self._truth(number) for number in sorted({1, 2, host.night})}
        return Answer(
            {
                str(group_id): {
                    "requests": host.served.requests.get(group_id, 0),
                    "rows": host.served.rows.get(group_id, 0),
                    "distinct": distinct[position],
                    "truth": {str(number): truth[number][position] for number in truth},
                }
                for position, group_id in enumerate(host.world.group_ids)
            }
        )

    def _truth(self, number: int) -> list[dict[str, int]]:
        """Return, for each system, the counts that a complete pull of the period finds on a night.

        `records` were received in the period (local days) and are listed by default. `copies` and `broken` are the
        records among them that are public copies or break a rule. `children` are listed only on request.
        """
        world, index = self.host.world, self._opencps.indexes[number]
        night, cells = world.nights[number], []
        for group_id in world.group_ids:
            rows = index.rows(group_id)
            rows = rows[world.in_period[rows]]
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
        self.host.served = Served(len(self.host.world))
        return await self._status(request)


def _error(text: str) -> dict[str, str]:
    return {"error": text}
