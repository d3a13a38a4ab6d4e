"""`python -m motcua.sandbox --scenario ID --port N`: serve a scenario's one-stop systems on the loopback interface."""

from __future__ import annotations

import argparse

from motcua.sandbox.scenario import scenario_ids
from motcua.sandbox.serve import serve


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m motcua.sandbox", description=__doc__)
    parser.add_argument("--scenario", required=True, choices=scenario_ids())
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port and prints it")
    arguments = parser.parse_args()
    serve(arguments.scenario, arguments.port)


if __name__ == "__main__":
    main()
