"""Whole pulls from a misbehaving site into landing and ledger, on a real store."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.store_world import dossier, validated_batch
from tests.unit.extract.opencps_site import (
    CANARIES,
    EMAIL,
    NAME,
    NUMBER,
    PHONE,
    Fault,
    Site,
    answers,
    changes,
    cut_short,
    drops_last_row,
    login_page,
    record,
    reset,
    silence,
)

from motcua import ledger
from motcua.extract import ExtractOutcome, SourceConnection, extract_batches
from motcua.extract.adapters.opencps import OpencpsAdapter
from motcua.landing import read_manifest, read_records

GROUP, OTHER_GROUP = "84102", "84103"
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def rows(batch_id: str) -> list[dict[str, Any]]:
    [batch] = ledger.read_batches([batch_id])
    return read_records(batch.landing_uri, batch.manifest_sha256).to_pylist()


def dispositions(batch_id: str) -> dict[str, tuple[str, str | None]]:
    return {row["dossier_id"]: (row["disposition"], row["disposition_reason"]) for row in rows(batch_id)}


def nine_dossiers() -> list[dict[str, Any]]:
    return [record(number, f"{number:02d}/10/2023 08:00:00") for number in range(1, 10)]


def test_every_page_of_a_listing_is_pulled_and_the_ledger_balances(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = nine_dossiers()
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve) == ExtractOutcome([batch_id], [])
    [batch] = ledger.read_batches([batch_id])
    assert (batch.state, batch.pulled_count, batch.declared_total, batch.duplicate_count) == ("extracted", 9, 9, 0)
    assert [row["record_no"] for row in rows(batch_id)] == list(range(9))
    assert [(asked["start"], asked["end"]) for asked in site.lists()[:3]] == [("0", "4"), ("4", "8"), ("8", "12")]


def test_a_listing_asks_for_everything_the_source_would_hide(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [record(1)]
    extract_batches(plan(), resolve)
    first, still_open, again = site.lists()
    assert again == still_open  # because it was empty
    assert first == {
        "agency": "all",
        "systemId": "0,1,2,3,4,5",
        "originality": "0,1,2,3,4,9",
        "fromReceiveDate": "30/09/2023",
        "toReceiveDate": "01/11/2023",
        "sort": "createDate",
        "order": "asc",
        "start": "0",
        "end": "4",
    }
    assert "fromReceiveDate" not in still_open
    assert still_open["toReceiveDate"] == "29/09/2023"
    assert {"processing", "waiting", "receiving"} <= set(still_open["status"].split(","))
    assert not {"done", "new", "releasing", "cancelled"} & set(still_open["status"].split(","))
    headers = site.asked[0][2]
    assert headers["groupId"] == GROUP
    assert headers["Accept"] == "application/json"


def test_a_row_of_the_margin_is_out_of_window(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [
        record(1, "30/09/2023 23:59:59", dossierStatus="done", releaseDate="30/09/2023 23:59:59"),
        record(2, "01/10/2023 00:00:00"),
        record(3, "31/10/2023 23:59:59"),
        record(4, "01/11/2023 00:00:00"),
        record(5, "02/11/2023 06:59:59"),  # still 1 November in GMT, as the index counts days
    ]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    assert {key: value[0] for key, value in dispositions(batch_id).items()} == {
        "1": "out_of_window", "2": "record", "3": "record", "4": "out_of_window", "5": "out_of_window",
    }  # fmt: skip
    assert ledger.read_batches([batch_id])[0].out_of_window_count == 3


def test_copies_children_and_groups_are_accounted_for_as_duplicates(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [
        record(1),
        record(2, originality=0),
        record(3, originality=2, originDossierId=1),
        record(4, originality=2),
        record(5, originality=9),
    ]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    assert dispositions(batch_id) == {
        "1": ("record", None),
        "2": ("duplicate", "public_copy"),
        "3": ("duplicate", "child"),
        "4": ("record", None),
        "5": ("duplicate", "group"),
    }
    [batch] = ledger.read_batches([batch_id])
    assert (batch.pulled_count, batch.duplicate_count, batch.declared_total) == (5, 3, 5)


def test_the_newest_record_is_kept_of_a_key_pulled_twice(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [
        record(1, modifiedDate="03/10/2023 08:00:00", dossierStatus="done"),
        record(1, modifiedDate="02/10/2023 08:00:00"),
    ]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    kept = {(row["source_status"], row["disposition"], row["disposition_reason"]) for row in rows(batch_id)}
    assert kept == {("done", "record", None), ("processing", "duplicate", "repeated")}


def test_a_total_that_changes_in_every_listing_fails_the_batch(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [record(number, f"{number % 30 + 1:02d}/10/2023 08:00:00") for number in range(1, 71)]
    totals = itertools.count(70)
    site.wildcard[GROUP] = lambda handler, document: changes(total=next(totals))(handler, document)
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    [batch] = ledger.read_batches([batch_id])
    assert (batch.state, batch.error_kind) == ("failed", "SourceUnavailable")
    assert " and then " in (batch.error_message or "")


def test_warnings_of_an_adapter_are_in_the_manifest(
    site: Site, plan: Plan, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    [batch_id] = plan()
    monkeypatch.setattr(OpencpsAdapter, "warnings", ["its database holds 9 dossiers, its index 7"])
    extract_batches([batch_id], resolve)
    [batch] = ledger.read_batches([batch_id])
    assert read_manifest(batch.landing_uri)["warnings"] == ["its database holds 9 dossiers, its index 7"]


def test_a_page_answered_twice_by_a_proxy_is_requested_again(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = nine_dossiers()
    site.faults = [None, changes(data=nine_dossiers()[:4])]
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve).failed == []
    assert ledger.read_batches([batch_id])[0].pulled_count == 9


def test_a_dossier_on_two_pages_is_listed_again_once_and_then_accepted(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    site.dossiers[GROUP] = [*nine_dossiers(), record(1, "01/10/2023 08:00:00")]
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve).failed == []
    assert len([asked for asked in site.lists() if "fromReceiveDate" in asked]) == 6
    assert ledger.read_batches([batch_id])[0].duplicate_count == 1


def test_pulling_again_from_an_unchanged_source_writes_the_same_bytes(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [*nine_dossiers(), record(3, originality=0)]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    [batch] = ledger.read_batches([batch_id])
    folder = Path(batch.landing_uri)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ledger.mark_failed(batch_id, "validate", RuntimeError())
    site.dossiers[GROUP].reverse()  # the order rows come in is no part of the state
    extract_batches([batch_id], resolve)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert ledger.read_batches([batch_id])[0].manifest_sha256 == batch.manifest_sha256


@pytest.mark.parametrize(
    ("faults", "kind", "says"),
    [
        ([None, drops_last_row], "ContractBroken", "returned 3 rows from row 4 of 9"),
        ([changes(total=None)], "ContractBroken", "without the envelope"),
        ([changes(data=None)], "ContractBroken", "without the envelope"),
        ([changes(data=[{"dossierNo": NUMBER}], total=1)], "ContractBroken", "without dossierId"),
        ([changes(data=[record(1, groupId=99)], total=1)], "ContractBroken", "site 99"),
        # The next page is requested at the same time, and a timeout is retried: these requests use up faults too.
        ([None, *[changes(data=nine_dossiers()[:4])] * 20], "ContractBroken", "same rows again"),
        ([login_page], "ContractBroken", "login form"),
        ([answers(302, Location="/c/portal/login")], "ContractBroken", "answered 302"),
        ([answers(404)], "ContractBroken", "list of dossiers with 404"),
        ([answers(401)], "ConfigurationError", "onestop_tra_vinh"),
        ([answers(403)], "ConfigurationError", "onestop_tra_vinh"),
        ([cut_short] * 3, "ContractBroken", "incomplete or invalid JSON"),
        ([answers(503)] * 6, "SourceUnavailable", "answered 503 3 times"),
        ([silence] * 6, "SourceUnavailable", "did not answer"),
        ([reset] * 6, "SourceUnavailable", "did not answer"),
    ],
)
def test_a_broken_answer_fails_the_batch_and_lands_nothing(
    site: Site, plan: Plan, resolve: Resolve, faults: list[Fault | None], kind: str, says: str,
    caplog: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:  # fmt: skip
    site.dossiers[GROUP] = nine_dossiers()
    site.faults = list(faults)
    [batch_id] = plan()
    with caplog.at_level(logging.DEBUG):
        assert extract_batches([batch_id], resolve) == ExtractOutcome([], [batch_id])
    [batch] = ledger.read_batches([batch_id])
    assert (batch.state, batch.failed_stage, batch.error_kind) == ("failed", "extract", kind)
    assert says in (batch.error_message or "")
    assert not (tmp_path / "landing").exists()
    for canary in CANARIES:
        assert canary not in caplog.text + str(batch.error_message)


@pytest.mark.parametrize(
    "faults",
    [
        [answers(503), None],
        [answers(429, Retry_After="1"), None],
        [silence, None],
        [reset, None],
        [cut_short, None],
        [None, changes(total=10), None],
    ],
)
def test_a_passing_fault_is_survived_and_counts_nothing_twice(
    site: Site, plan: Plan, resolve: Resolve, faults: list[Fault | None]
) -> None:
    site.dossiers[GROUP] = nine_dossiers()
    site.faults = list(faults)
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve).failed == []
    [batch] = ledger.read_batches([batch_id])
    assert (batch.pulled_count, batch.duplicate_count, batch.attempt_count) == (9, 0, 1)


def test_a_dropped_date_filter_breaks_the_contract(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [*nine_dossiers(), record(10, "02/11/2023 07:00:00")]
    site.drops_filters = True
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    assert "ignored the filter on receiveDate" in str(ledger.read_batches([batch_id])[0].error_message)


def test_a_dropped_status_filter_breaks_the_contract(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [record(1, "01/10/2023 08:00:00", dossierStatus="done")]
    site.drops_filters = True
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    assert "ignored the filter on status" in str(ledger.read_batches([batch_id])[0].error_message)


def test_a_retry_repeats_only_what_failed(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers = {GROUP: nine_dossiers(), OTHER_GROUP: [record(1, groupId=84103)]}
    site.wildcard[OTHER_GROUP] = answers(401)
    good, bad = sorted(plan("tra-vinh.c29236", "tra-vinh.c29239"))
    assert extract_batches([good, bad], resolve) == ExtractOutcome([good], [bad])
    site.wildcard.clear()
    site.asked.clear()
    assert extract_batches([good, bad], resolve) == ExtractOutcome([good, bad], [])
    assert {headers["groupId"] for _, _, headers in site.asked} == {OTHER_GROUP}
    assert [batch.attempt_count for batch in ledger.read_batches([good, bad])] == [1, 2]


def test_a_source_that_is_down_is_tried_again_at_the_end_and_delays_no_other(
    site: Site, plan: Plan, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    site.dossiers = {GROUP: nine_dossiers(), OTHER_GROUP: []}
    site.wildcard[OTHER_GROUP] = answers(503)
    good, bad = sorted(plan("tra-vinh.c29236", "tra-vinh.c29239"))
    with caplog.at_level(logging.INFO, logger="motcua"):
        outcome = extract_batches([good, bad], resolve, workers=1)
    assert outcome == ExtractOutcome([good], [bad])
    assert ledger.read_batches([bad])[0].attempt_count == 2
    lines = [entry.getMessage() for entry in caplog.records]
    assert any(line.startswith("tra-vinh.c29236: 9 records, 0 duplicates, 0 out of window, ") for line in lines)
    assert "1 of 2 sources were unavailable and are tried again (round 2)" in lines
    assert lines[-1].endswith("(2 of 2)")


def test_an_unexpected_error_ends_one_source_and_its_text_is_not_logged(
    site: Site, plan: Plan, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    site.dossiers[GROUP] = nine_dossiers()
    good, bad = sorted(plan("tra-vinh.c29236", "tra-vinh.c29239"))

    def breaking(connection_id: str) -> SourceConnection:
        if not calls:
            calls.append(connection_id)
            raise KeyError(NAME)
        return resolve(connection_id)

    calls: list[str] = []
    outcome = extract_batches([bad, good], breaking, workers=1)
    assert outcome == ExtractOutcome([good], [bad])
    assert ledger.read_batches([bad])[0].error_message == "KeyError in extract"
    assert "KeyError at " in caplog.text
    assert NAME not in caplog.text


def test_a_dossier_still_open_before_the_window_is_pulled_again(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUP] = [
        record(1, "10/08/2023 08:00:00"),  # re-opened, we thought it closed
        record(2, "30/09/2023 08:00:00"),  # open, and in the margin of the first list
        record(3, "30/09/2023 08:00:00", dossierStatus="done", releaseDate="30/09/2023 09:00:00"),
    ]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    kept = sorted((row["dossier_id"], row["disposition"], row["disposition_reason"]) for row in rows(batch_id))
    assert kept == [
        ("1", "record", None),
        ("2", "record", None),
        ("3", "out_of_window", None),
    ]
    [batch] = ledger.read_batches([batch_id])
    assert (batch.pulled_count, batch.declared_total) == (3, 3)


def open_in_store(*dossier_ids: str) -> None:
    from datetime import datetime

    from motcua.consolidate import consolidate_batches

    open_now = {"agency_code": "84102", "status_code": 4, "received_at": datetime(2023, 8, 10, 8)}
    open_now |= {"finished_at": None, "returned_at": None}
    consolidate_batches([validated_batch([dossier(dossier_id, **open_now) for dossier_id in dossier_ids])])


def test_a_dossier_open_in_the_store_that_no_list_shows_is_requested_by_id(
    site: Site, plan: Plan, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    [batch_id] = plan()
    open_in_store("1", "2", "3", "4")
    closed = {"dossierStatus": "done", "releaseDate": "02/10/2023 08:00:00", "finishDate": "02/10/2023 08:00:00"}
    site.dossiers[GROUP] = [
        record(1, "10/08/2023 08:00:00", **closed),
        record(2, "10/08/2023 08:00:00"),  # still open: the list of open ones shows it
        record(4, "10/08/2023 08:00:00", originality=-3),
        record(5, "10/08/2023 08:00:00", **closed),  # never ours
    ]
    extract_batches([batch_id], resolve)
    by_id = sorted(path for path, _, _ in site.asked if path != "/o/rest/v2/dossiers")
    assert by_id == [f"/o/rest/v2/dossiers/{number}" for number in (1, 2, 3, 4)]  # 2, which a list shows, as proof
    assert dispositions(batch_id) == {
        "1": ("record", None),
        "2": ("record", None),
        "4": ("record", "soft_deleted"),
    }
    [deleted] = [row for row in rows(batch_id) if row["dossier_id"] == "4"]
    assert deleted["status_code"] is None
    assert deleted["mapping_issues"] == "status_code: soft-deleted at the source"
    [batch] = ledger.read_batches([batch_id])
    assert (batch.pulled_count, batch.declared_total, batch.out_of_window_count) == (3, 3, 0)
    assert read_manifest(batch.landing_uri)["pulled"] == {
        "listed": 0, "listed_open": 1, "empty_twice": 1, "by_id": 2, "unknown_by_id": ["3"], "not_shown": [],
    }  # fmt: skip
    assert "1 known dossiers were not returned by the source; they count until their deletion is proven" in caplog.text


def test_nothing_personal_reaches_landing_or_log(
    site: Site, plan: Plan, resolve: Resolve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.dossiers[GROUP] = [
        record(1, dossierNo=f"HS {NAME}", serviceCode=PHONE, domainCode=EMAIL, govAgencyCode=NUMBER),
        record(2, dossierNo=NUMBER, referenceUid=PHONE, dossierStatus=NAME, receiveDate="02/10/2023 08:00:00"),
        record(3, dueDate=PHONE, feeAmount=NAME, lockState=NAME, applicantIdType=NAME, originDossierId=NAME),
        record(4, hoTenMoi=NAME, dossierNo=[NAME], dossierStatus={"name": NAME}),
    ]
    [batch_id] = plan()
    with caplog.at_level(logging.DEBUG):
        assert extract_batches([batch_id], resolve).failed == []
    landed = [path for path in (tmp_path / "landing").rglob("*") if path.is_file()]
    assert len(landed) == 2
    text = repr(rows(batch_id)) + caplog.text + "".join(path.read_bytes().decode("latin-1") for path in landed)
    for canary in CANARIES:
        assert canary not in text
        assert canary.encode().decode("latin-1") not in text
    [first, second, third, fourth] = rows(batch_id)
    assert (first["dossier_no"], first["unit_code"], first["procedure_code"]) == ("[masked]",) * 3
    assert (second["dossier_no"], second["source_status"], second["status_code"]) == ("[masked]", "[masked]", None)
    assert "due_at: not dd/MM/yyyy HH:mm:ss" in third["mapping_issues"]
    assert (third["due_at"], third["fee_amount"], third["parent_dossier_id"]) == (None, None, None)
    assert "dossier_no: not a single value" in fourth["mapping_issues"]
    assert read_manifest(ledger.read_batches([batch_id])[0].landing_uri)["unclassified_fields"] == ["hoTenMoi"]
    assert "unknown keys dropped: hoTenMoi" in caplog.text
