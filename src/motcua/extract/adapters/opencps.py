"""OpenCPS v2: `GET /dossiers` and `GET /dossiers/{id}` of one site (one_stop_systems.md section a).

The protocol hides everything that a request does not name, and answers invalid requests with 200. So every listing
requests all agencies, all systems and all kinds of dossier, with one extra day on both sides. Every page is checked.
A page that is short, repeated or of another site breaks the contract. A total that changes starts the listing again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from motcua.catalog import OpencpsOptions, Source
from motcua.errors import ContractBroken, MotcuaError
from motcua.extract.adapters.paging import Pages, side_by_side
from motcua.extract.adapters.protocol import REQUEST_MARGIN, Page, Record, Window
from motcua.extract.records.convert import read_integer
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.wire.authorisation import AuthenKey, Bearer, Token
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.transport import Transport

DEFAULT_PATH = "/o/rest/v2"
COUNTED = "org.opencps.dossiermgt.model.Dossier"
TOKEN_SECONDS = 15 * 60.0  # the JWT of POST /login
OWN_404 = frozenset({"error", "code", "errorCode", "description"})  # keys of its errors


class OpencpsAdapter:
    """One OpenCPS site (`groupId`)."""

    # We request an extra day on both sides, and the server splits days in GMT, seven hours late (trap 7).
    margin = REQUEST_MARGIN + timedelta(hours=7)
    filters = True
    lists_open = True
    absence_is_proof = True  # by_id queries the database, not the index

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        base_url = connection.base_url.rstrip("/")
        if not urlsplit(base_url).path:
            base_url += DEFAULT_PATH
        self._source = source
        self._mapping = mapping
        self._identity = mapping.identity_key
        self._options = source.options_as(OpencpsOptions)
        self._headers = {"groupId": str(self._options.group_id)}
        self._transport = Transport(source, connection, base_url)
        self._listing = Pages(source)
        self._basic = self._transport.authorisation
        if self._options.auth == "token":
            self._transport.authorisation = Bearer(self._log_in)
        elif self._options.auth == "authen_key":
            self._transport.authorisation = AuthenKey()

    @property
    def warnings(self) -> list[str]:
        """Notes for an engineer on a pull that succeeded: the index may lag behind the database (trap 6)."""
        if not self._options.probes_index:
            return []
        try:
            counts = self._transport.get(f"/count/{COUNTED}", {}, self._headers)
        except MotcuaError as error:
            return [f"the probe GET /count failed: {type(error).__name__}"]
        document = counts if isinstance(counts, dict) else {}
        database, index = read_integer(document.get("database")), read_integer(document.get("lucene"))
        if database is None or index is None:
            return ["the probe GET /count did not return the counts of the database and of the index"]
        return [] if database == index else [f"its database holds {database} dossiers, its index {index}"]

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a listing in the order of creation, by row offsets, until the declared total is reached.

        A server that caps its pages does not report it: only the number of rows on the first page shows it. The listing
        then continues with that page size. The drift check decides whether the source may change its cap. The rows must
        add up to the total.
        """
        parameters = self._parameters(window)
        size = self._listing.begin(window)

        def fetch(start: int) -> tuple[list[Record], int]:
            return self._page(parameters | {"start": str(start), "end": str(start + size)})

        records, total = fetch(0)
        if 0 < len(records) < min(size, total):
            size = len(records)
            self._listing.hold_to_total()
        yield self._checked(records, min(size, total), total)
        starts = range(size, total, size)
        answers = side_by_side(fetch, starts, self._source.concurrent_pages)
        for start, answer in zip(starts, answers, strict=True):
            records, declared = self._listing.fresh(start, answer, fetch, lambda answer: self._ids(answer[0]))
            self._listing.same_total(total, declared)
            yield self._checked(records, min(size, total - start), total)
        self._listing.end(window)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or None on a 404. A 404 on a second night proves a hard deletion (section a.4)."""
        document = self._transport.get(f"/dossiers/{quote(dossier_id, safe='')}", {}, self._headers, OWN_404)
        if document is None:
            return None
        if not isinstance(document, dict):
            raise self._broken("did not return a dossier to a request by id", "check the version of the source")
        self._check(document)
        if str(document[self._identity]) != dossier_id:
            raise self._broken(
                "returned another dossier than the one requested by id", "check the version of the source"
            )
        return document

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _checked(self, records: list[Record], expected: int, total: int) -> Page:
        self._listing.add(self._ids(records), expected, total)
        return Page(records, total)

    def _ids(self, records: list[Record]) -> list[str]:
        return [str(record[self._identity]) for record in records]

    def _parameters(self, window: Window) -> dict[str, str]:
        parameters = {
            "agency": self._options.agency_scope,
            "systemId": ",".join(map(str, self._options.system_ids)),
            "originality": ",".join(map(str, self._options.originality)),
            "toReceiveDate": _day(window.last_requested),
            "sort": "createDate",
            "order": "asc",
        }
        if window.first_requested is not None:
            parameters["fromReceiveDate"] = _day(window.first_requested)
        if window.is_open_only:
            parameters["status"] = ",".join(self._mapping.open_statuses)
        return parameters

    def _page(self, parameters: dict[str, str]) -> tuple[list[Record], int]:
        envelope = self._transport.get("/dossiers", parameters, self._headers)
        if envelope is None:
            raise self._broken(
                "answered the request for its list of dossiers with 404",
                f"check the base URL of the connection {self._source.connection_id}",
            )
        total = read_integer(envelope.get("total")) if isinstance(envelope, dict) else None
        records: Any = envelope.get("data") if isinstance(envelope, dict) else None
        if records is None and total == 0:
            records = []
        if total is None or total < 0 or not isinstance(records, list):
            raise self._broken("answered without the envelope {total, data}", "check the version of the source")
        for record in records:
            self._check(record)
        return records, total

    def _check(self, record: Any) -> None:
        number = read_integer(record.get(self._identity)) if isinstance(record, dict) else None
        if not number or number < 0:
            raise self._broken(
                f"returned a record without {self._identity}",
                "check the version of the source; a record without its key cannot be kept",
            )
        record[self._identity] = number
        group = read_integer(record.get("groupId"))
        if group not in (None, 0, self._options.group_id):
            raise self._broken(
                f"returned a dossier of site {group} to a request for site {self._options.group_id}",
                "check group_id in the catalogue and the groupId header on the way to the source",
            )

    def _log_in(self) -> Token:
        """Request a JWT with the login of the connection (POST /login, 15 minutes)."""
        answer = self._transport.post("/login", headers=self._headers, authorisation=self._basic)
        token = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise self._broken("answered POST /login without a token", "set auth to basic, or check its version")
        return Token(token, TOKEN_SECONDS)

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
