"""The two databases: `store` (dossier versions, ledger, measures) and `warehouse` (editions).

In: DSNs; without a DSN, the embedded server is used. Out: engines, migrations, SQL statements by name.
Never: a business rule; those are in `include/sql/`.
"""

from motcua.warehouse.engine import libpq_dsn, store_engine, warehouse_engine
from motcua.warehouse.sessions import is_lost_session, with_one_retry
from motcua.warehouse.statements import array_text, statement
from motcua.warehouse.upgrade import database_status, upgrade_databases

__all__ = [
    "array_text",
    "database_status",
    "is_lost_session",
    "libpq_dsn",
    "statement",
    "store_engine",
    "upgrade_databases",
    "warehouse_engine",
    "with_one_retry",
]
