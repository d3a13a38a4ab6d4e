"""A final edition stands although a later pull is held, failed or under way, while its figures are the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.measured_world import Store

from motcua.catalog.finality import load_finality
from motcua.errors import ReportRefused
from motcua.period import parse_period
from motcua.publish import checklist_now, finals_beside_held, list_editions, plan_publication, publish_edition
from motcua.publish.edition.later_pulls import later_pulls
from motcua.publish.form.completeness import SourceCell
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
REPORTING = parse_period("RPT_MONTH:2023-10")
WARD, WARD_SOURCE, CITY_SOURCE = "29236:2020", "tra-vinh.c29236", "tra-vinh.d842"


def publish(**options: Any) -> Any:
    return publish_edition("form-06", "84", OCTOBER, **options)


def hold(store: Store, source_id: str = WARD_SOURCE, state: str = "held") -> None:
    [batch_id] = store.answer([source_id], state=state)
    store.execute(
        "update batch set error_message = :m where batch_id = :b",
        m="its files went back in time. What to do: put the newer file back.", b=batch_id,
    )  # fmt: skip


# Asked on the last day itself, so that a failed repetition is not passed over by the ledger already.
ON_THE_DAY = "update batch set planned_at = '2023-10-20 12:00+07' where source_id = :s and window_to < '2023-10-31'"


@pytest.mark.parametrize(("state", "said"), [("held", "is held"), ("failed", "failed"), ("extracted", "not finished")])
def test_a_final_edition_stands_beside_a_later_pull_that_has_no_answer_and_the_pull_is_named(
    october: Store, state: str, said: str
) -> None:
    october.execute("update batch set window_to = '2023-10-30' where source_id = :s", s=WARD_SOURCE)
    october.answer([WARD_SOURCE], (date(2023, 10, 31), date(2023, 10, 31)))
    october.execute(ON_THE_DAY, s=WARD_SOURCE)
    first = publish()
    assert first.completeness == "final"
    hold(october, state=state)
    again = publish()
    assert (again.edition_id, again.canonical_bytes) == (first.edition_id, first.canonical_bytes)
    [pull] = again.later_pulls
    assert f"{WARD_SOURCE} (" in pull.en
    assert said in pull.en
    assert "What to do: put the newer file back." in pull.vi
    assert publish(completeness="final").edition_id == first.edition_id
    assert len(list_editions()) == 1
    now = checklist_now("form-06", "84", OCTOBER)
    assert (now["completeness"], now["stands"]["edition_id"]) == ("final", first.edition_id)
    assert [one["en"] for one in now["stands"]["later_pulls"]] == [pull.en]
    assert [line["code"] for line in now["checklist"] if line["is_met"] == "no"]


def test_a_final_edition_of_an_older_checklist_stands_too(october: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_finality(Settings.load().shipped_catalog_dir)
    fewer = shipped.model_copy(update={"lines": shipped.lines[:-3]})
    with monkeypatch.context() as earlier:
        earlier.setattr("motcua.publish.edition.lifecycle.load_finality", lambda _: fewer)
        first = publish()
    hold(october)
    assert publish().edition_id == first.edition_id


def test_what_is_asked_to_be_provisional_is_provisional(october: Store) -> None:
    publish()
    hold(october)
    assert publish(completeness="provisional").completeness == "provisional"


def test_figures_that_differ_beside_a_held_pull_are_published_and_provisional(october: Store) -> None:
    publish()
    hold(october)
    october.measure(WARD, date(2023, 10, 3), "received_direct", 1)
    assert "stands" not in checklist_now("form-06", "84", OCTOBER)
    edition = publish()
    assert (edition.edition_no, edition.completeness, edition.later_pulls) == (2, "provisional", ())


def test_a_source_that_was_never_complete_is_not_passed_over(october: Store) -> None:
    october.execute("delete from batch where source_id = :s", s=CITY_SOURCE)
    assert publish().completeness == "provisional"
    hold(october)
    hold(october, CITY_SOURCE)
    edition = publish()
    assert (edition.edition_no, edition.completeness) == (2, "provisional")
    with pytest.raises(ReportRefused, match="held"):
        publish(completeness="final")


@pytest.mark.parametrize("also", ["set aside", "another source", "another unit"])
def test_a_final_edition_does_not_stand_when_anything_else_is_missing(october: Store, also: str) -> None:
    publish()
    hold(october)
    if also == "set aside":
        [batch_id] = october.answer([CITY_SOURCE], quarantined=1)
        october.execute(
            "insert into quarantine_record (batch_id, source_id, record_no, system_code, agency_code, record_id,"
            " unit_id, broken_rules, record) values (:b, :s, 0, 'x', 'x', 'x', '842:2020',"
            ' \'[{"rule_id": "V7", "severity": "critical", "field": "received_at"}]\','
            " '{\"received_at\": \"2023-10-02T00:00:00\"}')",
            b=batch_id, s=CITY_SOURCE,
        )  # fmt: skip
    elif also == "another source":  # its answer is gone, as after a restored backup, and no pull explains it
        october.execute("delete from batch where source_id = :s", s=CITY_SOURCE)
    else:
        october.execute("update batch set stock_from = null, keeps_stock = false where source_id = :s", s=CITY_SOURCE)
    edition = publish()
    assert (edition.edition_no, edition.completeness) == (2, "provisional")


def test_the_planner_names_each_held_pull_with_the_final_editions_beside_it(
    october: Store, monkeypatch: pytest.MonkeyPatch, reports_dir: Path
) -> None:
    from motcua.orchestration import publishing

    sources = october.sources_of("84:2020")
    october.answer(sources, (date(2023, 9, 15), date(2023, 9, 30)))
    assert publish().completeness == publish_edition("form-06", "84", REPORTING).completeness == "final"
    of_another = publish_edition("form-06", "844:2020", OCTOBER)
    assert of_another.completeness == "final"
    assert finals_beside_held("84") == []
    hold(october)
    [told] = finals_beside_held("84")
    assert told.en.startswith(f"{WARD_SOURCE}: a pull is held")
    assert "form-06.84.CAL_MONTH.2023-10.1" in told.en
    assert "form-06.84.RPT_MONTH.2023-10.1" in told.en
    assert of_another.edition_id not in told.en
    assert "What to do: put the newer file back." in told.vi
    assert not [one for one in plan_publication("84", date(2023, 11, 2)) if one.newest]
    warned: list[str] = []
    monkeypatch.setattr(publishing.log, "warning", lambda text, *values: warned.append(text % values))
    publishing.plan_unfinished({"unit": "84"})
    publishing.publish_report("form-06", "CAL_MONTH:2023-10", {"unit": "84"})
    assert [WARD_SOURCE in one for one in warned] == [True, True]


WHOLE_OCTOBER = (date(2023, 9, 15), date(2023, 9, 30))  # with October, all days of the reporting month too


def hold_days(store: Store, first: date, last: date, reason: str | None = None) -> None:
    [batch_id] = store.answer([WARD_SOURCE], (first, last), state="held")
    store.execute("update batch set error_message = :m where batch_id = :b", m=reason, b=batch_id)


def named(told: str) -> list[str]:
    return told.removesuffix(".").rsplit(": ", 1)[1].split(", ")


def test_only_final_editions_of_the_days_of_a_held_pull_are_named(october: Store) -> None:
    october.answer(october.sources_of("84:2020"), WHOLE_OCTOBER)
    of_october, of_reporting = publish(), publish_edition("form-06", "84", REPORTING)
    first_week = publish_edition("form-06", "84", parse_period("2023-10-01..2023-10-07"), completeness="provisional")
    assert (of_october.completeness, of_reporting.completeness, first_week.completeness) == (
        "final", "final", "provisional",
    )  # fmt: skip
    hold_days(october, date(2023, 9, 20), date(2023, 9, 25))  # before the first day of the later of the two
    [told] = finals_beside_held("84")
    assert named(told.en) == [of_reporting.edition_id]
    hold_days(october, date(2023, 10, 1), date(2023, 10, 7))
    [told] = finals_beside_held("84")
    assert named(told.en) == [of_reporting.edition_id, of_october.edition_id]


def test_a_held_pull_is_named_also_after_one_of_other_days_failed(october: Store) -> None:
    edition = publish()
    hold_days(october, date(2023, 10, 20), date(2023, 10, 31))
    october.answer([WARD_SOURCE], (date(2023, 11, 1), date(2023, 11, 3)), state="failed")
    assert [named(told.en) for told in finals_beside_held("84")] == [[edition.edition_id]]


@pytest.mark.parametrize(("count", "rest"), [(10, ""), (11, " … (11)")])
def test_of_more_than_ten_editions_beside_a_held_pull_ten_are_named_and_all_are_counted(
    october: Store, monkeypatch: pytest.MonkeyPatch, count: int, rest: str
) -> None:
    first = publish()
    editions = [
        replace(list_editions()[0], edition_id=f"e{no:02}", from_date=first.from_date + timedelta(days=no))
        for no in range(count)
    ]
    monkeypatch.setattr("motcua.publish.edition.planner.list_editions", lambda: editions)
    hold_days(october, date(2023, 10, 20), date(2023, 10, 31))
    [told] = finals_beside_held("84")
    ten = ", ".join(f"e{no:02}" for no in range(10))
    assert told.en.endswith(f": {ten}{rest}.")  # and no reason, where none is known
    assert told.vi.endswith(f": {ten}{rest}.")


CELL = SourceCell("s", "Nguồn", "u", "1", "commune", "quarantined", OCTOBER.from_date, OCTOBER.to_date, (),
                  unanswered_state="held", unanswered_reason="why")  # fmt: skip


def content(completeness: str, *cells: dict[str, Any], unmet: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    lines = [{"code": code, "is_met": "no", "missing": [{"vi": "a", "en": "a"}]} for code in unmet]
    met = {"code": "period_over", "is_met": "yes", "missing": []}
    return {"completeness": completeness, "cells": list(cells), "checklist": [met, *lines], "total": 1} | more


def told(cell: str, source_id: str = "s", **more: Any) -> dict[str, Any]:
    return {"source_id": source_id, "unit_id": "u", "cell": cell, "batches": []} | more


FINAL = content("final", told("received", batches=[["1", "a"]]))
HELD = content("provisional", told("quarantined"), unmet=("no_batch_held",))


def without(**changes: Any) -> SourceCell:
    return replace(CELL, **changes)


@pytest.mark.parametrize(
    ("newest", "draft", "cells", "count"),
    [
        (FINAL, HELD, [CELL], 1),
        (FINAL, content("provisional", told("quarantined"), unmet=("sources_answered",)), [CELL], 1),
        ({**FINAL, "completeness": "provisional"}, HELD, [CELL], 0),
        (FINAL, {**HELD, "completeness": "final"}, [CELL], 0),
        ({**FINAL, "completeness": "provisional"}, {**HELD, "completeness": "final"}, [CELL], 0),
        (FINAL, {**HELD, "total": 2}, [CELL], 0),  # other figures
        (FINAL, HELD, [without(cell="received")], 0),  # nothing is lacking
        (FINAL, HELD, [without(unanswered_state=None)], 0),  # nothing explains that it lacks
        (content("final", told("failed")), HELD, [CELL], 0),  # it had not answered
        (content("final", told("received", row_code="2")), HELD, [CELL], 0),  # it was another row
        (content("final"), HELD, [CELL], 0),  # it is new
        (content("final", told("received"), told("received", "t")), HELD, [CELL], 0),  # another is gone
        (FINAL, content("provisional", told("quarantined"), unmet=("no_batch_held", "nothing_set_aside")), [CELL], 0),
        (FINAL, content("provisional", told("quarantined"), unmet=("nothing_set_aside",)), [CELL], 0),
        (FINAL, content("provisional", told("quarantined")), [CELL], 0),
        (
            content("final", told("received"), told("received", "t")),
            content("provisional", told("quarantined"), told("received", "t"), unmet=("no_batch_held",)),
            [CELL, without(source_id="t", cell="received", unanswered_state=None)],
            1,
        ),
        (
            content("final", told("received"), told("received", "t")),
            content("provisional", told("quarantined"), told("quarantined", "t"),
                    unmet=("no_batch_held", "sources_answered")),
            [CELL, without(source_id="t")],
            2,
        ),
    ],
)  # fmt: skip
def test_a_final_edition_stands_only_where_every_difference_is_a_pull_without_an_answer(
    newest: dict[str, Any], draft: dict[str, Any], cells: list[SourceCell], count: int
) -> None:
    assert len(later_pulls(newest, draft, cells)) == count


@pytest.mark.parametrize(("state", "said"), [("failed", "failed"), ("held", "is held"), ("", "not finished")])
def test_a_pull_is_named_with_its_state_and_its_reason_or_without_one(state: str, said: str) -> None:
    states = [without(unanswered_state=state or "planned", unanswered_reason=reason) for reason in ("why.", None)]
    texts = [later_pulls(FINAL, HELD, [cell])[0] for cell in states]
    assert [said in text.en for text in texts] == [True, True]
    assert [text.vi.endswith("được tính: why.") for text in texts] == [True, False]
    assert texts[1].en.endswith("none of its records counts.")
