"""The reception over HTTP: `POST /mapi/login`, `POST /mapi/g`, `GET /health`.

The sender configures the two paths (`{adapter}{auth_endpoint}`, one_stop_systems.md b.1). The query `dstcode`, which
names the portal's own address, is ignored. No part of a body is logged.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from motcua.errors import ConfigurationError
from motcua.extract.reception.take_in import REFUSED, Answer, Reception

LOGIN_PATH, MESSAGE_PATH = "/mapi/login", "/mapi/g"
MOST_LOGIN_BYTES = 4_096
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LATER = "Chưa nhận được, hãy gửi lại sau (not received, send it again later)"

log = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class ReceptionApp:
    """Reads requests within limits and passes them to `Reception`, which gives the answers."""

    def __init__(
        self, reception: Reception, *, most_bytes: int, body_seconds: float = 30, refusal_seconds: float = 1
    ) -> None:
        self._reception = reception
        self._most_bytes = most_bytes
        self._body_seconds = body_seconds
        self._refusal_seconds = refusal_seconds  # delay after a wrong password, which makes guessing slow

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(LOGIN_PATH, self._log_in, methods=["POST"]),
                Route(MESSAGE_PATH, self._take, methods=["POST"]),
                Route("/health", self._health),
            ]
        )

    async def _log_in(self, request: Request) -> Response:
        def answer(document: Any) -> Answer:
            credentials = document if isinstance(document, dict) else {}
            return self._reception.log_in(credentials.get("username"), credentials.get("password"))

        response = await self._answered(request, MOST_LOGIN_BYTES, answer)
        if response.status_code == 401:
            await asyncio.sleep(self._refusal_seconds)
        return response

    async def _take(self, request: Request) -> Response:
        return await self._answered(request, self._most_bytes, self._reception.take)

    async def _health(self, request: Request) -> Response:
        return Response(orjson.dumps({"status": "ok"}), media_type="application/json")

    async def _answered(self, request: Request, most: int, answer: Callable[[Any], Answer]) -> Response:
        try:
            document = await self._document(request, most)
            reply = await run_in_threadpool(answer, document)
        except _Refused as refused:
            reply = refused.answer
        except ClientDisconnect:
            reply = Answer(REFUSED, _LATER, 400)
        except SQLAlchemyError as error:
            log.error("the store did not accept a message: %s", type(error).__name__)  # noqa: TRY400  its text contains values
            reply = Answer(REFUSED, _LATER, 503)
        except Exception as error:  # only the position, never the text: it may contain a value of a record
            position = traceback.extract_tb(error.__traceback__)[-1]
            log.error("a message failed: %s at %s:%d", type(error).__name__, position.filename, position.lineno or 0)  # noqa: TRY400
            reply = Answer(REFUSED, _LATER, 500)
        return Response(orjson.dumps(reply.as_json()), reply.status, media_type="application/json")

    async def _document(self, request: Request, most: int) -> Any:
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > most:
                        text = f"Thông điệp lớn hơn {most} byte, hãy chia nhỏ (larger than {most} bytes, split it)"
                        raise _Refused(Answer(REFUSED, text, 413))
        except TimeoutError:
            raise _Refused(Answer(REFUSED, _LATER, 408)) from None
        try:
            return orjson.loads(bytes(body))
        except orjson.JSONDecodeError:
            raise _Refused(Answer(REFUSED, "Thông điệp không phải là JSON UTF-8 (not JSON in UTF-8)", 400)) from None


def serve(
    reception: Reception,
    host: str,
    port: int,
    *,
    most_bytes: int,
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until stopped. `ready` is called with the URL. Port 0 uses a free port.

    Raises:
        ConfigurationError: passwords would be sent unencrypted over a network, or the address cannot be used.
    """
    if host not in _LOOPBACK and certificate is None and not behind_proxy:
        raise ConfigurationError(
            f"On {host}, passwords and dossiers would be received unencrypted.",
            action="give --certificate and --key, or --behind-proxy when a proxy in front of it ends TLS.",
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port} ({error.strerror}).",
            action="use another --port, or stop the process that uses it.",
        ) from None
    config = uvicorn.Config(
        ReceptionApp(reception, most_bytes=most_bytes).app(),
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        limit_concurrency=200,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    host_text = f"[{host}]" if ":" in host else host
    ready(f"http{'s' if certificate else ''}://{host_text}:{listening.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listening])
