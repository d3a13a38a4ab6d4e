"""ASGI middleware that applies the active faults to every protocol."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from motcua.sandbox.systems.answers import alter
from motcua.sandbox.systems.faults import REFUSALS, Fault, Faults, Hit, IncomingRequest
from motcua.sandbox.systems.paging import SCOPE_KEY, PagingFault

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
GroupOf = Callable[[str, Mapping[str, Any]], int | None]

_PREFIXES = (("/o/rest/v2", "opencps"), ("/igate", "igate"), ("/auth/", "igate"), ("/tandan", "tandan"))
_STATUSES = (500, 502, 503, 504)
_DRIPS = 20
_FILTERS = {
    "opencps": re.compile(r"(?:from|to)\w+Date|status"),
    "igate": re.compile(r"(?:accepted|applied|appointment|result-returned)-(?:from|to)|(?:dossier|remove)-status"),
    "tandan": re.compile(r"tiepnhan(?:from|to)|nophoso(?:tu|den)ngay|(?:in|notin)?matrangthais?"),
}
_LOGIN_PAGE = (
    b"<!DOCTYPE html><html lang='vi'><head><title>\xc4\x90\xc4\x83ng nh\xe1\xba\xadp</title></head><body>"
    b"<form method='post' action='/login'><input name='username'><input type='password' name='password'></form>"
    b"</body></html>"
)


class Misbehaviour:
    """Wraps the systems. Without faults it only adds the Date header to an answer."""

    def __init__(self, app: Asgi, faults: Faults, groups: Mapping[str, GroupOf], revoke: Callable[[], None]) -> None:
        self._app = app
        self._faults = faults
        self._groups = groups
        self._revoke = revoke

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = next((name for prefix, name in _PREFIXES if scope.get("path", "").startswith(prefix)), None)
        if scope["type"] != "http" or not self._faults or protocol is None:
            await self._app(scope, receive, _dated(send, 0))
            return
        body = await _body(receive)
        hits = self._faults.hits(self._incoming(scope, protocol, body))
        refusal = next((hit for hit in hits if hit.fault.kind in REFUSALS and hit.fault.variant != "mid_body"), None)
        if refusal is not None:
            if refusal.fault.kind == "token_expires":
                self._revoke()
            else:
                await _REFUSE[refusal.fault.kind](refusal, receive, send)
                return
        for hit in hits:
            if hit.fault.kind == "filter_ignored":
                scope, body = _without_filters(scope, body, hit.fault, protocol)
        scope = {**scope, SCOPE_KEY: _paging_fault(hits)}
        status, headers, content = await self._answer(scope, body)
        if status == 200:
            for hit in hits:
                content, headers = alter(hit.fault, protocol, content, headers)
        await _deliver(hits, status, headers, content, send)

    def _incoming(self, scope: Scope, protocol: str, body: bytes) -> IncomingRequest:
        parameters: dict[str, Any] = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in scope["headers"]}
        if body.startswith(b"{"):
            parameters |= orjson.loads(body)
        if protocol == "opencps":
            text = headers.get(b"groupid", b"").decode()
            group_id = int(text) if text.isdigit() else None
        else:
            group_id = self._groups[protocol](scope["path"], parameters)
        question = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if "password" not in name)
        return IncomingRequest(
            protocol, group_id, scope["path"], f"{scope['method']} {scope['path']} {group_id} {question}"
        )

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return the complete answer of the system: status, headers, body."""
        started: Message = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return started["status"], dict(started["headers"]), b"".join(parts)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _dated(send: Send, skew: float) -> Send:
    async def send_dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            date = (b"date", formatdate(time() + skew, usegmt=True).encode())
            message = {**message, "headers": [*message.get("headers", []), date]}
        await send(message)

    return send_dated


def _paging_fault(hits: list[Hit]) -> PagingFault:
    """Return the combined effect of the faults on the listing."""
    changes: dict[str, Any] = {}
    for hit in hits:
        match hit.fault.kind:
            case "duplicated_page":
                changes["pages_back"] = 1
            case "stuck_cursor":
                changes["is_stuck"] = True
            case "shifting_pages":
                changes["rows_moved"] = hit.fault.rows
            case "page_cap":
                changes["cap"] = hit.fault.cap
            case "empty_answer":
                changes["keep"] = 0.0
            case "shrunk_answer":
                changes["keep"] = hit.fault.keep
            case "short_page":
                changes["short"] = hit.fault.rows
            case "cursor_tie":
                changes["tie_seed"] = int(hit.luck * 2**31)
    return PagingFault(**changes)


