"""Tables that units export or send by mail: CSV in two encodings, XLSX with two sheets, XLS with an empty first
column."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from motcua.errors import ConfigurationError
from motcua.sandbox.systems.codepage import windows_1258
from motcua.sandbox.systems.dossier_values import CHANNEL_TEXTS, NATIONAL_TEXTS, ONLINE, DossierValues, Holdings
from motcua.sandbox.systems.written import moments
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import World

Form = Literal["csv_utf8", "xlsx", "csv_windows", "xls"]
FORMS: tuple[Form, ...] = ("csv_utf8", "xlsx", "csv_windows", "xls")
SHEETS = ("Trực tuyến", "Trực tiếp")
REASON_TEXTS = {
    "": "", "volume": "Số lượng hồ sơ nhiều", "complexity": "Hồ sơ phức tạp",
    "inter_agency": "Chậm do cơ quan phối hợp", "verification": "Phải xác minh thêm",
    "system_failure": "Lỗi hệ thống thông tin", "staff": "Nguyên nhân từ cán bộ công chức",
    "regulation": "Vướng mắc về quy định", "other": "Nguyên nhân khác",
}  # fmt: skip
RATING_TEXTS = ("", "Hài lòng", "Chưa hài lòng")
PAYMENT_TEXTS = ("", "Cổng DVCQG", "Cổng thanh toán của tỉnh")
_DATES = "dd/mm/yyyy hh:mm:ss"

Covers = Literal["register", "period"]
"""The content of a table: every dossier of the unit, or the dossiers received in the scenario's period."""
Cells = tuple[Any, ...]


def form_of(place: int) -> Form:
    """Return the file form of the unit at a position of the world."""
    return FORMS[place % len(FORMS)]


def file_name(group_id: int, form: Form) -> str:
    return f"{group_id}.{form.partition('_')[0]}"


