"""When answers are not believed and how hard sources are asked: `guards.yaml` of the catalogue, typed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from motcua.catalog.load import read_document
from motcua.catalog.options import ClosedModel


class Shrink(ClosedModel):
    """How much of what the store knows a listing of the same days may lack."""

    max_missing_pct: float = Field(default=15, ge=0, le=100)
    minimum_dossiers: int = Field(default=20, ge=1)


class ReusedKeys(ClosedModel):
    """When a record is another dossier than the one that has its key: the guard of keys that come back.

    A reception that moves by more than `reception_days`, to a day after the end of the one known, or together with the
    applicant; or a procedure that changes together with the applicant or, where that is not told, with the day of
    reception. In a register one such key holds the batch. The key of a system's
    own database means one dossier, so there it needs `minimum_of_a_system`.

    Of a new book the receptions of many keys move at once, even if each moves by a few days: so keys whose reception
    moves at all are found where they are `moved_minimum` or more, and `moved_pct` or more of the keys that came back.
    """

    reception_days: int = Field(default=25, ge=1)
    minimum_of_a_system: int = Field(default=5, ge=1)
    moved_minimum: int = Field(default=3, ge=1)
    moved_pct: float = Field(default=20, gt=0, le=100)


class Norm(ClosedModel):
    """How far a unit's receptions may lie below its own usual ones."""

    max_below_pct: float = Field(default=25, ge=0, le=100)
    minimum_expected: float = Field(default=60, gt=0)
    minimum_deviations: float = Field(default=4, ge=0)
    history_weeks: int = Field(default=8, ge=2, le=52)
    minimum_days: int = Field(default=4, ge=2)
    tet_days_before: int = Field(default=7, ge=0, le=30)
    tet_days_after: int = Field(default=10, ge=0, le=30)


class Requests(ClosedModel):
    """How many requests a second may leave for one host, from all processes together."""

    per_second_of_a_host: float | None = Field(default=50, gt=0)


class Circuit(ClosedModel):
    """After how many failures in a row, of how many different sources, a host is left alone, and for how long.

    Where no connection is had at all, one source is enough.
    """

    failures: int = Field(default=20, ge=1)
    sources: int = Field(default=6, ge=1)
    pause_seconds: float = Field(default=30, gt=0)
    longest_pause_seconds: float = Field(default=900, gt=0)


class CatchUp(ClosedModel):
    """How days missed in an outage are asked for."""

    window_days: int = Field(default=62, ge=1)
    limit_days: int = Field(default=400, ge=1)


class Sweep(ClosedModel):
    """How often, and how far back, a source is asked for a wide window."""

    every_nights: int = Field(default=28, ge=1)
    days: int = Field(default=120, ge=0)


class Opening(ClosedModel):
    """How an opening asks for what was received before its first day: in windows of so many days, backwards.

    It ends after so many windows in a row that brought nothing which was still open on the first day, or at the
    `first_record_on` of the source.
    """

    window_days: int = Field(default=366, ge=1, le=1830)
    empty_windows: int = Field(default=3, ge=1)


class AcceptedDrop(ClosedModel):
    """A drop of a source that is known to be right, for batches whose last day lies in `from` to `to`."""

    source_id: str
    from_: date = Field(alias="from")
    to: date
    reason: str = Field(min_length=1)


class Guards(ClosedModel):
    """The file. What it leaves out has the default given here."""

    shrink: Shrink = Shrink()
    reused_keys: ReusedKeys = ReusedKeys()
    norm: Norm = Norm()
    requests: Requests = Requests()
    circuit: Circuit = Circuit()
    catch_up: CatchUp = CatchUp()
    sweep: Sweep = Sweep()
    opening: Opening = Opening()
    accepted_drops: tuple[AcceptedDrop, ...] = ()

    def accepts_drop(self, source_id: str, day: date) -> str | None:
        """Return why a drop of this source is right on a day, or none."""
        found = (drop for drop in self.accepted_drops if drop.source_id == source_id and drop.from_ <= day <= drop.to)
        return next((drop.reason for drop in found), None)


@lru_cache(maxsize=4)
def load_guards(folder: Path) -> Guards:
    """Read `guards.yaml` of a catalogue folder; without it the defaults hold.

    Raises:
        CatalogError: it is wrong; the message names the line.
    """
    path = folder / "guards.yaml"
    return read_document(path, Guards) if path.exists() else Guards()
