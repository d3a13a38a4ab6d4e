"""`/igate`: VNPT iGate v2 as its public clients use it (one_stop_systems.md section a.7).

A client first gets a Keycloak token and then reads Spring pages, numbered from 0. `spec=slice` (the default) has no
total. `remove-status` excludes statuses. The numbers of most statuses are our inference; their names are the system's
own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.catalog import Procedure
from motcua.sandbox.systems.dossier_values import DIRECT, ONLINE, POSTAL, ByNight, DossierValues, Holdings
from motcua.sandbox.systems.host import Answer, Host
from motcua.sandbox.systems.paging import NO_FAULT, SCOPE_KEY, Answers, cut
from motcua.sandbox.systems.written import Writer
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import STATUSES, Columns, World
from motcua.sandbox.world.working_days import Ints

BASE_PATH = "/igate"
TOKEN_PATH = "/auth/realms/digo/protocol/openid-connect/token"  # noqa: S105  a path
LARGEST_PAGE, DEFAULT_PAGE = 1000, 20
STATUS_IDS = {"new": 0, "waiting": 1, "processing": 2, "paying": 3, "releasing": 4, "done": 5, "cancelled": 6,
              "receiving": 8, "not_accepted": 11, "stopped": 12, "chuyen_lai": 18}  # fmt: skip

_CLOSED = frozenset({"done", "releasing", "cancelled", "stopped", "not_accepted"})
_VIETNAMESE, _ENGLISH = 228, 46
_VN_ZONE = timezone(timedelta(hours=7))
_EPOCH = datetime(1970, 1, 1)
_STATUS_ID = np.array([STATUS_IDS[code] for code, _ in STATUSES])
_METHODS = {ONLINE: (0, "Trực tuyến"), DIRECT: (1, "Trực tiếp"), POSTAL: (2, "Qua bưu chính công ích")}
_FILTERS = {"accepted": "received", "applied": "submitted", "appointment": "due", "result-returned": "finished"}
_SORTS = {"updatedDate": "modified", "createdDate": "created", "acceptedDate": "received", "appliedDate": "submitted"}
_written = Writer("%Y-%m-%d", "T{:02d}:{:02d}:{:02d}.000+0700", None)
_written_in_utc = Writer("%Y-%m-%d", "T{:02d}:{:02d}:{:02d}.000+0000", None)


def agency_id(group_id: int) -> str:
    """Return the id of an agency in iGate: 24 hex digits, always the same for the same groupId."""
    return _hex_id("agency", group_id)


def dossier_key(dossier_id: int) -> str:
    """Return the id of a dossier in iGate: its number in 24 hex digits."""
    return f"{dossier_id:024x}"


class Igate:
    """The province's only iGate, which serves every agency of the world."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._holdings = ByNight(lambda night: Holdings(host.world, night))
        self._group_of = {agency_id(group_id): group_id for group_id in host.world.group_ids}
        self._parts = _Parts(host.world)
        self._answers = Answers()

    def routes(self) -> list[Route]:
        dossier = f"{BASE_PATH}/pa/dossier"
        return [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route(BASE_PATH + TOKEN_PATH, self._token, methods=["POST"]),
            Route(f"{dossier}/search", self._with_token(self._search)),
            Route(f"{dossier}-fee/--by-dossiers", self._with_token(self._fees)),
            Route(f"{dossier}/{{key}}", self._with_token(self._detail)),
            Route(f"{dossier}/{{key}}/--online", self._with_token(self._detail)),
        ]

    def group_of(self, path: str, parameters: Mapping[str, str]) -> int | None:
        """Return the groupId that a request is for, or None when it is not for a single agency."""
        if path.endswith("/search"):
            return self._group_of.get(parameters.get("ancestor-agency-id", ""))
        found = re.search(r"/pa/dossier/([0-9a-f]{24})", path)
        rows = self._find(found[1]) if found else np.zeros(0, np.int64)
        return self._host.world.group_ids[self._night.group[rows[0]]] if len(rows) else None

    @property
    def _night(self) -> Columns:
        return self._host.world.nights[self._host.night]

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        grant = form.get("grant_type", "")
        if grant not in ("password", "client_credentials"):
            return Answer({"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}, 400)
        names = ("username", "password") if grant == "password" else ("client_id", "client_secret")
        is_known = self._host.accepts_login(*(form.get(name, "") for name in names))
        if grant == "client_credentials":
            is_known = is_known or self._host.accepts_basic(request.headers.get("authorization", ""))
        if not is_known:
            what = "user" if grant == "password" else "client"
            error = "invalid_grant" if grant == "password" else "unauthorized_client"
            return Answer({"error": error, "error_description": f"Invalid {what} credentials"}, 401)
        seconds = self._host.tokens.seconds
        return Answer(
            {
                "access_token": self._host.tokens.issue(),
                "expires_in": int(seconds),
                "refresh_expires_in": 1800,
                "refresh_token": "none",
                "token_type": "Bearer",
                "not-before-policy": 0,
                "session_state": _hex_id("session", 0),
                "scope": "profile email",
            }
        )

    def _with_token(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if not self._host.tokens.is_valid(request.headers.get("authorization", "")):
                challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                return Answer({"error": "invalid_token", "error_description": "Token is not active"}, 401, challenge)
            group_id = self.group_of(request.url.path, request.query_params)
            if group_id is not None:
                self._host.served.count_request(group_id)
                if group_id in self._host.down:
                    return Answer({"status": 503, "error": "Service Unavailable"}, 503)
            return answer(request)

        return endpoint

    def _search(self, request: Request) -> Response:
        asked, night = request.query_params, self._night
        try:
            question = tuple(sorted((key, asked[key]) for key in asked if key not in ("page", "size", "spec")))
            rows = self._answers.get((self._host.night, question), lambda: self._listing(asked))
            number, size = max(int(asked.get("page") or 0), 0), max(int(asked.get("size") or DEFAULT_PAGE), 1)
        except ValueError as error:
            return Answer({"status": 400, "error": "Bad Request", "message": str(error), "path": request.url.path}, 400)
        fault = request.scope.get(SCOPE_KEY, NO_FAULT)
        size = fault.size(min(size, LARGEST_PAGE))
        by = getattr(night, _order(asked)[0])[rows]
        page, total = cut(rows, by, night.dossier_id[rows], number * size, size, fault)
        for group_id, own in _by_group(page, night.group[page], self._host.world.group_ids):
            self._host.served.count_rows(group_id, own)
        is_last = (number + 1) * size >= total
        content: dict[str, Any] = {
            "content": self._records(page),
            "pageable": {"pageNumber": number, "pageSize": size, "offset": number * size, "paged": True,
                         "unpaged": False, "sort": {"sorted": True, "unsorted": False, "empty": False}},
            "last": is_last, "first": number == 0, "number": number, "size": size, "numberOfElements": len(page),
            "sort": {"sorted": True, "unsorted": False, "empty": False}, "empty": not len(page),
        }  # fmt: skip
        if asked.get("spec") == "page":
            content |= {"totalElements": total, "totalPages": -(-total // size)}
        return Answer(content)

    def _listing(self, asked: Mapping[str, str]) -> Ints:
        """Return the matching rows in the requested order."""
        rows, night = self._matching(asked), self._night
        column, is_descending = _order(asked)
        by = getattr(night, column)[rows]
        return rows[np.lexsort((night.dossier_id[rows], -by if is_descending else by))]

    def _matching(self, asked: Mapping[str, str]) -> Ints:
        """Return the matching rows. Raises ValueError for a value that the system cannot read."""
        night, agency = self._night, asked.get("ancestor-agency-id", "")
        if agency and agency not in self._group_of:
            return np.zeros(0, np.int64)
        rows = self._holdings[self._host.night].rows(self._group_of.get(agency))
        matches: npt.NDArray[np.bool_] = np.ones(len(rows), np.bool_)
        for name, column in _FILTERS.items():
            first, last = asked.get(f"{name}-from", ""), asked.get(f"{name}-to", "")
            instant = getattr(night, column)[rows]
            if first:
                matches &= (instant > 0) & (instant >= _second(first, is_end=False))
            if last:
                matches &= (instant > 0) & (instant <= _second(last, is_end=True))
        status = _STATUS_ID[night.status[rows]]
        if wanted := asked.get("dossier-status", ""):
            matches &= np.isin(status, [int(part) for part in wanted.split(",")])
        if removed := asked.get("remove-status", ""):
            matches &= ~np.isin(status, [int(part) for part in removed.split(",")])
        rows = rows[matches]
        for name, test in (("code", str.__eq__), ("code-match", str.__contains__)):
            if text := asked.get(name, ""):
                numbers = DossierValues(self._host.world, night, rows).numbers
                rows = rows[np.array([test(number, text) for number in numbers], np.bool_)]
        return rows

    def _find(self, key: str) -> Ints:
        if not re.fullmatch(r"[0-9a-f]{24}", key):
            return np.zeros(0, np.int64)
        return self._holdings[self._host.night].find(min(int(key, 16), 2**62))

    def _detail(self, request: Request) -> Response:
        rows = self._find(request.path_params["key"])
        if not len(rows):
            return Answer({"status": 404, "error": "Not Found", "message": "Không tìm thấy hồ sơ"}, 404)
        self._host.served.count_rows(self._host.world.group_ids[self._night.group[rows[0]]], rows)
        return Answer(self._records(rows)[0])

    def _fees(self, request: Request) -> Response:
        keys = [key for key in request.query_params.get("dossier-ids", "").split(",") if key]
        rows = np.concatenate([np.zeros(0, np.int64), *(self._find(key) for key in keys)])
        dossiers = DossierValues(self._host.world, self._night, rows)
        return Answer(
            [
                {
                    "id": f"fe{number:022x}",
                    "procost": {"id": _hex_id("procost", 1), "type": {"id": _hex_id("cost", 1), "type": 1,
                                "name": _names("Lệ phí"), "quantityEditable": 0}},
                    "amount": float(fee), "quantity": 1, "paid": 0.0, "required": 1,
                    "dossier": {"id": dossier_key(number)},
                }
                for number, fee in zip(dossiers.ids, dossiers.of("fee"), strict=True)
                if fee
            ]
        )  # fmt: skip

    def _records(self, rows: Ints) -> list[dict[str, Any]]:
        world, parts = self._host.world, self._parts
        dossiers = DossierValues(world, self._night, rows)
        person = dossiers.of("person")
        columns = (
            dossiers.ids, dossiers.numbers, dossiers.status.tolist(), person, dossiers.of("procedure"),
            dossiers.groups, dossiers.unit_codes, dossiers.unit_names, dossiers.of("fee"), dossiers.channels,
            _written_in_utc(np.array([people.birthday(n) for n in person], np.int64) - 7 * 3600),
            *(_written(at) for at in (dossiers.created, dossiers.modified, dossiers.submitted, dossiers.received,
                                      dossiers.due, dossiers.released, dossiers.finished, dossiers.paused)),
        )  # fmt: skip
        return [_record(parts, *values) for values in zip(*columns, strict=True)]


class _Parts:
    """The parts that many records share. Each procedure, status and unit is built once."""

    def __init__(self, world: World) -> None:
        self._procedures = world.procedures
        self._suffix = f".{world.unit_codes[0]}"
        self._units: dict[tuple[int, str, str, bool], dict[str, Any]] = {}
        self.procedures = [self._procedure(n) for n in (*range(len(world.procedures)), -1)]
        self.statuses = [
            (
                {"id": STATUS_IDS[code], "name": text},
                {"id": _hex_id("task-status", code), "name": _names(text)},
                code in _CLOSED,
            )
            for code, text in STATUSES
        ]

    def _procedure(self, number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Return a procedure (-1: none) in the format of a record, its process definition, and its time limit."""
        known: Procedure | None = self._procedures[number] if number >= 0 else None
        code, field_code = (known.code, known.field_code) if known else ("", "")
        limit = {"processingTime": (known.time_limit_days or 0) if known else 0, "processingTimeUnit": "d"}
        procedure = {
            "id": _hex_id("procedure", code),
            "code": code + self._suffix if code else "",
            "translate": {"languageId": _VIETNAMESE, "name": known.name if known else ""},
            "sector": {"id": _hex_id("sector", field_code), "code": field_code},
        }
        timesheet = {"id": _hex_id("timesheet", 1), "name": "Giờ hành chính"}
        process = {"id": _hex_id("definition", 2), **limit, "timesheet": timesheet}
        return procedure, {"id": _hex_id("definition", 1), "processDefinition": process}, limit

    def unit(self, group_id: int, code: str, name: str, *, is_listed: bool) -> dict[str, Any]:
        """Return a unit below an agency. The real system writes names as text or as a list, depending on the screen."""
        key = (group_id, code, name, is_listed)
        if key not in self._units:
            agency = agency_id(group_id)
            self._units[key] = {"id": _hex_id("unit", code), "name": _names(name) if is_listed else name, "code": code,
                                "parent": {"id": agency}, "ancestors": [{"id": agency}]}  # fmt: skip
        return self._units[key]


def _record(
    parts: _Parts,
    number: int,
    code: str,
    status: int,
    person: int,
    procedure: int,
    group_id: int,
    unit_code: str,
    unit_name: str,
    fee: int,
    channel: int,
    born: str | None,
    created: str | None,
    modified: str | None,
    applied: str | None,
    accepted: str | None,
    due: str | None,
    completed: str | None,
    returned: str | None,
    paused: str | None,
) -> dict[str, Any]:
    dossier_status, task_status, is_closed = parts.statuses[status]
    shown, definition, limit = parts.procedures[procedure]
    method_id, method = _METHODS[channel]
    task: Any = []
    if not is_closed:
        officer = abs(person) % 40 + 1
        listed = parts.unit(group_id, unit_code, unit_name, is_listed=True)
        task = {"id": f"7a{number:022x}", "isCurrent": 1, "createdDate": created, "updatedDate": modified,
                "agency": {"id": listed["id"], "code": unit_code, "name": listed["name"]},
                "assignee": {"id": f"0f{officer:022x}", "fullname": people.name(officer)}}  # fmt: skip
        task = task if number % 2 else [task]
    return {
        "id": dossier_key(number),
        "code": code,
        "nationCode": "undefined",
        "dossierStatus": dossier_status,
        "dossierTaskStatus": task_status,
        "applicant": {
            "eformId": _FORM_ID,
            "userId": f"5e{abs(person):022x}",
            "data": _applicant(person, unit_name, born),
        },
        "procedure": shown,
        "procedureProcessDefinition": definition,
        "agency": parts.unit(group_id, unit_code, unit_name, is_listed=not number % 3),
        "dossierProgress": 100 if is_closed else 50,
        "createdDate": created,
        "updatedDate": modified,
        "appliedDate": applied,
        "acceptedDate": accepted,
        "appointmentDate": due,
        "dueDate": due,
        "completedDate": completed,
        "returnedDate": returned,
        "additionalRequestDate": paused,
        "totalFee": float(fee),
        **limit,
        "task": [],
        "currentTask": task,
        "applyMethod": {"id": method_id, "name": method},
        "undefindedCompleteTime": 0,
        "countDutypaidCert": 0,
    }


def _applicant(person: int, place: str, born: str | None) -> dict[str, Any]:
    name = people.name(person)
    return {
        "fullname": name,
        "identityNumber": people.identity_number(person),
        "identityDate": born,
        "birthday": born,
        "organization": f"Doanh nghiệp {name}" if people.is_business(person) else "",
        "province": _PROVINCE,
        "district": _DISTRICT,
        "village": {"label": place, "value": _DISTRICT["value"]},
        "address": people.address(person, place),
        "phoneNumber": people.phone(person),
        "email": people.email(person),
        "gender": person % 2,
        "note": people.note(person),
    }


def _names(name: str) -> list[dict[str, Any]]:
    return [{"languageId": _VIETNAMESE, "name": name}, {"languageId": _ENGLISH, "name": ""}]


def _hex_id(kind: str, of: int | str) -> str:
    return hashlib.sha256(f"{kind}:{of}".encode()).hexdigest()[:24]


_FORM_ID = _hex_id("form", 1)
_PROVINCE, _DISTRICT = ({"label": "", "value": _hex_id("place", number)} for number in (1, 2))


def _order(asked: Mapping[str, str]) -> tuple[str, bool]:
    """Return the column that orders a listing, and whether the newest rows come first."""
    name, _, direction = (asked.get("sort") or "updatedDate,desc").partition(",")
    return _SORTS.get(name, "modified"), direction.lower() == "desc"


def _second(text: str, *, is_end: bool) -> int:
    """Convert dd/MM/yyyy or yyyy-MM-dd (the whole day), or an ISO instant, to a second of local time."""
    if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        day: date | None = date(int(found[3]), int(found[2]), int(found[1]))
    else:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    if day is not None:
        return (day - _EPOCH.date()).days * 86_400 + (86_399 if is_end else 0)
    at = datetime.fromisoformat(text)
    local = at.astimezone(_VN_ZONE).replace(tzinfo=None) if at.tzinfo else at
    return int((local - _EPOCH).total_seconds())


def _by_group(rows: Ints, groups: Ints, group_ids: tuple[int, ...]) -> list[tuple[int, Ints]]:
    return [(group_ids[place], rows[groups == place]) for place in np.unique(groups).tolist()]
