"""Editions: provisional, final, restated, immutable, verified."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import rfc8785
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from motcua.errors import ReportRefused
from motcua.period import Period, parse_period
from motcua.publish import list_editions, publish_edition, read_edition, verify_edition
from motcua.warehouse import warehouse_engine

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD_SOURCE, WARD = "tra-vinh.c29236", "29236:2020"


def publish(**options: Any) -> Any:
    return publish_edition("form-06", "84", OCTOBER, **options)


def tamper(sql: str) -> None:
    with warehouse_engine().begin() as connection:
        for table in ("edition", "edition_figure"):
            connection.execute(text(f"alter table {table} disable trigger {table}_immutable"))
        connection.execute(text(sql))
        for table in ("edition", "edition_figure"):
            connection.execute(text(f"alter table {table} enable trigger {table}_immutable"))


@pytest.fixture
def one_missing(october: Any) -> Any:
    """The ward's source failed: its figures are not there and its batch is not loaded."""
    october.execute("update batch set state = 'failed', measured_at = null where source_id = :s", s=WARD_SOURCE)
    october.execute("delete from measure_day where unit_id = :u", u=WARD)
    return october


def test_an_edition_is_final_when_every_source_answered(october: Any) -> None:
    edition = publish()
    assert (edition.edition_id, edition.state) == ("form-06.84.CAL_MONTH.2023-10.1", "final")
    assert edition.restates_edition_id is None
    assert {cell["cell"] for cell in edition.content["completeness"]} == {"received"}
    assert len(edition.content["completeness"]) == 116


def test_an_edition_rests_on_batches_named_with_their_manifests(october: Any) -> None:
    cell = next(c for c in publish().content["completeness"] if c["source_id"] == WARD_SOURCE)
    assert cell["batches"] == [{"batch_id": f"{WARD_SOURCE}@night-1", "manifest_sha256": f"{1:064x}"}]


def test_the_bytes_are_canonical_and_hold_only_strings_and_whole_numbers(october: Any) -> None:
    edition = publish()
    assert rfc8785.dumps(json.loads(edition.canonical_bytes)) == edition.canonical_bytes
    assert hashlib.sha256(edition.canonical_bytes).hexdigest() == edition.sha256

    def leaves(value: Any) -> set[type]:
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            return set().union(*map(leaves, inner), set())
        return {type(value)}

    assert leaves(edition.content) == {str, int}


def test_a_missing_source_makes_the_edition_provisional_and_is_named(one_missing: Any) -> None:
    edition = publish()
    assert edition.state == "provisional"
    lacking = [cell for cell in edition.content["completeness"] if cell["cell"] != "received"]
    assert [(cell["source_id"], cell["cell"]) for cell in lacking] == [(WARD_SOURCE, "failed")]


def test_asking_for_final_with_a_source_missing_is_refused_by_name(one_missing: Any) -> None:
    with pytest.raises(ReportRefused, match=rf"cannot be final: {WARD_SOURCE} .*failed.*What to do: ingest"):
        publish(state="final")
    assert list_editions() == []


def test_a_running_period_is_provisional_and_its_coming_days_are_not_missing(october: Any) -> None:
    edition = publish(today=date(2023, 10, 20))
    assert edition.state == "provisional"
    assert {(cell["cell"], cell["to"]) for cell in edition.content["completeness"]} == {("received", "2023-10-19")}
    with pytest.raises(ReportRefused, match="runs until 2023-10-31"):
        publish(today=date(2023, 10, 31), state="final")


def test_a_period_that_has_not_begun_is_refused(october: Any) -> None:
    with pytest.raises(ReportRefused, match="no day that is over"):
        publish(today=date(2023, 10, 1))


def test_a_final_edition_restates_the_provisional_one_with_the_cause(one_missing: Any) -> None:
    first = publish()
    (batch_id,) = one_missing.answer([WARD_SOURCE])
    one_missing.measure(WARD, date(2023, 10, 3), "received_direct", 2)
    one_missing.version(batch_id, WARD, "a", date(2023, 10, 3))
    one_missing.version(batch_id, WARD, "b", date(2023, 10, 3))
    second = publish()
    assert (second.state, second.edition_no, second.restates_edition_id) == ("final", 2, first.edition_id)
    restates = second.content["restates"]
    assert [row["row_code"] for row in restates["rows"]] == ["29236", "total"]
    ward, total = restates["rows"]
    assert {c["column_code"]: c["after"] - c["before"] for c in ward["columns"]} == {
        "received_total": 2, "received_direct": 2, "open_total": 2, "open_in_time": 2,
    }  # fmt: skip
    assert [cause["kind"] for cause in ward["causes"]] == ["source_answered", "versions"]
    assert (ward["causes"][0]["before"], ward["causes"][0]["edition_no"]) == ("failed", 1)
    assert ward["causes"][1]["new"] == 2
    assert total["columns"][0]["after"] - total["columns"][0]["before"] == 2
    assert read_edition(first.edition_id).canonical_bytes == first.canonical_bytes


