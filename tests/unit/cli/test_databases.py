"""`motcua db` on the embedded server of a work folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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


@pytest.mark.parametrize("number", ["own", "nobody's"])
def test_what_a_server_left_that_died_with_its_machine_is_no_server(number: str, tmp_path: Path) -> None:
    note = tmp_path / "postmaster.pid"
    note.write_text(f"{os.getpid() if number == 'own' else 2**22 + 1}\n{tmp_path}\n1\n5432\n{tmp_path}\n\n")
    assert embedded.stop_server(tmp_path) is False
    assert not note.exists()


def test_a_server_that_has_just_begun_to_write_its_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("")
    embedded._forget_dead(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()
