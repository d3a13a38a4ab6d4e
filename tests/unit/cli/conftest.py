"""The command as its user types it, in this process."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from motcua.cli import main

FOREIGN = Path(__file__).parent / "foreign"


@dataclass(frozen=True)
class Told:
    """What a command printed."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Return a function that runs the command and holds it to an exit code."""

    def run(*arguments: str, code: int = 0) -> Told:
        monkeypatch.setattr(sys, "argv", ["motcua", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = Told(*capsys.readouterr())
        assert (ended.value.code or 0) == code, told
        return told

    return run


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a catalogue that nobody here knows (`foreign/`); it and no other is in force."""
    for name in ("MOTCUA_CATALOG", "MOTCUA_PROVINCE"):
        monkeypatch.setenv(name, "")
    return Path(shutil.copytree(FOREIGN, tmp_path / "catalog"))
