"""The state of one machine's one-stop systems: the world, the current night, the systems that are down, the account,
and counters of the answers.

All protocols serve from the same host, so a test can compare the answers of two protocols.
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
    """A JSON response serialised by orjson, including NumPy values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


@dataclass
class Served:
    """Counters of the answers since the last reset, which a test reconciles with the pipeline's ledger."""

    size: int
    seen: Any = field(init=False)
    rows: dict[int, int] = field(default_factory=dict)
    requests: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.size, np.bool_)

    def count_request(self, group_id: int) -> None:
        self.requests[group_id] = self.requests.get(group_id, 0) + 1

    def count_rows(self, group_id: int, rows: Ints) -> None:
        self.seen[rows] = True
        self.rows[group_id] = self.rows.get(group_id, 0) + len(rows)


class Host:
    """The state that the protocols share. iGate and Tân Dân use the same `tokens`."""

    def __init__(self, world: World, login: str, password: str) -> None:
        self.world = world
        self.night = 1
        self.down: set[int] = set()
        self.served = Served(len(world))
        self.tokens = Tokens(f"{world.scenario.seed}:{password}")
        self._credentials = f"{login}:{password}".encode()

    def accepts_login(self, login: str, password: str) -> bool:
        return hmac.compare_digest(f"{login}:{password}".encode(), self._credentials)

    def accepts_basic(self, authorization: str) -> bool:
        """Return whether an Authorization header has the account by HTTP Basic."""
        kind, _, credentials = authorization.partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, self._credentials)
