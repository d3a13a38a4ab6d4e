"""The first draft of a mapping for a new table, guessed from its column names and a few rows.

Each guess is marked with `<-` for a person to confirm. An unknown column is classified as personal, so nothing of it is
kept until a person changes that. No value is written, except words that behave like a code list.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec

from motcua.extract.error_texts import is_error
from motcua.extract.records import instants
from motcua.extract.records.privacy import holds_personal
from motcua.extract.wire.tabular import Layout, read_tables
from motcua.spelling import fold, folded

_ROWS = 500
# Column names as offices write them, by the field that they usually mean.
_NAMES: dict[str, tuple[str, ...]] = {
    "number": ("mã hồ sơ", "số hồ sơ", "mã hs", "số hs", "số biên nhận", "mã số hồ sơ", "dossier no", "dossier", "id"),
    "status": ("trạng thái", "tình trạng", "trạng thái hồ sơ", "tình trạng hồ sơ", "kết quả xử lý", "status"),
    "channel": (
        "hình thức nộp",
        "kênh",
        "kênh tiếp nhận",
        "hình thức tiếp nhận",
        "hình thức",
        "kênh thực hiện",
        "channel",
    ),
    "unit_code": (
        "đơn vị xử lý",
        "phòng ban",
        "đơn vị",
        "cơ quan",
        "cơ quan xử lý",
        "phòng",
        "đơn vị tiếp nhận",
        "unit",
    ),
    "procedure_code": ("mã thủ tục", "mã tthc", "procedure code"),
    "procedure_name": ("tên thủ tục", "thủ tục", "tên tthc", "tthc", "thủ tục hành chính", "procedure"),
    "submitted_at": ("ngày nộp", "ngày nộp hồ sơ", "submitted"),
    "received_at": ("ngày tiếp nhận", "ngày nhận", "thời gian tiếp nhận", "ngày nhận hồ sơ", "received"),
    "due_at": ("ngày hẹn trả", "hẹn trả", "ngày hẹn", "hạn xử lý", "hạn trả", "ngày hẹn trả kết quả", "due"),
    "finished_at": (
        "ngày kết thúc xử lý",
        "ngày xong",
        "ngày kết thúc",
        "ngày hoàn thành",
        "ngày giải quyết",
        "finished",
    ),
    "returned_at": ("ngày trả kết quả", "ngày trả", "ngày trả kq", "returned"),
}
_NULLS = ("", "-", "null", "NULL", "N/A")
_UNNEEDED = ("stt", "tt", "lĩnh vực", "số thứ tự", "no", "no.")
_FORMATS = (
    "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "d/M/yyyy", "dd-MM-yyyy HH:mm:ss", "dd-MM-yyyy HH:mm",
    "dd-MM-yyyy", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss", "iso", "excel",
)  # fmt: skip
# Parts of words in lists of statuses or channels, and their codes; the first part that is found decides. A word that
# says only late or overdue is of no list: it may be a dossier that was resolved late, or one that is still open.
_STATUSES = (
    ("không tiếp nhận", 3), ("không được tiếp nhận", 3), ("từ chối", 3), ("rút", 7), ("dừng", 8), ("huỷ", 8),
    ("bổ sung", 5), ("tài chính", 6), ("chưa trả", 9), ("chưa tiếp nhận", 1), ("đã trả", 10), ("trả kết quả", 10),
    ("đang", 4), ("chờ", 4), ("chưa", 4), ("đã xử lý", 9), ("xong", 9), ("hoàn thành", 9), ("đã giải quyết", 9),
    ("tiếp nhận", 2), ("mới", 1),
)  # fmt: skip
_CHANNELS = (("trực tuyến", 2), ("online", 2), ("mạng", 2), ("bưu", 3), ("bcci", 3), ("trực tiếp", 1), ("một cửa", 1))


@dataclass(frozen=True)
class Sample:
    """The columns of a table and some of its rows."""

    columns: tuple[str, ...]
    rows: list[list[Any]]

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
    wanted = frozenset(name for names in _NAMES.values() for name in names)
    usual = {fold(name) for name in wanted}
    tables = read_tables(filesystem.cat_file(paths[0]), paths[0].rsplit("/", 1)[-1], Layout(wanted))
    table = max(tables, key=lambda one: len(usual & {fold(column) for column in one.columns}))
    return Sample(tuple(column for column in table.columns), [cells for _, cells in islice(table.rows, _ROWS)])


def _covers(adapter: str) -> list[str]:
    if adapter != "files":
        return []
    return [
        "# register: the tables hold every dossier that the unit ever had. period: they leave out older ones, and then",
        "# it is not known what was open before a period.",
        "covers: period # <-",
    ]


def mapping_skeleton(adapter: str, sample: Sample | None) -> str:
    """Return a mapping file for a sample. Without a sample, it has example columns to be replaced."""
    columns = sample.columns if sample else ("Mã hồ sơ", "Trạng thái", "Tên thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả")
    guessed = {field: column for field, names in _NAMES.items() if (column := _column(columns, names))}
    number = guessed.setdefault("number", next(column for column in columns if column))
    lines = [
        "# Made by `motcua sources new`. A line marked with <- is a guess: confirm or correct it.",
        f"adapter: {adapter}",
        f"null_values: [{', '.join(map(_quoted, _NULLS))}]",
        *_covers(adapter),
        "",
        "# The key that identifies a dossier, and in what the office's numbers are unique: year, month (of the file's",
        "# name), sheet, {column: ...}; [] where they never begin again. A number with spaces, or of 9 or 12 digits,",
        "# needs a pattern to be kept: patterns: ['HS-\\d{4}-\\d{5}']",
        f"identity: {{as: key, key: {_quoted(number)}, unique_in: [year]}} # <-",
        "",
        "status:",
        *_status(guessed.get("status"), sample),
        "",
        "channel: # 1 direct, 2 online, 3 postal",
        *_channel(guessed.get("channel"), sample),
        "",
        "fields:",
        f"  dossier_no: {{as: code, key: {_quoted(number)}}}",
    ]
    if unit := guessed.get("unit_code"):
        lines.append(f"  unit_code: {{as: name, key: {_quoted(unit)}}} # <- names in units/agency_codes*.csv")
    else:
        lines.append("  # no unit_code: every record belongs to the unit of the source")
    if names := [guessed[field] for field in ("procedure_code", "procedure_name") if field in guessed]:
        keys = ", ".join(map(_quoted, names))
        lines.append(
            f"  procedure_code: {{as: procedure, key: [{keys}], otherwise: KHAC}} # <- names: procedures/aliases.csv"
        )
    else:
        lines.append("  procedure_code: {as: constant, value: KHAC} # <- no column names the procedure")
    for field in ("submitted_at", "received_at", "due_at", "finished_at", "returned_at"):
        if column := guessed.get(field):
            formats = ", ".join(map(_quoted, _formats(sample.values(column) if sample else [])))
            lines.append(f"  {field}: {{as: instant, key: {_quoted(column)}, formats: [{formats}]}}")
    kept = list(dict.fromkeys(guessed.values()))
    rest = [column for column in columns if column and column not in kept]
    unneeded = [column for column in rest if fold(column) in map(fold, _UNNEEDED)]
    personal = [column for column in rest if column not in unneeded]
    lines += [
        "",
        "# A column is kept for a field, or dropped. A column that is not classified counts as personal.",
        "keys:",
    ]
    for name, group in (("keep", kept), ("drop_personal", personal), ("drop_unneeded", unneeded)):
        if group:
            lines += [f"  {name}:", *(f"    - {_quoted(column)}" for column in group)]
    return "\n".join(lines) + "\n"


def fixture(sample: Sample) -> str:
    """Return a CSV with the columns of the sample and made-up rows: dates and code words as they are, else empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sample.columns)
    words = {column: set(map(folded, sample.words(column))) for column in sample.columns if column}
    dates = {column for column in sample.columns if column and _is_dated(sample.values(column))}
    for number, row in enumerate(sample.rows[:5], start=1):
        writer.writerow(
            f"HS-{number:04d}" if column and fold(column) in map(fold, _NAMES["number"])
            else cell if column in dates or folded(cell) in words.get(column, ())
            else ""
            for column, cell in zip(sample.columns, row, strict=False)
        )  # fmt: skip
    return text.getvalue()


