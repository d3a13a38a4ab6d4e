"""What a new edition says of the one it restates: which cells moved, by how much, and why as far as can be known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from tests.store_world import COMMUNE, OTHER_COMMUNE, dossier, validated_batch

from motcua.aggregate import build_measures
from motcua.consolidate import consolidate_batches
from motcua.publish.edition.restatement import restate
from motcua.publish.edition.restatement_text import cause_text, is_empty, notes
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

LONG_AGO, NEVER = "2020-01-01T00:00:00+07:00", "2999-01-01T00:00:00+07:00"
SAME = {COMMUNE: COMMUNE, OTHER_COMMUNE: OTHER_COMMUNE}


def row(code: str, unit_id: str = "", **figures: int) -> dict[str, Any]:
    return {"row_code": code, "row_name": code.upper(), "level": "commune", "unit_id": unit_id, "figures": figures}


def answer(source_id: str, cell: str, unit_id: str = COMMUNE, **more: str) -> dict[str, str]:
    return {"source_id": source_id, "source_name": source_id.upper(), "unit_id": unit_id, "row_code": "c", "cell": cell,
            **more}  # fmt: skip


def edition(
    *tables: tuple[str, list[dict[str, Any]]], cells: list[dict[str, str]] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "edition_id": "e.1", "edition_no": 1, "completeness": "provisional", "rules": {"dossier": "a", "batch": "b"},
        "tables": [{"code": code, "rows": rows} for code, rows in tables], "cells": cells or [],
        "read_at": NEVER, "period": {"to": "2023-10-31"}, **more,
    }  # fmt: skip


def restated(earlier: dict[str, Any], draft: dict[str, Any], placed: Mapping[str, str] = SAME) -> dict[str, Any]:
    with store_engine().connect() as connection:
        return restate(connection, earlier, draft, placed)


def load(*records: dict[str, Any]) -> None:
    batch_id = validated_batch(list(records))
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()


def test_only_the_rows_and_columns_that_moved_are_told_in_the_order_of_the_new_edition() -> None:
    before = edition(("unit", [row("a", "1", x=1, y=2), row("gone", "2", x=5), row("same", "3", x=7)]))
    after = edition(("unit", [row("new", "4", z=3), row("same", "3", x=7), row("a", "1", x=4, y=2, z=1)]))
    rows = restated(before, after)["rows"]
    assert [(each["row_code"], each["columns"]) for each in rows] == [
        ("new", [{"column_code": "z", "after": 3}]),
        ("a", [{"column_code": "x", "before": 1, "after": 4}, {"column_code": "z", "after": 1}]),
        ("gone", [{"column_code": "x", "before": 5}]),
    ]
    assert (rows[1]["row_name"], rows[1]["level"], rows[1]["unit_id"]) == ("A", "commune", "1")
    assert "part" not in rows[0]


def test_a_figure_that_nobody_told_and_is_zero_now_has_moved_and_had_no_value_before() -> None:
    untold, zero = edition(("unit", [row("a", "1")])), edition(("unit", [row("a", "1", x=0)]))
    assert restated(untold, zero)["rows"][0]["columns"] == [{"column_code": "x", "after": 0}]
    assert restated(zero, untold)["rows"][0]["columns"] == [{"column_code": "x", "before": 0}]


def test_rows_are_the_same_row_by_their_unit_else_by_their_code() -> None:
    before = edition(
        ("unit", [row("old code", "1", x=1)]),
        ("index", [row("3.1", x=1), row("3.2", x=5)]),
        ("total", [row("total", x=1)]),
    )
    after = edition(
        ("unit", [row("new code", "1", x=1)]),
        ("index", [row("3.1", x=2), row("3.2", x=5)]),
        ("total", [row("total", x=3)]),
    )
    assert [each["row_code"] for each in restated(before, after)["rows"]] == ["3.1", "total"]


def test_the_edition_restated_is_named_and_the_rules_that_changed_too() -> None:
    before = edition(rules={"dossier": "a", "batch": "b", "gone": "c"})
    found = restated(before, edition(rules={"new": "d", "dossier": "z", "batch": "b"}))
    assert (found["edition_id"], found["edition_no"], found["completeness"]) == ("e.1", 1, "provisional")
    assert found["rules_changed"] == ["dossier", "gone", "new"]
    assert restated(before, before)["rules_changed"] == []


def test_a_source_that_says_something_else_now_is_told_and_one_that_says_the_same_is_not() -> None:
    before = edition(
        cells=[answer("a", "failed"), answer("b", "received"), answer("c", "held"), answer("d", "missing")]
    )
    after = edition(
        cells=[
            answer("a", "received"), answer("b", "missing"), answer("c", "quarantined"),
            answer("d", "received", OTHER_COMMUNE), answer("e", "not_expected"),
        ]
    )  # fmt: skip
    found = restated(before, after)["sources"]
    assert [(each["source_id"], each["before"], each["after"]) for each in found] == [
        ("a", "failed", "received"), ("b", "received", "missing"), ("d", "not_expected", "received"),
        ("d", "missing", "not_expected"),
    ]  # fmt: skip
    assert found[0] == {"source_id": "a", "source_name": "A", "row_code": "c", "unit_id": COMMUNE,
                        "before": "failed", "after": "received"}  # fmt: skip


def test_a_row_has_the_causes_of_its_unit_and_the_total_those_of_all() -> None:
    before = edition(
        ("unit", [row("a", COMMUNE, x=1), row("b", OTHER_COMMUNE, x=1), row("c", "1", x=1)]),
        ("total", [row("total", x=3)]),
        cells=[answer("one", "failed"), answer("two", "received", OTHER_COMMUNE)],
    )  # fmt: skip
    after = edition(
        ("unit", [row("a", COMMUNE, x=2), row("b", OTHER_COMMUNE, x=2), row("c", "1", x=2)]),
        ("total", [row("total", x=6)]),
        cells=[answer("one", "received"), answer("two", "missing", OTHER_COMMUNE)],
    )  # fmt: skip
    causes = {each["row_code"]: each["causes"] for each in restated(before, after)["rows"]}
    one = {"kind": "source_answered", "edition_no": 1, "source_id": "one", "source_name": "ONE",
           "before": "failed", "after": "received"}  # fmt: skip
    two = {"kind": "source_changed", "edition_no": 1, "source_id": "two", "source_name": "TWO",
           "before": "received", "after": "missing"}  # fmt: skip
    assert causes == {"a": [one], "b": [two], "c": [{"kind": "unknown", "edition_no": 1}], "total": [one, two]}


def test_the_dossiers_that_moved_since_are_counted_for_their_unit_and_summed_for_the_total() -> None:
    load(dossier("1"), dossier("2"), dossier("3", unit_id=OTHER_COMMUNE))
    tables = [("unit", [row("a", COMMUNE, x=1), row("b", OTHER_COMMUNE, x=1)]), ("total", [row("total", x=2)])]
    more = [("unit", [row("a", COMMUNE, x=2), row("b", OTHER_COMMUNE, x=2)]), ("total", [row("total", x=4)])]
    causes = {
        each["row_code"]: each["causes"]
        for each in restated(edition(*tables, read_at=LONG_AGO), edition(*more))["rows"]
    }
    told = {"kind": "versions", "edition_no": 1, "changed": 0, "moved_in": 0, "moved_out": 0}
    assert causes == {"a": [told | {"new": 2}], "b": [told | {"new": 1}], "total": [told | {"new": 3}]}
    since = restated(edition(*tables), edition(*more))["rows"]
    assert {each["causes"][0]["kind"] for each in since} == {"unknown"}


def test_dossiers_of_a_unit_that_stands_on_anothers_line_are_counted_there() -> None:
    load(dossier("1"), dossier("2", unit_id=OTHER_COMMUNE), dossier("3", received_at=datetime(2023, 10, 3)))
    before, after = ([("unit", [row("a", COMMUNE, x=number)])] for number in (1, 2))
    placed = {COMMUNE: COMMUNE, OTHER_COMMUNE: COMMUNE}
    [found] = restated(edition(*before, read_at=LONG_AGO), edition(*after), placed)["rows"]
    assert found["causes"][0]["new"] == 3
    elsewhere = {COMMUNE: COMMUNE, OTHER_COMMUNE: "a line of another edition"}
    totals = [("total", [row("total", x=number)]) for number in (1, 2)]
    earlier = edition(*before, totals[0], read_at=LONG_AGO)
    rows = restated(earlier, edition(*after, totals[1]), elsewhere)["rows"]
    assert [(each["row_code"], each["causes"][0]["new"]) for each in rows] == [("a", 2), ("total", 2)]


def test_dossiers_that_count_only_after_the_period_are_no_cause() -> None:
    load(dossier("1"))
    before, after = ([("unit", [row("a", COMMUNE, x=number)])] for number in (1, 2))
    [found] = restated(edition(*before, read_at=LONG_AGO), edition(*after, period={"to": "2023-10-01"}))["rows"]
    assert found["causes"] == [{"kind": "unknown", "edition_no": 1}]


def test_rows_of_a_part_of_the_period_say_so_and_take_the_causes_of_their_line() -> None:
    parts = {"maps": {"parts": [{"part": 1}, {"part": 2}]}}
    before = edition(("unit", [row("a", COMMUNE, x=1)]), ("unit@1", [row("b", OTHER_COMMUNE, x=1)]),
                     ("total@2", [row("total", x=1)]), cells=[answer("one", "failed")])  # fmt: skip
    after = edition(("unit", [row("a", COMMUNE, x=1)]), ("unit@1", [row("b", OTHER_COMMUNE, x=2)]),
                    ("total@2", [row("total", x=2)]), cells=[answer("one", "received")], **parts)  # fmt: skip
    placed = {COMMUNE: COMMUNE, OTHER_COMMUNE: COMMUNE}
    rows = restated(before, after, placed)["rows"]
    assert [(each["part"], each["row_code"], each["causes"][0]["kind"]) for each in rows] == [
        (1, "b", "source_answered"), (2, "total", "source_answered"),
    ]  # fmt: skip
    [unplaced, _] = restated(before, after, {})["rows"]
    assert unplaced["causes"][0]["kind"] == "unknown"


def test_the_source_of_a_unit_on_anothers_line_is_a_cause_of_that_line() -> None:
    before = edition(("unit", [row("a", COMMUNE, x=1)]), cells=[answer("one", "failed", OTHER_COMMUNE)])
    on_line = answer("one", "received", OTHER_COMMUNE, row_unit_id=COMMUNE)
    [found] = restated(before, edition(("unit", [row("a", COMMUNE, x=2)]), cells=[on_line]))["rows"]
    assert found["causes"][0]["source_id"] == "one"


def test_a_row_that_moved_for_no_source_and_no_dossier_moved_with_the_rules_if_any_changed() -> None:
    before = edition(("unit", [row("a", "1", x=1)]), ("total", [row("total", x=1)]))
    after = edition(
        ("unit", [row("a", "1", x=2)]), ("total", [row("total", x=2)]), rules={"dossier": "a", "batch": "z"}
    )
    told = {"kind": "rules", "edition_no": 1, "rules": ["batch"]}
    assert [each["causes"] for each in restated(before, after)["rows"]] == [[told], [told]]
    answered = {**after, "cells": [answer("one", "received", "1")]}
    for each in restated(before, answered)["rows"]:
        assert [cause["kind"] for cause in each["causes"]] == ["source_answered"]


def test_what_else_changed_is_told_by_its_key_and_an_index_by_its_sentences() -> None:
    said = {"vi": ["Tổng điểm 1.", "Xếp thứ 2/9."], "en": ["Total 1.", "Place 2 of 9."]}
    now = {"vi": ["Tổng điểm 1.", "Xếp thứ 1/9."], "en": ["Total 1.", "Place 1 of 9."]}
    before = edition(report={"title_vi": "A"}, index={"summary": said}, read_at=LONG_AGO, is_period_over="no")
    after = edition(report={"title_vi": "B"}, index={"summary": now}, is_period_over="no", completeness="final")
    assert restated(before, after)["also"] == [
        {
            "key": "index",
            "vi": {"before": ["Xếp thứ 2/9."], "after": ["Xếp thứ 1/9."]},
            "en": {"before": ["Place 2 of 9."], "after": ["Place 1 of 9."]},
        },
        {"key": "report"},
    ]
    without = edition(report={"title_vi": "A"}, is_period_over="no")
    assert restated(before, without)["also"] == [{"key": "index"}]
    assert restated(without, before)["also"] == [{"key": "index"}]


RESTATES = {
    "edition_no": 2, "rules_changed": ["catalog", "later"], "rows": [],
    "also": [{"key": "display"}, {"key": "new key"},
             {"key": "index", "vi": {"before": ["Cũ."], "after": ["Mới."]}, "en": {"before": [], "after": ["New."]}}],
}  # fmt: skip


def test_the_notes_of_a_restatement_say_what_else_changed_and_which_rules() -> None:
    assert list(notes(RESTATES, "vi")) == [
        "Thay đổi khác: cách trình bày trang.", "Thay đổi khác: new key.",
        "Thay đổi khác: xếp loại, thứ hạng hoặc ghi chú của chỉ số.", "Trước: Cũ.", "Nay: Mới.",
        "Quy tắc đã thay đổi kể từ ấn bản 2: danh mục, later.",
    ]  # fmt: skip
    assert list(notes(RESTATES, "en")) == [
        "Also changed: how the page is laid out.", "Also changed: new key.",
        "Also changed: class, place or notes of the index.", "Now: New.",
        "Rules that changed since edition 2: the catalogue, later.",
    ]  # fmt: skip


def test_a_restatement_is_empty_only_where_neither_figures_nor_rules_nor_anything_else_changed() -> None:
    nothing: dict[str, Any] = {"edition_no": 1, "rules_changed": [], "rows": [], "also": []}
    assert is_empty(nothing)
    assert not is_empty(nothing | {"rules_changed": ["sql"]})
    assert not is_empty(nothing | {"also": [{"key": "report"}]})
    assert not is_empty(nothing | {"rows": [{}]})
    del nothing["also"]  # as the first software wrote it
    assert is_empty(nothing)


SOURCE = {"edition_no": 2, "source_id": "s", "source_name": "Một cửa", "before": "failed", "after": "received"}
MOVED = {"kind": "versions", "edition_no": 2, "new": 3, "changed": 0, "moved_in": 1, "moved_out": 2}


@pytest.mark.parametrize(
    ("cause", "vi", "en"),
    [
        (SOURCE | {"kind": "source_answered"}, "nguồn s (Một cửa): ấn bản 2 lỗi kết nối, nay đã nhận đủ",
         "source s was failed in edition 2"),
        (SOURCE | {"kind": "source_changed", "after": "missing"},
         "nguồn s (Một cửa): ấn bản 2 lỗi kết nối, nay thiếu dữ liệu",
         "source s was failed in edition 2 and is missing now"),
        (MOVED, "3 hồ sơ mới kể từ ấn bản 2; 1 hồ sơ chuyển đến kể từ ấn bản 2; 2 hồ sơ chuyển đi kể từ ấn bản 2",
         "dossier versions since edition 2: 3 new, 1 moved in, 2 moved out"),
        ({"kind": "rules", "edition_no": 2, "rules": ["sql", "expectations"]},
         "quy tắc đã thay đổi kể từ ấn bản 2: cách tính số liệu (SQL), quy tắc kiểm tra dữ liệu",
         "rules that changed since edition 2: how figures are made (SQL), the validation rules"),
        ({"kind": "unknown", "edition_no": 2}, "chưa xác định được nguyên nhân so với ấn bản 2",
         "cause not known, compared with edition 2"),
    ],
)  # fmt: skip
def test_a_cause_is_said_in_vietnamese_and_in_english(cause: dict[str, Any], vi: str, en: str) -> None:
    assert (cause_text(cause, "vi"), cause_text(cause, "en")) == (vi, en)
