"""Where a record stands in a dropped file, for people: what names a record that has no id.

Landing and quarantine keep it as the text (JSON) of `motcua.extract.wire.evidence`, in `stands_in`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from motcua.settings import TIMEZONE

STANDS_IN = "stands_in"


@dataclass(frozen=True)
class Place:
    """A row of a dropped file, of one sheet where it is a workbook, as the file was saved at an instant."""

    file: str
    sheet: str | None
    row: int
    saved_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.file}{f', sheet {self.sheet}' if self.sheet else ''} row {self.row}"

    @property
    def saved(self) -> str:
        """When the file was saved, in Asia/Ho_Chi_Minh to the second; empty where its time is not known."""
        return f"{self.saved_at.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M:%S}" if self.saved_at else ""

    @classmethod
    def of(cls, stands_in: str | None) -> Place | None:
        """Return the place that a text of `stands_in` states; None of what stands in no file, as a database's rows."""
        said = json.loads(stands_in) if stands_in else {}
        if not said.get("file") or not said.get("row"):
            return None
        at = said.get("dropped_at")
        return cls(said["file"], said.get("sheet"), said["row"], datetime.fromisoformat(at) if at else None)
