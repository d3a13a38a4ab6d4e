"""Batches in the shape of the national portal's sync (one_stop_systems.md section b.1), as JSON files or posted to us.

A file holds one message, a list of them, or one a line; a message is `{madonvi, service, isUpdating, data: [...]}`.
Messages are read in the order of the file names and in each file from the top, posted ones (`reception`, `inbox`) in
the order of reception, and every item of `data` is one row:

* `DongBoHoSoMC` says all of a dossier; the later message of a MaHoSo wins, the earlier ones are its duplicates.
* `CapNhatTienDoHoSoMC` and `DongBoTrangThaiHoSo` say how far it is: they change its status and the date of that status.
* an item sent again that is no update (`isUpdating`), and a step older than the last one known, change nothing.
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
STEP_STATUS = "TrangThai"  # of a step; what it means is the protocol's, so no mapping lists it
NEEDED = ("MaHoSo", STEP_STATUS, "ThoiDiemXuLy")  # what is read here, whatever the mapping is made of
# What a step into a status dates, and what one back to work undoes.
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
        self._shapes: dict[tuple[str, ...], tuple[Record, list[str]]] = {}  # what is kept, by the names of an item
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
        """Return none: files are not asked for one dossier."""
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _dropped(self, drops: DropFolder) -> Iterator[Message]:
        for name, body in drops.read():
            for message in self._messages(body, name):
                is_update = message["service"] == WHOLE and read_flag(message.get("isUpdating"))
                yield Message(message["service"], is_update, list(self._items(message, name)))

    def _posted(self) -> Iterator[Message]:
        number = 0
        for number, message in inbox.read(self._source.source_id):  # noqa: B007  tells an empty inbox
            yield message
        if not number:
            raise SourceUnavailable(
                f"{self._source.source_id}: nothing has been posted to its inbox yet.",
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
                raise self._broken(name, "holds something that is no message {madonvi, service, data}")
            if message["madonvi"] == self._agency and message["service"] in (WHOLE, *STEPS):
                yield message

    def _documents(self, text: str, name: str) -> list[Any]:
        """Return what a file holds that is not one JSON document in plain UTF-8: behind a mark, or one a line."""
        try:
            return [orjson.loads(text)]
        except orjson.JSONDecodeError as error:
            is_whole = error.pos < len(text)
            lines = [line for line in text.splitlines() if line.strip()] if is_whole else []
            return [self._line(line, name) for line in lines] or [self._line(text, name)]

    def _line(self, line: str, name: str) -> Any:
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if error.pos >= len(line):
                raise SourceUnavailable(
                    f"{self._source.source_id}: {name} breaks off.",
                    action="try again when it is complete; have it written under another name and renamed when done.",
                ) from None
            raise self._broken(name, "is not JSON") from None

    def _items(self, message: Mapping[str, Any], name: str) -> Iterator[Record]:
        items = message["data"] if isinstance(message["data"], list) else [message["data"]]
        for item in items:
            if not isinstance(item, dict) or not str(item.get("MaHoSo") or "").strip():
                raise self._broken(name, "holds an item without MaHoSo, by which dossiers are told apart")
            yield item

    def _row(self, item: Record, message: Message, dossiers: dict[str, _Dossier]) -> Record:
        """Return what is now known of the dossier an item is about; of keys nobody keeps only the name goes on."""
        dossier = dossiers.setdefault(str(item["MaHoSo"]).strip(), _Dossier())
        if dossier.hears(item, message.is_update):
            if message.service == WHOLE:
                dossier.known = self._kept_of(item)
            else:
                dossier.step(item)
        return dossier.known  # never changed: a later message makes another

    def _kept_of(self, item: Record) -> Record:
        names = tuple(item)
        if (shape := self._shapes.get(names)) is None:
            nothing = {"madonvi": self._agency} | dict.fromkeys(names)
            shape = self._shapes[names] = nothing, [name for name in names if name in self._kept]
        known = shape[0].copy()
        for name in shape[1]:
            known[name] = item[name]
        return known

    def _broken(self, name: str, what: str) -> ContractBroken:
        return ContractBroken(
            f"{self._source.source_id}: {name} {what}.", action="have the sending system corrected; nothing was kept."
        )


class _Dossier:
    """What the messages so far say of one dossier."""

    __slots__ = ("_heard", "_stepped_at", "known")

    def __init__(self) -> None:
        self.known: Record = {}
        self._heard: set[bytes] = set()
        self._stepped_at = ""

    def hears(self, item: Record, is_update: bool) -> bool:
        """Whether an item is to be heeded: an update, or not sent before and no step older than the last.

        An update may say again what was said before: a dossier that was re-opened.
        """
        content = blake2b(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()
        if content in self._heard and not is_update:
            return False
        self._heard.add(content)
        at = _digits(item.get("ThoiDiemXuLy"))
        if at and at < self._stepped_at:
            return False
        self._stepped_at = max(at, self._stepped_at)
        return True

    def step(self, item: Record) -> None:
        """Take over a status and its date; of the other keys only the names, for what nobody classified to be told."""
        status, at = str(item.get(STEP_STATUS) or item.get("TrangThaiHoSo") or "").strip(), item.get("ThoiDiemXuLy")
        names = dict.fromkeys(key for key in item if key != STEP_STATUS)
        self.known = {**names, "MaHoSo": item["MaHoSo"], **self.known, "ThoiDiemXuLy": at}
        if not status:
            return
        self.known["TrangThaiHoSo"] = status
        if status in _OPEN:
            self.known |= {key: "" for key in _UNDONE if self.known.get(key)}
        elif (key := _DATED.get(status)) and not self.known.get(key):
            self.known[key] = at


def _digits(moment: Any) -> str:
    """Return a moment as its digits from the year down, which can be compared; both spellings in use begin with it."""
    text = str(moment or "")
    return (text if text.isdigit() else "".join(filter(str.isdigit, text)))[:14]
