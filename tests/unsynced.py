"""A plugin of pytest: the PostgreSQL server of a session does not wait for the disk.

Nothing in it outlives the session. What a killed process left is in the system's memory all the same; only a machine
that loses power would notice.
"""

from __future__ import annotations


def pytest_sessionstart() -> None:
    """Add to what the embedded server of this process is started with, if it starts one."""
    from motcua.warehouse import embedded

    embedded.TUNING += "fsync = off\nfull_page_writes = off\n"
