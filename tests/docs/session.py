"""A shell in which the commands of one page are run one after another, as a reader would."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

END = "end of the command "


class ShellEnded(RuntimeError):
    """The shell is gone, or a command does not end."""


class Session:
    """One bash; what a command exports or starts in the background is there for the next. A context manager."""

    def __init__(self, folder: Path, environment: Mapping[str, str], seconds: float = 300) -> None:
        """Start it in a folder with exactly this environment; a command may take so many seconds."""
        self.seconds = seconds
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._pending = ""

    def run(self, command: str, is_enough: Callable[[str], bool] = lambda output: True) -> tuple[str, int]:
        """Run a command and return what it printed, on both streams, and its exit code.

        A command in the background ends at once: what it prints is waited for until `is_enough`.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{END}%s\\n' $?\n".encode())
        self._process.stdin.flush()
        deadline = time.monotonic() + self.seconds
        while not (ended := re.search(rf"\n?^{END}(\d+)\n", self._pending, re.MULTILINE)):
            self._read(deadline, command)
        output, code = self._pending[: ended.start()], int(ended[1])
        self._pending = self._pending[ended.end() :]
        while command.rstrip().endswith("&") and not is_enough(output + self._pending):
            self._read(deadline, command)
        output, self._pending = output + self._pending, ""
        return output, code

    def _read(self, deadline: float, command: str) -> None:
        assert self._process.stdout is not None
        is_ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(self._process.stdout.fileno(), 1 << 16) if is_ready else b""
        if not part:
            why = "the shell ended" if is_ready else f"{self.seconds:g} s are over"
            raise ShellEnded(f"{why} at `{command}`; it printed:\n{self._pending}")
        self._pending += part.decode(errors="replace")

    def close(self) -> None:
        """End the shell and everything it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                break
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                continue
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
