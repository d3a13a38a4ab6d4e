"""`/o/rest/v2`: OpenCPS v2 for every site of the world (one_stop_systems.md section a)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.sandbox.systems.dossier_values import ByNight
from motcua.sandbox.systems.host import Answer, Host
from motcua.sandbox.systems.paging import NO_FAULT, SCOPE_KEY, cut
from motcua.sandbox.systems.query import Index, parse_query, parse_range
from motcua.sandbox.systems.records import RecordWriter

BASE_PATH = "/o/rest/v2"


class Opencps:
    """The sites of one host. The groupId header of a request names the site."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.indexes = ByNight(lambda night: Index(host.world, night))
        self._writer = RecordWriter(host.world)

    def routes(self) -> list[Route]:
        return [
            Route(f"{BASE_PATH}/dossiers", self._as_system(self._list)),
            Route(f"{BASE_PATH}/dossiers/{{dossier_id:int}}", self._as_system(self._detail)),
        ]

    def _as_system(self, answer: Callable[[Request, int], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Pass a request to the system of its groupId, if the account is accepted and the system is up."""

        async def endpoint(request: Request) -> Response:
            if not self._host.accepts_basic(request.headers.get("authorization", "")):
                return Answer(_error("not authenticated"), 401, {"WWW-Authenticate": 'Basic realm="OpenCPS"'})
            text = request.headers.get("groupId", "")
            group_id = int(text) if text.isdigit() else 0
            if group_id not in self._host.world.group_ids:
                return Answer(_error("no permission on this site"), 403)
            self._host.served.count_request(group_id)
            if group_id in self._host.down:
                return Answer(_error("site is under maintenance"), 503)
            return answer(request, group_id)

        return endpoint

    def _list(self, request: Request, group_id: int) -> Response:
        index, query = self.indexes[self._host.night], parse_query(request.query_params)
        rows = index.answer(group_id, query)
        start, end = parse_range(request.query_params, len(rows))
        fault = request.scope.get(SCOPE_KEY, NO_FAULT)
        night = self._host.world.nights[self._host.night]
        page, total = cut(
            rows, getattr(night, query.sort)[rows], night.dossier_id[rows], start, fault.size(end - start), fault
        )
        self._host.served.count_rows(group_id, page)
        return Answer({"total": total, "data": self._writer.records(self._host.night, page)})

    def _detail(self, request: Request, group_id: int) -> Response:
        rows = self.indexes[self._host.night].find(group_id, request.path_params["dossier_id"])
        if not len(rows):
            return Answer(_error("no such dossier"), 404)
        self._host.served.count_rows(group_id, rows)
        return Answer(self._writer.records(self._host.night, rows)[0])


def _error(text: str) -> dict[str, str]:
    return {"error": text}
