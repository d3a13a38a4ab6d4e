"""The first draft of a mapping for a new table, guessed from its column names and a few rows.

Each guess is marked with `# <- guess` for a person to confirm. An unknown column is classified as personal, so nothing
of it is kept until a person changes that. No value is written, except words that behave like a code list.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec

from motcua.extract.error_texts import is_error
from motcua.extract.onboarding.columns import NATIONAL, best_table, field_columns, is_national, is_unneeded
from motcua.extract.onboarding.statuses import channel_of, national_codes, status_of
from motcua.extract.records import instants
from motcua.extract.records.privacy import holds_personal
from motcua.extract.records.rules import InstantRule
from motcua.spelling import folded, tidy

_ROWS = 500
GUESS = "# <- guess"  # the mark of every line that a person has to confirm
_NULLS = ("", "-", "null", "NULL", "N/A")
_FORMATS = (
    "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "d/M/yyyy", "dd-MM-yyyy HH:mm:ss", "dd-MM-yyyy HH:mm",
    "dd-MM-yyyy", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss", "iso", "excel",
)  # fmt: skip
# Read only where the mapping says so, and offered as a comment: 05/10/23 may be another day. A format that this version
# does not know reads nothing, so it is not offered.
_OFFERED = (
    "dd/MM/yy HH:mm:ss", "dd/MM/yy HH:mm", "dd/MM/yy", "d/M/yy", "dd-MM-yy", "dd.MM.yyyy", "dd.MM.yy",
    "dd/MM/yyyy hh:mm:ss tt", "dd/MM/yyyy hh:mm tt", "d/M/yyyy h:mm:ss tt", "d/M/yyyy h:mm tt",
    "Hhmm ngày dd/MM/yyyy", "HH:mm dd/MM/yyyy", "ngày d tháng M năm yyyy",
)  # fmt: skip
_LIMIT = re.compile(r"trong ngày|\d+(?:[.,]\d+)? (?:ngày|giờ)(?: làm việc)?")
_DAYS = ("submitted_at", "received_at", "due_at", "finished_at", "returned_at", "refused_at")
# Words of the channel, and of the status, of a table that nobody has seen yet.
_EXAMPLES = ("Mã hồ sơ", "Trạng thái", "Tên thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả")


@dataclass(frozen=True)
class Sample:
    """The columns of a table and some of its rows; `encoding` is what the entry must state of a text."""

    columns: tuple[str, ...]
    rows: list[list[Any]]
    encoding: str | None = None

    def values(self, column: str) -> list[Any]:
        position = self.columns.index(column)
        cells = [row[position] for row in self.rows if position < len(row)]
        return [cell for cell in cells if cell is not None and not is_error(cell)]

    def words(self, column: str) -> list[str]:
        """The words of a column that behaves like a code list; an empty list for any other column."""
        counted = Counter(str(value) for value in self.values(column) if str(value) not in _NULLS)
        if 2 * len(counted) > sum(counted.values()) or len(counted) > 40:
            return []
        # The most frequent of several spellings comes last and stays.
        words = {folded(word): word for word, _ in reversed(counted.most_common())}
        return [word for word in reversed(words.values()) if not holds_personal(word) and len(word) <= 60]


def sample_table(folder: Path, path: str) -> Sample | None:
    """Return the table with most of the usual columns in the first file that matches a pattern; None without a file."""
    filesystem, pattern = fsspec.url_to_fs(path if "://" in path else str(folder / path))
    paths = sorted(filesystem.glob(pattern))
    if not paths:
        return None
    table, encoding = best_table(filesystem.cat_file(paths[0]), paths[0].rsplit("/", 1)[-1])
    return Sample(table.columns, [cells for _, cells in islice(table.rows, _ROWS)], encoding)


def _covers(adapter: str) -> list[str]:
    if adapter != "files":
        return []
    return [
        "# register: the tables hold every dossier that the unit ever had. period: they leave out older ones, and then",
        "# it is not known what was open before a period.",
        f"covers: period {GUESS}",
    ]


def mapping_skeleton(adapter: str, sample: Sample | None) -> str:
    """Return a mapping file for a sample. Without a sample, it has example columns to be replaced."""
    columns = sample.columns if sample else _EXAMPLES
    guessed = field_columns(columns)
    number = guessed.setdefault("number", next(column for column in columns if column))
    lines = [
        f"# Made by `motcua sources new`. A line marked with `{GUESS}` is a guess: confirm or correct it.",
        f"adapter: {adapter}",
        f"null_values: [{', '.join(map(_quoted, _NULLS))}] {GUESS}",
        *_covers(adapter),
        "",
        "# The key that identifies a dossier, and in what the office's numbers are unique: year, month (of the file's",
        "# name), sheet, {column: ...}; [] where they never begin again. A number with spaces, or of 9 or 12 digits,",
        "# needs a pattern to be kept: patterns: ['HS-\\d{4}-\\d{5}']",
        f"identity: {{as: key, key: {_quoted(number)}, unique_in: [year]}} {GUESS}",
        "",
        "status:",
        *_status(guessed.get("status"), sample),
        "",
        "channel: # 1 direct, 2 online, 3 postal",
        *_channel(guessed.get("channel"), sample),
        "",
        "fields:",
        f"  dossier_no: {{as: code, key: {_quoted(number)}}} {GUESS}",
    ]
    if unit := guessed.get("unit_code"):
        lines.append(f"  unit_code: {{as: name, key: {_quoted(unit)}}} {GUESS}: names in units/agency_codes*.csv")
    else:
        lines.append("  # no unit_code: every record belongs to the unit of the source")
    if names := [guessed[field] for field in ("procedure_code", "procedure_name") if field in guessed]:
        keys = ", ".join(map(_quoted, names))
        lines.append(
            f"  procedure_code: {{as: procedure, key: [{keys}], otherwise: KHAC}} {GUESS}: names in"
            " procedures/aliases.csv"
        )
    else:
        lines.append(f"  procedure_code: {{as: constant, value: KHAC}} {GUESS}: no column names the procedure")
    for field in _DAYS:
        if column := guessed.get(field):
            lines += _day(field, column, sample.values(column) if sample else [])
    kept = list(dict.fromkeys(guessed.values()))
    rest = [column for column in columns if column and column not in kept]
    unneeded = [column for column in rest if is_unneeded(column)]
    personal = [column for column in rest if column not in unneeded]
    lines += [
        "",
        "# A column is kept for a field, or dropped. A column that is not classified counts as personal.",
        "keys:",
    ]
    for name, group in (("keep", kept), ("drop_personal", personal), ("drop_unneeded", unneeded)):
        if group:
            mark = "" if name == "keep" else f" {GUESS}"
            lines += [f"  {name}:{mark}", *(f"    - {_quoted(column)}" for column in group)]
    return "\n".join(lines) + "\n"


def _day(field: str, column: str, values: Sequence[Any]) -> Iterator[str]:
    """Yield the line of a day, and as a comment what a person must say of values that no format is sure of."""
    formats, unread = _formats(values)
    listed = ", ".join(map(_quoted, formats))
    yield f"  {field}: {{as: instant, key: {_quoted(column)}, formats: [{listed}]}} {GUESS}"
    if more := _needed(unread, _OFFERED):
        count = len(unread) - len(_not_read_by(unread, more))
        both = ", ".join(map(_quoted, (*formats, *more)))
        yield f"  # {count} of its values seem to be days of another form. If they are: formats: [{both}]"
        unread = _not_read_by(unread, more)
    limits = [value for value in unread if isinstance(value, str) and _LIMIT.fullmatch(tidy(value).casefold())]
    if limits and field == "due_at" and "limits" in InstantRule.model_fields:
        such = f"{len(limits)} of its values are time limits, such as {_quoted(limits[0])}"
        yield f"  # {such}. To count them: limits: working_days"
        unread = [value for value in unread if value not in limits]
    if unread:
        yield f"  # {len(unread)} of its {len(values)} values have none of these formats: see `sources check`"


def fixture(sample: Sample) -> str:
    """Return a CSV with the columns of the sample and made-up rows: dates and code words as they are, else empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sample.columns)
    words = {column: set(map(folded, sample.words(column))) for column in sample.columns if column}
    dates = {column for column in sample.columns if column and _is_dated(sample.values(column))}
    numbered = field_columns(sample.columns).get("number")
    for number, row in enumerate(sample.rows[:5], start=1):
        writer.writerow(
            f"HS-{number:04d}" if column == numbered
            else cell if column in dates or folded(cell) in words.get(column, ())
            else ""
            for column, cell in zip(sample.columns, row, strict=False)
        )  # fmt: skip
    return text.getvalue()


