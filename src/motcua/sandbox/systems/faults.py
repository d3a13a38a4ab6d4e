"""Which requests a scripted fault hits: by protocol, system and path, after some, at most some, or a share of them.

A share is drawn from the seed and the request itself (and how often it has come), not from the clock or from what other
clients ask meanwhile: the same questions meet the same faults, in whatever order several clients ask them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Protocol = Literal["opencps", "igate", "tandan"]
FaultKind = Literal[
    "5xx", "429", "timeout", "slow_drip", "reset", "truncated_json", "invalid_json", "wrong_charset",
    "duplicated_page", "shifting_pages", "cursor_tie", "stuck_cursor", "short_page", "page_cap", "clock_skew",
    "token_expires", "filter_ignored", "field_renamed", "plaintext_password", "html_login", "empty_answer",
    "shrunk_answer",
]  # fmt: skip
# A request meets at most one of these; the others bend or change an answer that is given, and may add up.
REFUSALS = frozenset({"5xx", "429", "timeout", "reset", "token_expires", "html_login"})


class Fault(BaseModel):
    """One thing that goes wrong.

    Attributes:
        protocol, group_ids, path: which requests it is for; empty for all. `path` is a part of the URL's path.
        share: of those, the share it hits. after: how many pass first. times: how many it hits at most.
        seconds: how long a time-out lasts or an answer drips (default 60), or by how much a clock is off (default 600).
        status: of a 5xx; drawn from 500, 502, 503 and 504 when not given.
        retry_after: seconds a 429 asks to wait; no header when not given.
        rows: how far pages shift, or how many rows a page lacks. cap: most rows a page holds.
        keep: share of the rows a shrunk answer has left.
        field, renamed_to: the key that is renamed, or the key a plaintext password is told under.
        filters: names of the parameters that are ignored; dates and statuses when not given.
        variant: `mid_body` of a reset; `header` of a wrong charset (only the header is wrong).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    protocol: Protocol | None = None
    group_ids: frozenset[int] = frozenset()
    path: str = ""
    share: float = Field(default=1.0, gt=0, le=1)
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, ge=-86_400, le=86_400)
    status: int | None = Field(default=None, ge=500, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    rows: int = Field(default=1, ge=1)
    cap: int = Field(default=10, ge=1)
    keep: float = Field(default=0.6, ge=0, lt=1)
    field: str = ""
    renamed_to: str = ""
    filters: tuple[str, ...] = ()
    variant: Literal["", "mid_body", "header"] = ""


class FaultPlan(BaseModel):
    """The faults in force, and the seed their shares are drawn from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A request as faults tell it from others. `identity` is everything that makes it the same question."""

    protocol: str
    group_id: int | None
    path: str
    identity: str


@dataclass(frozen=True)
class Hit:
    """A fault that hits a request; `luck` in 0..1 decides what it leaves open."""

    fault: Fault
    luck: float


@dataclass
class Faults:
    """The faults in force, and what they have done."""

    current: FaultPlan = field(default_factory=FaultPlan)
    _seen: Counter[int] = field(default_factory=Counter)
    _fired: Counter[int] = field(default_factory=Counter)
    _repeats: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.current.faults)

    def plan(self, plan: FaultPlan) -> None:
        """Replace the faults; all counting starts again."""
        self.current = plan
        for counter in (self._seen, self._fired, self._repeats):
            counter.clear()

    def hits(self, asked: Asked) -> list[Hit]:
        """Return the faults that hit a request, refusals last."""
        found: list[Hit] = []
        for place, fault in enumerate(self.current.faults):
            if not _is_for(fault, asked):
                continue
            self._seen[place] += 1
            if self._seen[place] <= fault.after or (fault.times is not None and self._fired[place] >= fault.times):
                continue
            self._repeats[place, asked.identity] += 1
            luck = self._luck(place, asked.identity)
            if luck >= fault.share:
                continue
            self._fired[place] += 1
            found.append(Hit(fault, luck / fault.share))
            if fault.kind in REFUSALS:
                break
        return found

    def report(self) -> dict[str, Any]:
        """Return the faults with how many requests each saw and hit."""
        return {
            "seed": self.current.seed,
            "faults": [
                {**fault.model_dump(mode="json"), "seen": self._seen[place], "fired": self._fired[place]}
                for place, fault in enumerate(self.current.faults)
            ],
        }

    def _luck(self, place: int, identity: str) -> float:
        text = f"{self.current.seed}|{place}|{self._repeats[place, identity]}|{identity}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def _is_for(fault: Fault, asked: Asked) -> bool:
    return (
        fault.protocol in (None, asked.protocol)
        and (not fault.group_ids or asked.group_id in fault.group_ids)
        and fault.path in asked.path
    )
