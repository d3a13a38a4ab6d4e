"""Every protocol yields the same rows of a month, and a pull survives the faults of each protocol."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from motcua import ledger
from motcua.catalog import Source, load_catalog
from motcua.errors import ConfigurationError, ContractBroken, SourceUnavailable
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.adapters.protocol import ListingShifted, Window, make_adapter
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.mapping import load_mapping, mapping_of
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import PULLED_SCHEMA, TableBuilder
from motcua.landing import read_records
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems.igate import agency_id
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
GROUP = 84113
OPTIONS: dict[str, dict[str, Any]] = {
    "opencps": {"group_id": GROUP},
    "igate": {"ancestor_agency_id": agency_id(GROUP), "grant": "password"},
    "tandan": {"unit_code": str(GROUP)},
}
PROTOCOLS = sorted(OPTIONS)


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server


@pytest.fixture
def sandbox(running: SandboxServer) -> SandboxServer:
    running.set_night(1)
    running.set_down([])
    running.set_faults([])
    running.set_token_seconds(300)
    running.reset_served()
    return running


def source(protocol: str, options: dict[str, Any] | None = None, **changes: Any) -> Source:
    [shipped] = [s for s in load_catalog(CATALOG).sources if s.options == load_options(GROUP)]
    given = shipped.model_dump() | {
        "adapter": protocol,
        "options": OPTIONS[protocol] | (options or {}),
        "mapping": protocol,
        "agency_code": str(GROUP),
        "statuses": shipped.statuses if protocol == "opencps" else {},
        "page_size": 40,
        "attempts": 2,
        "retry_wait_seconds": 0.01,
    }
    return Source.model_validate(given | changes)


def load_options(group_id: int) -> Any:
    from motcua.catalog import OpencpsOptions

    return OpencpsOptions(group_id=group_id)


def connection(server: SandboxServer, protocol: str, password: str | None = None) -> SourceConnection:
    return SourceConnection(server.base_url_of(protocol), server.login, password or server.password)


def pull(server: SandboxServer, asked: Source, window: Window = OCTOBER) -> pa.Table:
    """Return every row of a listing as pulled."""
    mapping = mapping_of(CATALOG, asked)
    builder = TableBuilder(asked, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    adapter = make_adapter(asked, connection(server, asked.adapter), mapping)
    try:
        tables = [builder.table(page.records) for page in adapter.pages(window)]
    finally:
        adapter.close()
    assert not builder.unclassified
    return pa.concat_tables([PULLED_SCHEMA.empty_table(), *tables])


def kept(server: SandboxServer, protocol: str, window: Window = OCTOBER) -> dict[str, dict[str, Any]]:
    """Return what would go on to validation, by id."""
    settled = assign_dispositions(pull(server, source(protocol), window), window, frozenset())
    return {row["dossier_id"]: row for row in settled.to_pylist() if row["disposition"] == "record"}


# What a protocol does not carry, or spells in its own words.
OWN_WORDS = {"as_sent", "record_no", "disposition_reason", "source_status", "mapping_issues", "procedure_suffix"}
NOT_CARRIED = {
    "igate": OWN_WORDS | {"reference_uid", "parent_dossier_id", "is_clock_stopped", "online_level"},
    "tandan": OWN_WORDS | {"reference_uid", "parent_dossier_id", "is_clock_stopped", "is_synced_to_portal"},
}


@pytest.mark.parametrize("night", [1, 2])
@pytest.mark.parametrize("protocol", sorted(NOT_CARRIED))
def test_every_protocol_yields_the_same_rows_of_a_month(sandbox: SandboxServer, protocol: str, night: int) -> None:
    sandbox.set_night(night)
    expected, found = kept(sandbox, "opencps"), kept(sandbox, protocol)
    deleted = {key for key, row in found.items() if row["disposition_reason"] == "soft_deleted"}
    assert found.keys() - deleted == expected.keys()
    assert len(expected) > 100
    for key, row in expected.items():
        handed_over = {"status_code": 10} if row["source_status"] == "unresolved" and row["status_code"] == 9 else {}
        differing = {  # OpenCPS does not say whether a negative result was handed over
            name: (value, found[key][name])
            for name, value in (row | handed_over).items()
            if name not in NOT_CARRIED[protocol] and value != found[key][name]
        }
        assert not differing, f"{protocol} says otherwise of {key}"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_concurrent_requests_yield_the_same_rows_as_sequential_ones(sandbox: SandboxServer, protocol: str) -> None:
    in_turn = pull(sandbox, source(protocol))
    assert pull(sandbox, source(protocol, concurrent_pages=4)).equals(in_turn)
    assert in_turn.num_rows > 3 * 40


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_dossier_is_found_by_its_canonical_id(sandbox: SandboxServer, protocol: str) -> None:
    asked = source(protocol)
    mapping = load_mapping(CATALOG, protocol)
    builder = TableBuilder(asked, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    dossier_id = pull(sandbox, asked)["dossier_id"][7].as_py()
    adapter = make_adapter(asked, connection(sandbox, protocol), mapping)
    found = adapter.by_id(dossier_id)
    assert found is not None
    assert builder.table([found])["dossier_id"].to_pylist() == [dossier_id]
    assert adapter.by_id("999999999999") is None
    adapter.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_list_of_open_dossiers_holds_open_ones_only(sandbox: SandboxServer, protocol: str) -> None:
    still_open = pull(sandbox, source(protocol), Window(None, date(2023, 11, 1), is_open_only=True))
    assert still_open.num_rows
    assert set(still_open["status_code"].to_pylist()) <= {2, 4, 5, 6}


@pytest.mark.parametrize("protocol", ["igate", "tandan"])
def test_a_token_that_expires_during_a_run_is_renewed(sandbox: SandboxServer, protocol: str) -> None:
    whole = pull(sandbox, source(protocol))
    sandbox.set_faults([{"kind": "token_expires", "protocol": protocol, "after": 3, "times": 1}])
    assert pull(sandbox, source(protocol)).equals(whole)
    assert sandbox.faults()[0]["fired"] == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ({"kind": "stuck_cursor", "after": 1}, ContractBroken, "does not advance"),
        ({"kind": "short_page", "after": 2}, ContractBroken, "rows from row 80 of [0-9]+, where 40 were expected"),
        ({"kind": "duplicated_page", "after": 1}, ContractBroken, "does not advance"),
        (
            {"kind": "shifting_pages", "after": 2},
            ListingShifted,
            "on two pages of one listing|where 1[0-9] were expected",
        ),
        ({"kind": "page_cap", "after": 2, "cap": 10}, (ContractBroken, ListingShifted), "40 were expected|page"),
        ({"kind": "html_login"}, ContractBroken, "a page instead of JSON"),
        ({"kind": "5xx"}, SourceUnavailable, "2 times"),
        ({"kind": "invalid_json"}, ContractBroken, "incomplete or invalid JSON"),
    ],
)
def test_a_listing_that_cannot_be_complete_is_refused(
    sandbox: SandboxServer, protocol: str, fault: dict[str, Any], error: Any, says: str
) -> None:
    path = {"opencps": "/dossiers", "igate": "/search", "tandan": "/search"}[protocol]
    sandbox.set_faults([{"protocol": protocol, "path": path} | fault])
    with pytest.raises(error, match=says):
        pull(sandbox, source(protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["cursor_tie", "shifting_pages"])
def test_rows_that_keep_moving_are_listed_in_larger_pages(sandbox: SandboxServer, protocol: str, kind: str) -> None:
    asked = source(protocol)
    whole = sorted(pull(sandbox, asked)["dossier_id"].to_pylist())
    sandbox.set_faults([{"kind": kind, "protocol": protocol}])
    mapping = load_mapping(CATALOG, protocol)
    builder = TableBuilder(asked, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    adapter = make_adapter(asked, connection(sandbox, protocol), mapping)
    for _ in range(2):
        with pytest.raises(ListingShifted):
            list(adapter.pages(OCTOBER))
    tables = [builder.table(page.records) for page in adapter.pages(OCTOBER)]
    assert sorted(pa.concat_tables(tables)["dossier_id"].to_pylist()) == whole
    adapter.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["5xx", "reset", "truncated_json", "429", "duplicated_page"])
def test_a_request_is_repeated_after_a_temporary_fault(sandbox: SandboxServer, protocol: str, kind: str) -> None:
    whole = pull(sandbox, source(protocol))
    sandbox.set_faults([{"kind": kind, "protocol": protocol, "after": 2, "times": 1}])
    assert pull(sandbox, source(protocol)).equals(whole)
    assert sandbox.faults()[0]["fired"] == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_password_names_the_connection_and_shows_no_secret(sandbox: SandboxServer, protocol: str) -> None:
    asked = source(protocol)
    adapter = make_adapter(asked, connection(sandbox, protocol, "s3cret"), load_mapping(CATALOG, protocol))
    with pytest.raises(ConfigurationError, match=asked.connection_id) as refused:
        list(adapter.pages(OCTOBER))
    assert "s3cret" not in str(refused.value)


def test_tandan_takes_http_basic_too(sandbox: SandboxServer) -> None:
    assert pull(sandbox, source("tandan", {"auth": "basic"})).equals(pull(sandbox, source("tandan")))


def test_slices_yield_the_same_rows_and_declare_no_total(sandbox: SandboxServer) -> None:
    asked = source("igate", {"spec": "slice"})
    assert pull(sandbox, asked).equals(pull(sandbox, source("igate")))
    adapter = make_adapter(asked, connection(sandbox, "igate"), load_mapping(CATALOG, "igate"))
    assert {page.declared_total for page in adapter.pages(OCTOBER)} == {None}


def test_client_credentials_are_the_login_of_the_connection(sandbox: SandboxServer) -> None:
    asked = source("igate", {"grant": "client_credentials"})
    assert pull(sandbox, asked).equals(pull(sandbox, source("igate")))


def test_an_unknown_agency_has_no_dossiers(sandbox: SandboxServer) -> None:
    assert not pull(sandbox, source("igate", {"ancestor_agency_id": "0" * 24})).num_rows


def test_a_cap_on_the_page_size_is_followed_and_logged(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    whole = pull(sandbox, source("igate"))
    with caplog.at_level(logging.WARNING):
        capped = pull(sandbox, source("igate", page_size=5000))
    assert capped.sort_by("dossier_id").equals(whole.sort_by("dossier_id"))
    assert "returns 1000 rows for each page, but 5000 were requested" in caplog.text


def test_soft_deleted_rows_are_distinguished_from_migrated_ones(sandbox: SandboxServer) -> None:
    settled = assign_dispositions(pull(sandbox, source("tandan")), OCTOBER, frozenset()).to_pylist()
    deleted = [row for row in settled if row["disposition_reason"] == "soft_deleted"]
    migrated = [row for row in settled if row["disposition_reason"] == "migrated"]
    assert deleted
    assert migrated
    assert all(row["status_code"] is None for row in deleted)
    assert all(row["disposition"] == "record" and row["status_code"] for row in migrated)


@pytest.fixture
def foreign_catalog(tmp_path: Path, databases: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with the same commune behind iGate and behind Tân Dân, beside OpenCPS."""
    folder = Path(shutil.copytree(CATALOG, tmp_path / "catalog"))
    entries = []
    for protocol in ("igate", "tandan"):
        entry = source(protocol).model_dump(mode="json", exclude={"options"})
        entries.append(entry | {"source_id": f"x.{protocol}", "options": OPTIONS[protocol]})
    (folder / "sources" / "x.yaml").write_text(yaml.safe_dump({"sources": entries}, allow_unicode=True))
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    monkeypatch.setenv("MOTCUA_LANDING", str(tmp_path / "landing"))
    return folder


