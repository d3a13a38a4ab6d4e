"""Opens a workbook in a process of its own (`child`), so that one that asks for too much memory ends that one alone."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.error_texts import NOT_WORKED_OUT, is_formula

MOST_BYTES = 2 << 30  # of address space; a workbook of 300,000 rows of nine columns needs less than a third
MOST_UNPACKED = 2 << 30  # bytes of all parts of a workbook together
_ZIP = b"PK\x03\x04"
_OPEN_AGAIN = "open it in Excel or LibreOffice and save it as XLSX."

Cells = list[Any]


@dataclass(frozen=True)
class Merge:
    """A merged cell: its first and last row, counted from 1, and its first and last column, counted from 0."""

    top: int
    bottom: int
    left: int
    right: int


class SheetRows:
    """The rows of one sheet from its first row on, some at a time, each from the first filled column on."""

    def __init__(self, parts: Iterator[tuple[bool, list[Cells]]]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[list[Cells]]:
        return self

    def __next__(self) -> list[Cells]:
        has_formula, rows = next(self._parts)
        return [[_worked_out(cell) for cell in row] for row in rows] if has_formula else rows

    def hold(self) -> None:
        """Read what is left, because the process is asked for something else now."""
        self._parts = iter([*self._parts])


@dataclass(frozen=True)
class Sheet:
    """A sheet. `start` and `end` are its first and last filled row and column, from 0; None: it is empty."""

    start: tuple[int, int] | None
    end: tuple[int, int] | None
    merges: tuple[Merge, ...]
    rows: SheetRows


class Workbook:
    """One workbook, until it is closed.

    Args:
        body: the file.
        name: for messages.
        most_bytes: the address space that reading it may take.

    `visible` are the sheets that can be seen, without charts.

    Raises:
        SourceUnavailable: the file is incomplete.
        ContractBroken: it cannot be read, has a password, or is too large.
    """

    def __init__(self, body: bytes, name: str, most_bytes: int = MOST_BYTES) -> None:
        _check_unpacked(body, name)
        self._name = name
        self._most_bytes = most_bytes
        self._last: SheetRows | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("child.py")), str(most_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._send(struct.pack(">Q", len(body)), body)
            sheets = _known(self._answer(), body, name)
        except BaseException:
            self.close()
            raise
        self.sheet_names: list[str] = [sheet for sheet, _ in sheets]
        self.visible: list[str] = [sheet for sheet, is_visible in sheets if is_visible]
        self._asked: str | None = None

    def sheet(self, name: str) -> Sheet:
        """Return a sheet. The rows of the one before are kept in memory if they were not read.

        Raises:
            ContractBroken: it is too large, also while its rows are read.
        """
        self.ask(name)
        self._asked = None
        start, end, merged = self._answer()
        left = start[1] if start else 0
        merges = tuple(Merge(top + 1, bottom + 1, first - left, last - left) for (top, first), (bottom, last) in merged)
        self._last = SheetRows(self._parts())
        return Sheet(start, end, merges, self._last)

    def ask(self, name: str) -> None:
        """Have a sheet read that is wanted next, while this process does something else."""
        if self._asked is None:
            self.hold()
            self._send(struct.pack(">I", self.sheet_names.index(name)))
            self._asked = name

    def hold(self) -> None:
        """Keep the rest of the rows of the last sheet, before another is asked for or the workbook is closed."""
        if self._last is not None:
            self._last.hold()
            self._last = None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _parts(self) -> Iterator[tuple[bool, list[Cells]]]:
        while (part := self._answer()) is not None:
            yield part

    def _send(self, *parts: bytes) -> None:
        assert self._process.stdin is not None
        try:
            for part in parts:
                self._process.stdin.write(part)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._too_large() from None

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        head = self._process.stdout.read(8)
        size = struct.unpack(">Q", head)[0] if len(head) == len(b"12345678") else None
        body = self._process.stdout.read(size) if size is not None else b""
        if size is None or len(body) < size:
            raise self._too_large()
        return _Unpickler(io.BytesIO(body)).load()

    def _too_large(self) -> ContractBroken:
        return ContractBroken(
            f"{self._name} cannot be read in {self._most_bytes >> 20} MB of memory: it is too large, or a cell far"
            " from the table makes it so.",
            action="ask the unit to delete the rows and columns around the table, or to save the sheet as CSV.",
        )


class _Unpickler(pickle.Unpickler):
    """Reads what the child sends: plain values and days, and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in ("date", "datetime"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no value of a cell")


def _worked_out(cell: Any) -> Any:
    return NOT_WORKED_OUT if isinstance(cell, str) and is_formula(cell) else cell


def _check_unpacked(body: bytes, name: str) -> None:
    if not body.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        return  # the reader says what is wrong with it
    if unpacked > MOST_UNPACKED:
        raise ContractBroken(
            f"{name} would take {unpacked >> 20} MB when it is unpacked; at most {MOST_UNPACKED >> 20} MB are read.",
            action="ask the unit to delete the rows and columns around the table, or to save the sheet as CSV.",
        )


def _known(said: Any, body: bytes, name: str) -> list[tuple[str, bool]]:
    if isinstance(said, str):
        raise _unreadable(body, name, said)
    sheets: list[tuple[str, bool]] = said
    return sheets


def _unreadable(body: bytes, name: str, error: str) -> ContractBroken | SourceUnavailable:
    if error == "PasswordError":
        return ContractBroken(f"{name} has a password.", action="ask for a file without a password.")
    if body.startswith(_ZIP) and b"PK\x05\x06" not in body[-66_000:]:  # a zip ends with its directory
        return SourceUnavailable(
            f"{name} is incomplete: it is still being written, or copying it was interrupted.",
            action="try again when it is complete; ask the unit to write it under another name and rename it then.",
        )
    return ContractBroken(f"{name} is not a workbook that can be read ({error}).", action=_OPEN_AGAIN)
