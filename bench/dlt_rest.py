"""dlt's REST source, asked the question our adapters ask and given the keys our mappings keep."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from typing import Any

import psycopg

from motcua.catalog import Source
from motcua.settings import Settings


def dlt_credentials(dsn: str) -> dict[str, Any]:
    """Return a DSN as dlt takes it: it insists on a host, which the query then replaces by the server's socket."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    return {
        "database": parts["dbname"],
        "username": parts["user"],
        "password": parts.get("password", "none"),
        "host": "localhost",
        "port": parts.get("port", 5432),
        "query": {"host": parts["host"]},
    }


def dlt_question(protocol: str, source: Source, window: Any, connection: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return dlt's client and endpoint for the question our adapter asks, with the parameters it sends."""
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth, HttpBasicAuth
    from dlt.sources.helpers.rest_client.paginators import OffsetPaginator, PageNumberPaginator

    from motcua.extract.adapter import make_adapter
    from motcua.extract.mapping import load_mapping

    adapter: Any = make_adapter(source, connection, load_mapping(Settings.load().catalog_dir, source.mapping))
    try:
        if protocol == "opencps":

            class Rows(OffsetPaginator):
                """OpenCPS wants the row after the last one, not how many."""

                def update_request(self, request: Any) -> None:
                    super().update_request(request)
                    request.params["end"] = self.current_value + self.limit

                def init_request(self, request: Any) -> None:
                    super().init_request(request)
                    request.params["end"] = self.current_value + self.limit

            return (
                {
                    "base_url": connection.base_url,
                    "auth": HttpBasicAuth(connection.login, connection.password),
                    "headers": adapter._headers,
                    "paginator": Rows(source.page_size, offset_param="start", limit_param="end", total_path="total"),
                },
                {"path": "dossiers", "params": adapter._parameters(window), "data_selector": "data"},
            )
        client = {"base_url": connection.base_url, "auth": BearerTokenAuth(adapter._log_in().text)}
        if protocol == "igate":
            return (
                client | {"paginator": PageNumberPaginator(0, page_param="page", total_path="totalPages")},
                {
                    "path": "pa/dossier/search",
                    "params": adapter._parameters(window) | {"size": source.page_size},
                    "data_selector": "content",
                },
            )
        return (
            client | {"paginator": PageNumberPaginator(1, page_body_path="pageNumber", total_path="data.totalPages")},
            {
                "path": "api/v1/hoso/search",
                "method": "POST",
                "json": adapter._question(window) | {"pageSize": source.page_size},
                "data_selector": "data.data",
            },
        )
    finally:
        adapter.close()


def kept_keys(mapping: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what makes of a record its kept values by path, the identities as HMAC: what our extractor keeps."""
    key = secrets.token_bytes(32)
    paths = [
        (path.replace(".", "_"), tuple(path.split(".")) if mapping.nested else (path,))
        for path in (*mapping.keys.keep, *mapping.keys.hmac)
    ]
    secret = [path.replace(".", "_") for path in mapping.keys.hmac]
    identity = mapping.identity_key

    def keep(record: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {"dossier_key": record[identity]}
        for name, parts in paths:
            value: Any = record
            for part in parts:
                if isinstance(value, list):
                    value = value[int(part)] if part.lstrip("-").isdigit() and value else None
                elif isinstance(value, dict):
                    value = value.get(part)
                elif not part.lstrip("-").isdigit():
                    value = None
            kept[name] = json.dumps(value) if isinstance(value, dict | list) else value
        for name in secret:
            if kept[name]:
                kept[name] = hmac.digest(key, str(kept[name]).encode(), "sha256").hex()
        return kept

    return keep