def _column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_folded_name = {fold(column): column for column in columns}
    return next((by_folded_name[fold(name)] for name in names if fold(name) in by_folded_name), None)


def _status(column: str | None, sample: Sample | None) -> list[str]:
    if column is None:
        return [
            "  # no column states it: it follows from the dates",
            "  by_dates:",
            "    - {field: returned_at, code: 10}",
            "    - {field: finished_at, code: 9}",
            "    - {field: received_at, code: 4}",
        ]
    words = (sample.words(column) if sample else []) or ["Đang xử lý", "Đã trả kết quả"]
    coded = _coded(words, _STATUSES, "{{code: {code}, evidence: inferred}}")
    return [f"  key: {_quoted(column)}", "  codes: # national codes: docs/reference/codes.md", *coded]


def _channel(column: str | None, sample: Sample | None) -> list[str]:
    if column is None:
        return ["  as: constant", "  code: 1 # <- no column states it"]
    words = (sample.words(column) if sample else []) or ["Trực tiếp", "Trực tuyến"]
    return ["  as: codes", f"  key: {_quoted(column)}", "  codes:", *_coded(words, _CHANNELS, "{code}")]


def _coded(words: Iterable[str], hints: Sequence[tuple[str, int]], form: str) -> Iterator[str]:
    """Yield a line for each word with the code that is guessed; one of which nothing is known is a comment.

    A word without a code is not read, so that its dossiers are set aside by name; a guess would count them.
    """
    for word in words:
        code = _code_of(word, hints)
        line = f"{_quoted(word)}: {form.format(code=code or '?')}"
        yield f"    {line} # <-" if code else f"    # {line} <- not known: say its code, or its dossiers are set aside"


def _code_of(word: str, hints: Sequence[tuple[str, int]]) -> int | None:
    return next((code for hint, code in hints if fold(hint) in fold(word)), None)


def _formats(values: Sequence[Any]) -> list[str]:
    """The formats that are needed to read these values; formats that read most values come first."""
    unread = [value for value in values if not isinstance(value, date)]
    needed: list[str] = []
    while unread:
        readers = {name: instants.reader((name,)) for name in _FORMATS}
        fits = {name: [value for value in unread if read(value) is not None] for name, read in readers.items()}
        best = max(_FORMATS, key=lambda name: len(fits[name]))
        if not fits[best]:
            break
        needed.append(best)
        unread = [value for value in unread if readers[best](value) is None]
    return needed or ["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy"]


def _is_dated(values: Sequence[Any]) -> bool:
    read = instants.reader(tuple(name for name in _FORMATS if name != "excel"))
    return bool(values) and all(isinstance(value, date) or read(value) is not None for value in values)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
