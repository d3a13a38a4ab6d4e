"""Reads messages of the national portal's sync (one_stop_systems.md section b.1), from JSON files or posted to us.

A file holds one message, a list of messages, or one message on each line. A message is
`{madonvi, service, isUpdating, data: [...]}`. Files are read in the order of their names, each from the top. Posted
messages (`reception`, `inbox`) are read in the order of reception. Every item of `data` is one row:

* `DongBoHoSoMC` states a dossier completely. The last message of a MaHoSo counts, and the earlier ones are duplicates.
* `CapNhatTienDoHoSoMC` and `DongBoTrangThaiHoSo` are steps: they change the status and the date of that status.
* A repeated item that is not an update (`isUpdating`) changes nothing, nor does a step older than the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson

from motcua.catalog import Source
from motcua.catalog.options import PortalSyncOptions
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters import inbox
from motcua.extract.adapters.inbox import Message
from motcua.extract.adapters.protocol import Page, Record, Window
from motcua.extract.records.convert import read_flag
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drops import DropFolder
from motcua.extract.wire.tabular import decode

WHOLE = "DongBoHoSoMC"
STEPS = ("CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSo")
STEP_STATUS = "TrangThai"  # the status of a step; the protocol defines it, so no mapping lists it
NEEDED = ("MaHoSo", STEP_STATUS, "ThoiDiemXuLy")  # the keys that this module reads, whatever the mapping uses
# The date that a step into a status sets, and the dates that a step back into processing clears.
_DATED = {"3": "NgayTuChoi", "7": "NgayKetThucXuLy", "8": "NgayKetThucXuLy", "9": "NgayKetThucXuLy", "10": "NgayTra"}
_UNDONE = ("NgayKetThucXuLy", "NgayTra", "NgayTuChoi")
_OPEN = ("1", "2", "4", "5", "6")


class PortalSyncAdapter:
    """The messages of one agency (`madonvi`)."""

    margin = timedelta(0)
    filters = False
    lists_open = False

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        options = source.options_as(PortalSyncOptions)
        self._source = source
        self._agency = options.agency_code
        self._kept = {key.split(".", 1)[0] for key in (*mapping.keys.keep, *mapping.keys.hmac)}
        # For each set of names of an item: an empty record, and the names whose values are kept.
        self._shapes: dict[tuple[str, ...], tuple[Record, list[str]]] = {}
        self._drops = DropFolder(source, options.path, connection) if options.path is not None else None

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield one row for every item of every message, whatever the window."""
        dossiers: dict[str, _Dossier] = {}
        records: list[Record] = []
        for message in self._dropped(self._drops) if self._drops is not None else self._posted():
            for item in message.items:
                records.append(self._row(item, message, dossiers))
                if len(records) == self._source.page_size:
                    yield Page(records, None)
                    records = []
        if records:
            yield Page(records, None)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return None: messages have no request for one dossier."""
        return None

    def close(self) -> None:
        """Do nothing: no file is left open."""

    def _dropped(self, drops: DropFolder) -> Iterator[Message]:
        for drop, body in drops.read():
            for message in self._messages(body, drop.name):
                is_update = message["service"] == WHOLE and read_flag(message.get("isUpdating"))
                yield Message(message["service"], is_update, list(self._items(message, drop.name)))

    def _posted(self) -> Iterator[Message]:
        number = 0
        for number, message in inbox.read(self._source.source_id):  # noqa: B007  its value after the loop shows whether the inbox was empty
            yield message
        if not number:
            raise SourceUnavailable(
                f"{self._source.source_id}: no message has been posted to its inbox yet.",
                action="check that `motcua receive` runs and that the sending system posts to it.",
            )

    def _messages(self, body: bytes, name: str) -> Iterator[Mapping[str, Any]]:
        try:
            document = [orjson.loads(body)]
        except orjson.JSONDecodeError:
            document = self._documents(decode(body, name, None).strip(), name)
        if len(document) == 1 and isinstance(document[0], list):
            document = document[0]
        for message in document:
            if not isinstance(message, dict) or not {"service", "madonvi", "data"} <= message.keys():
                raise self._broken(name, "holds an entry that is not a message {madonvi, service, data}")
            if message["madonvi"] == self._agency and message["service"] in (WHOLE, *STEPS):
                yield message

    def _documents(self, text: str, name: str) -> list[Any]:
        """Return the documents of a file with a byte order mark, or with one document on each line."""
        try:
            return [orjson.loads(text)]
        except orjson.JSONDecodeError as error:
            is_complete = error.pos < len(text)
            lines = [line for line in text.splitlines() if line.strip()] if is_complete else []
            return [self._line(line, name) for line in lines] or [self._line(text, name)]

    def _line(self, line: str, name: str) -> Any:
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if error.pos >= len(line):
                raise SourceUnavailable(
                    f"{self._source.source_id}: {name} is incomplete.",
                    action="try again; ask the sender to write it under another name and rename it when complete.",
                ) from None
            raise self._broken(name, "is not JSON") from None

    def _items(self, message: Mapping[str, Any], name: str) -> Iterator[Record]:
        items = message["data"] if isinstance(message["data"], list) else [message["data"]]
        for item in items:
            if not isinstance(item, dict) or not str(item.get("MaHoSo") or "").strip():
                raise self._broken(name, "holds an item without MaHoSo, which identifies the dossier")
            yield item

    def _row(self, item: Record, message: Message, dossiers: dict[str, _Dossier]) -> Record:
        """Return the record of the item's dossier after this item. Keys that are not kept have a name and no value."""
        dossier = dossiers.setdefault(str(item["MaHoSo"]).strip(), _Dossier())
        if dossier.accepts(item, message.is_update):
            if message.service == WHOLE:
                dossier.record = self._kept_of(item)
            else:
                dossier.step(item)
        return dossier.record  # a later message makes a new record and does not change this one

    def _kept_of(self, item: Record) -> Record:
        names = tuple(item)
        if (shape := self._shapes.get(names)) is None:
            empty = {"madonvi": self._agency} | dict.fromkeys(names)
            shape = self._shapes[names] = empty, [name for name in names if name in self._kept]
        record = shape[0].copy()
        for name in shape[1]:
            record[name] = item[name]
        return record

    def _broken(self, name: str, what: str) -> ContractBroken:
        return ContractBroken(
            f"{self._source.source_id}: {name} {what}.",
            action="ask the operator of the sending system to correct it; no record was kept.",
        )


