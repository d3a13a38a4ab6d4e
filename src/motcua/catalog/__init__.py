"""The catalogue: sources, units and procedures as effective-dated files that a non-programmer can edit.

In: `include/catalog/` (YAML, CSV). Out: typed, frozen entries. Never: a secret, only the id of an Airflow connection.
"""

from motcua.catalog.load import Catalog, catalog_file, catalog_files, load_catalog
from motcua.catalog.models import (
    LEVELS,
    AgencyCode,
    Level,
    ProcedureAlias,
    Source,
    StatusCode,
    StatusCodes,
    Succession,
    Unit,
    UnitName,
    stated_numbers,
)
from motcua.catalog.options import (
    OPTIONS,
    FilesOptions,
    IgateOptions,
    OpencpsOptions,
    PortalSyncOptions,
    SqlOptions,
    TandanOptions,
)
from motcua.catalog.procedures import OnlineLevel, OnlineLevels, Procedure, TimeUnit

__all__ = [
    "LEVELS",
    "OPTIONS",
    "AgencyCode",
    "Catalog",
    "FilesOptions",
    "IgateOptions",
    "Level",
    "OnlineLevel",
    "OnlineLevels",
    "OpencpsOptions",
    "PortalSyncOptions",
    "Procedure",
    "ProcedureAlias",
    "Source",
    "SqlOptions",
    "StatusCode",
    "StatusCodes",
    "Succession",
    "TandanOptions",
    "TimeUnit",
    "Unit",
    "UnitName",
    "catalog_file",
    "catalog_files",
    "load_catalog",
    "stated_numbers",
]
