"""dlt's side of the bench: its REST source asked the question our adapters ask, and its own readers of files and SQL.

It is given the keys our mapping keeps and no other, identities as the same HMAC, and merges by the dossier's id.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from adapter_jobs import Stages, connection_of, window_of
from dossiers import MESSAGES

from motcua.catalog import Source, load_catalog
from motcua.catalog.options import FilesOptions
from motcua.sandbox.exports.export import DATABASE_FILE
from motcua.sandbox.world.scenario import Scenario
from motcua.settings import Settings
from motcua.warehouse import libpq_dsn

DATASET = "by_dlt"
FORMAT = os.environ.get("BENCH_DLT_FORMAT", "csv")
STRATEGY = os.environ.get("BENCH_DLT_STRATEGY", "delete-insert")
# dlt at its best on one machine, by its documentation of performance: as many normalising processes as there are
# cores, intermediary files cut so that each has work, no compression of them, nothing reported home.
SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "NORMALIZE__WORKERS": str(os.cpu_count()),
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "DATA_WRITER__FILE_MAX_ITEMS": "50000",
}


def run_dlt(scenario: Scenario, adapter: str) -> dict[str, Any]:
    """Load the same dossiers by dlt; return seconds by step and counts."""
    import dlt

    from motcua.extract.records.mapping import mapping_of

    (source,) = load_catalog(Settings.load().catalog_dir).sources
    mapping = mapping_of(Settings.load().catalog_dir, source)
    file_format: Any = FORMAT
    if adapter == "sql":
        asked, counted, file_format = sql_source(mapping, scenario), None, "parquet"
    else:
        kept = kept_keys(mapping)
        counted = [0]

        def keep(record: dict[str, Any]) -> dict[str, Any]:
            counted[0] += 1
            return kept(record)

        asked = files_source(source, mapping, keep) if adapter == "files" else rest_source(scenario, source, keep)
    pipeline = dlt.pipeline(
        f"bench_{adapter}",
        pipelines_dir=str(Settings.load().work_dir / "dlt"),
        destination=dlt.destinations.postgres(dlt_credentials(libpq_dsn("motcua_store"))),
        dataset_name=DATASET,
    )
    stages = Stages()
    stages.run("extract", lambda: pipeline.extract(asked, loader_file_format=file_format))
    stages.run("between", pipeline.normalize)
    stages.run("load", lambda: pipeline.load(raise_on_failed_jobs=True))
    with psycopg.connect(libpq_dsn("motcua_store")) as store:
        found = store.execute(f"select count(*) from {DATASET}.dossier").fetchone()  # noqa: S608  our own name
    assert found is not None
    records = counted[0] if counted else found[0]
    return stages.found | {"version": dlt.__version__, "records": records, "rows": found[0]}


def rest_source(scenario: Scenario, source: Source, keep: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    from dlt.sources.rest_api import rest_api_source

    from motcua.extract.adapters.protocol import Window

    window = Window(*window_of(scenario))
    client, endpoint = dlt_question(source, window, connection_of(source.adapter))
    resource_of = {
        "name": "dossier",
        "endpoint": endpoint,
        "primary_key": "dossier_key",
        "write_disposition": {"disposition": "merge", "strategy": STRATEGY},
        "processing_steps": [{"map": keep}],
    }
    return rest_api_source({"client": client, "resources": [resource_of]})


def files_source(source: Source, mapping: Any, keep: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return dlt's own reader of CSV over the file our adapter reads."""
    from dlt.sources.filesystem import filesystem, read_csv

    path = Path(source.options_as(FilesOptions).path)
    columns = [*mapping.keys.keep, *mapping.keys.hmac]
    read = read_csv(usecols=columns, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    found = filesystem(bucket_url=path.parent.as_uri(), file_glob=path.name) | read
    merged = {"disposition": "merge", "strategy": STRATEGY}
    return found.add_map(keep).with_name("dossier").apply_hints(primary_key="dossier_key", write_disposition=merged)


def sql_source(mapping: Any, scenario: Scenario) -> Any:
    """Return dlt's own reader of a database in its quickest form, whole tables of Arrow, over what our query asks."""
    import pyarrow as pa
    import sqlalchemy as sa
    from dlt.sources.sql_database import sql_table

    key = secrets.token_bytes(32)
    from_date, to_date = window_of(scenario)

    def only_window(query: Any, table: Any) -> Any:
        received = table.c.ngay_tiep_nhan
        return query.where(received >= sa.text(f"'{from_date}'"), received < sa.text(f"date('{to_date}', '+1 day')"))

    def hashed(table: Any) -> Any:
        for name in mapping.keys.hmac:
            texts = [value and hmac.digest(key, value.encode(), "sha256").hex() for value in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
        return table

    found = sql_table(
        credentials=f"sqlite:///{Settings.load().work_dir / 'sql' / DATABASE_FILE}",
        table="ho_so",
        backend="pyarrow",
        chunk_size=50_000,
        included_columns=[*mapping.keys.keep, *mapping.keys.hmac],
        query_adapter_callback=only_window,
    ).with_name("dossier")
    merged = {"disposition": "merge", "strategy": STRATEGY}
    return found.add_map(hashed).apply_hints(primary_key=mapping.identity_key, write_disposition=merged)


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


def dlt_question(source: Source, window: Any, connection: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return dlt's client and endpoint for the question our adapter asks, with the parameters it sends."""
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth, HttpBasicAuth
    from dlt.sources.helpers.rest_client.paginators import OffsetPaginator, PageNumberPaginator

    from motcua.extract.adapters.protocol import make_adapter
    from motcua.extract.records.mapping import mapping_of

    adapter: Any = make_adapter(source, connection, mapping_of(Settings.load().catalog_dir, source))
    try:
        if source.adapter == "portal_sync":
            return (
                {
                    "base_url": connection.base_url,
                    "paginator": PageNumberPaginator(1, page_param="page", total_path="pages"),
                },
                {"path": MESSAGES.lstrip("/"), "data_selector": "data"},
            )
        if source.adapter == "opencps":

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
        if source.adapter == "igate":
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
