"""Finds and reads the files of a path or a pattern, in any file system that fsspec supports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import fsspec

from motcua.catalog import Source
from motcua.errors import ConfigurationError, SourceUnavailable
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drop_order import in_order
from motcua.settings import TIMEZONE, Settings

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

    `newest` is the time at which the newest of the read files was dropped; None before a file is read, or when the file
    system does not state it.
    """

    def __init__(self, source: Source, path: str, connection: SourceConnection) -> None:
        self._source_id = source.source_id
        self._pattern = path if "://" in path else str(Settings.load().catalog_dir / path)
        self._storage = _storage(self._pattern, connection)
        self.newest: datetime | None = None

    @property
    def answers_until(self) -> date | None:
        """The last day that the files speak for: the day before the newest was dropped, or None where not known."""
        return None if self.newest is None else self.newest.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of each file, from the earliest to the latest.

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
            dropped_at = {path: _dropped_at(filesystem, path) for path in paths}
            for path in in_order(dropped_at):
                body = self._content(filesystem, path)
                dropped = dropped_at[path]
                if dropped is not None and (self.newest is None or dropped > self.newest):
                    self.newest = dropped
                yield _name(path), body
        except OSError as error:
            raise SourceUnavailable(
                f"{self._source_id}: {self._pattern} cannot be read ({type(error).__name__}).",
                action="check that the file system answers and that the login may read the path.",
            ) from None

    def _paths(self, filesystem: Any, pattern: str) -> list[str]:
        matches = filesystem.glob(pattern) if any(mark in pattern for mark in "*?[") else [pattern]
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


def _dropped_at(filesystem: Any, path: str) -> datetime | None:
    try:
        modified_at: datetime = filesystem.modified(path)
    except (NotImplementedError, KeyError):
        return None
    return modified_at if modified_at.tzinfo is not None else modified_at.replace(tzinfo=UTC)


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _storage(pattern: str, connection: SourceConnection) -> dict[str, Any]:
    protocol = pattern.split("://", 1)[0] if "://" in pattern else "file"
    names = _ACCOUNTS.get(protocol, ("username", "password"))
    storage = dict(connection.extra.get("storage_options") or {})
    if names is not None and connection.login:
        storage = {names[0]: connection.login, names[1]: connection.password} | storage
    return storage
