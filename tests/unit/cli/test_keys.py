"""`motcua keys` tells whether the overlap of a rotation may end."""

from __future__ import annotations

import sys

import pytest
from tests.store_world import dossier, validated_batch

from motcua.cli import main
from motcua.consolidate import consolidate_batches
from motcua.extract.records.privacy import pseudonymiser
from motcua.settings import Settings


def test_dossiers_that_still_need_a_previous_key_are_counted(
    databases: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(**applicants: str) -> None:
        key = pseudonymiser(Settings.load().hmac_keys())
        records = [
            dossier(name[1:], applicant_ref=key(number), previous_applicant_refs=key.previous_refs(number) or None)
            for name, number in applicants.items()
        ]
        consolidate_batches([validated_batch(records)])

    old, new = "2026:" + "1a" * 32, "2027:" + "2b" * 32
    monkeypatch.setenv("MOTCUA_HMAC_KEY", old)
    load(d1="084111222333", d2="084444555666", d3="084444555666")
    monkeypatch.setenv("MOTCUA_HMAC_KEY", new)
    monkeypatch.setenv("MOTCUA_HMAC_PREVIOUS_KEYS", old)
    load(d4="084111222333")
    monkeypatch.setattr(sys, "argv", ["motcua", "keys"])
    with pytest.raises(SystemExit, match="0"):
        main()
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip().startswith("202")]
    assert rows == [["2027", "in", "use", "1", "0"], ["2026", "previous", "3", "2"]]
