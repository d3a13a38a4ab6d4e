"""What is exported says the same of every dossier as the world, in the shapes and spellings offices send."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import create_engine, text

from motcua.sandbox.exports.export import DATABASE_FILE, export
from motcua.sandbox.exports.tables import FORMS, REASON_TEXTS, SHEETS, file_name, form_of
from motcua.sandbox.systems.dossier_values import CHANNEL_TEXTS, NATIONAL, NATIONAL_TEXTS, DossierValues, Holdings
from motcua.sandbox.systems.portal_sync import STEP_CHUNK, STEPS, WHOLE
from motcua.sandbox.world.canary import identities
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.facts import REASONS
from motcua.settings import PROJECT_ROOT

SAMPLES = PROJECT_ROOT / "tests" / "samples"

NIGHT = 2
EPOCH = datetime(1970, 1, 1)


def rows_of(world: World, group_id: int | None = None) -> DossierValues:
    holdings = Holdings(world, NIGHT)
    return DossierValues(world, holdings.columns, holdings.rows(group_id))


def moment(seconds: int) -> datetime | None:
    return EPOCH + timedelta(seconds=seconds) if seconds else None


# -- portal sync ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["2020", "2025"])
def sync(request: pytest.FixtureRequest, small: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(f"sync-{request.param}")
    export(small, "portal_sync", str(folder), night=NIGHT, shape=request.param)
    return request.param, folder


def messages(folder: Path, group_id: int) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / str(group_id)).iterdir()):
        message = json.loads(path.read_text(encoding="utf-8"))
        assert path.name.endswith(f"-{message['service']}.json")
        yield message


def test_messages_have_the_shape_of_the_samples(sync: tuple[str, Path], small: World) -> None:
    shape, folder = sync
    sample = json.loads(
        (PROJECT_ROOT / "tests" / "samples" / f"dvcqg_dongbohosomc_{shape}.json").read_text(encoding="utf-8")
    )
    for message in messages(folder, small.group_ids[0]):
        assert message.keys() == sample.keys()
        if message["service"] == WHOLE:
            for item in message["data"]:
                assert set(sample["data"][0]) - {"SoBienNhan"} == set(item) - {"SoBienNhan"}
                assert item["MaHoSo"]
                assert item["NgayTiepNhan"] == "" or datetime.strptime(item["NgayTiepNhan"], "%Y%m%d%H%M%S")
        else:
            assert len(message["data"]) <= STEP_CHUNK


def test_a_dossier_is_pushed_new_then_updated_and_sometimes_again(sync: tuple[str, Path], small: World) -> None:
    _, folder = sync
    sent: dict[str, list[tuple[str, str]]] = {}
    for message in messages(folder, small.group_ids[0]):
        if message["service"] == WHOLE:
            for item in message["data"]:
                sent.setdefault(item["SoBienNhan"], []).append((message["isUpdating"], item["TrangThaiHoSo"]))
    assert all(pushes[0][0] == "False" for pushes in sent.values())
    assert all(update == "True" for pushes in sent.values() for update, _ in pushes[1:])
    assert {len(pushes) for pushes in sent.values()} == {1, 2, 3}
    assert {pushes[0][1] for pushes in sent.values()} <= {"0", "1", "2"}


def test_the_last_word_on_every_dossier_is_what_the_world_has(sync: tuple[str, Path], small: World) -> None:
    shape, folder = sync
    for group_id in small.group_ids:
        last: dict[str, dict[str, Any]] = {}
        by_number: dict[str, dict[str, Any]] = {}
        for message in messages(folder, group_id):
            for item in message["data"]:
                if message["service"] == STEPS:
                    known = by_number[item["MaHoSo"]]
                    known["TrangThaiHoSo"] = item["TrangThai"]
                    known["NgayTra" if item["TrangThai"] == "10" else "NgayKetThucXuLy"] = item["ThoiDiemXuLy"]
                else:
                    last[item["SoBienNhan"]] = by_number[item["MaHoSo"]] = item
        dossiers = rows_of(small, group_id)
        expected = {
            str(number): (code, status, released, finished, fee)
            for number, code, status, released, finished, fee in zip(
                dossiers.ids, dossiers.numbers, dossiers.national, dossiers.released.tolist(),
                dossiers.finished.tolist(), dossiers.of("fee"), strict=True,
            )
            if code
        }  # fmt: skip
        assert last.keys() == expected.keys()
        for number, (code, status, released, finished, fee) in expected.items():
            item = last[number]
            assert (item["MaHoSo"], item["TrangThaiHoSo"]) == (code, str(status))
            for key, seconds in (("NgayKetThucXuLy", released), ("NgayTra", finished)):
                assert item[key] == (f"{moment(seconds):%Y%m%d%H%M%S}" if seconds else "")
            assert sum(int(part["Gia"]) for part in item["DanhSachLePhi"]) == fee
            assert ("KenhThucHien" in item) == (shape == "2025")


def test_a_pause_is_a_supplement_asked_for(sync: tuple[str, Path], small: World) -> None:
    _, folder = sync
    dossiers = rows_of(small, small.group_ids[0])
    paused = {str(number): at for number, at in zip(dossiers.ids, dossiers.paused.tolist(), strict=True) if at}
    found = {
        item["SoBienNhan"]: item["DanhSachHoSoBoSung"][-1]["NgayBoSung"]
        for message in messages(folder, small.group_ids[0])
        if message["service"] == WHOLE
        for item in message["data"]
        if item["DanhSachHoSoBoSung"]
    }
    assert found == {number: f"{moment(at):%Y%m%d%H%M%S}" for number, at in paused.items()}
    assert found


# -- tables -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(small: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    export(small, "files", str(folder), night=NIGHT)
    return folder


def read_csv(path: Path, encoding: str, delimiter: str) -> list[dict[str, Any]]:
    content = unicodedata.normalize("NFC", path.read_bytes().decode(encoding))
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter))


def read_xlsx(path: Path) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(path, read_only=True)
    assert book.sheetnames == list(SHEETS)
    records = []
    for sheet in book.worksheets:
        table = list(sheet.iter_rows(min_row=3, values_only=True))
        records += [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    return records


def read_xls(path: Path) -> list[dict[str, Any]]:
    book = CalamineWorkbook.from_path(path)
    table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert {row[0] for row in table} == {""}
    assert table[0][1].startswith("DANH SÁCH HỒ SƠ")
    return [dict(zip(table[2][1:], row[1:], strict=True)) for row in table[3:]]


READERS = {
    "csv_utf8": lambda path: read_csv(path, "utf-8-sig", ","),
    "csv_windows": lambda path: read_csv(path, "cp1258", ";"),
    "xlsx": read_xlsx,
    "xls": read_xls,
}


def test_every_form_says_what_the_world_has(tables: Path, small: World) -> None:
    seen = set()
    for place, group_id in enumerate(small.group_ids):
        form = form_of(place)
        seen.add(form)
        records = {int(record["Mã nội bộ"]): record for record in READERS[form](tables / file_name(group_id, form))}
        dossiers = rows_of(small, group_id)
        assert records.keys() == set(dossiers.ids)
        received, released = dossiers.received.tolist(), dossiers.released.tolist()
        for place_of, number in enumerate(dossiers.ids):
            record = records[number]
            assert (record["Mã hồ sơ"] or "") == dossiers.numbers[place_of]
            assert record["Trạng thái"] == NATIONAL_TEXTS[NATIONAL[dossiers.status[place_of]]]
            assert record["Hình thức nộp"] == CHANNEL_TEXTS[dossiers.channels[place_of]]
            assert (record["Đơn vị xử lý"] or "") == unicodedata.normalize("NFC", dossiers.unit_names[place_of])
            for heading, seconds in (("Ngày tiếp nhận", received), ("Ngày kết thúc xử lý", released)):
                cell, expected = record[heading], moment(seconds[place_of])
                if isinstance(cell, str):
                    cell = datetime.strptime(cell, "%d/%m/%Y %H:%M:%S") if cell else None
                # Excel keeps days as floats, exact to some microseconds.
                assert (cell is None) == (expected is None)
                assert cell is None or abs(cell - expected) < timedelta(milliseconds=2)
    assert seen == set(FORMS)


def test_old_excel_gives_numbers_and_dates_that_are_no_text(tables: Path, small: World) -> None:
    place = FORMS.index("xls")
    records = read_xls(tables / file_name(small.group_ids[place], "xls"))
    assert all(isinstance(record["Mã nội bộ"], int | float) for record in records)
    assert all(isinstance(record["Ngày nộp"], datetime) for record in records)


def test_windows_bytes_are_not_utf_8(tables: Path, small: World) -> None:
    path = tables / file_name(small.group_ids[FORMS.index("csv_windows")], "csv_windows")
    with pytest.raises(UnicodeDecodeError):
        path.read_bytes().decode()
    assert b"?" not in path.read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_one_form_can_be_had_of_every_unit(form: Any, small: World, tmp_path: Path) -> None:
    export(small, "files", str(tmp_path), night=NIGHT, form=form)
    assert {path.name for path in tmp_path.iterdir()} == {file_name(group_id, form) for group_id in small.group_ids}


# -- database ---------------------------------------------------------------------------------------------------------


def check_database(rows: list[Any], world: World) -> None:
    dossiers = rows_of(world)
    expected = {
        number: (group, code or None, status, channel)
        for number, group, code, status, channel in zip(
            dossiers.ids, dossiers.groups, dossiers.numbers, dossiers.national, dossiers.channels, strict=True
        )
    }
    assert {row[0]: tuple(row[1:5]) for row in rows} == expected
    for number, seconds in zip(dossiers.ids, dossiers.received.tolist(), strict=True):
        at = moment(seconds)
        found = next(row[5] for row in rows if row[0] == number) if number % 50 == 0 else at
        assert (datetime.fromisoformat(found) if isinstance(found, str) else found) == at


def test_a_sqlite_file_holds_every_dossier_in_a_table_and_a_view(small: World, tmp_path: Path) -> None:
    for _ in range(2):  # the second time in place of the first
        export(small, "sql", str(tmp_path), night=NIGHT)
    columns = "id, group_id, ma_ho_so, trang_thai, kenh, ngay_tiep_nhan"
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        check_database(connection.execute(f"select {columns} from v_ho_so").fetchall(), small)
        names = [column[1] for column in connection.execute("pragma table_info(v_ho_so)")]
    assert "mat_khau_tra_cuu" not in names


@pytest.mark.usefixtures("databases")
def test_a_postgresql_database_holds_the_same(small: World) -> None:
    from motcua.warehouse import warehouse_engine

    url = warehouse_engine().url.render_as_string(hide_password=False)
    engine = create_engine(url)
    try:
        export(small, "sql", url, night=NIGHT)
        with engine.connect() as connection:
            query = text("select id, group_id, ma_ho_so, trang_thai, kenh, ngay_tiep_nhan from v_ho_so")
            check_database(list(connection.execute(query)), small)
    finally:
        with engine.begin() as connection:
            connection.execute(text("drop view if exists v_ho_so"))
            connection.execute(text("drop table if exists ho_so"))
        engine.dispose()


# -- what newer forms ask for ----------------------------------------------------------------------------------------


def test_a_database_tells_the_facts_that_index_766_asks_for(small: World, tmp_path: Path) -> None:
    export(small, "sql", str(tmp_path), night=NIGHT)
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("select * from v_ho_so where ngay_tiep_nhan is not null").fetchall()
    assert {row["phi_dia_gioi"] for row in rows} == {0, 1}
    assert {row["hai_long"] for row in rows} == {None, 1, 2}
    assert {row["ket_qua_dien_tu"] for row in rows} == {None, 0, 1}
    assert {row["thanh_toan_truc_tuyen"] for row in rows} == {0, 1, 2}
    assert {row["ly_do_qua_han"] for row in rows} > {None, "volume", "staff", "other"}
    for row in rows:
        assert row["so_giay_to"] >= row["so_hoa"] >= row["tai_su_dung"] >= row["tu_kho_dvcqg"] >= 0
        assert row["thanh_toan_truc_tuyen"] == 0 or row["le_phi"] > 0
        if row["ngay_ket_thuc"] is None:
            assert (row["hai_long"], row["ket_qua_dien_tu"]) == (None, None)


def test_only_what_is_overdue_has_a_reason_and_a_letter_of_apology(small: World) -> None:
    instant = small.scenario.second_of_night(NIGHT)
    dossiers = rows_of(small)
    reasons, apologies = dossiers.reasons(instant), dossiers.apologies(instant).tolist()
    until = np.where(dossiers.released > 0, dossiers.released, instant) // 86_400
    is_late = (dossiers.due > 0) & (until > dossiers.due // 86_400)
    assert all(is_late[place] for place, reason in enumerate(reasons) if reason)
    letters = [
        (at // 86_400 - due // 86_400, at) for at, due in zip(apologies, dossiers.due.tolist(), strict=True) if at
    ]
    assert len(letters) > 20
    assert {days for days, _ in letters} >= {-1, 0, 1}  # some in time, the day before it is due at the latest (V10)
    assert all(days >= -1 and at <= instant for days, at in letters)


def test_a_table_spells_the_facts_in_words(tables: Path, small: World) -> None:
    records = [
        record
        for place, group_id in enumerate(small.group_ids)
        if form_of(place) in ("csv_utf8", "xlsx")
        for record in READERS[form_of(place)](tables / file_name(group_id, form_of(place)))
    ]
    assert {record["Phi địa giới"] for record in records} == {"Có", "Không"}
    assert {record["Mức độ hài lòng"] or "" for record in records} == {"", "Hài lòng", "Chưa hài lòng"}
    assert {record["Kết quả điện tử"] or "" for record in records} == {"", "Có", "Không"}
    assert {record["Nguyên nhân quá hạn"] or "" for record in records} & set(REASON_TEXTS.values()) > {""}
    assert any(record["Ngày gửi thư xin lỗi"] for record in records)


def test_the_reasons_are_those_of_the_catalogue() -> None:
    with (PROJECT_ROOT / "include" / "catalog" / "forms" / "overdue_reasons.csv").open(encoding="utf-8") as file:
        assert {row["reason_code"] for row in csv.DictReader(file)} == set(REASONS) - {""} == set(REASON_TEXTS) - {""}


# -- all --------------------------------------------------------------------------------------------------------------


def test_every_planted_identity_is_in_what_is_exported(small: World, tmp_path: Path) -> None:
    export(small, "portal_sync", str(tmp_path / "sync"), night=NIGHT)
    export(small, "files", str(tmp_path / "files"), night=NIGHT, form="csv_utf8")
    export(small, "sql", str(tmp_path / "sql"), night=NIGHT)
    numbered = {
        person for person, number in zip(rows_of(small).of("person"), rows_of(small).numbers, strict=True) if number
    }
    for part in ("sync", "files", "sql"):
        whole = b"".join(path.read_bytes() for path in (tmp_path / part).rglob("*.*")).decode(errors="replace")
        for place, person in enumerate(identities()):
            if -place - 1 in numbered:
                assert all(text in whole for text in (person.name, person.phone, person.id_number, person.email))
    assert np.count_nonzero([person < 0 for person in numbered]) > 480


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "motcua.sandbox", "export", "--scenario", "small", "--protocol", "portal_sync"]
    done = subprocess.run([*command, "--to", str(tmp_path)], capture_output=True, text=True, check=True, timeout=60)
    files = list(tmp_path.rglob("*.json"))
    assert done.stdout == f"{len(files)} batches in {tmp_path}\n"
    assert len({path.parent.name for path in files}) == 9
