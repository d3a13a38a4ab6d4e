"""`motcua db` on the embedded server of a work folder."""

from __future__ import annotations

import sys

import pytest
from tests.conftest import WORK

from motcua.cli import main
from motcua.warehouse import embedded


def test_the_server_of_a_work_folder_is_stopped_and_one_that_does_not_run_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data_dir = WORK / "other" / "pg"
    monkeypatch.setenv("MOTCUA_WORK", str(WORK / "other"))
    monkeypatch.setattr(sys, "argv", ["motcua", "db", "stop"])
    embedded.ensure_server(data_dir)
    assert (data_dir / "postmaster.pid").exists()
    try:
        for _ in range(2):
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 0
            assert not (data_dir / "postmaster.pid").exists()
    finally:
        embedded.stop_server(data_dir)