def test_a_corrected_and_a_moved_dossier_are_told_apart_as_causes(october: Any) -> None:
    october.version(f"{WARD_SOURCE}@night-1", WARD, "stays", date(2023, 10, 3))
    october.version(f"{WARD_SOURCE}@night-1", WARD, "moves", date(2023, 10, 3))
    publish()
    (batch_id,) = october.answer(["tra-vinh.d842"])
    october.version(batch_id, WARD, "stays", date(2023, 10, 4), channel=1)
    october.version(batch_id, "842:2020", "moves", date(2023, 10, 3))
    october.measure(WARD, date(2023, 10, 4), "received_direct", 1)
    october.measure("842:2020", date(2023, 10, 3), "received_direct", 1)
    causes = {row["row_code"]: row["causes"] for row in publish().content["restates"]["rows"]}
    told = {"kind": "versions", "edition_no": 1, "new": 0}
    assert causes["29236"] == [told | {"changed": 1, "moved_in": 0, "moved_out": 1}]
    assert causes["842"] == [told | {"changed": 0, "moved_in": 1, "moved_out": 0}]


def test_a_difference_nobody_can_explain_is_said_to_be_unknown(october: Any) -> None:
    publish()
    october.measure(WARD, date(2023, 10, 4), "received_direct", 1)
    assert publish().content["restates"]["rows"][0]["causes"] == [{"kind": "unknown", "edition_no": 1}]


def test_publishing_twice_changes_nothing_even_after_another_pull_of_the_same(october: Any) -> None:
    first = publish()
    assert publish() == first
    october.answer(october.sources_of("84:2020"))
    assert publish() == first
    assert len(list_editions()) == 1


def test_four_publishers_at_once_make_one_edition(october: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        editions = list(pool.map(lambda _: publish(), range(4)))
    assert {edition.edition_id for edition in editions} == {"form-06.84.CAL_MONTH.2023-10.1"}


def test_nothing_is_published_while_a_loaded_batch_is_not_in_the_measures(october: Any) -> None:
    october.answer([WARD_SOURCE], is_measured=False)
    with pytest.raises(ReportRefused, match=rf"{WARD_SOURCE}@night-2.*build_measures"):
        publish()


def test_an_unmeasured_batch_of_another_province_does_not_matter(october: Any) -> None:
    october.answer(["vinh-phuc.centre"], is_measured=False)
    assert publish().state == "final"


def test_nothing_is_published_while_a_batch_does_not_balance(october: Any) -> None:
    query = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'batch_balances'"
    [[balances]] = october.execute(query)
    october.execute("alter table batch drop constraint batch_balances")
    try:
        october.execute("update batch set new_count = 7 where source_id = :s", s=WARD_SOURCE)
        with pytest.raises(ReportRefused, match=f"do not balance: {WARD_SOURCE}"):
            publish()
    finally:
        october.execute("update batch set new_count = 0")
        october.execute(f"alter table batch add constraint batch_balances {balances}")


@pytest.mark.parametrize(
    "sql",
    ["update edition set state = 'final'", "update edition_figure set quantity = 0", "delete from edition_figure",
     "truncate edition, edition_figure"],
)  # fmt: skip
def test_the_database_refuses_to_change_an_edition(october: Any, sql: str) -> None:
    edition = publish()
    with pytest.raises(DBAPIError, match="immutable"), warehouse_engine().begin() as connection:
        connection.execute(text(sql))
    assert verify_edition(edition.edition_id).is_sound


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("update edition_figure set quantity = quantity + 1 where table_code = 'total' and column_code = 'open_total'",
         "figure total row 1 open_total: total Tổng số = 185 in the table, total Tổng số = 184 in the bytes"),
        ("delete from edition_figure where table_code = 'level' and row_no = 1 and column_code = 'open_total'",
         "absent in the table"),
        ("insert into edition_figure select edition_id, table_code, 99, row_code, row_name, level, column_code, 1"
         " from edition_figure where table_code = 'total' and column_code = 'open_total'", "absent in the bytes"),
        ("update edition set state = 'provisional'", "state is provisional in the table, final in the bytes"),
        ("update edition set canonical_bytes = canonical_bytes || ' '::bytea,"
         " sha256 = encode(sha256(canonical_bytes || ' '::bytea), 'hex')", "not canonical"),
    ],
)  # fmt: skip
def test_verifying_finds_what_was_tampered_with(october: Any, sql: str, finding: str) -> None:
    edition = publish()
    assert verify_edition(edition.edition_id).findings == ()
    tamper(sql)
    findings = verify_edition(edition.edition_id).findings
    assert len(findings) == 1
    assert finding in findings[0]


def test_the_figures_in_the_table_are_those_of_the_bytes(october: Any) -> None:
    edition = publish()
    assert verify_edition(edition.edition_id).figure_count == (116 + 2 + 3 + 1) * 11
    with warehouse_engine().connect() as connection:
        stored = connection.execute(text("select count(*) from edition_figure")).scalar_one()
    assert stored == (116 + 2 + 3 + 1) * 11


def test_editions_are_listed_newest_first_and_filtered(one_missing: Any) -> None:
    publish()
    one_missing.answer([WARD_SOURCE])
    publish()
    publish_edition("form-06", "842", OCTOBER)
    assert [edition.edition_no for edition in list_editions(unit="84")] == [2, 1]
    assert [edition.unit_code for edition in list_editions(unit="842:2020")] == ["842"]
    assert list_editions(period=parse_period("CAL_MONTH:2023-09")) == []
    assert list_editions("nightly-brief") == []


def test_equal_days_of_two_period_systems_are_two_editions(october: Any) -> None:
    publish()
    other = publish_edition("form-06", "84", Period("CUSTOM", "a", OCTOBER.from_date, OCTOBER.to_date))
    assert other.edition_no == 1


def test_an_unknown_edition_is_refused(databases: None) -> None:
    with pytest.raises(ReportRefused, match=r"no edition 'form-06\.1'"):
        read_edition("form-06.1")
