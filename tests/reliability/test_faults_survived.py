"""What the wild does to an answer, one fault a test, through each protocol that asks over HTTP.

A fault is either survived, and then landing holds to the byte what a quiet night brings, or refused, and then nothing
is written and the ledger says why. Once the systems behave again the same batch comes through.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.reliability.province import HTTP, OCTOBER, SCENARIO, Province

from motcua import landing, ledger
from motcua.catalog import load_catalog
from motcua.extract import extract_batches
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.canary import CANARY_PASSWORD
from motcua.sandbox.world.columns import World

pytestmark = pytest.mark.usefixtures("databases")

SOURCE, GROUP = "tra-vinh.c29266", 84113
LISTING = {"opencps": "/dossiers", "igate": "/search", "tandan": "/search"}


@dataclass
class Site:
    """One system, asked for October through one adapter."""

    province: Province
    server: SandboxServer
    runs: int = 0

    def misbehaves(self, kind: str, **settings: Any) -> None:
        fault = {"kind": kind, "protocol": self.province.adapter, "path": LISTING[self.province.adapter], **settings}
        self.server.set_faults([fault])

    def plan(self) -> str:
        self.runs += 1
        catalog = load_catalog(self.province.catalog_dir)
        day = SCENARIO.day_of_night(1)
        [[batch_id]] = ledger.plan_run(catalog, f"run-{self.runs}", day, window=OCTOBER, source_ids=[SOURCE])
        return batch_id

    def pull(self, batch_id: str) -> ledger.Batch:
        extract_batches([batch_id], self.province.connection)
        [batch] = ledger.read_batches([batch_id])
        return batch

    def clean(self) -> str:
        """Return what a quiet pull writes, as the hash of its records."""
        self.server.set_faults([])
        batch = self.pull(self.plan())
        assert batch.state == "extracted", batch.error_message
        return written(batch)

    def survives(self) -> ledger.Batch:
        """Pull while the fault is in force; hold landing to a quiet pull, and the fault to having struck."""
        batch = self.pull(self.plan())
        assert batch.state == "extracted", batch.error_message
        assert sum(fault["fired"] for fault in self.server.faults()) > 0
        assert written(batch) == self.clean()
        return batch

    def refuses(self, kind: str, what: str) -> ledger.Batch:
        """Pull while the fault is in force: nothing is written and the reason told; later the batch comes through."""
        batch = self.pull(self.plan())
        assert batch.state in ("failed", "held"), batch.state
        assert sum(fault["fired"] for fault in self.server.faults()) > 0
        assert batch.error_kind == kind, batch.error_message
        assert what in (batch.error_message or ""), batch.error_message
        assert not (Path(batch.landing_uri) / landing.RECORDS).exists()
        wanted = self.clean()
        assert written(self.pull(batch.batch_id)) == wanted
        return batch


def written(batch: ledger.Batch) -> str:
    digest: str = landing.read_manifest(batch.landing_uri)["sha256"]
    return digest


@pytest.fixture(params=HTTP)
def site(
    request: pytest.FixtureRequest,
    systems: SandboxServer,
    small: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    province = Province(request.param, small, tmp_path, systems, {"timeout_seconds": 0.5})
    return Site(province.found(monkeypatch), systems)


def test_a_server_error_is_asked_again(site: Site) -> None:
    site.misbehaves("5xx", after=1, times=2)
    site.survives()


def test_a_server_that_keeps_failing_fails_its_batch(site: Site) -> None:
    site.misbehaves("5xx", status=503)
    site.refuses("SourceUnavailable", "503")


def test_a_429_is_waited_for_as_long_as_it_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=slept.append, time=time.time))
    site.misbehaves("429", retry_after=31, times=1)
    site.survives()
    assert slept == [31]


def test_a_429_without_a_time_is_asked_again(site: Site) -> None:
    site.misbehaves("429", after=1, times=2)
    site.survives()


def test_a_time_out_is_asked_again(site: Site) -> None:
    site.misbehaves("timeout", times=1)
    site.survives()


def test_a_slow_drip_is_waited_for(site: Site) -> None:
    site.misbehaves("slow_drip", seconds=1, times=1)
    site.survives()


@pytest.mark.parametrize("variant", ["", "mid_body"])
def test_a_reset_connection_is_asked_again(site: Site, variant: str) -> None:
    site.misbehaves("reset", variant=variant, after=1, times=1)
    site.survives()


def test_truncated_json_is_asked_again(site: Site) -> None:
    site.misbehaves("truncated_json", after=1, times=1)
    site.survives()


def test_invalid_json_is_asked_again(site: Site) -> None:
    site.misbehaves("invalid_json", times=1)
    site.survives()


def test_json_that_stays_invalid_breaks_the_contract(site: Site) -> None:
    site.misbehaves("invalid_json")
    site.refuses("ContractBroken", "JSON")


def test_a_wrong_charset_in_the_header_changes_nothing(site: Site) -> None:
    site.misbehaves("wrong_charset", variant="header")
    site.survives()


def test_bytes_in_another_charset_break_the_contract(site: Site) -> None:
    site.misbehaves("wrong_charset")
    site.refuses("ContractBroken", "JSON")


def test_a_page_given_twice_is_never_counted_twice(site: Site) -> None:
    site.misbehaves("duplicated_page", after=1, times=1)
    site.survives()


def test_pages_that_shift_are_listed_again(site: Site) -> None:
    site.misbehaves("shifting_pages", rows=2, after=1, times=1)
    site.survives()


def test_pages_that_always_overlap_are_never_taken_for_whole(site: Site) -> None:
    """Every page begins two rows early: the same rows come twice each time, and the last ones never."""
    site.misbehaves("shifting_pages", rows=2)
    batch = site.pull(site.plan())
    if batch.state == "extracted":
        assert written(batch) == site.clean()
    else:
        assert not (Path(batch.landing_uri) / landing.RECORDS).exists()


def test_ties_that_come_in_another_order_are_listed_again(site: Site) -> None:
    site.misbehaves("cursor_tie", times=2)
    site.survives()


def test_ties_that_never_keep_an_order_lose_nothing(site: Site) -> None:
    site.misbehaves("cursor_tie")
    site.survives()


def test_a_stuck_cursor_ends_the_listing(site: Site) -> None:
    site.server.reset_served()
    site.clean()
    quiet = site.server.served()[GROUP]["requests"]
    site.server.reset_served()
    site.misbehaves("stuck_cursor")
    batch = site.pull(site.plan())
    assert batch.state == "failed"
    assert 0 < site.server.served()[GROUP]["requests"] <= quiet
    site.refuses("ContractBroken", "")


def test_a_short_page_is_no_page(site: Site) -> None:
    site.misbehaves("short_page", rows=3, after=1)
    site.refuses("ContractBroken", "rows")


def test_a_changed_page_cap_loses_nothing(site: Site) -> None:
    site.misbehaves("page_cap", cap=15)
    site.survives()


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_skewed_clock_moves_instants_and_loses_no_dossier(site: Site, seconds: int) -> None:
    site.misbehaves("clock_skew", seconds=seconds)
    skewed = site.pull(site.plan())
    assert skewed.state == "extracted", skewed.error_message
    site.server.set_faults([])
    straight = site.pull(site.plan())
    ids = [
        sorted(landing.read_records(batch.landing_uri, batch.manifest_sha256)["dossier_id"].to_pylist())
        for batch in (skewed, straight)
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("site", HTTP[1:], indirect=True)  # OpenCPS is asked with HTTP Basic here
def test_an_expired_token_is_renewed_in_the_middle_of_a_listing(site: Site) -> None:
    path = LISTING[site.province.adapter]
    faults = [{"kind": "token_expires", "path": path, "after": after, "times": 1} for after in (1, 4)]
    site.server.set_faults(faults)
    site.survives()


def test_a_filter_silently_ignored_breaks_the_contract(site: Site) -> None:
    site.misbehaves("filter_ignored")
    site.refuses("ContractBroken", "")


@pytest.mark.parametrize("site", HTTP[1:], indirect=True)  # a header names an OpenCPS site, no filter
def test_another_agencys_dossiers_break_the_contract(site: Site) -> None:
    name = {"igate": "ancestor-agency-id", "tandan": "donViId"}[site.province.adapter]
    site.misbehaves("filter_ignored", filters=[name])
    site.refuses("ContractBroken", "")


def test_a_password_in_the_payload_is_dropped_and_its_key_reported(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.misbehaves("plaintext_password")
    with caplog.at_level(logging.DEBUG):
        batch = site.survives()
    assert CANARY_PASSWORD not in caplog.text
    folder = Path(batch.landing_uri)
    assert CANARY_PASSWORD.encode() not in b"".join(path.read_bytes() for path in folder.iterdir())
    table = landing.read_records(batch.landing_uri, batch.manifest_sha256)
    assert CANARY_PASSWORD not in str(table.to_pylist())


def test_a_login_page_with_a_200_is_told_apart_from_an_answer(site: Site) -> None:
    site.misbehaves("html_login")
    site.refuses("ContractBroken", "login")


@pytest.mark.parametrize("after", [0, 2, 4])
def test_an_empty_answer_on_a_first_pull_is_not_believed(site: Site, after: int) -> None:
    """It strikes the list of receptions, one of an opening's windows or the list of what is open."""
    site.misbehaves("empty_answer", after=after, times=1)
    batch = site.survives()
    assert batch.is_opening


@pytest.mark.parametrize(
    ("kind", "settings"), [("empty_answer", {}), ("shrunk_answer", {"keep": 0.6}), ("shrunk_answer", {"keep": 0.0})]
)
def test_an_answer_that_lost_its_dossiers_is_held(site: Site, kind: str, settings: dict[str, Any]) -> None:
    [first] = site.province.run("first", source_ids=[SOURCE])
    assert first.state == "loaded"
    site.misbehaves(kind, **settings)
    batch = site.pull(site.plan())
    assert batch.state == "held", (batch.state, batch.error_message)
    assert not (Path(batch.landing_uri) / landing.RECORDS).exists()


def test_a_renamed_field_is_never_a_silent_null(site: Site) -> None:
    [first] = site.province.run("first", source_ids=[SOURCE])
    assert first.state == "loaded"
    site.misbehaves("field_renamed", renamed_to="ngayNhanHoSo")
    batch = site.pull(site.plan())
    assert batch.state in ("failed", "held"), batch.state
    key = {"opencps": "receiveDate", "igate": "acceptedDate", "tandan": "ngayTiepNhan"}[site.province.adapter]
    assert key in (batch.error_message or "")
