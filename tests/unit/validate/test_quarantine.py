from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from motcua.catalog.finality import Waivers
from motcua.consolidate import consolidate_batches
from motcua.errors import ConfigurationError
from motcua.validate import idle_waivers, list_quarantine, show_quarantine, validate_batches
from motcua.warehouse import store_engine

NOW = datetime(2023, 11, 1, 2)
OTHER_SOURCE = "tra-vinh.c29239"

Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


def night(batch_id: str) -> None:
    validate_batches([batch_id], now=NOW)
    consolidate_batches([batch_id])


def test_a_record_set_aside_is_listed_open_with_its_rules(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1), record("2")]))
    [entry] = list_quarantine()
    assert (entry.record_id, entry.status, entry.rule_ids) == ("1", "open", ("V11",))


def test_a_record_set_aside_is_shown_with_the_values_of_its_source(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1)]))
    [entry] = list_quarantine()
    shown = show_quarantine(entry.quarantine_id)
    assert shown.record["fee_amount"] == -1
    assert shown.broken_rules[0].reason_vi == "Phí, lệ phí là số âm."
    assert "applicant_ref" not in shown.record


def test_no_reference_of_the_applicant_is_shown_while_a_key_is_replaced(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1, previous_applicant_refs="old:0ddba11 older:5ec2e7")]))
    [entry] = list_quarantine()
    shown = repr(show_quarantine(entry.quarantine_id))
    assert "0ddba11" not in shown
    assert "5ec2e7" not in shown


def test_an_unknown_fact_is_not_shown_as_the_value_that_broke_a_rule(land: Land, record: Record) -> None:
    night(land([record("1", unit_code="XX")]))  # no unit, so no heir of one either
    [entry] = list_quarantine()
    [broken] = show_quarantine(entry.quarantine_id).broken_rules
    assert (broken.rule_id, broken.field) == ("V7", "unit_code, reference_on")
    assert broken.value == "unit_code=XX, reference_on=2023-10-02 00:00:00"


def test_an_empty_column_of_the_record_is_shown_as_empty(land: Land, record: Record) -> None:
    night(land([record("1", finished_at=None, returned_at=None)]))
    [entry] = list_quarantine()
    [broken] = show_quarantine(entry.quarantine_id).broken_rules
    assert (broken.rule_id, broken.value) == ("V4", "status_code=10, finished_at=, returned_at=")


def test_a_corrected_dossier_is_settled_once_it_is_loaded(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1)]))
    corrected = land([record("1")])
    validate_batches([corrected], now=NOW)
    assert [entry.status for entry in list_quarantine()] == ["open"]
    consolidate_batches([corrected])
    assert list_quarantine() == []
    [entry] = list_quarantine(only_open=False)
    assert (entry.status, entry.accepted_in_batch_id) == ("accepted", corrected)


def test_a_dossier_corrected_back_to_its_stored_version_is_settled_too(land: Land, record: Record) -> None:
    night(land([record("1")]))
    night(land([record("1", fee_amount=-1)]))
    assert len(list_quarantine()) == 1
    night(land([record("1")]))
    assert list_quarantine() == []


def test_only_the_latest_record_of_a_dossier_set_aside_twice_counts(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1)]))
    later = land([record("1", fee_amount=-2)])
    night(later)
    assert [entry.batch_id for entry in list_quarantine()] == [later]
    assert [entry.status for entry in list_quarantine(only_open=False)] == ["open", "superseded"]


def test_a_dossier_accepted_and_set_aside_again_is_open(land: Land, record: Record) -> None:
    for fee in (-1, 0, -1):
        night(land([record("1", fee_amount=fee)]))
    assert [entry.status for entry in list_quarantine(only_open=False)] == ["open", "superseded"]