def _status(column: str | None, sample: Sample | None) -> list[str]:
    if column is None:
        return [
            f"  by_dates: {GUESS}: no column states it, so it follows from the dates",
            f"    - {{field: returned_at, code: 10}} {GUESS}",
            f"    - {{field: finished_at, code: 9}} {GUESS}",
            f"    - {{field: received_at, code: 4}} {GUESS}",
        ]
    words = (sample.words(column) if sample else []) or ["Đang xử lý", "Đã trả kết quả"]
    numbers = national_codes(words, NATIONAL["status"][1]) if is_national("status", column) else {}
    coded = _coded(
        {word: numbers.get(word) or status_of(word) for word in words}, "{{code: {code}, evidence: inferred}}"
    )
    return [f"  key: {_quoted(column)} {GUESS}", "  codes: # national codes: docs/reference/statuses.md", *coded]


def _channel(column: str | None, sample: Sample | None) -> list[str]:
    if column is None:
        return ["  as: constant", f"  code: 1 {GUESS}: no column states it"]
    words = (sample.words(column) if sample else []) or ["Trực tiếp", "Trực tuyến"]
    numbers = national_codes(words, NATIONAL["channel"][1]) if is_national("channel", column) else {}
    coded = list(_coded({word: numbers.get(word) or channel_of(word) for word in words}, "{code}"))
    if not any(line.endswith(GUESS) for line in coded):  # a list must have a word
        coded.append(f'    "Trực tiếp": 1 {GUESS}')
    return ["  as: codes", f"  key: {_quoted(column)} {GUESS}", "  codes:", *coded]


