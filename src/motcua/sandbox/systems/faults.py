"""Selects the requests that a scripted fault hits: by protocol, system and path, after some requests, at most some
times, or for a share of them.

A share is drawn from the seed, the request and how often that request was sent. It does not depend on the clock or on
other clients, so the same requests meet the same faults in any order of several clients.
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
    "shrunk_answer", "gateway_404",
]  # fmt: skip
# At most one of these hits a request. The other kinds change an answer that is given, and several may apply.
REFUSALS = frozenset({"5xx", "429", "timeout", "reset", "token_expires", "html_login", "gateway_404"})


class Fault(BaseModel):
    """One fault.

    Attributes:
        protocol, group_ids, path: the requests that it applies to; empty for all. `path` is a part of the URL's path.
        share: the share of these requests that it hits.
        after: number of requests that pass before the first hit.
        times: largest number of hits.
        seconds: length of a time-out or of a slow answer (default 60), or the error of a clock (default 600).
        status: status of a 5xx; drawn from 500, 502, 503 and 504 when not given.
        retry_after: seconds in the Retry-After header of a 429; no header when not given.
        rows: number of rows by which pages shift, or that are missing from a page.
        cap: largest number of rows in a page.
        keep: share of the rows that remain in a shrunk answer.
        field, renamed_to: the key that is renamed, or the key of a plaintext password.
        filters: names of the parameters that are ignored; by default dates and statuses.
        variant: `mid_body` for a reset in the middle of the body; `header` for a charset that is wrong only in the
            header.
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
    """The active faults, and the seed for their shares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class IncomingRequest:
    """The properties of a request that faults use. Two requests with the same `identity` are the same request."""

    protocol: str
    group_id: int | None
    path: str
    identity: str


@dataclass(frozen=True)
class Hit:
    """A fault that hits a request. `luck`, from 0 to 1, decides what the fault leaves to chance."""

    fault: Fault
    luck: float


@dataclass
class Faults:
    """The active faults, and their counters."""

    current: FaultPlan = field(default_factory=FaultPlan)
    _seen: Counter[int] = field(default_factory=Counter)
    _fired: Counter[int] = field(default_factory=Counter)
    _repeats: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.current.faults)

    def plan(self, plan: FaultPlan) -> None:
        """Replace the faults and reset all counters."""
        self.current = plan
        for counter in (self._seen, self._fired, self._repeats):
            counter.clear()

    def hits(self, request: IncomingRequest) -> list[Hit]:
        """Return the faults that hit a request, refusals last."""
        found: list[Hit] = []
        for place, fault in enumerate(self.current.faults):
            if not _is_for(fault, request):
                continue
            self._seen[place] += 1
            if self._seen[place] <= fault.after or (fault.times is not None and self._fired[place] >= fault.times):
                continue
            self._repeats[place, request.identity] += 1
            luck = self._luck(place, request.identity)
            if luck >= fault.share:
                continue
            self._fired[place] += 1
            found.append(Hit(fault, luck / fault.share))
            if fault.kind in REFUSALS:
                break
        return found

    def report(self) -> dict[str, Any]:
        """Return the faults with the number of requests that each checked (`seen`) and hit (`fired`)."""
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


def _is_for(fault: Fault, request: IncomingRequest) -> bool:
    return (
        fault.protocol in (None, request.protocol)
        and (not fault.group_ids or request.group_id in fault.group_ids)
        and fault.path in request.path
    )
