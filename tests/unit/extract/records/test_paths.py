"""Nested records: which keys are taken, and which names are reported because nobody classified them."""

from __future__ import annotations

from typing import Any

from motcua.extract.records.paths import Picker, without_positions
from motcua.extract.records.rules import KeyClasses

KEYS = KeyClasses(
    keep=("id", "status.id", "supplements", "supplements.-1.asked", "people.0.kind", "agency.parent.code"),
    hmac=("people.0.number",),
    drop_personal=("people.name", "applicant"),
    drop_unneeded=("status.name", "agency.parent.id", "agency.ancestors"),
)


def picked(*records: dict[str, Any]) -> tuple[dict[str, list[Any]], list[tuple[int, str]], set[str]]:
    picker, issues = Picker(KEYS, nested=True), []
    columns = picker.columns(records, lambda row, issue: issues.append((row, issue)))
    return {key: list(values) for key, values in columns.items()}, issues, picker.unclassified


def test_values_are_taken_from_objects_and_lists() -> None:
    columns, issues, unclassified = picked(
        {
            "id": 1,
            "status": {"id": 2, "name": "x"},
            "supplements": [{"asked": "a"}, {"asked": "b"}],
            "people": [{"kind": 1, "number": "n", "name": "secret"}],
            "agency": {"parent": {"code": "H44", "id": "f"}, "ancestors": [{"id": 1}]},
            "applicant": {"whatever": {"deep": 1}},
        },
        {"id": 2},
    )
    assert columns == {
        "id": [1, 2],
        "status.id": [2, None],
        "supplements": [[{"asked": "a"}, {"asked": "b"}], None],
        "supplements.-1.asked": ["b", None],
        "people.0.kind": [1, None],
        "people.0.number": ["n", None],
        "agency.parent.code": ["H44", None],
    }
    assert (issues, unclassified) == ([], set())


def test_an_unclassified_key_is_reported_with_its_path() -> None:
    _, _, unclassified = picked(
        {"id": 1, "status": {"id": 2, "colour": 3}, "people": [{"age": 4}], "extra": 5, "applicant": {"any": 1}}
    )
    assert unclassified == {"status.colour", "people.age", "extra"}


def test_an_object_in_place_of_a_list_is_a_list_of_one() -> None:
    columns, issues, _ = picked({"id": 1, "people": {"kind": 7, "number": "n"}})
    assert (columns["people.0.kind"], issues) == ([7], [])


def test_a_value_in_place_of_an_object_is_an_issue_of_its_row() -> None:
    columns, issues, _ = picked({"id": 1, "status": {"id": 2}}, {"id": 2, "status": "open"}, {"id": 3, "status": ""})
    assert columns["status.id"] == [2, None, None]
    assert issues == [(1, "status: not an object")]


def test_a_flat_mapping_takes_names_with_dots_as_they_are() -> None:
    picker = Picker(KeyClasses(keep=("Ngày T.Nhận",)), nested=False)
    columns = picker.columns([{"Ngày T.Nhận": 1, "Ghi chú": 2}], lambda row, issue: None)
    assert (dict(columns), picker.unclassified) == ({"Ngày T.Nhận": [1]}, {"Ghi chú"})


def test_no_records_are_no_rows() -> None:
    columns, issues, unclassified = picked()
    assert set(map(tuple, columns.values())) == {()}
    assert (issues, unclassified) == ([], set())


def test_positions_are_not_part_of_a_key() -> None:
    assert without_positions("a.-1.b.0.c") == "a.b.c"


def test_names_in_every_item_of_a_kept_list_and_in_an_object_for_a_value_are_reported() -> None:
    _, _, unclassified = picked(
        {"id": {"oid": 1}, "supplements": [{"by": 1}, {"asked": "b"}], "people": [{"kind": 1}, {"nick": 2}]}
    )
    assert unclassified == {"id.oid", "supplements.by", "people.nick"}


def test_a_key_that_a_field_takes_from_inside_a_list_is_known() -> None:
    picker = Picker(KeyClasses(keep=("fees",), drop_unneeded=("fees.kind",)), nested=True, inner=["fees.amount"])
    picker.columns([{"fees": [{"amount": 1, "kind": 2}, {"payer": 3}]}], lambda row, issue: None)
    assert picker.unclassified == {"fees.payer"}
