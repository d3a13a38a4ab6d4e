"""Serve a scenario's one-stop systems on the loopback interface, or write their dossiers to files or a database:

`python -m motcua.sandbox --scenario ID --port N`
`python -m motcua.sandbox export --scenario ID --protocol portal_sync|files|sql --to DIR`
`python -m motcua.sandbox post --scenario ID --to URL` posts its portal sync to `motcua receive`, with the account in
MOTCUA_SANDBOX_LOGIN and MOTCUA_SANDBOX_PASSWORD.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import get_args

from motcua.sandbox.exports.export import PROTOCOLS, export
from motcua.sandbox.exports.posting import post_world
from motcua.sandbox.exports.tables import FORMS, Covers
from motcua.sandbox.serve import DEFAULT_LOGIN, DEFAULT_PASSWORD, LOGIN_VARIABLE, PASSWORD_VARIABLE, serve
from motcua.sandbox.systems.portal_sync import Shape
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario, scenario_ids


def main() -> None:
    """Read the command line. Then serve until the process is stopped, or write the files and exit."""
    if sys.argv[1:2] == ["export"]:
        _export(sys.argv[2:])
        return
    if sys.argv[1:2] == ["post"]:
        _post(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m motcua.sandbox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenario", required=True, choices=scenario_ids())
    parser.add_argument("--port", type=int, default=0, help="0 uses a free port and prints it")
    parser.add_argument("--hosts", type=int, default=1, help="how many addresses of 127.0.0.0/24 answer, from .1 on")
    arguments = parser.parse_args()
    serve(arguments.scenario, arguments.port, arguments.hosts)


def _export(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m motcua.sandbox export")
    parser.add_argument("--scenario", required=True, choices=scenario_ids())
    parser.add_argument("--protocol", required=True, choices=PROTOCOLS)
    parser.add_argument("--to", required=True, help="a folder; for sql, a folder or a database URL")
    parser.add_argument("--night", type=int, default=2, help="1 or a later one the scenario has; 2 by default")
    parser.add_argument("--shape", default="2025", choices=get_args(Shape), help="the year whose fields the sync has")
    parser.add_argument(
        "--form", default=None, choices=FORMS, help="the file form of all units; by default each unit has its own"
    )
    parser.add_argument(
        "--covers", default="register", choices=get_args(Covers), help="all dossiers of a unit, or those of the period"
    )
    arguments = parser.parse_args(words)
    world = build_world(load_scenario(arguments.scenario))
    _check_nights(parser, world, arguments.night)
    how = {name: getattr(arguments, name) for name in ("night", "shape", "form", "covers")}
    print(export(world, arguments.protocol, arguments.to, **how))


def _post(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m motcua.sandbox post")
    parser.add_argument("--scenario", required=True, choices=scenario_ids())
    parser.add_argument("--to", required=True, help="the URL of `motcua receive`")
    parser.add_argument("--night", type=int, default=2, help="1 or a later one the scenario has; 2 by default")
    parser.add_argument("--since", type=int, default=None, help="only the changes since that night")
    arguments = parser.parse_args(words)
    login = os.environ.get(LOGIN_VARIABLE) or DEFAULT_LOGIN
    password = os.environ.get(PASSWORD_VARIABLE) or DEFAULT_PASSWORD
    world = build_world(load_scenario(arguments.scenario))
    _check_nights(parser, world, arguments.night, arguments.since or 1)
    answered = post_world(world, arguments.night, arguments.to, login, password, since=arguments.since)
    print(
        ", ".join(f"{count} messages answered {code}" for code, count in sorted(answered.items())) or "nothing to post"
    )


def _check_nights(parser: argparse.ArgumentParser, world: World, *nights: int) -> None:
    """Exit with a usage error when the scenario does not have one of the nights."""
    for night in nights:
        if night not in world.nights:
            parser.error(f"there is no night {night}: {world.scenario.scenario_id} has 1 to {len(world.nights)}")


if __name__ == "__main__":
    main()
