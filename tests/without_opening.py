"""A world as a pipeline knows it that took no opening: without what it could never see open nor received.

Issue 9, section 1: once a source's first pull takes an opening, whoever compares with this compares with the world.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motcua.sandbox.world.columns import World
from motcua.sandbox.world.past import OPEN
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number


def without_opening(world: World) -> World:
    """Leave out what was received before the period and closed when it was first asked for, on night 1."""
    first = world.nights[1]
    is_past = first.received // DAY_SECONDS < day_number(world.scenario.from_date)
    unseen = is_past & (first.received > 0) & ~np.isin(first.status, OPEN)
    nights = {number: world.nights[number] for number in (1, 2)}
    return replace(world, nights={number: night.with_values(unseen, present=False) for number, night in nights.items()})
