"""Tân Dân's TD.DichVuCongApi: a search over the dossiers (HoSo) of one unit (one_stop_systems.md section a.7).

Pages are numbered from 1, in an envelope `{succeeded, failed, message, data}`. Soft-deleted rows are in the same table.
They are requested as well, and the mapping recognises them (DeletedOn).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID

from motcua.catalog import Source, TandanOptions
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters.paging import Pages, side_by_side
from motcua.extract.adapters.protocol import REQUEST_MARGIN, ListingShifted, Page, Record, Window
from motcua.extract.records.convert import read_integer
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import IdentifierRule
from motcua.extract.wire.authorisation import Bearer, NoAuthorisation, Token
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.transport import Transport

OWN_404 = frozenset({"succeeded"})  # keys of its errors


class TandanAdapter:
    """One unit of one Tân Dân system."""

    margin = REQUEST_MARGIN
    filters = True
    lists_open = True
    absence_is_proof = True  # by_id queries the system itself, which still returns deleted rows

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        self._source = source
        self._connection = connection
        self._mapping = mapping
        self._identity = mapping.identity_key
        self._options = source.options_as(TandanOptions)
        self._transport = Transport(source, connection, connection.base_url.rstrip("/"))
        if self._options.auth == "token":
            self._transport.authorisation = Bearer(self._log_in)
        self._listing = Pages(source)

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a listing in the order of creation."""
        criteria = self._search_criteria(window) | {"pageSize": self._listing.begin(window)}

        def fetch(number: int) -> dict[str, Any]:
            return self._page(criteria | {"pageNumber": number})

        first = fetch(1)
        total, size = _count(first, "totalCount"), _count(first, "pageSize")
        if total is None or not size:
            raise self._broken("returned a page without totalCount and pageSize", "check the version of the source")
        yield self._checked(first["data"], min(size, total), total)
        numbers = range(2, -(-total // size) + 1)
        answers = side_by_side(fetch, numbers, self._source.concurrent_pages)
        for number, answer in zip(numbers, answers, strict=True):
            page = self._listing.fresh(number, answer, fetch, lambda answer: self._ids(answer["data"]))
            self._listing.same_total(total, _count(page, "totalCount"))
            if _count(page, "pageSize") != size:
                raise ListingShifted(
                    f"{self._source.source_id} changed the size of its pages during one listing.",
                    action="try the batch again; set page_size in the catalogue to what the source allows.",
                )
            yield self._checked(page["data"], min(size, total - (number - 1) * size), total)
        self._listing.end(window)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, deleted or not, or None on a 404."""
        path = f"{self._options.path}/{quote(self._as_source_id(dossier_id), safe='')}"
        answer = self._transport.get(path, {}, {}, OWN_404)
        if answer is None:
            return None
        record: Record = self._unwrapped(answer)
        self._check(record)
        if str(record[self._identity]).lower() != self._as_source_id(dossier_id).lower():
            raise self._broken(
                "returned another dossier than the one requested by id", "check the version of the source"
            )
        return record

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _checked(self, records: list[Record], expected: int, total: int) -> Page:
        self._listing.add(self._ids(records), expected, total)
        return Page(records, total)

    def _ids(self, records: list[Record]) -> list[str]:
        return [str(record[self._identity]) for record in records]

    def _search_criteria(self, window: Window) -> dict[str, Any]:
        criteria: dict[str, Any] = {
            "donViId": self._options.unit_code,
            "orderBy": ["CreatedOn"],
            "searchAllType": True,  # without it, certified copies (LaHoSoChungThuc) are not listed
            "removed": None,  # both deleted rows and others
            # Compared as an instant: a day without a time would exclude that day.
            "tiepNhanTo": _instant(window.last_requested, "23:59:59"),
        }
        if window.first_requested is not None:
            criteria["tiepNhanFrom"] = _instant(window.first_requested, "00:00:00")
        if window.is_open_only:
            criteria["inMaTrangThais"] = self._mapping.open_statuses
        return criteria

    def _page(self, criteria: dict[str, Any]) -> dict[str, Any]:
        answer = self._transport.post(self._options.search_path, document=criteria)
        if answer is None:
            raise self._broken(
                "answered the search request with 404", "check search_path in the catalogue and the base URL"
            )
        page = self._unwrapped(answer)
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise self._broken("answered without the envelope {data: {data}}", "check the version of the source")
        for record in page["data"]:
            self._check(record)
        return page

    def _unwrapped(self, answer: Any) -> Any:
        """Return the content of the envelope. Its message is never shown, because it may quote the dossier."""
        if not isinstance(answer, dict) or not isinstance(answer.get("succeeded"), bool):
            raise self._broken("answered without the envelope {succeeded, data}", "check the version of the source")
        if not answer["succeeded"] or answer.get("failed"):
            raise SourceUnavailable(
                f"{self._source.source_id} reported that the request failed.",
                action="try the batch again later; if it fails again, ask the operator of the source.",
            )
        return answer.get("data")

    def _check(self, record: Any) -> None:
        if not isinstance(record, dict) or not record.get(self._identity):
            raise self._broken(
                f"returned a record without {self._identity}",
                "check the version of the source; a record without its key cannot be kept",
            )
        unit = record.get("donViId")
        if unit not in (None, "") and str(unit) != self._options.unit_code:
            raise self._broken(
                f"returned a dossier of unit {unit} to a request for unit {self._options.unit_code}",
                "check unit_code in the catalogue",
            )

    def _as_source_id(self, dossier_id: str) -> str:
        """Return the id in the format of the source: a GUID where the mapping reads a number."""
        rule = self._mapping.identity
        is_number = isinstance(rule, IdentifierRule) and rule.base == 16
        return str(UUID(int=int(dossier_id))) if is_number else dossier_id

    def _log_in(self) -> Token:
        """Request a token with the login of the connection. Its lifetime is not stated, so a 401 renews it."""
        document = {"email": self._connection.login, "password": self._connection.password}
        answer = self._transport.post(self._options.token_path, document=document, authorisation=NoAuthorisation())
        inner = answer.get("data") if isinstance(answer, dict) and isinstance(answer.get("data"), dict) else answer
        token = inner.get("token") if isinstance(inner, dict) else None
        if not isinstance(token, str) or not token:
            raise self._broken("returned no token from token_path", "check token_path, or set auth: basic")
        return Token(token, float("inf"))

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _count(document: dict[str, Any], key: str) -> int | None:
    return read_integer(document.get(key))


def _instant(day: date, clock: str) -> str:
    return f"{day}T{clock}"
