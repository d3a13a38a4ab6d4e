"""Resolves the connection ids of the catalogue to addresses and credentials with Airflow's connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from motcua.errors import ConfigurationError

if TYPE_CHECKING:
    from motcua.extract.wire.connection import SourceConnection


def airflow_connections() -> Callable[[str], SourceConnection]:
    """Return a resolver that reads each connection from Airflow only once."""
    return cache(_resolve)


def _resolve(connection_id: str) -> SourceConnection:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from motcua.extract.wire.connection import connection_from_parts

    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"Airflow has no connection {connection_id!r}, which the catalogue uses.",
            action=f"add it (Admin > Connections), or set AIRFLOW_CONN_{connection_id.upper()}.",
        ) from None
    return connection_from_parts(
        connection_id,
        conn_type=connection.conn_type,
        host=connection.host,
        port=connection.port,
        schema=connection.schema,
        login=connection.login,
        password=connection.password,
        extra=connection.extra_dejson,
    )
