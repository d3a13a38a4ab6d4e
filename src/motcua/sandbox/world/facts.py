"""The facts of a dossier that newer forms need, other than its dates. They have their own random stream, so a draw here
changes no other draw of the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motcua.sandbox.world.working_days import Ints

Bools = npt.NDArray[np.bool_]
REASONS = ("", "volume", "complexity", "inter_agency", "verification", "system_failure", "staff", "regulation", "other")
"""Reasons for being overdue, as codes of include/catalog/forms/overdue_reasons.csv. The first means not stated."""
NO_APOLOGY = -99
_STREAM = 9  # added to the scenario's seed, which all other draws use


@dataclass(frozen=True)
class Facts:
    """One value per record, the same on all nights. A protocol may show only some of the facts.

    Attributes:
        components: number of submitted papers; `digitised` are a part of them, `reused` a part of `digitised`, and
            `from_store` a part of `reused`.
        results: whether the result is electronic, once there is one.
        payment: how a fee is paid, if there is one: 0 not online, 1 on the national portal, 2 by a local gateway.
        non_territorial: received by a unit other than the competent one.
        rating: the applicant's rating of a closed dossier: 0 not rated, 1 satisfied, 2 unsatisfied.
        reason: position in `REASONS` of the reason for being overdue, if the dossier is ever overdue.
        apology: if the dossier is ever overdue, the number of days after its due day on which a letter of apology is
            sent. The smallest is -1, the day before. `NO_APOLOGY` for none.
    """

    components: Ints
    digitised: Ints
    reused: Ints
    from_store: Ints
    results: Bools
    verified: Bools
    population: Bools
    payment: Ints
    non_territorial: Bools
    rating: Ints
    reason: Ints
    apology: Ints


def draw_facts(seed: int, online: Bools) -> Facts:
    """Return the facts of every record of the world, drawn from a seed. `online` marks the online records."""
    rng = np.random.RandomState(seed + _STREAM)
    size = len(online)

    def share(whole: Ints, likely: float) -> Ints:
        """Return a random number from 1 to `whole` for a share of the rows, and 0 for the others."""
        taken = 1 + np.floor(rng.rand(size) * whole).astype(np.int64)
        return np.where((whole > 0) & (rng.rand(size) < likely), np.minimum(taken, whole), 0)

    components = rng.randint(1, 5, size).astype(np.int64)
    digitised = np.where(rng.rand(size) < 0.75, components, share(components, 0.4))
    reused = share(digitised, 0.35)
    from_store = share(reused, 0.3)
    pays_online = rng.rand(size) < np.where(online, 0.7, 0.1)
    return Facts(
        components=components,
        digitised=digitised,
        reused=reused,
        from_store=from_store,
        results=rng.rand(size) < 0.82,
        verified=rng.rand(size) < np.where(online, 0.9, 0.4),
        population=rng.rand(size) < 0.45,
        payment=np.where(pays_online, rng.randint(1, 3, size), 0),
        non_territorial=rng.rand(size) < np.where(online, 0.004, 0.018),
        rating=np.searchsorted(np.array([0.55, 0.97]), rng.rand(size)).astype(np.int64),
        reason=np.where(rng.rand(size) < 0.85, rng.randint(1, len(REASONS), size), 0),
        apology=np.where(rng.rand(size) < 0.7, np.minimum(rng.geometric(0.6, size) - 2, 5), NO_APOLOGY),
    )
