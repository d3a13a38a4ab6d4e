"""Applies faults to an answer after the system has given it: to its bytes, its keys and its clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import orjson

from motcua.sandbox.systems.codepage import windows_1258
from motcua.sandbox.systems.faults import Fault
from motcua.sandbox.world.canary import CANARY_PASSWORD

# The key of the day of reception, which is renamed when a fault does not name a key.
_RECEPTION = {"opencps": "receiveDate", "igate": "acceptedDate", "tandan": "ngayTiepNhan"}
_INSTANTS = (
    (re.compile(rb'(?<=")\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?=")'), "%d/%m/%Y %H:%M:%S"),
    (re.compile(rb'(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'), "%Y-%m-%dT%H:%M:%S"),
)

Headers = dict[bytes, bytes]


def alter(fault: Fault, protocol: str, content: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Return the answer changed by the fault. Other kinds of faults change nothing here."""
    match fault.kind:
        case "truncated_json":
            return content[: len(content) // 2], headers
        case "invalid_json":
            return content.replace(b'":', b'"=', 1), headers
        case "wrong_charset" if fault.variant == "header":
            return content, {**headers, b"content-type": b"application/json;charset=ISO-8859-1"}
        case "wrong_charset":
            return windows_1258(content.decode()), {**headers, b"content-type": b"application/json;charset=UTF-8"}
        case "clock_skew":
            return _skewed(content, timedelta(seconds=600 if fault.seconds is None else fault.seconds)), headers
        case "field_renamed":
            key = fault.field or _RECEPTION[protocol]
            return content.replace(f'"{key}":'.encode(), f'"{fault.renamed_to or f"{key}2"}":'.encode()), headers
        case "plaintext_password":
            return _with_password(content, fault.field or "matKhauTraCuu"), headers
    return content, headers


def _skewed(content: bytes, by: timedelta) -> bytes:
    for shape, pattern in _INSTANTS:

        def shifted(found: re.Match[bytes], pattern: str = pattern) -> bytes:
            return (datetime.strptime(found[0].decode(), pattern) + by).strftime(pattern).encode()

        content = shape.sub(shifted, content)
    return content


def _with_password(content: bytes, key: str) -> bytes:
    document: Any = orjson.loads(content)
    for record in _records(document):
        record[key] = CANARY_PASSWORD
    return orjson.dumps(document)


def _records(document: Any) -> list[dict[str, Any]]:
    """Return the records of an answer in any protocol: those of a page, or the single record of a detail request."""
    if isinstance(document, list):
        return document
    inner = document.get("content", document.get("data"))
    if isinstance(inner, dict):
        return _records(inner) if "data" in inner else [inner]
    return inner if isinstance(inner, list) else [document]
