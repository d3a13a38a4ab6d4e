"""Reads a list of procedures as a unit keeps it: Vietnamese or English headings, dates, fees and times as written.

In: a CSV file. Out: for each row and level the catalogue's own words, with the line. Never: a guess; what is not
understood is refused with file and line.
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
    """What columns and words of a list may be called: `procedures/headings.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Words
    words: dict[str, Words | tuple[str, ...]]
    evidence: str

    @cached_property
    def column_of(self) -> dict[str, str]:
        """The catalogue's column by folded heading."""
        return {fold(name): column for column, names in self.columns.items() for name in names}

    @cached_property
    def _meant(self) -> dict[str, dict[str, str]]:
        return {
            kind: {fold(word): meant for meant, spelt in words.items() for word in spelt}
            for kind, words in self.words.items()
            if isinstance(words, dict)
        }

    def meaning(self, kind: str, text: str) -> str | None:
        """Return what a word of one kind means, or none."""
        return self._meant[kind].get(fold(text))

    def is_word(self, kind: str, text: str) -> bool:
        """Return whether a text is one of the words that mean nothing is there (`no_time`, `no_fee`)."""
        return fold(text) in {fold(word) for word in self.words[kind]}


@dataclass(frozen=True)
class Listed:
    """One procedure at one level as a list states it; `values` holds only what the list says."""

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
    """A list as read: its rows, and the headings that mean nothing here."""

    rows: tuple[Listed, ...]
    ignored: tuple[str, ...]


class _Refused(Exception):
    pass


def read_listing(path: Path, catalog: Catalog) -> Listing:
    """Read a list of procedures.

    Raises:
        CatalogError: the file is not there, lacks the code, or a value is not understood; names the line.
    """
    headings = read_document(catalog_file(catalog.folder, "procedures", "headings.yaml"), Headings)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}.", action="save the list as CSV in UTF-8.") from None
    lines = text.splitlines(keepends=True)
    delimiter = max(",;\t", key=lambda sign: lines[0].count(sign)) if lines else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    found = {name: headings.column_of.get(fold(name)) for name in reader.fieldnames or () if name is not None}
    columns = {name: column for name, column in found.items() if column is not None}
    twice = [column for column in columns.values() if list(columns.values()).count(column) > 1]
    if twice or "code" not in columns.values():
        what = f"two columns mean {twice[0]}" if twice else "no column holds the procedure's code"
        raise CatalogError(
            f"{path}:1: {what}; the headings are {', '.join(map(repr, found))}.",
            action="rename the column, or add its heading to procedures/headings.yaml.",
        )
    rows: list[Listed] = []
    for row in reader:
        given = {column: tidy(row[name] or "") for name, column in columns.items()}
        if any(given.values()):
            rows.extend(_listed(path, reader.line_num, given, headings, catalog))
    return Listing(tuple(rows), tuple(name for name, column in found.items() if column is None and name))


def _listed(path: Path, line: int, given: dict[str, str], headings: Headings, catalog: Catalog) -> Iterator[Listed]:
    try:
        code = split_procedure(given.pop("code").replace(" ", ""))[0] or ""
        _check_code(code)
        levels = [_level(part, headings) for part in _PARTS.split(given.pop("level", "")) if part]
        values = _values(given, headings)
    except _Refused as error:
        raise CatalogError(
            f"{path}:{line}: {error}.", action="correct the line, or add the word to procedures/headings.yaml."
        ) from None
    if "field_name" in values and "field_code" not in values:
        values["field_code"] = _field_code(values["field_name"], catalog)
    named: list[str | None] = [*levels] or [None]
    for level in named:
        yield Listed(path, line, code, level, values)


def _check_code(code: str) -> None:
    if not re.fullmatch(NATIONAL, code):
        raise _Refused("code: not a national code of the form 1.001193, with or without a suffix")


def _level(text: str, headings: Headings) -> str:
    return _word("level", "level", text, headings)


def _word(column: str, kind: str, text: str, headings: Headings) -> str:
    meant = headings.meaning(kind, text)
    if meant is None:
        raise _Refused(f"{column}: {text!r} is none of the words known for it")
    return meant


def _values(given: dict[str, str], headings: Headings) -> dict[str, str]:
    values: dict[str, str] = {}
    for column, text in given.items():
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
        values.update(_time(limit, unit, given, headings))
    return values


def _time(limit: str, unit: str, given: dict[str, str], headings: Headings) -> dict[str, str]:
    text, unit_text = given.get(limit, ""), given.get(unit, "")
    if not text and headings.meaning("time_unit", unit_text) != "same_day":
        return {}
    if headings.meaning("time_unit", text or unit_text) == "same_day":
        return {limit: "0", unit: "same_day"}
    if headings.is_word("no_time", text):
        return {}
    found = _TIME.fullmatch(text)
    if found is None:
        raise _Refused(f"{limit}: {text!r} is not a whole number with a unit, such as 7 ngày làm việc")
    named = found[2] or unit_text or "working_days"
    return {limit: found[1], unit: _word(limit, "time_unit", named, headings)}


def _fee(text: str, headings: Headings) -> str:
    if headings.is_word("no_fee", text):
        return "0"
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise _Refused(f"fee: {text!r} is not an amount in đồng")
    return re.sub(r"[.,]", "", found[1])


def _day(column: str, text: str) -> date:
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise _Refused(f"{column}: {text!r} is not a day, such as 15/08/2022 or 2022-08-15")


def _field_code(name: str, catalog: Catalog) -> str:
    known = {fold(procedure.field_name): procedure.field_code for procedure in catalog.procedures}
    plain = "".join(letter for letter in fold(name).replace("đ", "d") if letter.isascii())
    return known.get(fold(name)) or re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
