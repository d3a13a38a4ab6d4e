"""The plugin file: flat, and registering what the DAG files refer to."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

from motcua.settings import PROJECT_ROOT

PLUGINS = PROJECT_ROOT / "plugins"


def test_plugins_is_one_flat_file_without_logic() -> None:
    files = [path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*") if "__pycache__" not in path.parts]
    assert files == ["motcua_plugin.py"]
    tree = ast.parse((PLUGINS / "motcua_plugin.py").read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.If | ast.For)]


def test_airflow_finds_the_timetable_by_its_import_path() -> None:
    code = (
        "from airflow.serialization.helpers import find_registered_custom_timetable as find\n"
        "print('FOUND', find('motcua.orchestration.schedule.timetables.ReportingPeriodTimetable').__name__)\n"
    )
    environment = {**os.environ, "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "FOUND ReportingPeriodTimetable" in done.stdout, done.stderr
