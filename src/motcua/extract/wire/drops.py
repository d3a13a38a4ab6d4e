"""Finds and reads the files of a path or a pattern, in any file system that fsspec supports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import fsspec
import pyarrow as pa

from motcua.canonical import RecordKind
from motcua.catalog import Source
from motcua.days.workdays import working_calendar
from motcua.errors import ConfigurationError, SourceUnavailable
from motcua.extract.wire.books import books_apart
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drop_order import Drop, in_order
from motcua.settings import Settings
from motcua.spelling import fold

_MARKS = re.compile(r"[*?[]")  # what makes a path a pattern
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
# The names that file systems use for login and password. `extra` of a connection may add more options.
_ACCOUNTS = {
    "s3": ("key", "secret"),
    "abfs": ("account_name", "account_key"),
    "az": ("account_name", "account_key"),
    "http": None,
    "https": None,
}


class DropFolder:
    """The files of one source. A relative path starts at the catalogue folder.

    Files whose names differ only in numbers, days, months or a download counter are a series, of which the newest
    speaks, but for books that are written side by side (`motcua.extract.wire.books`). Files of other names are books of
    their own. `drops` are the files that were read so far.

    Args:
        once: names or patterns of files that are never saved again. They hold nothing back.
    """

    def __init__(self, source: Source, path: str, connection: SourceConnection, once: Sequence[str] = ()) -> None:
        self._source_id = source.source_id
        self._pattern = path if "://" in path else str(Settings.load().catalog_dir / path)
        self._storage = _storage(self._pattern, connection)
        self._once = tuple(map(fold, once))
        self.drops: list[Drop] = []
        self._last_saved: dict[str, date] = {}  # of each series of the folder
        self._apart: dict[Drop, str] = {}

    def tell_books(self, listed: pa.Table, kind: RecordKind) -> None:
        """Take from the rows of all files which of a series are books of their own. Call it after the last page."""
        self._apart = books_apart(self.drops, listed, kind, working_calendar(Settings.load().catalog_dir))

    @property
    def newest_of_series(self) -> list[Drop]:
        """The newest file of each series, the earliest first; none where no time is known."""
        newest: dict[str, Drop] = {}
        for drop in sorted((drop for drop in self.drops if drop.dropped_at is not None), key=_when):
            newest[drop.series] = drop
        return sorted(newest.values(), key=_when)

    @property
    def speaks_last(self) -> Drop | None:
        """The file that ends what the source answers for: the newest of the book that was saved longest ago."""
        return next(iter(self._saved_again), None)

    @property
    def answers_until(self) -> date | None:
        """The last day that every book speaks for: the day before `speaks_last` was dropped; None: not known."""
        last = self.speaks_last
        return None if last is None else _day_of(last) - timedelta(days=1)

    @property
    def warnings(self) -> list[str]:
        """Name the files that hold the others back, with the day on which each was saved last."""
        newest = self._saved_again
        latest = _day_of(newest[-1]) if newest else None
        return [
            f"{drop.file} was last saved on {_day_of(drop)}, other files on {latest}: the source is known until the day"
            f" before the first.{self.told_apart(drop)} Ask the unit to save it again, then ingest the source again; if"
            " it never will, name it under once in options."
            for drop in newest
            if _day_of(drop) != latest
        ]

    def told_apart(self, drop: Drop) -> str:
        """Say why a file is taken for a book of its own; empty where its name says so."""
        why = self._apart.get(drop)
        return f" It is taken for a book of its own: {why}." if why else ""

    @property
    def _saved_again(self) -> list[Drop]:
        """The newest of each book but those of `once`; of these where there is no other."""
        newest = sorted({*self.newest_of_series, *self._apart}, key=_when)
        return [drop for drop in newest if not self.is_once(drop)] or newest[-1:]

    def read(self) -> Iterator[tuple[Drop, bytes]]:
        """Yield each file and its content, in their order (`in_order`).

        Raises:
            SourceUnavailable: there is no file, the file system does not answer, or a file is still being written.
            ConfigurationError: the protocol of the path is not supported.
        """
        try:
            filesystem, pattern = fsspec.url_to_fs(self._pattern, **self._storage)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"{self._source_id}: {self._pattern} cannot be opened ({type(error).__name__}).",
                action="correct options.path, or install the fsspec package for its protocol (s3fs, paramiko ...).",
            ) from None
        try:
            paths = self._paths(filesystem, pattern)
            folder = _MARKS.split(pattern)[0].rpartition("/")[0] + "/"
            path_of = {Drop(path.removeprefix(folder), _dropped_at(filesystem, path)): path for path in paths}
            self.drops, self._apart = [], {}
            timed = sorted((drop for drop in path_of if drop.dropped_at is not None), key=_when)
            self._last_saved = {drop.series: _day_of(drop) for drop in timed}
            for drop in in_order(path_of):
                body = self._content(filesystem, path_of[drop])
                self.drops.append(drop)
                yield drop, body
        except OSError as error:
            raise SourceUnavailable(
                f"{self._source_id}: {self._pattern} cannot be read ({type(error).__name__}).",
                action="check that the file system answers and that the login may read the path.",
            ) from None

    def is_once(self, drop: Drop) -> bool:
        """Return whether a file is named as one that is never saved again."""
        names = fold(drop.name), fold(drop.file)
        return any(fnmatchcase(name, pattern) for name in names for pattern in self._once)

    def is_past(self, drop: Drop) -> bool:
        """Return whether nothing is known of what stands open in a file alone: it is past, and says no more.

        It is never saved again (`once`), or another file of its series was saved on a later day.
        """
        last = self._last_saved.get(drop.series)
        return self.is_once(drop) or (last is not None and drop.dropped_at is not None and _day_of(drop) < last)

    def _paths(self, filesystem: Any, pattern: str) -> list[str]:
        matches = filesystem.glob(pattern) if _MARKS.search(pattern) else [pattern]
        complete = [
            path for path in matches if not path.endswith(_UNFINISHED) and not _name(path).startswith(("~$", "."))
        ]
        files = [path for path in complete if filesystem.isfile(path)]
        if not files:
            raise SourceUnavailable(
                f"{self._source_id}: there is no file at {self._pattern}"
                + (f", only {len(matches)} that are still being written." if len(matches) > len(complete) else "."),
                action="try again when the unit has delivered a file; correct options.path if the path is another one.",
            )
        return files

    def _content(self, filesystem: Any, path: str) -> bytes:
        size = filesystem.size(path)
        body: bytes = filesystem.cat_file(path)
        filesystem.invalidate_cache()
        if size is not None and not size == len(body) == filesystem.size(path):
            raise SourceUnavailable(
                f"{self._source_id}: {_name(path)} is still being written.",
                action="try again; ask the unit to write it under another name and rename it when it is complete.",
            )
        return body


class SpeaksByFiles:
    """What an adapter of dropped files says beside its rows (`SourceAdapter`): all that its folder says."""

    _drops: DropFolder

    @property
    def answers_until(self) -> date | None:
        """As `DropFolder.answers_until`: what a file says was so on the day it was dropped, and no later."""
        return self._drops.answers_until

    @property
    def speaks_last(self) -> Drop | None:
        """As `DropFolder.speaks_last`."""
        return self._drops.speaks_last

    @property
    def newest_of_series(self) -> Sequence[Drop]:
        """As `DropFolder.newest_of_series`."""
        return self._drops.newest_of_series

    @property
    def warnings(self) -> Sequence[str]:
        """As `DropFolder.warnings`."""
        return self._drops.warnings

    def tell_books(self, listed: pa.Table, kind: RecordKind) -> None:
        """As `DropFolder.tell_books`."""
        self._drops.tell_books(listed, kind)

    def told_apart(self, drop: Drop) -> str:
        """As `DropFolder.told_apart`."""
        return self._drops.told_apart(drop)


def _dropped_at(filesystem: Any, path: str) -> datetime | None:
    try:
        modified_at: datetime = filesystem.modified(path)
    except (NotImplementedError, KeyError):
        return None
    return modified_at if modified_at.tzinfo is not None else modified_at.replace(tzinfo=UTC)


def _when(drop: Drop) -> datetime:
    assert drop.dropped_at is not None
    return drop.dropped_at


def _day_of(drop: Drop) -> date:
    assert drop.dropped_on is not None
    return drop.dropped_on


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _storage(pattern: str, connection: SourceConnection) -> dict[str, Any]:
    protocol = pattern.split("://", 1)[0] if "://" in pattern else "file"
    names = _ACCOUNTS.get(protocol, ("username", "password"))
    storage = dict(connection.extra.get("storage_options") or {})
    if names is not None and connection.login:
        storage = {names[0]: connection.login, names[1]: connection.password} | storage
    return storage
