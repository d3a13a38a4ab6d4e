"""The `motcua` command: what the DAGs do, for a data engineer at a terminal, and what an office asks of editions.

In: the same settings, catalogue and databases as the DAGs. Out: tables for people, `--json` for programs. Never:
a code path of its own for a stage, or a traceback for an error whose remedy is known.
"""

from motcua.cli.app import app, main

__all__ = ["app", "main"]
