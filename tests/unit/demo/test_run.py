"""What the demo leaves for a person at a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from motcua.demo.run import _environment_of, terminal_line
from motcua.sandbox.world.scenario import load_scenario
from motcua.settings import Settings

ASK = """import json
from motcua.settings import Settings
print(json.dumps([str(Settings.load().work_dir), Settings.load().province]))"""


def test_the_line_a_demo_ends_with_points_a_shell_at_what_it_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_WORK", str(tmp_path / "a folder"))
    scenario = load_scenario("vinh-long-2025-07")
    with _environment_of(scenario):
        line, work_dir = terminal_line(scenario), str(Settings.load().work_dir)
    assert work_dir.startswith(str(tmp_path / "a folder"))
    ask = ["bash", "-c", f'{line}; exec "$0" -c "$1"', sys.executable, ASK]
    answer = subprocess.run(ask, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == [work_dir, "86:2025"]
