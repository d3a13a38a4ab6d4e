"""An edition goes out when anything in it changes, and only then."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.measured_world import Store
from tests.reform_world import EVE, NEW_SOURCES, OLD_SOURCES, REFORM

from motcua.period import day_period, parse_period, period_between
from motcua.publish import list_editions, publish_edition, read_edition, verify_edition
from motcua.publish.edition.content import NOT_COMPARED, canonical_bytes, changed_keys, says_the_same
from motcua.publish.edition.shapes import in_todays_shape
from motcua.warehouse import warehouse_engine

OCTOBER = parse_period("CAL_MONTH:2023-10")
Place = tuple[str | int, ...]


def leaves(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every text and number of a content, and of every list or mapping that is empty."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    if not inner:
        yield place
    for key, found in inner:
        yield from leaves(found, (*place, key))


def with_leaf_changed(content: Any, place: Place) -> Any:
    changed = copy.deepcopy(content)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    leaf = inner[place[-1]]
    inner[place[-1]] = leaf + 1 if isinstance(leaf, int) else [*leaf, "x"] if isinstance(leaf, list) else f"{leaf}x"
    return changed


def is_left_out(place: Place) -> bool:
    plain = tuple("*" if isinstance(key, int) else key for key in place)
    return any(plain[: len(left)] == left for left in NOT_COMPARED)


def contents(october: Store) -> Iterator[Any]:
    """Yield an edition of each kind: a form with its sources, a restated one, the brief, an index."""
    october.answer(["tra-vinh.c29236"], quarantined=3)
    october.execute("insert into rule_finding select batch_id, 'V3', 'critical', 10, 3 from batch"
                    " where batch_id like 'tra-vinh.c29236%' order by planned_at desc limit 1")  # fmt: skip
    yield publish_edition("form-06", "842", OCTOBER).content
    october.measure("842:2020", date(2023, 10, 3), "received_direct", 2)
    yield publish_edition("form-06", "842", OCTOBER).content
    yield publish_edition("nightly-brief", "842", day_period(date(2023, 10, 20))).content
    yield publish_edition("index-766", "842", OCTOBER).content


def test_any_leaf_of_any_edition_is_compared_but_those_that_are_declared(october: Store) -> None:
    kinds: set[str] = set()
    compared = left_out = 0
    for content in contents(october):
        kinds |= set(content)
        assert says_the_same(content, copy.deepcopy(content))
        for place in leaves(content):
            same = says_the_same(content, with_leaf_changed(content, place))
            assert same is is_left_out(place), place
            compared += not same
            left_out += same
    assert kinds >= {
        "index",
        "quarantine",
        "tables",
        "display",
        "columns",
        "cells",
        "completeness",
        "restates",
        "rules",
    }
    assert compared > 1000
    assert left_out > 20


def test_a_key_that_only_one_of_two_contents_has_is_a_difference() -> None:
    assert not says_the_same({"a": 1}, {"a": 1, "note": "x"})
    assert changed_keys({"a": 1, "b": [1]}, {"a": 1, "b": [1, 2], "c": 0}) == ["b", "c"]


def test_what_is_left_out_says_why() -> None:
    assert all(len(why) > 20 for why in NOT_COMPARED.values())


@pytest.mark.parametrize(
    ("place", "unit_id", "quantity"),
    [
        ("place", "844:2020", 5),  # another district that is better
        ("difference", "842:2020", 30),  # the month before is known otherwise now
    ],
)
def test_an_index_goes_out_again_when_only_its_place_or_its_difference_moves(
    october: Store, place: str, unit_id: str, quantity: int
) -> None:
    first = publish_edition("index-766", "842", OCTOBER)
    september = place == "difference"
    if september:
        october.answer(october.sources_of("84:2020"), (date(2023, 9, 1), date(2023, 9, 30)))
    day = date(2023, 9 if september else 10, 5)
    for measure in ("received_online", "resolved_early"):
        october.measure(unit_id, day, measure, quantity)
    second = publish_edition("index-766", "842", OCTOBER)
    assert [row["figures"] for row in second.content["tables"][0]["rows"]] == [
        row["figures"] for row in first.content["tables"][0]["rows"]
    ]
    assert (second.edition_no, second.content["restates"]["rows"]) == (2, [])
    [also] = second.content["restates"]["also"]
    assert also["key"] == "index"
    assert also["vi"]["before"] != also["vi"]["after"]
    assert publish_edition("index-766", "842", OCTOBER).edition_no == 2


def test_an_index_on_another_map_is_a_series_of_its_own(reform: Store) -> None:
    reform.answer(OLD_SOURCES.values(), (date(2025, 5, 1), EVE))
    reform.answer(NEW_SOURCES.values(), (REFORM, date(2025, 8, 1)))
    days = period_between(date(2025, 6, 15), date(2025, 7, 14))
    own = publish_edition("index-766", "86", days, today=date(2025, 8, 1))
    other = publish_edition("index-766", "86", days, on_map="2025-06-30", today=date(2025, 8, 1))
    assert (own.map_code, other.map_code, other.edition_no) == ("", "2025-06-30", 1)
    assert publish_edition("index-766", "86", days, today=date(2025, 8, 1)).edition_id == own.edition_id
    assert verify_edition(other.edition_id).is_sound
    assert len(list_editions("index-766")) == 2


def as_first_written(content: Any) -> Any:
    """Return a content in the shape of the first editions: other cells, no word of how its page is headed."""
    old = {key: value for key, value in copy.deepcopy(content).items() if key != "display"}
    old["schema"] = "motcua.edition/1"
    del old["checklist"], old["set_aside"]
    old["state"], old["completeness"] = old.pop("completeness"), old.pop("cells")
    for cell in old["completeness"]:
        cell["cell"] = {"quarantined": "held"}.get(cell["cell"], cell["cell"])
    if "index" in old:
        old["columns"] = old["columns"][:3]
    elif content["report"]["code"] == "digitisation":
        old["tiles"] = [tile["count"][0] for tile in content["display"]["tiles"]]
    if "restates" in old:
        del old["restates"]["also"]
        old["restates"]["state"] = old["restates"].pop("completeness")
    return old


def keep_as_first_written(edition_id: str) -> Any:
    """Put an edition into the warehouse as the first software would have written it."""
    import hashlib

    from sqlalchemy import text

    old = as_first_written(read_edition(edition_id).content)
    body = canonical_bytes(old)
    with warehouse_engine().begin() as warehouse:
        warehouse.execute(text("alter table edition disable trigger edition_immutable"))
        warehouse.execute(
            text("update edition set canonical_bytes = :body, sha256 = :sha where edition_id = :id"),
            {"body": body, "sha": hashlib.sha256(body).hexdigest(), "id": edition_id},
        )
        warehouse.execute(text("alter table edition enable trigger edition_immutable"))
    return read_edition(edition_id)


@pytest.mark.parametrize("report", ["form-06", "nightly-brief", "index-766", "digitisation"])
def test_an_edition_of_the_first_shape_is_verified_read_and_not_published_again(october: Store, report: str) -> None:
    from motcua.publish.files.page import page_html
    from motcua.publish.files.workbook import workbook_bytes

    october.answer(["tra-vinh.c29236"], state="held")
    period = day_period(date(2023, 10, 20)) if report == "nightly-brief" else OCTOBER
    published = publish_edition(report, "84", period)
    old = keep_as_first_written(published.edition_id)
    assert old.sha256 != published.sha256
    assert verify_edition(old.edition_id).is_sound
    before = {key: value for key, value in published.content.items() if key not in ("checklist", "set_aside")}
    assert in_todays_shape(old.content) == before
    assert "data-line" in page_html(published)
    assert "data-line" not in page_html(old)
    assert len(workbook_bytes(old)) > 5000
    assert publish_edition(report, "84", period).edition_id == old.edition_id
    assert json.loads(old.canonical_bytes) == as_first_written(published.content)


def test_an_edition_of_the_first_shape_is_restated_in_todays_words(october: Store) -> None:
    october.answer(["tra-vinh.c29236"], state="held")
    old = keep_as_first_written(publish_edition("form-06", "84", OCTOBER).edition_id)
    october.answer(["tra-vinh.c29236"])
    second = publish_edition("form-06", "84", OCTOBER)
    assert second.restates_edition_id == old.edition_id
    [source] = second.content["restates"]["sources"]
    assert (source["before"], source["after"]) == ("quarantined", "received")
    assert second.content["restates"]["also"] == []


def test_an_edition_of_a_report_the_catalogue_no_longer_knows_is_still_read() -> None:
    content = {
        "report": {"code": "gone"}, "period": {"to": "2020-01-31"}, "columns": [], "state": "final",
        "completeness": [{"cell": "held"}],
    }  # fmt: skip
    found = in_todays_shape(content)
    assert found["display"]["tiles"] == []
    assert found["cells"] == [{"cell": "quarantined"}]
    assert found["completeness"] == "final"
    assert "state" not in found
