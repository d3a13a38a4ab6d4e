"""Registers whose days are written in an office's own way, run at a terminal (the case `trongngay`; made up)."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path

import yaml
from tests.unit.cli.test_spreadsheet_cases import ASKED, CASES, EIGHT, OCTOBER, Command, catalog, motcua, unmet

__all__ = ["catalog", "motcua"]


def test_within_the_day_is_no_final_figure_until_it_is_said_and_then_the_due_day_is_counted(
    motcua: Command,
    catalog: Path,
) -> None:
    shutil.copy(CASES / "drops" / "trongngay" / "m.csv", catalog / "drops" / "yy" / "m.csv")
    motcua("ingest", "--source", "yy.x", *ASKED)
    missing = unmet(motcua, "yy")
    assert missing["everything_read"] == "due_at: 5 records"
    assert "5 of 10 records" in missing["nothing_set_aside"]

    mapping = catalog / "mappings" / "yy-x.yaml"
    words = mapping.read_text(encoding="utf-8")
    due = 'due_at: {as: instant, key: "Ngày hẹn trả", '
    assert due in words
    mapping.write_text(words.replace(due, f"{due}limits: working_days, "), encoding="utf-8")
    assert "read_as_stated" in unmet(motcua, "yy")
    assert "5 of 5 records that were set aside are accepted now." in motcua("replay", "--source", "yy.x")
    total = json.loads(motcua("report", "form-06", "--unit", "yy", *OCTOBER, "--json"))["total"]
    # Of the five, 0006 was returned on its day, 0002, 0004 and 0010 later, and 0008 is open since 20 October. The case
    # says (4, 5, 1, 4, 2, 2, 1, 1), which are the counts of `plain`, where these five have later due days.
    assert tuple(total[code] for code in EIGHT) == (4, 5, 1, 1, 2, 5, 0, 2)
    assert unmet(motcua, "yy") == {}

    # A day that a decision moved is part of how these due days were read.
    days = catalog / "calendar" / "swapped_days.csv"
    days.parent.mkdir()
    days.write_text("day,kind,reason,evidence\n2023-10-16,rest,made up,made up\n", encoding="utf-8")
    assert "read_as_stated" in unmet(motcua, "yy")


def test_the_ten_in_columns_of_their_own_kind_are_the_ten(motcua: Command, catalog: Path) -> None:
    """Reception in three columns and an hour, number in two, two days in one column: the counts are those of `yy`."""
    drop, mapping = catalog / "drops" / "yy" / "m.csv", catalog / "mappings" / "yy-x.yaml"
    with drop.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    with drop.open("w", encoding="utf-8", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["Ký hiệu", "Số", "Họ và tên", "Tên thủ tục", "Hình thức nộp", "Ngày", "Tháng", "Năm", "Giờ",
                      "Hẹn - trả", "Trạng thái"])  # fmt: skip
        for row in rows:
            before, _, number = row["Số hồ sơ"].rpartition("-")
            received = datetime.strptime(row["Ngày tiếp nhận"], "%d/%m/%y")
            days = " - ".join(filter(None, (row["Ngày hẹn trả"], row["Ngày trả kết quả"])))
            out.writerow([before, number, row["Họ và tên"], row["Tên thủ tục"], row["Hình thức nộp"], received.day,
                          f"{received.month:02}", received.year, "08:30:00 SA", days, row["Trạng thái"]])  # fmt: skip
    said = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    said["made"] = {
        "Số hồ sơ": {"join": ["Ký hiệu", "Số"], "between": "-"},
        "Ngày tiếp nhận": {"day": "Ngày", "month": "Tháng", "year": "Năm", "hour": "Giờ"},
        "Ngày hẹn trả": {"part_of": "Hẹn - trả", "pattern": r"(?P<value>\S+)(?: - \S+)?"},
        "Ngày trả kết quả": {"part_of": "Hẹn - trả", "pattern": r"\S+(?: - (?P<value>\S+))?"},
    }
    said["fields"]["received_at"] = {"as": "instant", "key": "Ngày tiếp nhận"}
    for field in ("due_at", "returned_at"):
        said["fields"][field]["formats"] = ["dd/MM/yy"]
    kept = ["Ký hiệu", "Số", "Trạng thái", "Hình thức nộp", "Tên thủ tục", "Ngày", "Tháng", "Năm", "Giờ", "Hẹn - trả"]
    said["keys"] = {"keep": kept, "drop_personal": ["Họ và tên"]}
    mapping.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    assert "Verdict: everything could be read" in motcua("sources", "check", "yy.x", *ASKED)
    motcua("ingest", "--source", "yy.x", *ASKED)
    total = json.loads(motcua("report", "form-06", "--unit", "yy", *OCTOBER, "--json"))["total"]
    assert tuple(total[code] for code in EIGHT) == (4, 5, 1, 4, 2, 2, 1, 1)
    assert unmet(motcua, "yy") == {}
    # One pull, ten rows, judged again; none shown later, without a record, new or changed; ten unchanged.
    assert "yy.x 1 10 10 0 0 0 0 10 0 0" in " ".join(motcua("replay", "--source", "yy.x").split())
