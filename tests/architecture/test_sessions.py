"""What a test session leaves behind: nothing, whatever its tests do; and what it does not run, it says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests import work_folder
from tests.work_folder import CHECKOUT, Strays

SAYS_WHERE = """
    import os, tempfile
    print("WORKS IN", os.environ["MOTCUA_TEST_SESSION"], tempfile.mkdtemp(), flush=True)
"""
WITH_SERVER = f"""
def test_with_a_server(tmp_path):
{SAYS_WHERE}
    from pathlib import Path
    from motcua.warehouse import embedded
    data = Path(os.environ["MOTCUA_WORK"]) / "pg"
    embedded.ensure_server(data)
    (tmp_path / "file").touch()
"""


def pytest_in(folder: Path, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder in a session of their own, below this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", CHECKOUT / "pyproject.toml", *options, folder],
        cwd=CHECKOUT,
        env=kept | {"CI": ci},
        capture_output=True,
        text=True,
    )


def run(folder: Path, source: str, ci: str = "") -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run one file of tests; return how the session ended and where it worked."""
    (folder / "test_planted.py").write_text(source, encoding="utf-8")
    done = pytest_in(folder, "-s", ci=ci)
    where = re.search(r"WORKS IN (\S+) (\S+)", done.stdout)
    assert where, done.stdout + done.stderr
    assert Path(where[2]).is_relative_to(where[1])
    return done, Path(where[1])


def test_a_session_leaves_nothing_and_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    killed, left = run(tmp_path, f"{WITH_SERVER}    os.kill(os.getpid(), 9)\n")
    assert killed.returncode == -signal.SIGKILL
    assert left.parent == work_folder.home_of(CHECKOUT)
    servers = work_folder.processes_of(left)
    assert "postgres" in {process.name() for process in servers}
    done, session = run(tmp_path, f"{WITH_SERVER}    embedded.stop_server(data)\n")
    assert done.returncode == 0, done.stdout + done.stderr
    for folder in (left, session):
        assert not folder.exists()
        assert work_folder.processes_of(folder) == []
    assert [process for process in servers if work_folder.is_running(process)] == []
    assert Path(os.environ[work_folder.VARIABLE]).exists()  # this one is alive


def test_a_session_that_leaves_a_process_fails_and_ends_it(tmp_path: Path) -> None:
    source = "import subprocess\ndef test_start():\n    subprocess.Popen(['sleep', '471'])\n"
    done, session = run(tmp_path, f"{source}{SAYS_WHERE}")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert re.search(r"left running: \d+ sleep 471", done.stderr)
    assert work_folder.processes_of(session) == []
    assert f"is in {session} until" in done.stderr
    work_folder.clear_away(session)


def test_a_test_that_writes_elsewhere_fails(tmp_path: Path) -> None:
    outside = CHECKOUT / "tests" / "nobody-wrote-this"
    source = f"import pathlib\ndef test_stray():\n    pathlib.Path({str(outside)!r}).touch()\n{SAYS_WHERE}"
    done, session = run(tmp_path, source)
    outside.unlink()
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "a test writes to tmp_path" in done.stdout
    work_folder.clear_away(session)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("open", ("/home/x/file", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", (b"/home/x/file", None, os.O_RDWR)),
        ("open", (Path("somewhere"), "a", os.O_WRONLY)),
        ("os.mkdir", ("/work/x/.motcua-2/folder", 0o777, -1)),
        ("os.rename", ("/work/x/.motcua/file", "/work/x/file", -1, -1)),
    ],
)
def test_a_write_outside_the_work_folder_is_found(event: str, arguments: tuple[object, ...]) -> None:
    strays = Strays(Path("/work/x/.motcua"))
    strays.hear(event, arguments)
    assert strays.found == []  # what happens between tests is pytest's own
    strays.is_testing = True
    strays.hear(event, arguments)
    assert len(strays.found) == 1


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("open", ("/home/x/file", "r", os.O_RDONLY | os.O_CLOEXEC)),
        ("open", (7, "w", os.O_WRONLY)),
        ("open", ("/work/x/.motcua/file", "w", os.O_WRONLY)),
        ("open", ("/work/x/src/__pycache__/a.pyc", "w", os.O_WRONLY)),
        ("open", ("/dev/null", "w", os.O_WRONLY)),
        ("os.rename", ("/home/x/file", "/work/x/.motcua/file", -1, -1)),
        ("import", ("os", None, None, None, None)),
    ],
)
def test_reading_and_writing_inside_are_no_strays(event: str, arguments: tuple[object, ...]) -> None:
    strays = Strays(Path("/work/x/.motcua"))
    strays.is_testing = True
    strays.hear(event, arguments)
    assert strays.found == []


SKIPS = f"""
import pytest
def test_ok():
{SAYS_WHERE}
@pytest.mark.parametrize("number", [1, 2])
def test_no(number):
    pytest.skip("no such server: apt-get install it")
"""


def test_what_is_not_run_is_counted_and_said(tmp_path: Path) -> None:
    done, _ = run(tmp_path, SKIPS)
    assert done.returncode == 0
    assert re.search(r"2 tests NOT RUN =+\nno such server: apt-get install it\n", done.stdout)


def test_the_build_server_leaves_no_test_out(tmp_path: Path) -> None:
    done, session = run(tmp_path, SKIPS, "true")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "the build server runs every test" in done.stderr
    work_folder.clear_away(session)


def test_a_file_and_a_folder_that_shares_something_are_run_by_one_worker(tmp_path: Path) -> None:
    places = ("test_a.py", "test_b.py", "e2e/test_c.py", "e2e/test_d.py", "test_e.py")
    for place in places:
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text("import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n): ...\n", "utf-8")
    done = pytest_in(tmp_path, "-v", "--numprocesses=2")
    ran = re.findall(r"\[(gw\d)\].* PASSED \S*?((?:e2e/)?test_\w)\.py", done.stdout)
    assert len(ran) == 4 * len(places), done.stdout + done.stderr
    workers: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    for worker, file in ran:
        place = file.partition("/")[0]
        workers.setdefault(place, set()).add(worker)
        first.setdefault(worker, place)
    assert {place: len(found) for place, found in workers.items()} == {"test_a": 1, "test_b": 1, "e2e": 1, "test_e": 1}
    assert "e2e" in first.values()


def test_the_build_server_installs_what_the_skipped_tests_ask_for() -> None:
    tests = (CHECKOUT / "tests/unit/extract/adapters/test_sql_mariadb.py").read_text(encoding="utf-8")
    asked = re.search(r"apt-get install ([a-z -]+)", tests)
    assert asked
    assert f"--no-install-recommends {asked[1]}\n" in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