def test_the_list_is_narrowed_by_source_and_rule_and_cut(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1), record("2", unit_code="XX")]))
    night(land([record("1", fee_amount=-1)], source_id=OTHER_SOURCE))
    assert [entry.source_id for entry in list_quarantine(source_id=OTHER_SOURCE)] == [OTHER_SOURCE]
    assert [entry.record_id for entry in list_quarantine(rule="V7")] == ["2"]
    assert len(list_quarantine(rule="V11")) == 2
    assert list_quarantine(rule="V1") == []
    assert len(list_quarantine(limit=1)) == 1


def test_one_source_does_not_answer_for_another(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1)]))
    night(land([record("1")], source_id=OTHER_SOURCE))
    assert len(list_quarantine()) == 1


def test_judging_a_batch_again_withdraws_its_earlier_answers(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1)]))
    corrected = land([record("1")])
    validate_batches([corrected], now=NOW)
    with store_engine().begin() as connection:
        connection.execute(text("update batch set state = 'extracted' where batch_id = :id"), {"id": corrected})
    validate_batches([corrected], now=datetime(2023, 10, 1))
    newest, older = list_quarantine(only_open=False)
    assert (newest.rule_ids, older.accepted_in_batch_id) == (("V3",), None)


def test_an_unknown_quarantine_id_says_how_to_find_one() -> None:
    with pytest.raises(ConfigurationError, match="There is no quarantine record 999999999"):
        show_quarantine(999999999)


NO_ID = {"dossier_id": None}
STANDS = '{"file":"so.csv","dropped_at":"2023-11-01T05:00:00+00:00","row":32}'


def test_a_record_without_an_id_is_named_by_the_row_in_which_it_stands(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1, stands_in=STANDS), record("2", stands_in=STANDS) | NO_ID]))
    named = {entry.record_id: (entry.named, str(entry.place), entry.grounds) for entry in list_quarantine()}
    assert named == {
        "1": ("84102/1", "so.csv row 32", ("V11",)),
        None: ("84102: so.csv row 32", "so.csv row 32", ("V1",)),
    }
    [entry] = [one for one in list_quarantine() if one.record_id is None]
    shown = show_quarantine(entry.quarantine_id)
    assert shown.place == entry.place
    assert "stands_in" not in shown.record


def test_a_record_that_stands_in_no_file_has_no_place(land: Land, record: Record) -> None:
    night(land([record("1", stands_in='{"row":3,"request":1}') | NO_ID, record("2", fee_amount=-1)]))
    assert [(entry.place, entry.named) for entry in list_quarantine()] == [(None, "84102/2"), (None, "84102/")]


def test_a_waiver_that_covers_no_record_is_named_with_why(land: Land, record: Record) -> None:
    night(land([record("1", fee_amount=-1), record("2", stands_in=STANDS) | NO_ID]))
    base = {"source_id": "tra-vinh.c29236", "agency_code": "84102", "rules": ["V1"], "reason": "dòng tổng của sổ",
            "person": "Nguyễn B", "day": "2023-11-01"}  # fmt: skip
    row = {"file": "so.csv", "row": 32, "saved": "2023-11-01 12:00:00"}
    waivers = [
        base | row,
        base | {"record_id": "1", "rules": ["V11"]},
        base | {"record_id": "99"},
        base | {"record_id": "1", "source_id": "tra-vinh.c29239", "rules": ["V11"]},
    ]
    told = [one.en for one in idle_waivers(Waivers.model_validate({"waivers": waivers}))]
    assert [one.split(": ")[1:3] for one in told] == [
        ["tra-vinh.c29236, 84102/99", "no such record is set aside (motcua quarantine list --source tra-vinh.c29236)"],
        ["tra-vinh.c29239, 84102/1", "no such record is set aside (motcua quarantine list --source tra-vinh.c29239)"],
    ]
    idle = [base | {"record_id": "1"}, base | row | {"saved": "2023-11-01 11:59:59"}]
    too_little, other_file = idle_waivers(Waivers.model_validate({"waivers": idle}))
    assert too_little.en.endswith("84102/1: it does not name V11")
    assert "the file was saved at another time than saved says" in other_file.en
