"""One running sandbox for the folder, put back as it started before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario


@pytest.fixture(scope="session")
def running() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server


@pytest.fixture
def sandbox(running: SandboxServer) -> SandboxServer:
    running.set_night(1)
    running.set_down([])
    running.set_faults([])
    running.set_token_seconds(300)
    running.reset_served()
    return running


@pytest.fixture(scope="session")
def small() -> World:
    return build_world(load_scenario("small"))
