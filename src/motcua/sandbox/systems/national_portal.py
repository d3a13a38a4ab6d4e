"""`/api/v1/reporting`: the National Portal's public figures of a world (one_stop_systems.md section b.5).

Known facts of the real portal: requests are POST; success is 201 with `{code, data, message}`; periods are calendar
periods; units are a tree of departments with inconsistent names, and the root has the sum of all departments below it.
The exact structure of its rows was not seen, so the keys `items` and `children` are our choice. The real portal counts
only the dossiers synced to it, so a test may plant differences.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.catalog import load_catalog
from motcua.period import Period, calendar_period
from motcua.sandbox.systems.host import Answer, Host
from motcua.sandbox.world.truth import counted_rows
from motcua.sandbox.world.working_days import day_number
from motcua.settings import Settings

BASE_PATH = "/api/v1/reporting"
FIELDS = ("channelTotalSum", "channelOnlineSum", "totalReceived", "totalOnTime", "totalOverdue")
_TREE = ("channelTotalSum", "channelOnlineSum")
_PROGRESS = ("totalReceived", "totalOnTime", "totalOverdue")
_DEPARTMENTS = uuid.uuid5(uuid.NAMESPACE_URL, "https://motcua.example/sandbox/departments")
_FORMALITIES = uuid.uuid5(uuid.NAMESPACE_URL, "https://motcua.example/sandbox/formalities")

Cells = dict[tuple[str, str], dict[str, int]]  # (unit id, procedure code): counts by field


class Planted(BaseModel):
    """A planted difference between the portal's counts and the systems': `count` dossiers of a unit and procedure.

    `lost` dossiers never reached the portal, `extra` dossiers exist only there, `elsewhere` are counted for another
    unit, `later` in the next month, and `undone` reached the portal without their result.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["lost", "extra", "elsewhere", "later", "undone"]
    unit_id: str
    procedure: str
    count: int = Field(ge=1)
    month: str = Field(pattern=r"^\d{4}-\d\d$")
    other_unit_id: str = ""


def department_id(unit_id: str) -> str:
    """Return the id of a unit in the sandbox's portal."""
    return str(uuid.uuid5(_DEPARTMENTS, unit_id))


def formality_id(code: str) -> str:
    """Return the id of a procedure in the sandbox's portal."""
    return str(uuid.uuid5(_FORMALITIES, code))


