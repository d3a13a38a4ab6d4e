"""One machine's one-stop systems: the world, which night it is, who is down, the account, and what was answered.

Every protocol serves from the same host, so a test may ask in one and compare with another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from starlette.responses import Response

from motcua.sandbox.systems.tokens import Tokens
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.working_days import Ints


class Answer(Response):
    """A JSON answer by orjson, NumPy included."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


@dataclass
class Served:
    """What was answered since the last reset, for a test to reconcile with the pipeline's ledger."""

    size: int
    seen: Any = field(init=False)
    rows: dict[int, int] = field(default_factory=dict)
    requests: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.size, np.bool_)

    def ask(self, group_id: int) -> None:
        self.requests[group_id] = self.requests.get(group_id, 0) + 1

    def count(self, group_id: int, rows: Ints) -> None:
        self.seen[rows] = True
        self.rows[group_id] = self.rows.get(group_id, 0) + len(rows)


class Host:
    """What the protocols share. `tokens` are those of iGate and of Tân Dân alike."""

    def __init__(self, world: World, login: str, password: str) -> None:
        self.world = world
        self.night = 1
        self.down: set[int] = set()
        self.served = Served(len(world))
        self.tokens = Tokens(f"{world.scenario.seed}:{password}")
        self._credentials = f"{login}:{password}".encode()

    def knows(self, login: str, password: str) -> bool:
        return hmac.compare_digest(f"{login}:{password}".encode(), self._credentials)

    def knows_basic(self, authorization: str) -> bool:
        """Tell whether an Authorization header carries the account by HTTP Basic."""
        kind, _, credentials = authorization.partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, self._credentials)
