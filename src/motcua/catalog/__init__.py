"""The catalogue: sources, units and procedures as effective-dated files that a non-programmer can edit.

In: `include/catalog/` (YAML, CSV). Out: typed, frozen entries. Never: a secret, only the id of an Airflow connection.
"""

from motcua.catalog.load import Catalog, catalog_file, catalog_files, load_catalog
from motcua.catalog.models import (
    LEVELS,
    AgencyCode,
    Level,
    Procedure,
    ProcedureAlias,
    Source,
    Succession,
    Unit,
    UnitName,
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

__all__ = [
    "LEVELS",
    "OPTIONS",
    "AgencyCode",
    "Catalog",
    "FilesOptions",
    "IgateOptions",
    "Level",
    "OpencpsOptions",
    "PortalSyncOptions",
    "Procedure",
    "ProcedureAlias",
    "Source",
    "SqlOptions",
    "Succession",
    "TandanOptions",
    "Unit",
    "UnitName",
    "catalog_file",
    "catalog_files",
    "load_catalog",
]
