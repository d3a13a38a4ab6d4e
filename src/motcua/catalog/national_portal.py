"""How the National Portal's public figures are asked for and read: `national_portal.yaml`, typed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.options import ClosedModel


class RowKeys(ClosedModel):
    """What the keys of a department's row are called."""

    department_id: str
    department_name: str
    children: str


class FormalityKeys(ClosedModel):
    """Where procedures are listed, and what the keys are called."""

    path: str
    formality_id: str
    formality_code: str


class Metric(ClosedModel):
    """One figure of the portal and the columns of form II.06a whose sum it should equal."""

    metric: str = Field(pattern=r"^[a-z_]+$")
    endpoint: str
    field: str
    formality_key: str
    ours: tuple[str, ...] = Field(min_length=1)
    vi: str
    en: str
    evidence: str


class Department(ClosedModel):
    """A department of the portal that a name cannot decide."""

    department_id: str
    unit_id: str
    evidence: str


class PortalContract(ClosedModel):
    """The whole file."""

    connection_id: str
    base_path: str
    page_size: int = Field(ge=1, le=1000)
    requests_per_second: float = Field(gt=0)
    row: RowKeys
    formality: FormalityKeys
    evidence: str
    metrics: tuple[Metric, ...] = Field(min_length=1)
    departments: tuple[Department, ...]

    @model_validator(mode="after")
    def _names_each_once(self) -> PortalContract:
        for name, keys in (
            ("metric", [each.metric for each in self.metrics]),
            ("department", [each.department_id for each in self.departments]),
        ):
            if len(set(keys)) < len(keys):
                raise ValueError(f"a {name} stands twice")
        return self

    def root_of(self, unit_id: str) -> str | None:
        """Return the portal's id of a unit, if the file gives it."""
        return next((each.department_id for each in self.departments if each.unit_id == unit_id), None)


@lru_cache(maxsize=4)
def load_portal_contract(catalog_dir: Path) -> PortalContract:
    """Return the contract of a catalogue, or the shipped one. Raises CatalogError naming file and line."""
    return read_document(catalog_file(catalog_dir, "", "national_portal.yaml"), PortalContract)