def _without_filters(scope: Scope, body: bytes, fault: Fault, protocol: str) -> tuple[Scope, bytes]:
    names = {name.lower() for name in fault.filters}

    def is_kept(name: str) -> bool:
        if names:
            return name.lower() not in names
        return not _FILTERS[protocol].fullmatch(name.lower() if protocol == "tandan" else name)

    query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in query if is_kept(name)]).encode()
    if body.startswith(b"{"):
        body = orjson.dumps({name: value for name, value in orjson.loads(body).items() if is_kept(name)})
    return {**scope, "query_string": kept}, body


async def _deliver(hits: list[Hit], status: int, headers: dict[bytes, bytes], content: bytes, send: Send) -> None:
    kinds = {hit.fault.kind: hit.fault for hit in hits}
    skew = kinds["clock_skew"].seconds if "clock_skew" in kinds else 0
    headers[b"content-length"] = str(len(content)).encode()
    dated = _dated(send, 600 if skew is None else skew)
    await dated({"type": "http.response.start", "status": status, "headers": list(headers.items())})
    reset = kinds.get("reset")
    if reset is not None:
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        await asyncio.sleep(0.05)  # the first half must be sent before the connection is reset
        await _reset_connection(send)
        return
    if "slow_drip" in kinds:
        seconds = kinds["slow_drip"].seconds
        step = -(-len(content) // _DRIPS) or 1
        for start in range(0, len(content), step):
            await asyncio.sleep((60 if seconds is None else seconds) / _DRIPS)
            await send({"type": "http.response.body", "body": content[start : start + step], "more_body": True})
        content = b""
    await send({"type": "http.response.body", "body": content})


async def _send_answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    length = (b"content-length", str(len(content)).encode())
    await _dated(send, 0)({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": content})


async def _send_5xx(hit: Hit, receive: Receive, send: Send) -> None:
    status = hit.fault.status or _STATUSES[int(hit.luck * len(_STATUSES))]
    await _send_answer(
        send, status, [(b"content-type", b"text/html; charset=utf-8")], b"<html><body>Error</body></html>"
    )


async def _send_429(hit: Hit, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    if hit.fault.retry_after is not None:
        headers.append((b"retry-after", str(hit.fault.retry_after).encode()))
    await _send_answer(send, 429, headers, b'{"error":"too many requests"}')


async def _time_out(hit: Hit, receive: Receive, send: Send) -> None:
    """Send no answer until the client disconnects or the time is over."""
    seconds = 60 if hit.fault.seconds is None else hit.fault.seconds

    async def client_leaves() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(client_leaves(), seconds)
    except TimeoutError:
        await _reset_connection(send)


async def _reset(hit: Hit, receive: Receive, send: Send) -> None:
    await _reset_connection(send)


async def _send_login_page(hit: Hit, receive: Receive, send: Send) -> None:
    await _send_answer(send, 200, [(b"content-type", b"text/html; charset=utf-8")], _LOGIN_PAGE)


async def _send_gateway_404(hit: Hit, receive: Receive, send: Send) -> None:
    """Answer as Kong does that has no route to the system."""
    message = b'{"message":"no Route matched with those values"}'
    await _send_answer(send, 404, [(b"content-type", b"application/json; charset=utf-8")], message)


async def _reset_connection(send: Send) -> None:
    """Reset the connection through the transport of uvicorn's `send`, because ASGI has no message for a reset."""
    transport = send.__self__.transport  # type: ignore[attr-defined]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.01)  # uvicorn must notice the reset, or it logs an error about a missing answer


_REFUSE: dict[str, Callable[[Hit, Receive, Send], Awaitable[None]]] = {
    "5xx": _send_5xx,
    "429": _send_429,
    "timeout": _time_out,
    "reset": _reset,
    "html_login": _send_login_page,
    "gateway_404": _send_gateway_404,
}
