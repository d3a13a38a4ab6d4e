"""The `motcua` command: the work of the DAGs for a data engineer at a terminal, and the editions for an office.

In: the same settings, catalogue and databases as the DAGs. Out: tables for people, `--json` for programs. Never: a code
path of its own for a stage, or a traceback for an error with a known remedy.
"""

from motcua.cli.app import app, main

__all__ = ["app", "main"]
