"""`/tandan`: Tân Dân's TD.DichVuCongApi (one_stop_systems.md section a.7).

Page numbers begin at 1. Soft-deleted rows are in the same table with `deletedOn` and are hidden unless `removed` is
null. The real system has two more quirks: `tiepNhanTo` is compared as an instant, so a date without a time excludes
that day; and certifications (`laHoSoChungThuc`) are not listed without `searchAllType`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.sandbox.systems.dossier_values import DIRECT, NATIONAL_TEXTS, ByNight, DossierValues, Holdings
from motcua.sandbox.systems.host import Answer, Host
from motcua.sandbox.systems.paging import NO_FAULT, SCOPE_KEY, Answers, cut
from motcua.sandbox.systems.written import Writer
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import Columns
from motcua.sandbox.world.working_days import Ints

BASE_PATH = "/tandan"
LIST_PATHS = (f"{BASE_PATH}/api/v1/hoso/search", f"{BASE_PATH}/api/HoSo")
DEFAULT_PAGE = 10
CERTIFICATION_FIELD = "G15-TP08"

_UNIT_KEYS = ("groupcode", "unitcode", "donviid", "madonvi")
_written = Writer("%Y-%m-%d", "T{:02d}:{:02d}:{:02d}", None)


def dossier_key(dossier_id: int) -> str:
    """Return the id of a dossier in Tân Dân: a GUID made from its number."""
    return str(uuid.UUID(int=dossier_id))


class Tandan:
    """The province's only Tân Dân system, which serves every unit of the world."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._holdings = ByNight(lambda night: Holdings(host.world, night))
        names = [str(group_id) for group_id in host.world.group_ids]
        self._group_of = dict(zip(names, host.world.group_ids, strict=True))
        self._group_of |= dict(zip(host.world.unit_codes, host.world.group_ids, strict=False))
        self._answers = Answers()
        self._is_certification = np.array(
            [*(procedure.field_code == CERTIFICATION_FIELD for procedure in host.world.procedures), False]
        )

    def routes(self) -> list[Route]:
        lists = [Route(path, self._with_login(self._list), methods=["GET", "POST"]) for path in LIST_PATHS]
        details = [
            Route(f"{path}/{{key}}", self._with_login(self._detail))
            for path in (f"{BASE_PATH}/api/v1/hoso", f"{BASE_PATH}/api/HoSo")
        ]
        return [Route(f"{BASE_PATH}/api/tokens", self._token, methods=["POST"]), *lists, *details]

    def group_of(self, path: str, parameters: Mapping[str, Any]) -> int | None:
        """Return the groupId that a request is for, or None when it is not for a single unit."""
        if path in LIST_PATHS:
            asked = _lowered(parameters)
            return next((self._group_of.get(str(asked[key])) for key in _UNIT_KEYS if asked.get(key)), None)
        rows = self._find(path.rsplit("/", 1)[-1])
        return self._host.world.group_ids[self._night.group[rows[0]]] if len(rows) else None

    @property
    def _night(self) -> Columns:
        return self._host.world.nights[self._host.night]

    async def _token(self, request: Request) -> Response:
        try:
            asked = _lowered(orjson.loads(await request.body()))
        except (orjson.JSONDecodeError, AttributeError):
            return Answer(_failed("The request is not JSON."), 400)
        login = str(asked.get("email") or asked.get("username") or "")
        if not self._host.accepts_login(login, str(asked.get("password", ""))):
            return Answer(_failed("Authentication Failed."), 401)
        ends = "2099-01-01T00:00:00"
        return Answer({"token": self._host.tokens.issue(), "refreshToken": "none", "refreshTokenExpiryTime": ends})

    def _with_login(
        self, answer: Callable[[Request, Mapping[str, Any]], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            authorization = request.headers.get("authorization", "")
            if not (self._host.tokens.is_valid(authorization) or self._host.accepts_basic(authorization)):
                return Answer(_failed("Authentication Failed."), 401, {"WWW-Authenticate": "Bearer"})
            asked: dict[str, Any] = dict(request.query_params)
            if request.method == "POST":
                try:
                    asked |= orjson.loads(await request.body() or b"{}")
                except (orjson.JSONDecodeError, TypeError):
                    return Answer(_failed("The request is not a JSON object."), 400)
            group_id = self.group_of(request.url.path, asked)
            if group_id is not None:
                self._host.served.count_request(group_id)
                if group_id in self._host.down:
                    return Answer(_failed("Hệ thống đang bảo trì"), 503)
            return answer(request, _lowered(asked))

        return endpoint

    def _list(self, request: Request, asked: Mapping[str, Any]) -> Response:
        night = self._night
        try:
            number = max(int(asked.get("pagenumber") or 1), 1)
            size = int(asked.get("pagesize") or DEFAULT_PAGE)
            question = tuple(sorted((key, str(asked[key])) for key in asked if key not in ("pagenumber", "pagesize")))
            rows = self._answers.get((self._host.night, question), lambda: self._listing(asked))
        except ValueError as error:
            return Answer(_failed(str(error)), 400)
        fault = request.scope.get(SCOPE_KEY, NO_FAULT)
        size = fault.size(max(size, 1))
        page, total = cut(rows, self._order(asked)[rows], night.dossier_id[rows], (number - 1) * size, size, fault)
        for place in np.unique(night.group[page]).tolist():
            self._host.served.count_rows(self._host.world.group_ids[place], page[night.group[page] == place])
        pages = -(-total // size)
        return Answer(
            _succeeded(
                {
                    "data": self._records(page),
                    "currentPage": number,
                    "totalPages": pages,
                    "totalCount": total,
                    "pageSize": size,
                    "hasPreviousPage": number > 1,
                    "hasNextPage": number < pages,
                }
            )
        )

    def _order(self, asked: Mapping[str, Any]) -> Ints:
        night = self._night
        return night.modified if "LastModifiedOn" in _listed(asked.get("orderby")) else night.created

    def _listing(self, asked: Mapping[str, Any]) -> Ints:
        """Return the matching rows, the newest first."""
        rows = self._matching(asked)
        return rows[np.lexsort((self._night.dossier_id[rows], -self._order(asked)[rows]))]

    def _matching(self, asked: Mapping[str, Any]) -> Ints:
        """Return the matching rows. Raises ValueError for a value that the system cannot read."""
        night, named = self._night, [asked[key] for key in _UNIT_KEYS if asked.get(key)]
        group_id = self._group_of.get(str(named[0])) if named else None
        if named and group_id is None:
            return np.zeros(0, np.int64)
        rows = self._holdings[self._host.night].rows(group_id, is_deleted=_flag(asked.get("removed", False)))
        matches: npt.NDArray[np.bool_] = np.ones(len(rows), np.bool_)
        if not _flag(asked.get("searchalltype", False)):
            is_certification = self._is_certification[night.procedure[rows]]
            matches &= is_certification == bool(_flag(asked.get("lahosochungthuc", False)))
        for column, first, last in (("received", "tiepnhanfrom", "tiepnhanto"),
                                    ("submitted", "nophosotungay", "nophosodenngay")):  # fmt: skip
            instant = getattr(night, column)[rows]
            if text := asked.get(first):
                matches &= (instant > 0) & (instant >= _second(text))
            if text := asked.get(last):
                matches &= (instant > 0) & (instant <= _second(text))
        national = np.array(DossierValues(self._host.world, night, rows).national)
        wanted = [*_listed(asked.get("matrangthai")), *_listed(asked.get("inmatrangthais"))]
        if wanted:
            matches &= np.isin(national, [int(code) for code in wanted])
        if unwanted := _listed(asked.get("notinmatrangthais")):
            matches &= ~np.isin(national, [int(code) for code in unwanted])
        rows = rows[matches]
        if text := asked.get("mahoso"):
            numbers = DossierValues(self._host.world, night, rows).numbers
            rows = rows[np.array([str(text) in number for number in numbers], np.bool_)]
        return rows

    def _find(self, key: str) -> Ints:
        try:
            number = uuid.UUID(key).int
        except ValueError:
            return np.zeros(0, np.int64)
        holdings = self._holdings[self._host.night]
        rows = holdings.rows(None, is_deleted=None)
        found: Ints = rows[holdings.columns.dossier_id[rows] == min(number, 2**62)]
        return found

    def _detail(self, request: Request, asked: Mapping[str, Any]) -> Response:
        rows = self._find(request.path_params["key"])
        if not len(rows):
            return Answer(_failed("Không tìm thấy hồ sơ"), 404)
        self._host.served.count_rows(self._host.world.group_ids[self._night.group[rows[0]]], rows)
        return Answer(_succeeded(self._records(rows)[0]))

    def _records(self, rows: Ints) -> list[dict[str, Any]]:
        dossiers = DossierValues(self._host.world, self._night, rows)
        person, national, fields = dossiers.of("person"), dossiers.national, dossiers.procedure(lambda p: p.field_code)
        is_deleted = self._night.originality[rows] < 0
        deleted = np.where(is_deleted, dossiers.modified + 3600, 0)
        columns: dict[str, list[Any]] = {
            "id": [dossier_key(number) for number in dossiers.ids],
            "maHoSo": [number or None for number in dossiers.numbers],
            "maHoSoKhac": [None] * len(rows),
            "donViId": [str(group_id) for group_id in dossiers.groups],
            "maDinhDanh": dossiers.unit_codes,
            "tenDonVi": dossiers.unit_names,
            # Some rows have no channel; the QĐ 766 formula counts them as direct.
            "kenhThucHien": [
                None if channel == DIRECT and number % 5 == 0 else str(channel)
                for channel, number in zip(dossiers.channels, dossiers.ids, strict=True)
            ],
            "trangThaiHoSoId": [str(code) for code in national],
            "tenTrangThaiHoSo": [NATIONAL_TEXTS[code] for code in national],
            "loaiDoiTuong": ["2" if people.is_business(number) else "1" for number in person],
            "chuHoSo": [people.name(number) for number in person],
            "soGiayToChuHoSo": [people.identity_number(number) or "000000001" for number in person],
            "loaiGiayToChuHoSo": ["CCCD"] * len(rows),
            "soDienThoaiChuHoSo": [people.phone(number) for number in person],
            "emailChuHoSo": [people.email(number) or None for number in person],
            "diaChiChuHoSo": [people.address(n, place) for n, place in zip(person, dossiers.unit_names, strict=True)],
            "nguoiUyQuyen": [people.name(number) if number % 7 == 0 else None for number in person],
            "trichYeuHoSo": [people.summary(number) or "Dinhkem" for number in person],
            "ghiChu": [people.note(number) or None for number in person],
            "maTTHC": dossiers.procedure(lambda p: p.code),
            "tenTTHC": dossiers.procedure(lambda p: p.name),
            "maLinhVuc": fields,
            "tenLinhVuc": dossiers.procedure(lambda p: p.field_name),
            "mucDo": ["4" if online else "2" for online in dossiers.of("online")],
            "ngayNopHoSo": _written(dossiers.submitted),
            "ngayTiepNhan": _written(dossiers.received),
            "ngayHenTra": _written(dossiers.due),
            "ngayKetThucXuLy": _written(dossiers.released),
            "ngayTra": _written(dossiers.finished),
            "ngayYeuCauBoSung": _written(dossiers.paused),
            "ngayTuChoi": _written(dossiers.refused),
            "lePhi": dossiers.of("fee"),
            "viTriDeHoSo": ["Convert" if number % 41 == 0 else None for number in dossiers.ids],
            "trangThaiDongBoDVC": [str(number % 2) for number in dossiers.ids],
            "laHoSoChungThuc": [field == CERTIFICATION_FIELD for field in fields],
            "createdOn": _written(dossiers.created),
            "lastModifiedOn": _written(dossiers.modified),
            "deletedOn": _written(deleted),
        }
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _succeeded(data: Any) -> dict[str, Any]:
    return {"succeeded": True, "failed": False, "message": None, "data": data}


def _failed(message: str) -> dict[str, Any]:
    return {"succeeded": False, "failed": True, "message": message, "data": None}


def _lowered(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with names in lower case, because ASP.NET binds them case-insensitively."""
    return {name.lower(): value for name, value in asked.items()}


def _flag(value: Any) -> bool | None:
    """Read a nullable boolean as ASP.NET does: null and the empty string mean None."""
    if value is None or value == "" or value == "null":
        return None
    return value is True or str(value).lower() in ("true", "1")


def _listed(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    return [str(part) for part in value] if isinstance(value, list) else str(value).split(",")


def _second(text: str) -> int:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?", text):
        raise ValueError("Conversion failed when converting date and/or time from character string.")
    return int((datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds())
