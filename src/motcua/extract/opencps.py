"""OpenCPS v2: `GET /dossiers` and `GET /dossiers/{id}` of one site (one_stop_systems.md section a).

The protocol hides what it is not asked for and answers nonsense with 200, so every listing asks for all agencies, all
systems and all kinds of dossier, reaches a day further than it needs on both sides, and every page is checked: a
page that is short, repeated or of another site breaks the contract; a total that moves starts the listing again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from motcua.catalog import OpencpsOptions, Source
from motcua.errors import ContractBroken
from motcua.extract.adapter import ListingShifted, Page, Record, Window
from motcua.extract.connection import SourceConnection
from motcua.extract.convert import read_integer
from motcua.extract.mapping import SourceMapping
from motcua.extract.transport import Transport

DEFAULT_PATH = "/o/rest/v2"
_ASKED_MARGIN = timedelta(days=1)


class OpencpsAdapter:
    """One OpenCPS site (`groupId`) over HTTP Basic."""

    # We ask a day too much on both sides, and the server cuts days in GMT, seven hours late (trap 7).
    margin = _ASKED_MARGIN + timedelta(hours=7)
    filters = True
    lists_open = True

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        base_url = connection.base_url.rstrip("/")
        if not urlsplit(base_url).path:
            base_url += DEFAULT_PATH
        self._source = source
        self._mapping = mapping
        self._transport = Transport(source, connection, base_url)
        self._options = source.options_as(OpencpsOptions)
        self._headers = {"groupId": str(self._options.group_id)}
        self._repeats_seen: dict[Window, frozenset[str]] = {}

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a listing in the order of creation, by row offsets, until the declared total is reached.

        A dossier that comes on two pages means rows moved between them: the listing is asked for once more, and if
        the same dossiers come twice again the source really holds them twice.
        """
        parameters = self._parameters(window)
        size = self._source.page_size
        total = pulled = 0
        seen: set[str] = set()
        repeats: set[str] = set()
        while pulled < total or not pulled:
            parameters |= {"start": str(pulled), "end": str(pulled + size)}
            records, declared = self._page(parameters)
            if not pulled:
                total = declared
            elif declared != total:
                raise ListingShifted(
                    f"{self._source.source_id} declared {total} dossiers and then {declared} in one listing.",
                    action="try the batch again at a quieter hour of the source.",
                )
            expected = min(size, total - pulled)
            if len(records) != expected:
                raise self._broken(
                    f"gave {len(records)} rows from row {pulled} of {total}, where {expected} are due",
                    "check that the source's index is complete and that page_size in the catalogue is allowed there",
                )
            ids = {str(record[self._mapping.identity_key]) for record in records}
            if records and ids <= seen:
                raise self._broken(
                    f"gave the same rows again from row {pulled} of {total}: its paging does not advance",
                    "check the version of the source; nothing of this pull was kept",
                )
            repeats |= ids & seen
            seen |= ids
            pulled += len(records)
            yield Page(records, total)
            if not total:
                break
        if repeats and self._repeats_seen.get(window) != frozenset(repeats):
            self._repeats_seen[window] = frozenset(repeats)
            raise ListingShifted(
                f"{self._source.source_id} gave {len(repeats)} dossiers on two pages of one listing.",
                action="try the batch again at a quieter hour: rows moved while they were listed.",
            )

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or none on a 404, which is no proof of deletion (a.4: drafts are collected)."""
        document = self._transport.get(f"/dossiers/{quote(dossier_id, safe='')}", {}, self._headers)
        if document is None:
            return None
        if not isinstance(document, dict):
            raise self._broken("answered a dossier's id with something else", "check the version of the source")
        self._check(document)
        if str(document[self._mapping.identity_key]) != dossier_id:
            raise self._broken("answered a dossier's id with another dossier", "check the version of the source")
        return document

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    def _parameters(self, window: Window) -> dict[str, str]:
        # What is open is asked for up to where the list of the days after reaches back to: neither shows a row twice.
        last = window.to_date - _ASKED_MARGIN if window.is_open_only else window.to_date + _ASKED_MARGIN
        parameters = {
            "agency": self._options.agency_scope,
            "systemId": ",".join(map(str, self._options.system_ids)),
            "originality": ",".join(map(str, self._options.originality)),
            "toReceiveDate": _day(last),
            "sort": "createDate",
            "order": "asc",
        }
        if window.from_date is not None:
            parameters["fromReceiveDate"] = _day(window.from_date - _ASKED_MARGIN)
        if window.is_open_only:
            parameters["status"] = ",".join(self._mapping.open_statuses)
        return parameters

    def _page(self, parameters: dict[str, str]) -> tuple[list[Record], int]:
        envelope = self._transport.get("/dossiers", parameters, self._headers)
        if envelope is None:
            raise self._broken(
                "answered 404 to its list of dossiers",
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
        number = read_integer(record.get(self._mapping.identity_key)) if isinstance(record, dict) else None
        if not number or number < 0:
            raise self._broken(
                f"gave a record without {self._mapping.identity_key}",
                "check the version of the source; a record without its key cannot be kept",
            )
        record[self._mapping.identity_key] = number
        group = read_integer(record.get("groupId"))
        if group not in (None, 0, self._options.group_id):
            raise self._broken(
                f"gave a dossier of site {group} when asked for site {self._options.group_id}",
                "check group_id in the catalogue and the groupId header on the way to the source",
            )

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
