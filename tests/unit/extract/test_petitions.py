"""Petitions from a dropped table: what is counted of them, what is refused, and that nobody is in the store."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from motcua.extract.petitions import PetitionOutcome, take_petitions
from sqlalchemy import text

from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.publish import publish_edition, read_form, write_files
from motcua.settings import PROJECT_ROOT
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OCTOBER = parse_period("CAL_MONTH:2023-10")
HEADINGS = ("Mã PAKN", "Người gửi", "Nội dung", "Đơn vị", "Ngày nhận", "Hạn xử lý", "Ngày xử lý", "Công khai", "Loại",
            "Đối tượng", "Hài lòng", "Phản ánh lại")  # fmt: skip
SOURCE = """
source_id: tra-vinh.petitions
path: petitions-drop/*.csv
unit_id: "842:2020"
valid_from: 2020-01-01
columns: {petition_id: Mã PAKN, unit: Đơn vị, received_on: Ngày nhận, due_on: Hạn xử lý, handled_on: Ngày xử lý,
          published_on: Công khai, kind: Loại, about: Đối tượng, is_satisfied: Hài lòng, is_repeated: Phản ánh lại}
words:
  kind: {Hành vi hành chính: behaviour, Quy định hành chính: regulation}
  about: {Thủ tục: procedure, Cán bộ: official}
  is_satisfied: {Có: true, Không: false}
  is_repeated: {Có: true, Không: false}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", found)
    (found / "petitions").mkdir()
    (found / "petitions" / "tra-vinh.yaml").write_text(SOURCE, encoding="utf-8")
    (found / "petitions-drop").mkdir()
    monkeypatch.setenv("MOTCUA_CATALOG", str(found))
    return found


def drop(folder: Path, *rows: dict[str, str], name: str = "1.csv") -> None:
    lines = [",".join(HEADINGS), *(",".join(row.get(heading, "") for heading in HEADINGS) for row in rows)]
    (folder / "petitions-drop" / name).write_text("\n".join(lines), encoding="utf-8")


def row(number: str, **values: str) -> dict[str, str]:
    known = {"Mã PAKN": f"PAKN-{number}", "Người gửi": "NGUYỄN VĂN MẪU", "Nội dung": "gọi 0912345678",
             "Ngày nhận": "02/10/2023", "Loại": "Hành vi hành chính"}  # fmt: skip
    return known | {key.replace("_", " "): value for key, value in values.items()}


def take() -> PetitionOutcome:
    [outcome] = take_petitions(today=date(2023, 11, 1))
    return outcome


def contributions() -> dict[str, str]:
    with store_engine().connect() as connection:
        rows = connection.execute(text("select measure, on_day::text from petition_contribution"))
        return {measure.removeprefix("petition_"): day for measure, day in rows}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"received": "10-02", "received_behaviour": "10-02", "became_overdue": "10-24",
              "unsatisfied_or_late": "10-24"}),
        ({"Hạn xử lý": "09/10/2023", "Ngày xử lý": "09/10/2023", "Hài lòng": "Có", "Công khai": "10/10/2023"},
         {"received": "10-02", "received_behaviour": "10-02", "closed": "10-09", "closed_behaviour": "10-09",
          "handled_on_time": "10-09", "published": "10-10"}),
        ({"Hạn xử lý": "09/10/2023", "Ngày xử lý": "10/10/2023", "Loại": "Quy định hành chính", "Hài lòng": "Không"},
         {"received": "10-02", "received_regulation": "10-02", "closed": "10-10", "closed_regulation": "10-10",
          "became_overdue": "10-10", "overdue_cleared": "10-10", "unsatisfied": "10-10",
          "unsatisfied_or_late": "10-10"}),
        ({"Hạn xử lý": "09/10/2023", "Ngày xử lý": "05/10/2023", "Hài lòng": "Có", "Phản ánh lại": "Có"},
         {"received": "10-02", "received_behaviour": "10-02", "closed": "10-05", "closed_behaviour": "10-05",
          "handled_on_time": "10-05", "unsatisfied": "10-05", "unsatisfied_or_late": "10-05"}),
    ],
    ids=["open, due after 15 working days", "on time", "late and unsatisfied", "petitioned again"],
)  # fmt: skip
def test_a_petition_counts(folder: Path, given: dict[str, str], expected: dict[str, str]) -> None:
    drop(folder, row("1") | given)
    assert take().taken_count == 1
    assert contributions() == {measure: f"2023-{day}" for measure, day in expected.items()}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"Mã PAKN": "0912345678"}, "petition_id is missing, or is no code"),
        ({"Mã PAKN": ""}, "petition_id is missing, or is no code"),
        ({"Ngày nhận": ""}, "received_on is missing"),
        ({"Ngày nhận": "2023/10/02"}, "received_on is not dd/MM/yyyy"),
        ({"Ngày nhận": "02/11/2023"}, "received_on is in the future"),
        ({"Ngày xử lý": "01/10/2023"}, "handled_on is before received_on"),
        ({"Ngày xử lý": "02/11/2023"}, "handled_on is in the future"),
        ({"Loại": "Nguyễn Văn A"}, "kind is not a word of its list"),
        ({"Loại": ""}, "kind is missing"),
        ({"Đơn vị": "Phòng không ai biết"}, "unit means 0 units on the day received"),
    ],
)
def test_a_wrong_row_is_refused_without_a_value_and_stops_no_other(
    folder: Path, given: dict[str, str], reason: str
) -> None:
    drop(folder, row("1") | given, row("2"))
    outcome = take()
    assert (outcome.row_count, outcome.taken_count) == (2, 1)
    assert outcome.refused == (f"1.csv row 2: {reason}",)


def test_the_same_files_again_change_nothing_and_a_newer_file_replaces(folder: Path) -> None:
    drop(folder, row("1"), row("2"))
    take()
    before = contributions()
    take()
    assert contributions() == before
    drop(folder, row("1") | {"Ngày xử lý": "03/10/2023"}, name="2.csv")
    take()
    assert contributions()["handled_on_time"] == "2023-10-03"


def test_no_text_and_no_person_is_stored(folder: Path) -> None:
    drop(folder, row("1"))
    take()
    with store_engine().connect() as connection:
        stored = str(connection.execute(text("select to_jsonb(petition) from petition")).all())
    assert "PAKN-1" in stored
    assert not [secret for secret in ("NGUYỄN", "0912345678", "gọi") if secret in stored]


def test_a_column_that_is_not_in_the_file_is_named(folder: Path) -> None:
    (folder / "petitions-drop" / "1.csv").write_text("Mã PAKN,Ngày nhận,Loại\nP-1,02/10/2023,x\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"tra-vinh\.petitions: 1\.csv has no column 'Công khai'"):
        take()


def test_a_word_outside_the_list_is_refused_when_the_source_is_read(folder: Path) -> None:
    path = folder / "petitions" / "tra-vinh.yaml"
    path.write_text(SOURCE.replace("behaviour", "conduct"), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"tra-vinh\.yaml:\d+: words\.kind: .*conduct"):
        take()


def test_the_form_counts_petitions_by_unit_and_its_identities_hold(
    folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("MOTCUA_REPORTS", str(tmp_path))
    drop(
        folder,
        row("1", **{"Ngày nhận": "20/09/2023", "Hạn xử lý": "05/10/2023", "Ngày xử lý": "09/10/2023"}),
        row("2", **{"Hạn xử lý": "09/10/2023", "Ngày xử lý": "09/10/2023", "Loại": "Quy định hành chính"}),
        row("3", **{"Hạn xử lý": "09/10/2023"}),
        row("4", **{"Hạn xử lý": "31/10/2023"}),
        row("5", **{"Ngày nhận": "20/09/2023", "Ngày xử lý": "29/09/2023"}),
    )
    assert take().refused == ()
    total = read_form("petitions", "84", OCTOBER).total
    assert dict(total.figures) == {
        "received_total": 4, "new_behaviour": 2, "new_regulation": 1, "carried_behaviour": 1, "carried_regulation": 0,
        "handled_total": 2, "handled_on_time": 1, "handled_late": 1, "published": 0,
        "open_total": 2, "open_in_time": 1, "open_overdue": 1, "unsatisfied": 0,
    }  # fmt: skip
    assert total.percentages == {"on_time_pct": "50.00"}
    paths = write_files(publish_edition("petitions", "84", OCTOBER))
    assert [path.suffix for path in paths] == [".xlsx", ".html", ".json"]