def write_tables(
    world: World, night: int, folder: Path, form: Form | None = None, covers: Covers = "register"
) -> list[Path]:
    """Write one file per unit, `<folder>/<groupId>.csv|.xlsx|.xls`. Without a `form` each unit has its own.

    Raises:
        ConfigurationError: a unit needs an XLS file and the library that writes XLS is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for place, group_id in enumerate(world.group_ids):
        own = form or form_of(place)
        holdings = Holdings(world, night)
        rows = holdings.rows(group_id)
        dossiers = DossierValues(world, holdings.columns, rows[world.in_period[rows]] if covers == "period" else rows)
        path = folder / file_name(group_id, own)
        columns = _columns(dossiers, world.scenario.second_of_night(night))
        _WRITERS[own](path, world.unit_names[place], columns, dossiers.channels)
        written.append(path)
    return written


def _columns(dossiers: DossierValues, instant: int) -> dict[str, Sequence[Any]]:
    """Return the columns of the table by heading, as exported at an instant. Instants are datetimes, not text."""
    person = dossiers.of("person")
    return {
        "STT": range(1, len(dossiers) + 1),
        "Mã nội bộ": dossiers.ids,
        "Mã hồ sơ": dossiers.numbers,
        "Mã thủ tục": dossiers.procedure(lambda p: p.code),
        "Tên thủ tục": dossiers.procedure(lambda p: p.name),
        "Lĩnh vực": dossiers.procedure(lambda p: p.field_name),
        "Mã đơn vị": dossiers.unit_codes,
        "Đơn vị xử lý": dossiers.unit_names,
        "Hình thức nộp": [CHANNEL_TEXTS[channel] for channel in dossiers.channels],
        "Trạng thái": [NATIONAL_TEXTS[code] for code in dossiers.national],
        "Ngày nộp": moments(dossiers.submitted),
        "Ngày tiếp nhận": moments(dossiers.received),
        "Ngày hẹn trả": moments(dossiers.due),
        "Ngày kết thúc xử lý": moments(dossiers.released),
        "Ngày trả kết quả": moments(dossiers.finished),
        "Ngày yêu cầu bổ sung": moments(dossiers.paused),
        "Ngày từ chối": moments(dossiers.refused),
        "Lệ phí": dossiers.of("fee"),
        "Thanh toán trực tuyến": [PAYMENT_TEXTS[way] for way in dossiers.payments],
        "Số giấy tờ": dossiers.fact("components"),
        "Số giấy tờ đã số hóa": dossiers.fact("digitised"),
        "Số giấy tờ tái sử dụng": dossiers.fact("reused"),
        "Kết quả điện tử": [
            "" if not released else "Có" if is_so else "Không"
            for released, is_so in zip(dossiers.released.tolist(), dossiers.fact("results"), strict=True)
        ],
        "Phi địa giới": ["Có" if is_so else "Không" for is_so in dossiers.fact("non_territorial")],
        "Ngày gửi thư xin lỗi": moments(dossiers.apologies(instant)),
        "Nguyên nhân quá hạn": [REASON_TEXTS[code] for code in dossiers.reasons(instant)],
        "Mức độ hài lòng": [RATING_TEXTS[rating] for rating in dossiers.ratings],
        "Đối tượng": ["Tổ chức" if people.is_business(n) else "Cá nhân" for n in person],
        "Họ và tên": [people.name(n) for n in person],
        "Số CCCD": [people.identity_number(n) for n in person],
        "Số điện thoại": [people.phone(n) for n in person],
        "Email": [people.email(n) for n in person],
        "Địa chỉ": [people.address(n, place) for n, place in zip(person, dossiers.unit_names, strict=True)],
        "Ghi chú": [people.note(n) for n in person],
    }


def _rows(columns: dict[str, Sequence[Any]]) -> list[Cells]:
    return list(zip(*columns.values(), strict=True))


def _csv_text(columns: dict[str, Sequence[Any]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    for row in _rows(columns):
        writer.writerow([f"{cell:%d/%m/%Y %H:%M:%S}" if isinstance(cell, datetime) else cell for cell in row])
    return text.getvalue()


def _write_csv_utf8(path: Path, unit: str, columns: dict[str, Sequence[Any]], channels: list[int]) -> None:
    path.write_bytes(_csv_text(columns, ",").encode("utf-8-sig"))


def _write_csv_windows(path: Path, unit: str, columns: dict[str, Sequence[Any]], channels: list[int]) -> None:
    path.write_bytes(windows_1258(_csv_text(columns, ";")))


def _write_xlsx(path: Path, unit: str, columns: dict[str, Sequence[Any]], channels: list[int]) -> None:
    """Write one sheet with the online dossiers and one with the others, each with a title and Excel dates."""
    import xlsxwriter

    rows = _rows(columns)
    with xlsxwriter.Workbook(path) as book:
        date = book.add_format({"num_format": _DATES})
        book.set_properties({"created": datetime(2020, 1, 1)})
        for name in SHEETS:
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, f"DANH SÁCH HỒ SƠ - {unit.upper()}")
            sheet.write_row(2, 0, columns)
            here = [row for row, way in zip(rows, channels, strict=True) if (way == ONLINE) == (name == SHEETS[0])]
            for number, row in enumerate(here, start=3):
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(number, column, cell, date)
                    elif cell is not None and cell != "":
                        sheet.write(number, column, cell)


def _write_xls(path: Path, unit: str, columns: dict[str, Sequence[Any]], channels: list[int]) -> None:
    """Write an Excel 97 file with an empty first column, a title above the header, and Excel dates and numbers."""
    try:
        import xlwt
    except ImportError:
        raise ConfigurationError(
            "The library that writes XLS files is not installed.",
            action="install the development packages (make setup), or choose another form.",
        ) from None
    book = xlwt.Workbook(encoding="utf-8")
    date = xlwt.easyxf(num_format_str=_DATES)
    sheet = book.add_sheet("Hồ sơ")
    sheet.write(0, 1, f"DANH SÁCH HỒ SƠ - {unit.upper()}")
    for column, heading in enumerate(columns, start=1):
        sheet.write(2, column, heading)
    for number, row in enumerate(_rows(columns), start=3):
        for column, cell in enumerate(row, start=1):
            if isinstance(cell, datetime):
                sheet.write(number, column, cell, date)
            elif cell is not None and cell != "":
                sheet.write(number, column, cell)
    book.save(str(path))


_WRITERS = {"csv_utf8": _write_csv_utf8, "csv_windows": _write_csv_windows, "xlsx": _write_xlsx, "xls": _write_xls}
