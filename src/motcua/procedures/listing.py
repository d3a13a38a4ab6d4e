"""Reads a list of procedures in a unit's own form: Vietnamese or English headings, dates, fees and times as written.

In: a CSV file. Out: for each row and level, the values in the catalogue's terms, with the line. Never: a guess; a value
that is not understood is refused with file and line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from motcua.catalog import Catalog, catalog_file
from motcua.catalog.load import read_document
from motcua.errors import CatalogError
from motcua.procedures.codes import NATIONAL, split_procedure
from motcua.spelling import fold, tidy

Words = dict[str, tuple[str, ...]]

_DAY = ("announced_on", "effective_on", "published_on", "valid_from", "valid_to")
_YES_NO = ("has_fee", "has_online_payment", "for_citizens")
_CHOICE = ("service_level", "online_level", "result_kind", "state")
_TIME = re.compile(r"(\d+)\s*(.*)")
_AMOUNT = re.compile(r"(\d{1,3}(?:[.,]\d{3})+|\d+)\s*(?:đ|đồng|vnd|vnđ)?(?:/.*)?", re.IGNORECASE)
_PARTS = re.compile(r"\s*(?:[;,/&\n]|\bvà\b)\s*")


class Headings(BaseModel):
    """The headings and words that a list may use: `procedures/headings.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Words
    words: dict[str, Words | tuple[str, ...]]
    evidence: str

    @cached_property
    def column_of(self) -> dict[str, str]:
        """The catalogue's column for each folded heading."""
        return {fold(name): column for column, names in self.columns.items() for name in names}

    @cached_property
    def _meanings(self) -> dict[str, dict[str, str]]:
        return {
            kind: {fold(word): meaning for meaning, spellings in words.items() for word in spellings}
            for kind, words in self.words.items()
            if isinstance(words, dict)
        }

    def meaning(self, kind: str, text: str) -> str | None:
        """Return the meaning of a word of one kind; None for an unknown word."""
        return self._meanings[kind].get(fold(text))

    def is_word(self, kind: str, text: str) -> bool:
        """Return whether a text is one of the words for "none" (`no_time`, `no_fee`)."""
        return fold(text) in {fold(word) for word in self.words[kind]}


@dataclass(frozen=True)
class Listed:
    """One procedure at one level as a list states it. `values` holds only the values that the list gives."""

    path: Path
    line: int
    code: str
    level: str | None
    values: Mapping[str, str]

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Listing:
    """A list as read: its rows, and the headings that are not known and were ignored."""

    rows: tuple[Listed, ...]
    ignored: tuple[str, ...]


class _Refused(Exception):
    pass


def read_listing(path: Path, catalog: Catalog) -> Listing:
    """Read a list of procedures.

    Raises:
        CatalogError: the file is missing, has no column of codes, or has a value that is not understood. The message
            names the line.
    """
    headings = read_document(catalog_file(catalog.folder, "procedures", "headings.yaml"), Headings)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}.", action="save the list as CSV in UTF-8.") from None
    lines = text.splitlines(keepends=True)
    delimiter = max(",;\t", key=lambda sign: lines[0].count(sign)) if lines else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    column_by_heading = {
        name: headings.column_of.get(fold(name)) for name in reader.fieldnames or () if name is not None
    }
    columns = {name: column for name, column in column_by_heading.items() if column is not None}
    twice = [column for column in columns.values() if list(columns.values()).count(column) > 1]
    if twice or "code" not in columns.values():
        what = f"two columns mean {twice[0]}" if twice else "no column holds the procedure code"
        raise CatalogError(
            f"{path}:1: {what}; the headings are {', '.join(map(repr, column_by_heading))}.",
            action="rename the column, or add its heading to procedures/headings.yaml.",
        )
    rows: list[Listed] = []
    for row in reader:
        values = {column: tidy(row[name] or "") for name, column in columns.items()}
        if any(values.values()):
            rows.extend(_listed(path, reader.line_num, values, headings, catalog))
    return Listing(tuple(rows), tuple(name for name, column in column_by_heading.items() if column is None and name))


def _listed(path: Path, line: int, texts: dict[str, str], headings: Headings, catalog: Catalog) -> Iterator[Listed]:
    try:
        code = split_procedure(texts.pop("code").replace(" ", ""))[0] or ""
        _check_code(code)
        levels = [_level(part, headings) for part in _PARTS.split(texts.pop("level", "")) if part]
        values = _values(texts, headings)
    except _Refused as error:
        raise CatalogError(
            f"{path}:{line}: {error}.", action="correct the line, or add the word to procedures/headings.yaml."
        ) from None
    if "field_name" in values and "field_code" not in values:
        values["field_code"] = _field_code(values["field_name"], catalog)
    levels_or_none: list[str | None] = [*levels] or [None]
    for level in levels_or_none:
        yield Listed(path, line, code, level, values)


def _check_code(code: str) -> None:
    if not re.fullmatch(NATIONAL, code):
        raise _Refused("code: not a national code of the form 1.001193, with or without a suffix")


def _level(text: str, headings: Headings) -> str:
    return _word("level", "level", text, headings)


def _word(column: str, kind: str, text: str, headings: Headings) -> str:
    meaning = headings.meaning(kind, text)
    if meaning is None:
        raise _Refused(f"{column}: {text!r} is not a known word for this column")
    return meaning


def _values(texts: dict[str, str], headings: Headings) -> dict[str, str]:
    values: dict[str, str] = {}
    for column, text in texts.items():
        if not text:
            continue
        if column in _DAY:
            values[column] = _day(column, text).isoformat()
        elif column in _YES_NO:
            values[column] = _word(column, "yes_no", text, headings)
        elif column in _CHOICE:
            values[column] = _word(column, column, text, headings)
        elif column == "fee":
            values[column] = _fee(text, headings)
        elif column not in ("time_limit", "time_unit", "announced_limit", "announced_unit"):
            values[column] = text
    for limit, unit in (("time_limit", "time_unit"), ("announced_limit", "announced_unit")):
        values.update(_time(limit, unit, texts, headings))
    return values


def _time(limit: str, unit: str, texts: dict[str, str], headings: Headings) -> dict[str, str]:
    text, unit_text = texts.get(limit, ""), texts.get(unit, "")
    if not text and headings.meaning("time_unit", unit_text) != "same_day":
        return {}
    if headings.meaning("time_unit", text or unit_text) == "same_day":
        return {limit: "0", unit: "same_day"}
    if headings.is_word("no_time", text):
        return {}
    match = _TIME.fullmatch(text)
    if match is None:
        raise _Refused(f"{limit}: {text!r} is not a whole number with a unit, such as 7 ngày làm việc")
    unit_word = match[2] or unit_text or "working_days"
    return {limit: match[1], unit: _word(limit, "time_unit", unit_word, headings)}


def _fee(text: str, headings: Headings) -> str:
    if headings.is_word("no_fee", text):
        return "0"
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise _Refused(f"fee: {text!r} is not an amount in đồng")
    return re.sub(r"[.,]", "", match[1])


def _day(column: str, text: str) -> date:
    for format_ in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y"):
        try:
            return datetime.strptime(text, format_).date()
        except ValueError:
            continue
    raise _Refused(f"{column}: {text!r} is not a day, such as 15/08/2022 or 2022-08-15")


def _field_code(name: str, catalog: Catalog) -> str:
    known = {fold(procedure.field_name): procedure.field_code for procedure in catalog.procedures}
    plain = "".join(letter for letter in fold(name).replace("đ", "d") if letter.isascii())
    return known.get(fold(name)) or re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
