"""Finds and reads the files that a path or a pattern names, anywhere fsspec reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import fsspec

from motcua.catalog import Source
from motcua.errors import ConfigurationError, SourceUnavailable
from motcua.extract.wire.connection import SourceConnection
from motcua.settings import Settings

_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
# What a login and a password are called by the file systems that take them; `extra` of a connection may say more.
_ACCOUNTS = {
    "s3": ("key", "secret"),
    "abfs": ("account_name", "account_key"),
    "az": ("account_name", "account_key"),
    "http": None,
    "https": None,
}


class Drops:
    """The files of one source. A path that is not absolute starts at the catalogue folder.

    `newest` is when the newest of the files read was dropped; none while nothing is read, or where no place says.
    """

    def __init__(self, source: Source, path: str, connection: SourceConnection) -> None:
        self._source_id = source.source_id
        self._pattern = path if "://" in path else str(Settings.load().catalog_dir / path)
        self._storage = _storage(self._pattern, connection)
        self.newest: datetime | None = None

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of each file, in the order of the names.

        Raises:
            SourceUnavailable: no file is there, the place does not answer, or a file is still being written.
            ConfigurationError: nothing here reads that kind of place.
        """
        try:
            filesystem, pattern = fsspec.url_to_fs(self._pattern, **self._storage)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"{self._source_id}: {self._pattern} cannot be opened ({type(error).__name__}).",
                action="correct options.path, or install the fsspec package for its protocol (s3fs, paramiko ...).",
            ) from None
        try:
            paths = self._found(filesystem, pattern)
            for path in paths:
                body = self._content(filesystem, path)
                dropped = _dropped_at(filesystem, path)
                if dropped is not None and (self.newest is None or dropped > self.newest):
                    self.newest = dropped
                yield _name(path), body
        except OSError as error:
            raise SourceUnavailable(
                f"{self._source_id}: {self._pattern} cannot be read ({type(error).__name__}).",
                action="check that the place answers and that the login may read it.",
            ) from None

    def _found(self, filesystem: Any, pattern: str) -> list[str]:
        found = filesystem.glob(pattern) if any(mark in pattern for mark in "*?[") else [pattern]
        whole = [path for path in found if not path.endswith(_UNFINISHED) and not _name(path).startswith(("~$", "."))]
        files = sorted((path for path in whole if filesystem.isfile(path)), key=_name)
        if not files:
            raise SourceUnavailable(
                f"{self._source_id}: no file at {self._pattern}"
                + (f", only {len(found)} still being written." if len(found) > len(whole) else "."),
                action="try again when the unit has dropped one; correct options.path if it drops them elsewhere.",
            )
        return files

    def _content(self, filesystem: Any, path: str) -> bytes:
        size = filesystem.size(path)
        body: bytes = filesystem.cat_file(path)
        filesystem.invalidate_cache()
        if size is not None and not size == len(body) == filesystem.size(path):
            raise SourceUnavailable(
                f"{self._source_id}: {_name(path)} is still being written.",
                action="try again; have it written under another name and renamed when done.",
            )
        return body


def _dropped_at(filesystem: Any, path: str) -> datetime | None:
    try:
        told: datetime = filesystem.modified(path)
    except (NotImplementedError, KeyError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _storage(pattern: str, connection: SourceConnection) -> dict[str, Any]:
    protocol = pattern.split("://", 1)[0] if "://" in pattern else "file"
    names = _ACCOUNTS.get(protocol, ("username", "password"))
    storage = dict(connection.extra.get("storage_options") or {})
    if names is not None and connection.login:
        storage = {names[0]: connection.login, names[1]: connection.password} | storage
    return storage