def _coded(codes: Mapping[str, int | None], form: str) -> Iterator[str]:
    """Yield a line for each word with the code that is guessed; one of which nothing is known is a comment.

    A word without a code is not read, so that its dossiers are set aside by name; a guess would count them.
    """
    for word, code in codes.items():
        line = f"{_quoted(word)}: {form.format(code=code or '?')}"
        yield (
            f"    {line} {GUESS}" if code else f"    # {line} <- not known: say its code, or its dossiers are set aside"
        )


def _formats(values: Sequence[Any]) -> tuple[list[str], list[Any]]:
    """The formats that are needed to read these values, those that read most first, and the values they do not read."""
    texts = [value for value in values if not isinstance(value, date) and str(value) not in _NULLS]
    needed = _needed(texts, _FORMATS)
    return needed or ["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy"], _not_read_by(texts, needed)


def _needed(values: Sequence[Any], formats: Sequence[str]) -> list[str]:
    unread, needed = list(values), list[str]()
    while unread:
        left = {name: _not_read_by(unread, [name]) for name in formats}
        best = min(formats, key=lambda name: len(left[name]))
        if len(left[best]) == len(unread):
            break
        needed.append(best)
        unread = left[best]
    return needed


def _not_read_by(values: Sequence[Any], formats: Sequence[str]) -> list[Any]:
    readers = [instants.reader((name,)) for name in formats]
    return [value for value in values if all(read(value) is None for read in readers)]


def _is_dated(values: Sequence[Any]) -> bool:
    read = instants.reader(tuple(name for name in _FORMATS if name != "excel"))
    return bool(values) and all(isinstance(value, date) or read(value) is not None for value in values)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