class NationalPortal:
    """The public figures of one province."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._planted: tuple[Planted, ...] = ()
        self._cells: dict[tuple[int, Period], Cells] = {}
        catalog = load_catalog(Settings.load().shipped_catalog_dir)
        self._units = catalog.unit_by_id
        self._root = catalog.province_of(host.world.unit_ids[0])
        self._below: dict[str, list[str]] = {}
        for unit_id in host.world.unit_ids:
            served = unit_id
            while (parent_id := self._units[served].parent_id) is not None:
                below = self._below.setdefault(parent_id, [])
                if served not in below:
                    below.append(served)
                served = parent_id

    def routes(self) -> list[Route]:
        return [
            Route(f"{BASE_PATH}/formalities", self._formalities, methods=["POST"]),
            Route(f"{BASE_PATH}/evaluation/provide-online-tree", self._tree, methods=["POST"]),
            Route(f"{BASE_PATH}/evaluation/service-results", self._progress, methods=["POST"]),
            Route("/_sandbox/portal", self._plant, methods=["POST"]),
        ]

    async def _plant(self, request: Request) -> Response:
        try:
            self._planted = tuple(Planted.model_validate(each) for each in orjson.loads(await request.body()))
        except ValidationError as error:
            return Answer({"error": error.errors()[0]["msg"]}, 400)
        self._cells.clear()
        return Answer({"planted": len(self._planted)})

    async def _formalities(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        wanted = str(asked.get("q") or "").casefold()
        found = [
            {"formalityId": formality_id(each.code), "formalityCode": each.code, "formalityName": each.name}
            for each in {procedure.code: procedure for procedure in self._host.world.procedures}.values()
            if wanted in each.code or wanted in each.name.casefold()
        ]
        return _page(found, asked)

    async def _tree(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        cells = self._asked(asked)
        if cells is None:
            return _reply("BAD_REQUEST", None, 400)
        return _reply("OK", [self._node(self._root.unit_id, cells)], 201)

    async def _progress(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        cells = self._asked(asked)
        if cells is None:
            return _reply("BAD_REQUEST", None, 400)
        rows = [self._row(unit_id, cells.get(unit_id, {}), _PROGRESS) for unit_id in self._host.world.unit_ids]
        return _page(rows, asked)

    def _asked(self, asked: Mapping[str, Any]) -> dict[str, dict[str, int]] | None:
        """Return the requested counts by unit, or None if the root is unknown or the period is not valid."""
        if asked.get("rootDepartmentId") != department_id(self._root.unit_id):
            return None
        kind = {"month": "MONTH", "quarter": "QUARTER", "year": "YEAR"}.get(str(asked.get("timeType")))
        number = asked.get(str(asked.get("timeType")), 0)
        if kind is None or not isinstance(asked.get("year"), int) or not isinstance(number, int):
            return None
        period = calendar_period(kind, asked["year"], 0 if kind == "YEAR" else number)
        wanted = asked.get("formalityId")
        found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIELDS, 0))
        for (unit_id, code), counts in self._counts(period).items():
            if wanted in (None, "", formality_id(code)):
                for name, count in counts.items():
                    found[unit_id][name] += count
        return found

    def _counts(self, period: Period) -> Cells:
        key = (self._host.night, period)
        if key not in self._cells:
            self._cells[key] = self._plant_into(self._count(period), period)
        return self._cells[key]

    def _count(self, period: Period) -> Cells:
        world = self._host.world
        first, last = day_number(period.from_date), day_number(period.to_date)
        unit, tests = counted_rows(world, self._host.night, {}, first, last)
        before = counted_rows(world, self._host.night, {}, first, first - 1)[1]["open_total"]
        in_period = tests["received_online"] | tests["received_direct"]
        on_time = tests["resolved_early"] | tests["resolved_on_time"] | tests["withdrawn"] | tests["stopped"]
        on_time |= tests["open_total"] & ~tests["open_overdue"]
        masks = {
            "channelTotalSum": in_period,
            "channelOnlineSum": tests["received_online"],
            "totalReceived": in_period | before,
            "totalOnTime": on_time,
        }
        night = world.nights[self._host.night]
        cells: Cells = {}
        for name, mask in masks.items():
            pairs, counts = np.unique(np.stack([unit[mask], night.procedure[mask]]), axis=1, return_counts=True)
            for place, code, count in zip(*pairs, counts, strict=True):
                if place < len(world.unit_ids) and code >= 0:
                    cell = cells.setdefault(
                        (world.unit_ids[place], world.procedures[code].code), dict.fromkeys(FIELDS, 0)
                    )
                    cell[name] += int(count)
        for cell in cells.values():
            cell["totalOverdue"] = cell["totalReceived"] - cell["totalOnTime"]  # as the real portal does
        return cells

    def _plant_into(self, cells: Cells, period: Period) -> Cells:
        received = ("channelTotalSum", "totalReceived", "totalOnTime")
        for each in self._planted:
            year, month = map(int, each.month.split("-"))
            own = calendar_period("MONTH", year, month)
            after = calendar_period("MONTH", year + month // 12, month % 12 + 1)
            is_own = period.from_date <= own.from_date and own.to_date <= period.to_date
            is_after = period.from_date <= after.from_date and after.to_date <= period.to_date
            moves: list[tuple[str, Sequence[str], int]] = []
            if each.kind == "later" and is_own != is_after:
                moves = [(each.unit_id, received, -each.count if is_own else each.count)]
            elif is_own and each.kind == "undone":
                moves = [(each.unit_id, ("totalOnTime",), -each.count)]
            elif is_own and each.kind != "later":
                moves = [(each.unit_id, received, each.count if each.kind == "extra" else -each.count)]
                if each.kind == "elsewhere":
                    moves.append((each.other_unit_id, received, each.count))
            for unit_id, names, count in moves:
                cell = cells.setdefault((unit_id, each.procedure), dict.fromkeys(FIELDS, 0))
                for name in names:
                    cell[name] += count
        return cells

    def _node(self, unit_id: str, counts: Mapping[str, dict[str, int]]) -> dict[str, Any]:
        children = [self._node(below, counts) for below in self._below.get(unit_id, ())]
        own = counts.get(unit_id, dict.fromkeys(FIELDS, 0))
        summed = {name: own[name] + sum(child[name] for child in children) for name in _TREE}
        return {**self._row(unit_id, summed, _TREE), "children": children}

    def _row(self, unit_id: str, counts: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
        unit = self._units[unit_id]
        name = f"UBND {unit.name[0].lower()}{unit.name[1:]}" if unit.kind in ("district", "commune") else unit.name
        if unit.kind == "commune" and int(unit.code) % 3 == 0:
            name += f" - {self._root.name}"  # only some names have this suffix (quirk d.5)
        return {
            "departmentId": department_id(unit_id),
            "departmentName": name,
            **{each: counts.get(each, 0) for each in names},
        }


def _page(rows: list[dict[str, Any]], asked: Mapping[str, Any]) -> Response:
    number, size = int(asked.get("currentPage") or 1), int(asked.get("pageSize") or 10)
    pagination = {"currentPage": number, "pageSize": size, "total": len(rows)}
    return _reply("OK", {"items": rows[(number - 1) * size : number * size], "pagination": pagination}, 201)


def _reply(code: str, data: Any, status: int) -> Response:
    return Answer({"code": code, "data": data, "message": "" if code == "OK" else "Yêu cầu không hợp lệ"}, status)
