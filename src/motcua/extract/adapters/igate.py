"""VNPT iGate v2: `GET /pa/dossier/search` and `GET /pa/dossier/{id}` behind Keycloak (one_stop_systems.md section a.7).

A token is valid for minutes, so it is renewed while a listing runs. Pages are those of Spring, numbered from 0. A
`slice` has no declared total: the source marks the last one. If a source caps its pages, the listing continues with
that page size, which must then stay the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from motcua.catalog import IgateOptions, Source
from motcua.errors import ContractBroken
from motcua.extract.adapters.paging import Pages, side_by_side
from motcua.extract.adapters.protocol import REQUEST_MARGIN, ListingShifted, Page, Record, Window
from motcua.extract.records.convert import read_integer
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import IdentifierRule
from motcua.extract.wire.authorisation import Bearer, NoAuthorisation, Token
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.transport import Transport

TOKEN_SECONDS = 300.0  # where Keycloak states no lifetime
OWN_404 = frozenset({"status", "error", "code"})  # keys of its errors

log = logging.getLogger(__name__)


class IgateAdapter:
    """An agency of one iGate system, with all agencies below it."""

    # We request an extra day on both sides, and a system that ignores the offset of an instant is seven hours off.
    margin = REQUEST_MARGIN + timedelta(hours=7)
    filters = True
    lists_open = True
    absence_is_proof = True  # by_id queries the system itself

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        self._source = source
        self._connection = connection
        self._mapping = mapping
        self._identity = mapping.identity_key
        self._options = source.options_as(IgateOptions)
        base_url = connection.base_url.rstrip("/")
        self._token_url = self._options.token_url or (
            f"{base_url}/auth/realms/{self._options.realm}/protocol/openid-connect/token"
        )
        self._transport = Transport(source, connection, base_url)
        self._transport.authorisation = Bearer(self._log_in)
        self._listing = Pages(source)

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a listing in the order of reception."""
        requested_size = self._listing.begin(window)
        parameters = self._parameters(window) | {"size": str(requested_size)}

        def fetch(number: int) -> dict[str, Any]:
            return self._page(parameters | {"page": str(number)})

        first = fetch(0)
        if self._options.spec == "slice":
            yield from self._slices(first, fetch, requested_size)
        else:
            total, size = _count(first, "totalElements"), _count(first, "size")
            if total is None or not size:
                raise self._broken(
                    "returned a page without totalElements and size", "set spec to slice in the catalogue"
                )
            self._log_cap(size, requested_size)
            yield self._checked(first["content"], min(size, total), total)
            numbers = range(1, -(-total // size))
            answers = side_by_side(fetch, numbers, self._source.concurrent_pages)
            for number, answer in zip(numbers, answers, strict=True):
                page = self._listing.fresh(number, answer, fetch, self._ids)
                self._listing.same_total(total, _count(page, "totalElements"))
                self._same_size(size, _count(page, "size"))
                yield self._checked(page["content"], min(size, total - number * size), total)
        self._listing.end(window)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or None on a 404."""
        document = self._transport.get(f"/pa/dossier/{self._as_source_id(dossier_id)}", {}, {}, OWN_404)
        if document is None:
            return None
        self._check(document)
        if document[self._identity] != self._as_source_id(dossier_id):
            raise self._broken(
                "returned another dossier than the one requested by id", "check the version of the source"
            )
        record: Record = document
        return record

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _slices(
        self, page: dict[str, Any], fetch: Callable[[int], dict[str, Any]], requested_size: int
    ) -> Iterator[Page]:
        """Yield slices one after the other, because only a slice itself states whether it is the last."""
        size, number = _count(page, "size"), 0
        if not size:
            raise self._broken("returned a slice without its size", "check the version of the source")
        self._log_cap(size, requested_size)
        while True:
            is_last = page.get("last")
            if not isinstance(is_last, bool):
                raise self._broken("returned a slice that does not state whether it is the last", "check its version")
            yield self._checked(page["content"], None if is_last else size, None)
            if is_last:
                return
            number += 1
            page = self._listing.fresh(number, fetch(number), fetch, self._ids)
            self._same_size(size, _count(page, "size"))

    def _checked(self, records: list[Record], expected: int | None, total: int | None) -> Page:
        self._listing.add([record[self._identity] for record in records], expected, total)
        return Page(records, total)

    def _ids(self, page: dict[str, Any]) -> list[str]:
        return [record[self._identity] for record in page["content"]]

    def _parameters(self, window: Window) -> dict[str, str]:
        parameters = {
            "ancestor-agency-id": self._options.ancestor_agency_id,
            "isAgencySearch": "true",
            "spec": self._options.spec,
            "sort": "acceptedDate,asc",  # by updatedDate, a change during the listing moves a row
            "accepted-to": _instant(window.last_requested, "23:59:59.999"),
        }
        if window.first_requested is not None:
            parameters["accepted-from"] = _instant(window.first_requested, "00:00:00.000")
        if window.is_open_only:
            parameters["dossier-status"] = ",".join(self._mapping.open_statuses)
        return parameters

    def _page(self, parameters: dict[str, str]) -> dict[str, Any]:
        page = self._transport.get("/pa/dossier/search", parameters, {})
        if page is None:
            raise self._broken(
                "answered the search request with 404",
                f"check the base URL of the connection {self._source.connection_id}",
            )
        if not isinstance(page, dict) or not isinstance(page.get("content"), list):
            raise self._broken("answered without the envelope {content}", "check the version of the source")
        for record in page["content"]:
            self._check(record)
        return page

    def _check(self, record: Any) -> None:
        if not isinstance(record, dict) or not isinstance(record.get(self._identity), str):
            raise self._broken(
                f"returned a record without {self._identity}",
                "check the version of the source; a record without its key cannot be kept",
            )
        agency = record.get("agency")
        agency = agency if isinstance(agency, dict) else {}
        ancestors = agency.get("ancestors")
        if ancestors and self._options.ancestor_agency_id not in (agency.get("id"), *map(_id, ancestors)):
            raise self._broken(
                f"returned a dossier of another agency to a request for {self._options.ancestor_agency_id}",
                "check ancestor_agency_id in the catalogue",
            )

    def _same_size(self, size: int, page_size: int | None) -> None:
        if page_size != size:
            raise ListingShifted(
                f"{self._source.source_id} returned pages of {size} rows and then of {page_size} during one listing.",
                action="try the batch again; set page_size in the catalogue to what the source allows.",
            )

    def _log_cap(self, size: int, requested_size: int) -> None:
        if size != requested_size:
            log.warning(
                "%s: returns %d rows for each page, but %d were requested; set page_size in the catalogue",
                self._source.source_id,
                size,
                requested_size,
            )

    def _as_source_id(self, dossier_id: str) -> str:
        """Return the id in the format of the source: 24 hexadecimal digits where the mapping reads a number."""
        rule = self._mapping.identity
        is_number = isinstance(rule, IdentifierRule) and rule.base == 16
        return f"{int(dossier_id):024x}" if is_number else dossier_id

    def _log_in(self) -> Token:
        """Request a token from Keycloak, with the grant type of the catalogue."""
        login, password = self._connection.login, self._connection.password
        if self._options.grant == "password":
            form = {"client_id": self._options.client_id, "username": login, "password": password}
        else:
            form = {"client_id": login, "client_secret": password}
        answer = self._transport.post(
            self._token_url, form={"grant_type": self._options.grant, **form}, authorisation=NoAuthorisation()
        )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise self._broken("returned no access_token from token_url", "check token_url and realm")
        seconds = _count(answer, "expires_in")
        return Token(token, TOKEN_SECONDS if seconds is None else float(seconds))

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _count(document: dict[str, Any], key: str) -> int | None:
    return read_integer(document.get(key))


def _id(agency: Any) -> Any:
    return agency.get("id") if isinstance(agency, dict) else agency


def _instant(day: date, clock: str) -> str:
    return f"{day}T{clock}+0700"
