"""Reads petitions (phản ánh, kiến nghị) from dropped tables: days and outcome, never the text or the petitioner.

Only the columns that the source's entry names are read. A value that cannot be read becomes null, and the record's
issues name its column, without the value. The rules decide whether the record is accepted. The files hold all petitions
of the source, and cover the days before the newest file of each series was dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from motcua.canonical import PETITION
from motcua.catalog import Source
from motcua.catalog.options import PetitionFilesOptions
from motcua.days.workdays import add_workdays, working_calendar
from motcua.extract.adapters.files import record_keys, stands_of, tables_of
from motcua.extract.error_texts import is_error
from motcua.extract.records import instants
from motcua.extract.records.convert import Problem, code_reader, value_reader
from motcua.extract.records.day_order import DayColumn, DayOrder, hold
from motcua.extract.records.privacy import MASKED
from motcua.extract.records.rules import NameRule
from motcua.extract.shape.apart import Columns
from motcua.extract.shape.meaning import is_day, is_word
from motcua.extract.shape.table import ShapedTables
from motcua.extract.shape.words import row_words
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drops import DropFolder, SpeaksByFiles
from motcua.extract.wire.tabular import Layout, Table
from motcua.extract.wire.workbooks.error_cells import DAY_ZERO, serial_day
from motcua.settings import Settings
from motcua.spelling import folded

UNLISTED = "unlisted"  # the kind of a petition whose word the source's entry does not list
_DAYS = ("received_on", "due_on", "handled_on", "published_on")
_CLOSED_LISTS = ("about", "is_satisfied", "is_repeated")


class PetitionFilesAdapter(SpeaksByFiles):
    """The files of one source of petitions."""

    kind = PETITION

    def __init__(self, source: Source, connection: SourceConnection) -> None:
        self._source_id = source.source_id
        self._options = source.options_as(PetitionFilesOptions)
        self._drops = DropFolder(source, self._options.path, connection, self._options.once)
        self._headings = {name: heading for name, heading in self._options.columns.model_dump().items() if heading}
        self._columns = tuple(dict.fromkeys(self._headings.values()))
        is_serial = "excel" in self._options.formats
        self._serials = frozenset(self._headings[name] for name in _DAYS if is_serial and name in self._headings)
        self._layout = Layout(
            frozenset((*self._columns, *self._options.columns_of_shape)),
            self._options.encoding,
            self._options.delimiter,
            self._options.sheets,
            text=self._options.text,
        )
        self._reader = _Reader(source)
        words = row_words(Settings.load().catalog_dir)
        self._shaped = ShapedTables(self._options, self._meaning(), (self._options.columns.kind,), words)

    def tables(self) -> Iterator[pa.Table]:
        """Yield the petitions of each table, each with where it stands.

        Raises:
            SourceUnavailable: there is no file, or one is still being written.
            ContractBroken: a file is not a table, or lacks a column that the entry names.
            BatchHeld: days are swapped with months in a column, or may be (`day_order`).
        """
        days = DayOrder(
            {
                heading: DayColumn(name, self._options.formats, self._options.swapped)
                for name in _DAYS
                if (heading := self._headings.get(name))
            }
        )
        self._shaped.warnings.clear()
        for drop, body in self._drops.read():
            for table, keys in tables_of(body, drop.name, self._layout, self._keys):
                stand_of = stands_of(drop, table)
                serials = self._serials if table.day_zero != DAY_ZERO else frozenset[str]()
                numbers, told, stands = [], [], []
                for number, cells in self._shaped.records(table, keys):
                    numbers.append(number)
                    stands.append(stand_of(number))
                    told.append(
                        {
                            key: serial_day(cell, table.day_zero) if key in serials else cell
                            for key, cell in zip(keys, cells, strict=False)
                        }
                    )
                days.add({key: [one.get(key) for one in told] for key in days.keys}, len(told), stands)
                rows = [
                    self._reader.petition(f"{table.place} row {number}", one) | {"stands_in": stand}
                    for number, one, stand in zip(numbers, told, stands, strict=True)
                ]
                yield pa.Table.from_pylist(rows, schema=PETITION.pulled_schema)

        hold(self._source_id, days.findings(), "in the options of its entry in petitions/")

    def _keys(self, table: Table) -> list[str]:
        return record_keys(
            table.columns, table.place, [*dict.fromkeys((*self._columns, *self._options.columns_of_shape))]
        )

    def _meaning(self) -> Columns:
        words = self._options.words
        lists = {"kind": words.kind} | {name: getattr(words, name) for name in _CLOSED_LISTS}
        says = {self._headings[name]: (is_day(self._options.formats),) for name in _DAYS if name in self._headings}
        says |= {self._headings[name]: (is_word(known),) for name, known in lists.items() if name in self._headings}
        identity = frozenset((self._options.columns.petition_id,))
        return Columns(identity, frozenset(self._columns) - identity, frozenset(), says)

    @property
    def warnings(self) -> Sequence[str]:
        """Beside what the folder says, the rows of each table that were left out."""
        return [*super().warnings, *self._shaped.warnings]

    def close(self) -> None:
        """Do nothing: no file is left open."""


class _Reader:
    """Reads the rows of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._options = source.options_as(PetitionFilesOptions)
        self._calendar = working_calendar(Settings.load().catalog_dir)
        read = instants.turned_reader if self._options.swapped else instants.reader
        moment = read(self._options.formats)
        words = self._options.words
        self._readers: dict[str, Callable[[Any], Any]] = {
            "petition_id": code_reader(()),
            "unit": _read_unit,
            "kind": lambda value: words.kind.get(folded(value), UNLISTED),
            **{name: _day_reader(moment, self._options.formats[0]) for name in _DAYS},
            **{name: _word_reader(getattr(words, name)) for name in _CLOSED_LISTS},
        }

    def petition(self, place: str, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as a petition. Its issues name the values that cannot be read."""
        values: dict[str, Any] = {}
        issues: dict[str, str] = {}
        for name, read in self._readers.items():
            value = self._value(name, cells)
            unread = Problem("holds an error of the spreadsheet") if is_error(value) else None
            converted = None if value is None else unread or read(value)
            if isinstance(converted, Problem):
                issues[name] = converted.why
                converted = converted.instead
            values[name] = converted
        unit = values.pop("unit")
        if unit is None and "unit" not in issues:  # where no unit is stated, it is the unit of the source
            unit = self._source.unit_id
        if values["petition_id"] == MASKED:
            values["petition_id"] = None
        if values["due_on"] is None and "due_on" not in issues:
            values["due_on"] = self._due(values["received_on"])
        return values | {
            "system_code": self._source.system_code,
            "agency_code": self._source.source_id,
            "unit_code": unit,
            "place": place,
            "mapping_issues": "; ".join(f"{name}: {why}" for name, why in issues.items()) or None,
        }

    def _value(self, name: str, cells: Mapping[str, Any]) -> Any:
        value = cells.get(getattr(self._options.columns, name) or "")
        is_null = value is None or (isinstance(value, str) and value.strip() in self._options.null_values)
        return None if is_null else value

    def _due(self, received_on: date | None) -> date | None:
        if received_on is None or self._options.due_workdays is None:
            return None
        return add_workdays(received_on + timedelta(days=1), self._options.due_workdays - 1, self._calendar)


def _day_reader(moment: Callable[[Any], datetime | None], pattern: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        instant = moment(value)
        return Problem(f"not {pattern}") if instant is None else instant.date()

    return read


def _word_reader(words: Mapping[str, bool | str]) -> Callable[[Any], Any]:
    return lambda value: words.get(folded(value), Problem("not a word of its list"))


_read_code = code_reader(())
_read_name = value_reader(NameRule.model_validate({"as": "name", "key": "unit"}), lambda name: None)


def _read_unit(value: Any) -> Any:
    """Return an electronic code, a unit id or the name of an agency. Other values may be persons and are masked."""
    if isinstance(value, str) and isinstance(_read_code(value), Problem):
        return _read_name(value)
    return _read_code(value)
