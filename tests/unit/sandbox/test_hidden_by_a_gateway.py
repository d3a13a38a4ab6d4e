"""The list of a system lacks dossiers and a gateway in front of it denies them by id: they go on counting."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.reliability.province import Province
from tests.store_world import let_a_night_pass

from motcua.landing import read_manifest
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.columns import World
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

SOURCE = "tra-vinh.c29266"


def known() -> int:
    with store_engine().connect() as connection:
        return int(connection.scalar(text("select count(*) from dossier_current where not is_deleted")) or 0)


@pytest.mark.parametrize(
    ("protocol", "lists", "by_id", "nights"),
    [
        ("opencps", "/dossiers", "/dossiers/", ("second", "third")),
        ("igate", "/dossier/search", "/dossier/0", ("second",)),
        ("tandan", "/hoso/search", "/hoso/0", ("second",)),
    ],
)
def test_dossiers_that_a_gateway_denies_night_after_night_go_on_counting(
    protocol: str,
    lists: str,
    by_id: str,
    nights: tuple[str, ...],
    sandbox: SandboxServer,
    small: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    province = Province(protocol, small, tmp_path, sandbox).found(monkeypatch)
    [first] = province.run("first", source_ids=[SOURCE])
    assert first.state == "loaded", first.error_message
    before = known()
    for night in nights:
        hidden = {"kind": "shrunk_answer", "protocol": protocol, "path": lists, "keep": 0.87}
        sandbox.set_faults([hidden, {"kind": "gateway_404", "protocol": protocol, "path": by_id}])
        [batch] = province.run(night, source_ids=[SOURCE])
        assert batch.state == "loaded", batch.error_message
        assert batch.unconfirmed_count, "the list hid nothing"
        assert batch.tombstoned_count == 0
        assert read_manifest(batch.landing_uri)["pulled"]["unknown_by_id"] == []
        let_a_night_pass()
    assert known() == before