def test_a_night_of_other_systems_lands_and_balances(sandbox: SandboxServer, foreign_catalog: Path) -> None:
    assert OCTOBER.from_date is not None
    [batch_ids] = ledger.plan_run(
        load_catalog(foreign_catalog),
        "night-1",
        OCTOBER.to_date,
        window=(OCTOBER.from_date, OCTOBER.to_date),
        source_ids=["x.igate", "x.tandan", "tra-vinh.c29266"],
    )
    protocols = {"x.igate": "igate", "x.tandan": "tandan", "tra-vinh.c29266": "opencps"}
    records: dict[str, set[str]] = {}
    for batch_id in batch_ids:
        source_id = batch_id.split("@")[0]
        outcome = extract_batches([batch_id], lambda _, name=protocols[source_id]: connection(sandbox, name))
        assert outcome.failed == []
        [batch] = ledger.read_batches([batch_id])
        assert batch.pulled_count == batch.declared_total
        rows = read_records(batch.landing_uri, batch.manifest_sha256).to_pylist()
        records[source_id] = {
            row["dossier_id"]
            for row in rows
            if row["disposition"] == "record" and row["disposition_reason"] != "soft_deleted"
        }
    assert records["x.igate"] == records["x.tandan"] == records["tra-vinh.c29266"]
    assert len(records["x.igate"]) > 100
