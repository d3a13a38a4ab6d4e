"""The command `motcua`, loaded once for all pages: a server that forks for each call, and the client that calls it.

Started as a module with an address and a catalogue. A call brings its arguments, folder, environment and its three
streams; the fork runs `motcua.cli.main` on them. A call whose client is gone is ended. Loading takes 5 s, a fork 20 ms,
and the pages call some eighty times.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import motcua

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(call)
    ended = server.recv(1)
sys.exit(ended[0] if ended else 70)
"""
READY = "ready\n"
LATE = ("great_expectations.expectations.core", "pandas", "adbc_driver_postgresql.dbapi")
NEVER = ("motcua.demo", "motcua.orchestration", "motcua.sandbox")  # no command of a page needs them


def main() -> None:
    address, catalog = sys.argv[1], Path(sys.argv[2])
    _preload(catalog)
    stamp = _stamp(catalog)
    caches = _caches()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the handlers
        threading.Thread(target=_end_with_parent, daemon=True).start()
        sys.stdout.write(READY)
        sys.stdout.flush()
        while True:
            call, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _handle(call, [] if _stamp(catalog) == stamp else caches)
            call.close()


def _end_with_parent() -> None:
    sys.stdin.read()  # the parent writes nothing: this returns when it is gone
    os._exit(0)


def _preload(catalog: Path) -> None:
    """Import what the commands import late, and read the catalogue."""
    modules = (module.name for module in walk_packages(motcua.__path__, "motcua.") if "migrations" not in module.name)
    for name in (*LATE, *(name for name in modules if not name.startswith(NEVER))):
        import_module(name)
    from motcua.catalog import load_catalog

    load_catalog(catalog)


def _stamp(catalog: Path) -> list[Any]:
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in catalog.rglob("*.*"))


def _caches() -> list[Any]:
    """Return the caches of the project's functions: what they hold of a catalogue goes when a page edits it."""
    found = (kept for kept in gc.get_objects() if isinstance(kept, functools._lru_cache_wrapper))
    return [kept for kept in found if kept.__module__.startswith("motcua")]


def _handle(call: socket.socket, stale: list[Any]) -> None:
    """Run one call in a process of its own, tell its exit code, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(call, 8, 3)
    with call.makefile("rb") as reader:
        arguments, folder, environment = json.loads(reader.read(int.from_bytes(head, "big")))
    child = os.fork()
    if child == 0:
        call.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        for kept in stale:
            kept.cache_clear()
        _run(arguments, folder, environment)
    for stream in streams:
        os.close(stream)
    threading.Thread(target=_end_with_client, args=(call, child), daemon=True).start()
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        call.sendall(bytes([os.waitstatus_to_exitcode(status) & 255]))
    os._exit(0)


def _end_with_client(call: socket.socket, child: int) -> None:
    with suppress(OSError):
        call.recv(1)  # the client sends nothing more: this returns when it is gone
        os.kill(child, signal.SIGTERM)


def _run(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    from motcua.cli import main as command

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["motcua", *arguments]
    sys.modules["__main__"].__package__ = ""  # else click names the command after this module
    code: Any = 0
    try:
        command()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
