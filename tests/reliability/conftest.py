"""The sandbox and its world, once for the folder, as well behaved as it starts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario


@pytest.fixture(scope="session")
def small() -> World:
    return build_world(load_scenario("small"))


@pytest.fixture(scope="session")
def running_systems() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server


@pytest.fixture
def systems(running_systems: SandboxServer) -> SandboxServer:
    running_systems.set_night(2)
    running_systems.set_down([])
    running_systems.set_faults([])
    running_systems.set_token_seconds(300)
    running_systems.reset_served()
    return running_systems