class _Dossier:
    """The record of one dossier, from the messages so far."""

    __slots__ = ("_last_step_at", "_seen", "record")

    def __init__(self) -> None:
        self.record: Record = {}
        self._seen: set[bytes] = set()
        self._last_step_at = ""

    def accepts(self, item: Record, is_update: bool) -> bool:
        """Return whether an item applies: it is new or an update, and is not older than the last step.

        An update may repeat an earlier item exactly: the dossier was re-opened.
        """
        content = blake2b(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()
        if content in self._seen and not is_update:
            return False
        self._seen.add(content)
        at = _digits(item.get("ThoiDiemXuLy"))
        if at and at < self._last_step_at:
            return False
        self._last_step_at = max(at, self._last_step_at)
        return True

    def step(self, item: Record) -> None:
        """Take over a status and its date. Of the other keys keep the names, so that unclassified keys are reported."""
        status, at = str(item.get(STEP_STATUS) or item.get("TrangThaiHoSo") or "").strip(), item.get("ThoiDiemXuLy")
        names = dict.fromkeys(key for key in item if key != STEP_STATUS)
        self.record = {**names, "MaHoSo": item["MaHoSo"], **self.record, "ThoiDiemXuLy": at}
        if not status:
            return
        self.record["TrangThaiHoSo"] = status
        if status in _OPEN:
            self.record |= {key: "" for key in _UNDONE if self.record.get(key)}
        elif (key := _DATED.get(status)) and not self.record.get(key):
            self.record[key] = at


def _digits(moment: Any) -> str:
    """Return the digits of an instant, from the year down, for comparison. Both formats in use begin with the year."""
    text = str(moment or "")
    return (text if text.isdigit() else "".join(filter(str.isdigit, text)))[:14]
