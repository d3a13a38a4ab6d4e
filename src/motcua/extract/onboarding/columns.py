"""What the column of a table usually means, by its name: as offices write it, and as the national portal calls it.

Letter case, accents, spaces and underscores make no difference: `Mã hồ sơ`, `MA_HO_SO` and `MaHoSo` are one name.
The national names are those of DongBoHoSoMC (one_stop_systems.md section b.1).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from motcua.catalog.options import FilesOptions
from motcua.errors import ContractBroken
from motcua.extract.onboarding.statuses import bare
from motcua.extract.wire.tabular import Layout, Table, read_tables

# The names of each field, the most certain first. HinhThuc comes last of the channels: for some senders it says how the
# result is given back (one_stop_systems.md section d.12).
NAMES: dict[str, tuple[str, ...]] = {
    "number": ("mã hồ sơ", "số hồ sơ", "mã hs", "số hs", "mã số hồ sơ", "số biên nhận", "dossier no", "dossier", "id"),
    "status": ("trạng thái hồ sơ", "trạng thái", "tình trạng", "tình trạng hồ sơ", "kết quả xử lý", "status"),
    "channel": ("kênh thực hiện", "kênh", "kênh tiếp nhận", "hình thức nộp", "hình thức tiếp nhận",
                "hình thức nộp hồ sơ", "channel", "hình thức"),
    "unit_code": ("đơn vị xử lý", "phòng ban", "đơn vị", "cơ quan", "cơ quan xử lý", "phòng", "đơn vị tiếp nhận",
                  "cơ quan giải quyết", "đơn vị giải quyết", "unit"),
    "procedure_code": ("mã tthc", "mã thủ tục", "mã thủ tục hành chính", "procedure code"),
    "procedure_name": ("tên tthc", "tên thủ tục", "thủ tục", "tthc", "thủ tục hành chính", "tên thủ tục hành chính",
                       "procedure"),
    "submitted_at": ("ngày nộp hồ sơ", "ngày nộp", "submitted"),
    "received_at": ("ngày tiếp nhận", "ngày nhận", "thời gian tiếp nhận", "thời điểm tiếp nhận", "ngày nhận hồ sơ",
                    "ngày tiếp nhận hồ sơ", "received"),
    "due_at": ("ngày hẹn trả", "hẹn trả", "ngày hẹn", "hạn xử lý", "hạn trả", "ngày hẹn trả kết quả", "hạn giải quyết",
               "due"),
    "finished_at": ("ngày kết thúc xử lý", "ngày xong", "ngày kết thúc", "ngày hoàn thành", "ngày giải quyết",
                    "ngày có kết quả", "finished"),
    "returned_at": ("ngày trả", "ngày trả kết quả", "ngày trả kq", "returned"),
    "refused_at": ("ngày từ chối", "ngày không tiếp nhận", "refused"),
}  # fmt: skip
UNNEEDED = ("stt", "tt", "lĩnh vực", "mã lĩnh vực", "tên lĩnh vực", "số thứ tự", "no", "no.")
# National lists of codes: these columns may hold numbers instead of words.
NATIONAL = {"status": ("trạng thái hồ sơ", 10), "channel": ("kênh thực hiện", 3)}
# Tried in this order where a text is not UTF-8; that with most of the usual columns is taken.
_ENCODINGS = ("utf-16-le", "utf-16-be", "windows-1258")
# What the headings of a register look like when letters of an old table of signs are read as others.
_OLD_FONTS = {
    "tcvn3": ("TCVN3 (ABC, the fonts .VnTime)", ("ngµy", "hå s¬", "tr¹ng", "th¸i", "thñ tôc", "tiÕp nhËn")),
    "vni": ("VNI (the fonts VNI-Times)", ("ngaøy", "hoà sô", "traïng", "thaùi", "thuû tuïc", "tieáp nhaän")),
}


def field_columns(columns: Sequence[str]) -> dict[str, str]:
    """Return the column that each field seems to be read from, as the table spells it."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(bare(column), column)
    found = {field: [by_name[bare(name)] for name in names if bare(name) in by_name] for field, names in NAMES.items()}
    return {field: hits[0] for field, hits in found.items() if hits}


def is_unneeded(column: str) -> bool:
    """Return whether a column says nothing that a field needs, and nothing of a person."""
    return bare(column) in map(bare, UNNEEDED)


def is_national(field: str, column: str) -> bool:
    """Return whether a column has the name of a national list of codes."""
    return bare(column) == bare(NATIONAL[field][0])


def usual_columns(columns: Iterable[str]) -> int:
    """Return how many of the columns have a usual name."""
    return len({bare(column) for column in columns} & {bare(name) for names in NAMES.values() for name in names})


def best_table(body: bytes, name: str) -> tuple[Table, str | None]:
    """Return the table of a file that has most of the usual columns, and its encoding where the entry must state it.

    Raises:
        SourceUnavailable, ContractBroken: as `read_tables`; or the text is of an old table of signs, which is named.
    """
    encoding = _encoding(body, name)
    tables = list(read_tables(body, name, Layout(_WANTED, encoding=encoding)))
    if not tables:
        raise ContractBroken(f"{name} has no visible sheet with cells.", action="ask for a file with a table.")
    table = max(tables, key=lambda one: usual_columns(one.columns))
    check_signs(table.columns, name)
    return table, encoding


def _encoding(body: bytes, name: str) -> str | None:
    """Return the encoding of a text without a mark that is not UTF-8; None of any other file."""
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        body.decode()
    except UnicodeDecodeError as error:
        if error.end >= len(body):  # it is cut off
            return None
    else:
        if b"\0" not in body[:64]:
            return None
    check_signs([body[:4000].decode("windows-1252", "replace")], name)
    counted = {encoding: _columns_in(body, name, encoding) for encoding in _ENCODINGS}
    best = max(_ENCODINGS, key=lambda encoding: counted[encoding])
    if not counted[best]:
        return "windows-1258" if b"\0" not in body else "utf-16-le"
    return best


def _columns_in(body: bytes, name: str, encoding: str) -> int:
    try:
        tables = read_tables(body, name, Layout(_WANTED, encoding=encoding))
        return max((usual_columns(table.columns) for table in tables), default=0)
    except Exception:  # not of this encoding
        return 0


def check_signs(texts: Iterable[str], name: str) -> None:
    """Refuse headings that are written in an old table of signs. Raises ContractBroken, which says which."""
    text = unicodedata.normalize("NFC", " ".join(texts)).casefold()
    for font, (name_of_font, signs) in _OLD_FONTS.items():
        if sum(sign.casefold() in text for sign in signs) > 1:
            can_say = "text" in FilesOptions.model_fields  # from the version on that reads old fonts
            sayable = f", or write `text: {font}` into options of an entry" if can_say else ""
            raise ContractBroken(
                f"{name} is written in {name_of_font}, not in Unicode, so its words cannot be read as they stand.",
                action=f"have the office convert it to Unicode and save it again (UniKey: Ctrl+Shift+F6){sayable}.",
            )


def _spellings(name: str) -> set[str]:
    plain = " ".join(map(bare, name.split(" ")))
    return {name, plain, plain.replace(" ", ""), plain.replace(" ", "_"), name.replace(" ", "_")}


_WANTED = frozenset(spelled for names in NAMES.values() for name in names for spelled in _spellings(name))
