"""A one-stop site that speaks just enough OpenCPS v2, and misbehaves request by request when told to."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LOGIN, PASSWORD = "motcua", "s3cret-of-the-connection"
NAME, PHONE, NUMBER, EMAIL = "NGUYỄN VĂN CHIM HOÀNG YẾN", "0912345678", "084123456789", "chim.yen@example.com"
CANARIES = (NAME, PHONE, NUMBER, EMAIL, "mat-khau-tra-cuu", PASSWORD)

Fault = Callable[["Handler", dict[str, Any]], bool]  # returns whether it has answered itself


def record(number: int, received: str = "02/10/2023 08:00:00", **values: Any) -> dict[str, Any]:
    """A record in the shape of DossierDataModel: open, taken in at the desk, full of personal data."""
    return {
        "dossierIdCTN": "",
        "dossierId": number,
        "groupId": 84102,
        "userName": NAME,
        "createDate": received,
        "modifiedDate": "",
        "referenceUid": f"b1e2c3d4-0000-0000-0000-{number:012d}",
        "serviceCode": "2.000815.000.00.00.H59",
        "serviceName": "Chứng thực bản sao từ bản chính",
        "govAgencyCode": "000.01.21.H59",
        "govAgencyName": "UBND Phường 4",
        "applicantName": NAME,
        "applicantIdType": "citizen",
        "applicantIdNo": NUMBER,
        "contactTelNo": PHONE,
        "contactEmail": EMAIL,
        "submissionNote": json.dumps({"note": f"Nộp thay ông {NAME}, {PHONE}"}),
        "dossierNo": f"000.01.21.H59-231002-{number:04d}",
        "submitting": "false",
        "submitDate": "",
        "receiveDate": received,
        "dueDate": "09/10/2023 17:00:00",
        "releaseDate": "",
        "finishDate": "",
        "correctingDate": "",
        "dossierStatus": "processing",
        "dossierStatusText": "Đang xử lý",
        "viaPostal": "0",
        "online": "false",
        "lockState": "",
        "originality": 3,
        "originDossierId": 0,
        "systemId": 0,
        "serviceLevel": 2,
        "domainCode": "G15-TP08",
        "metaData": "{}",
        "hasPassword": "mat-khau-tra-cuu",
    } | values


class Site(ThreadingHTTPServer):
    """Serves `dossiers` of each groupId. `faults` are used up one a request; none answers as it should.

    `wildcard` is a fault for every request. `asked` holds (path, parameters, headers) of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.dossiers: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[Fault | None] = []
        self.wildcard: dict[str, Fault] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.drops_filters = False
        self.cap: int | None = None  # rows of a page, however many are asked for
        self.hidden = slice(0, 0)  # rows that the first page leaves out
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def lists(self) -> list[dict[str, str]]:
        return [parameters for path, parameters, _ in self.asked if path == "/o/rest/v2/dossiers"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has given up is part of the play."""


class Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parameters = dict(parse_qsl(url.query))
        self.server.asked.append((url.path, parameters, dict(self.headers)))
        fault = self.server.faults.pop(0) if self.server.faults else None
        fault = fault or self.server.wildcard.get(self.headers["groupId"])
        expected = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != expected:
            return self.answer(b"{}", status=401)
        held = self.server.dossiers.get(self.headers["groupId"], [])
        if url.path != "/o/rest/v2/dossiers":
            found = [d for d in held if str(d["dossierId"]) == url.path.rsplit("/", 1)[-1]]
            document: dict[str, Any] = found[0] if found else {"error": "no such dossier"}
            status = 200 if found else 404
        else:
            listed = [d for d in held if self.server.drops_filters or matches(d, parameters)]
            start, end = int(parameters["start"]), int(parameters["end"])
            page = listed[start : end if self.server.cap is None else min(end, start + self.server.cap)]
            if start == 0:
                del page[self.server.hidden]
            document, status = {"total": len(listed), "data": page}, 200
        if fault is None or not fault(self, document):
            self.answer(json.dumps(document).encode(), status=status)

    def answer(self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def matches(dossier: dict[str, Any], parameters: dict[str, str]) -> bool:
    """Filter as the real list does; without a date of reception nothing matches a date filter."""
    if "status" in parameters and dossier["dossierStatus"] not in parameters["status"].split(","):
        return False
    if str(dossier["originality"]) not in parameters["originality"].split(","):
        return False
    if not dossier["receiveDate"]:
        return False
    # The index keeps instants in GMT, so its days begin seven hours late.
    day = (datetime.strptime(dossier["receiveDate"], "%d/%m/%Y %H:%M:%S") - timedelta(hours=7)).date()
    first, last = parameters.get("fromReceiveDate", "01/01/1970"), parameters["toReceiveDate"]
    return datetime.strptime(first, "%d/%m/%Y").date() <= day <= datetime.strptime(last, "%d/%m/%Y").date()


def answers(status: int, **headers: str) -> Fault:
    def fault(handler: Handler, document: dict[str, Any]) -> bool:
        handler.answer(b"{}", status=status, **headers)
        return True

    return fault


def login_page(handler: Handler, document: dict[str, Any]) -> bool:
    handler.answer(f"<html><title>Đăng nhập {NAME}</title></html>".encode(), kind="text/html;charset=UTF-8")
    return True


def cut_short(handler: Handler, document: dict[str, Any]) -> bool:
    handler.answer(json.dumps(document, ensure_ascii=False).encode()[:-40])
    return True


def reset(handler: Handler, document: dict[str, Any]) -> bool:
    """Announce more bytes than are sent, and hang up."""
    body = json.dumps(document, ensure_ascii=False).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def silence(handler: Handler, document: dict[str, Any]) -> bool:
    time.sleep(1.2)
    return True


def changes(**values: Any) -> Fault:
    """Answer with other keys of the envelope; none removes one."""

    def fault(handler: Handler, document: dict[str, Any]) -> bool:
        changed = {key: value for key, value in {**document, **values}.items() if value is not None}
        handler.answer(json.dumps(changed).encode())
        return True

    return fault


def drops_last_row(handler: Handler, document: dict[str, Any]) -> bool:
    handler.answer(json.dumps({**document, "data": document["data"][:-1]}).encode())
    return True
