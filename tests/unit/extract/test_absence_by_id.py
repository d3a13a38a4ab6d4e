"""A 404 proves something of a dossier only when the source gave it and finds what its list shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.store_world import dossier, validated_batch
from tests.unit.extract.opencps_site import Fault, Handler, Site, record
from tests.unit.extract.quirk_material import Plan, Resolve

from motcua import ledger
from motcua.consolidate import consolidate_batches
from motcua.extract import extract_batches
from motcua.landing import read_manifest

GROUP = "84102"
KONG = b'{"message":"no Route matched with those values"}'


def by_id(body: bytes, kind: str = "application/json", only: str = "", status: int = 404) -> Fault:
    """Answer requests by id, or only that for one, as something on the way to the source would."""

    def answer(handler: Handler, document: dict[str, Any]) -> bool:
        _, is_one, number = handler.path.partition("?")[0].rpartition("/dossiers/")
        if not is_one or (only and number != only):
            return False
        handler.answer(body, status=status, kind=kind)
        return True

    return answer


def pulled_without(site: Site, plan: Plan, resolve: Resolve, shown: int) -> dict[str, Any]:
    """Let the store know 10 dossiers and the list show the first of them. Return the manifest of the pull."""
    at = {"agency_code": GROUP, "received_at": datetime(2023, 10, 2, 8)}
    consolidate_batches([validated_batch([dossier(str(number), **at) for number in range(1, 11)])])
    site.dossiers[GROUP] = [record(number) for number in range(1, shown + 1)]
    [batch_id] = plan()
    extract_batches([batch_id], resolve)
    [batch] = ledger.read_batches([batch_id])
    assert batch.state == "extracted", batch.error_message
    return read_manifest(batch.landing_uri)


def test_a_404_of_the_source_is_a_step_to_the_proof_when_it_finds_what_its_list_shows(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    manifest = pulled_without(site, plan, resolve, 8)
    assert (manifest["pulled"]["unknown_by_id"], manifest["pulled"]["not_shown"]) == (["10", "9"], [])
    assert manifest["warnings"] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (KONG, "application/json"),
        (b'{"message":"no Route matched with those values","code":404}', "application/json"),
        (b"<html><body>404 Not Found</body></html>", "text/html"),
        (b'{"path":"/dossiers/9","status":404,"error":"Not Found","requestId":"5f2a-17"}', "application/json"),
        (b"404 page not found", "text/plain"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "application/json"),  # no error of the API
    ],
)
def test_a_404_of_something_on_the_way_proves_nothing(
    site: Site, plan: Plan, resolve: Resolve, body: bytes, kind: str
) -> None:
    site.wildcard[GROUP] = by_id(body, kind, only="9")
    manifest = pulled_without(site, plan, resolve, 8)
    assert (manifest["pulled"]["unknown_by_id"], manifest["pulled"]["not_shown"]) == (["10"], ["9"])
    [warning] = manifest["warnings"]
    assert "1 requests by id were answered 404 by something other than the source" in warning


@pytest.mark.parametrize("shown", [8, 0])
def test_a_source_that_finds_nothing_by_id_proves_nothing(site: Site, plan: Plan, resolve: Resolve, shown: int) -> None:
    """Its list shows dossiers and its requests by id find none; or its list shows none that could be found."""
    site.wildcard[GROUP] = by_id(b'{"error":"no such dossier"}')
    manifest = pulled_without(site, plan, resolve, shown)
    assert manifest["pulled"]["unknown_by_id"] == []
    assert len(manifest["pulled"]["not_shown"]) == 10 - shown
    assert any("nothing is proven" in warning for warning in manifest["warnings"])


def test_a_dossier_deleted_while_the_list_was_read_does_not_hide_the_others(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    site.wildcard[GROUP] = by_id(b'{"error":"no such dossier"}', only="1")
    assert pulled_without(site, plan, resolve, 9)["pulled"]["unknown_by_id"] == ["10"]
