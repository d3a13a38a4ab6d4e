"""Tables as offices keep them, through whole pulls: footers, rows without a number, merged cells, other units' rows."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from tests.unit.extract.test_asked import PERIOD, publish, say
from tests.unit.extract.test_register import EIGHT, OCTOBER, REGISTER, make_catalog, pull, unmet

from motcua.publish import read_form
from motcua.validate.quarantine import list_quarantine

HEAD, *ROWS = REGISTER.splitlines(keepends=True)
TEN = (4, 5, 1, 4, 2, 2, 1, 1)
FOOTERS = 'Tổng cộng: 10 hồ sơ,,,,,,\n,,,"Xã Mẫu, ngày 31 tháng 10 năm 2023",,,\nNgười lập biểu,,,Chủ tịch,,,\n'
WITHOUT_A_NUMBER = ",Đăng ký khai sinh,Trực tiếp,12/10/2023,20/10/2023,,Đang xử lý\n"


def eight() -> tuple[int | None, ...]:
    told = read_form("form-06", "plain", PERIOD).total.told
    return tuple(told[name] for name in EIGHT)


@pytest.fixture
def register(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_catalog("register", HEAD + "".join(ROWS), tmp_path, monkeypatch)


def test_more_lines_under_a_table_than_dossiers_in_it_are_no_dossiers(register: Path) -> None:
    register.write_text(HEAD + "".join(ROWS) + 5 * FOOTERS, encoding="utf-8")
    batch = pull()
    assert (batch.state, batch.pulled_count, batch.quarantined_count) == ("loaded", 10, 0)
    edition = publish()
    assert (eight(), unmet(edition), edition.completeness) == (TEN, [], "final")


def test_a_dossier_without_a_number_is_one_open_record_however_often_it_is_pulled(register: Path) -> None:
    register.write_text(HEAD + "".join(ROWS) + WITHOUT_A_NUMBER + FOOTERS, encoding="utf-8")
    for night in range(3):
        if night == 2:  # it moves
            register.write_text(HEAD + ROWS[0] + WITHOUT_A_NUMBER + "".join(ROWS[1:]) + FOOTERS, encoding="utf-8")
        batch = pull((date(2023, 10, 1 + night), date(2023, 10, 31)))
        assert (batch.state, batch.quarantined_count) == ("loaded", 1)
        [entry] = list_quarantine("plain.x")
        assert str(entry.place) == f"m.csv row {3 if night == 2 else 12}"
        assert publish().completeness == "provisional"
    register.write_text(HEAD + "".join(ROWS) + "H59.11-231001-0011" + WITHOUT_A_NUMBER + FOOTERS, encoding="utf-8")
    pull()
    assert list_quarantine("plain.x") == []


def test_merged_cells_count_where_the_entry_says_so_and_are_never_counted_as_empty(register: Path) -> None:
    book = openpyxl.Workbook()
    for line in (HEAD, *ROWS):
        book.active.append([cell or None for cell in line.strip("\n").split(",")])
    for place in ("B2:B3", "B4:B6", "B7:B11", "C5:C6", "C8:C9"):
        book.active.merge_cells(place)
    body = io.BytesIO()
    book.save(body)
    register.with_suffix(".xlsx").write_bytes(body.getvalue())
    register.unlink()
    assert pull().quarantined_count == 7
    assert publish().completeness == "provisional"
    say(register.parents[1], 'path: "drops/*", fill_down: ["Tên thủ tục", "Hình thức nộp"]')
    assert publish().completeness == "provisional"
    assert pull().quarantined_count == 0
    assert (eight(), publish().completeness) == (TEN, "final")


def test_after_a_filter_was_changed_no_edition_is_final_until_the_source_was_asked_again(register: Path) -> None:
    others = "".join(ROWS).replace("H59.11", "H59.12").replace("\n", ",Xã Bên\n")
    whole = HEAD.replace("\n", ",Xã\n") + "".join(ROWS).replace("\n", ",Xã Mẫu\n") + others
    register.write_text(whole, encoding="utf-8")
    mapping = register.parents[1] / "mappings" / "plain.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + '  drop_unneeded: ["Xã"]\n', encoding="utf-8")
    rows = 'path: "drops/*", rows: [{column: "Xã", only: ["Xã Mẫu"], without: [%s]}]'
    say(register.parents[1], rows % "")
    batch = pull()
    assert (batch.pulled_count, batch.quarantined_count, publish().completeness) == (20, 10, "provisional")
    say(register.parents[1], rows % '"Xã Bên"')
    assert "read_as_stated" in unmet(publish())
    assert pull(OCTOBER).pulled_count == 10
    assert "read_as_stated" not in unmet(publish())
    assert eight() == TEN
