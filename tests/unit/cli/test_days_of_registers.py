"""Registers whose days are written in an office's own way, run at a terminal (the case `trongngay`; made up)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

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
