"""The same dossier seen at two levels or in two systems counts once, and again apart when the evidence changes."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.store_world import COMMUNE, OTHER_COMMUNE, SOURCE, dossier, empty_databases, measures, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OTHER_SOURCE = "tra-vinh.centre"
NUMBER = "000.01.21.H59-231002-0001"
UID = "b1e2c3d4-0000-0000-0000-000000000001"
AT_COMMUNE = {"dossier_no": NUMBER, "reference_uid": UID}
AT_CENTRE = {
    **AT_COMMUNE,
    "agency_code": "84100",
    "unit_code": "000.00.00.H59",
    "unit_id": OTHER_COMMUNE,
    "modified_at": datetime(2023, 10, 20),
}
IN_OTHER_SYSTEM = {**AT_CENTRE, "system_code": "igate-tra-vinh", "reference_uid": None}


def load(*records: dict[str, Any], source_id: str = SOURCE, **options: Any) -> ledger.Batch:
    batch_id = validated_batch(list(records), source_id=source_id, **options)
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()
    check_measures()
    return ledger.read_batches([batch_id])[0]


def received_at() -> list[str]:
    return [
        unit for (unit, _, measure), count in sorted(measures().items()) if "received" in measure for _ in range(count)
    ]


def duplicates() -> dict[str, str]:
    with store_engine().connect() as connection:
        rows = connection.execute(
            text(
                "select concat_ws('/', system_code, agency_code, dossier_id), duplicate_of from dossier_current"
                " where duplicate_of is not null"
            )
        )
        return {row[0]: row[1] for row in rows}


def test_a_dossier_of_two_sites_of_one_system_counts_at_the_receiving_agency() -> None:
    load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    assert received_at() == [OTHER_COMMUNE]
    batch = load(dossier("1", **AT_COMMUNE))
    assert received_at() == [COMMUNE]
    assert (batch.new_count, batch.duplicate_count) == (1, 0)
    assert duplicates() == {"opencps-tra-vinh/84100/7": "opencps-tra-vinh/84110/1"}


def test_which_source_answers_first_does_not_matter() -> None:
    load(dossier("1", **AT_COMMUNE))
    batch = load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    assert received_at() == [COMMUNE]
    assert (batch.pulled_count, batch.new_count, batch.duplicate_count) == (1, 0, 1)


def test_a_copy_that_is_repeated_stays_a_duplicate() -> None:
    load(dossier("1", **AT_COMMUNE))
    load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    batch = load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    assert (batch.unchanged_count, batch.duplicate_count) == (0, 1)


@pytest.mark.parametrize("status_code", [4, 10])
def test_a_dossier_of_two_systems_with_one_procedure_and_day_counts_once(status_code: int) -> None:
    load(dossier("1", **AT_COMMUNE))
    load(dossier("A7", **IN_OTHER_SYSTEM, status_code=status_code), source_id=OTHER_SOURCE)
    assert received_at() == [COMMUNE]


@pytest.mark.parametrize(
    "apart",
    [
        {"dossier_no": "000.01.21.H59-231002-0002"},
        {"procedure_code": "1.001193"},
        {"received_at": datetime(2023, 10, 3, 8)},
        {"dossier_no": "[masked]"},
        {"dossier_no": None},
    ],
)
def test_two_systems_that_differ_in_any_of_the_three_hold_two_dossiers(apart: dict[str, Any]) -> None:
    load(dossier("1", **AT_COMMUNE))
    load(dossier("A7", **IN_OTHER_SYSTEM | apart), source_id=OTHER_SOURCE)
    assert len(received_at()) == 2


def test_two_masked_numbers_are_not_one_dossier() -> None:
    load(dossier("1", **AT_COMMUNE | {"dossier_no": "[masked]"}))
    load(dossier("7", **AT_CENTRE | {"dossier_no": "[masked]"}), source_id=OTHER_SOURCE)
    assert len(received_at()) == 2


def test_one_number_with_two_references_in_one_system_is_two_dossiers() -> None:
    load(dossier("1", **AT_COMMUNE))
    load(dossier("7", **AT_CENTRE | {"reference_uid": "other"}), source_id=OTHER_SOURCE)
    assert len(received_at()) == 2


def test_where_none_is_the_receiving_agency_the_newest_modified_counts() -> None:
    elsewhere = {"unit_code": "000.00.99.H59"}
    load(dossier("1", **AT_COMMUNE | elsewhere, modified_at=datetime(2023, 10, 19)))
    load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    assert received_at() == [OTHER_COMMUNE]


def test_the_copy_of_an_agency_that_has_not_received_the_dossier_does_not_count() -> None:
    load(dossier("1", **AT_COMMUNE, status_code=1))
    load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    assert received_at() == [OTHER_COMMUNE]


def test_two_records_of_one_batch_that_are_one_dossier_count_once() -> None:
    batch = load(dossier("1", **AT_COMMUNE), dossier("7", **AT_CENTRE))
    assert (batch.new_count, batch.duplicate_count) == (1, 1)
    assert received_at() == [COMMUNE]


def test_a_corrected_number_separates_dossiers_that_were_taken_for_one() -> None:
    load(dossier("1", **AT_COMMUNE))
    load(dossier("7", **AT_CENTRE), source_id=OTHER_SOURCE)
    load(dossier("1", **AT_COMMUNE | {"dossier_no": "000.01.21.H59-231002-0009"}))
    assert received_at() == [COMMUNE, OTHER_COMMUNE]
    assert duplicates() == {}


def test_a_decision_caused_by_another_source_does_not_hide_later_records_of_its_own_source() -> None:
    load(dossier("7", **AT_CENTRE, status_code=4), source_id=OTHER_SOURCE)
    late = validated_batch([dossier("7", **AT_CENTRE, status_code=9)], source_id=OTHER_SOURCE)
    load(dossier("1", **AT_COMMUNE))
    assert consolidate_batches([late]).loaded == [late]
    with store_engine().connect() as connection:
        known = connection.execute(
            text("select status_code, duplicate_of from dossier_current where dossier_id = '7'")
        ).one()
    assert tuple(known) == (9, "opencps-tra-vinh/84110/1")
    build_measures()
    check_measures()


def test_the_periods_of_the_versions_of_a_dossier_follow_one_another() -> None:
    late = validated_batch([dossier("7", **AT_CENTRE, fee_amount=1)], source_id=OTHER_SOURCE)
    later = validated_batch([dossier("7", **AT_CENTRE, fee_amount=2)], source_id=OTHER_SOURCE)
    load(dossier("1", **AT_COMMUNE))
    assert consolidate_batches([late]).loaded == [late]
    load(dossier("1", **AT_COMMUNE | {"fee_amount": 5}))
    assert consolidate_batches([later]).loaded == [later]
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from dossier_version where known_to < known_from")) == 0
        assert connection.scalar(text("select fee_amount from dossier_current where dossier_id = '7'")) == 2


def test_the_children_of_an_inter_agency_dossier_are_kept_as_steps_and_never_counted() -> None:
    child = dossier(
        "8",
        disposition="duplicate",
        disposition_reason="child",
        parent_dossier_id="1",
        agency_code="84100",
        dossier_no=NUMBER,
        status_code=4,
        finished_at=None,
    )
    load(dossier("1", **AT_COMMUNE), aside=[child])
    batch = load(dossier("1", **AT_COMMUNE), aside=[child | {"status_code": 9, "finished_at": datetime(2023, 10, 5)}])
    assert (batch.unchanged_count, batch.duplicate_count) == (1, 1)
    assert received_at() == [COMMUNE]
    with store_engine().connect() as connection:
        [step] = connection.execute(
            text("select agency_code, dossier_id, parent_dossier_id, status_code, finished_at::text from dossier_step")
        )
    assert tuple(step) == ("84100", "8", "1", 9, "2023-10-05 00:00:00")


OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))
OFFICE_NUMBERS = st.from_regex(r"[A-Z]{0,2}[1-9][0-9]{0,2}(/2023)?", fullmatch=True)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(OFFICE_NUMBERS, min_size=1, max_size=40, unique=True),
    day=st.dates(date(2023, 10, 1), date(2023, 10, 31)),
)
def test_any_registers_of_two_offices_with_the_same_numbers_are_counted_in_full(numbers: list[str], day: date) -> None:
    empty_databases()
    received = {"received_at": datetime.combine(day, time(8)), "due_at": None, "procedure_code": "2.000815"}
    for unit_id, system, source_id in ((COMMUNE, "so-a", SOURCE), (OTHER_COMMUNE, "so-b", OTHER_SOURCE)):
        rows = [
            dossier(number, dossier_no=number, system_code=system, unit_id=unit_id, unit_code=None, **received)
            for number in numbers
        ]
        load(*rows, source_id=source_id)
    assert Counter(received_at()) == {COMMUNE: len(numbers), OTHER_COMMUNE: len(numbers)}
    assert duplicates() == {}


def test_a_number_that_nothing_joins_any_more_is_decided_again_with_the_next_batch_of_any_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = {"dossier_no": "1/2023", "unit_code": None}
    with monkeypatch.context() as stated:  # what an older version took for granted
        stated.setattr("motcua.consolidate.dossiers.stated_numbers", lambda *_: [("so-a", "84110", "so-b")])
        load(dossier("1", **number, system_code="so-a"))
        load(dossier("2", **number, system_code="so-b"), source_id=OTHER_SOURCE)
    assert duplicates() == {"so-b/84110/2": "so-a/84110/1"}
    load(dossier("3"))
    assert duplicates() == {}
    assert received_at() == [COMMUNE, COMMUNE, COMMUNE]
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from identity_due")) == 0
