"""The closed list of reasons why a dossier is overdue (`forms/overdue_reasons.csv`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field

from motcua.catalog.load import catalog_file
from motcua.catalog.models import Text
from motcua.catalog.options import ClosedModel
from motcua.catalog.rows import read_rows


class OverdueReason(ClosedModel):
    """A reason and its names."""

    reason_code: str = Field(pattern=r"^[a-z_]+$")
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    evidence: str = Field(min_length=1)

    @property
    def name(self) -> Text:
        """The reason in both languages."""
        return Text(vi=self.name_vi, en=self.name_en)


@lru_cache(maxsize=4)
def overdue_reasons(folder: Path) -> dict[str, OverdueReason]:
    """Return the reasons by code, in the order of the list. Raises CatalogError naming file and line."""
    path = catalog_file(folder, "forms", "overdue_reasons.csv")
    return {reason.reason_code: reason for _, _, reason in read_rows(path, OverdueReason)}
