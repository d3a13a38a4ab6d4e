"""How to reach a source: base URL, login and password, from Airflow or, at a terminal, from the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from motcua.errors import ConfigurationError


@dataclass(frozen=True)
class SourceConnection:
    """The address and the login of a source. When `base_url` has no path, the adapter adds the path of its protocol."""

    base_url: str
    login: str
    password: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # may hold secrets too


# Connection types other than HTTP. The catalogue states the path in a file store, so these types need no host; neither
# does a login with which others post to us ("generic").
DATABASES = ("postgres", "postgresql", "mysql", "mariadb", "oracle", "sqlite")
_STORES = ("aws", "s3", "wasb", "gs", "ftp", "sftp", "ssh", "smb", "samba", "fs", "generic")
NO_CONNECTION = SourceConnection("", "", "")  # for a source without a connection in the catalogue
Resolve = Callable[[str], SourceConnection]


def connection_from_environment(connection_id: str) -> SourceConnection:
    """Read `AIRFLOW_CONN_<ID>`, a URI or JSON, with the rules of `connection_from_parts`.

    Raises:
        ConfigurationError: the variable is not set, or is neither a URI nor JSON.
    """
    variable = f"AIRFLOW_CONN_{connection_id.upper()}"
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigurationError(
            f"There is no connection {connection_id!r}: the variable {variable} is not set.",
            action=f"set {variable} to https://login:password@host/o/rest/v2, or to JSON in Airflow's form.",
        )
    parts = _json_parts(value) if value.startswith("{") else _uri_parts(value)
    if parts is None or not (parts.get("host") or parts.get("conn_type") in (*DATABASES, *_STORES)):
        raise ConfigurationError(
            f"{variable} is neither a URI with a host nor a JSON connection.",
            action=f"set {variable} to https://login:password@host/o/rest/v2, or to JSON in Airflow's form.",
        )
    return connection_from_parts(connection_id, **parts)


def connection_from_parts(
    connection_id: str,
    *,
    conn_type: str | None = None,
    host: str | None = None,
    port: int | None = None,
    schema: str | None = None,
    login: str | None = None,
    password: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> SourceConnection:
    """Build a connection from the fields of an Airflow connection.

    `schema` is the protocol when it is http or https (as in Airflow's HTTP hook); otherwise it is the path of the API.
    `extra["path"]` is also read as the path. Without a protocol, https is used. `host` may be a whole URL. A database
    gives `<type>://<host>:<port>/<name>`, SQLite gives `sqlite://<path>`.

    Raises:
        ConfigurationError: the type needs a host, and there is none.
    """
    if conn_type in DATABASES:
        return SourceConnection(
            _database(conn_type, host, port, schema), login or "", password or "", dict(extra or {})
        )
    if not host and conn_type in _STORES:
        return SourceConnection("", login or "", password or "", dict(extra or {}))
    if not host:
        raise ConfigurationError(
            f"The connection {connection_id!r} has no host.",
            action="set its host, for example https://motcua.example.gov.vn, in Airflow or AIRFLOW_CONN_*.",
        )
    protocols = [name for name in (schema, conn_type) if name in ("http", "https")]
    url = host if "://" in host else f"{protocols[0] if protocols else 'https'}://{host}"
    if port and urlsplit(url).port is None:
        split = urlsplit(url)
        url = split._replace(netloc=f"{split.netloc}:{port}").geturl()
    path = str((extra or {}).get("path") or ("" if schema in ("http", "https") else schema or "")).strip("/")
    return SourceConnection(f"{url.rstrip('/')}/{path}".rstrip("/"), login or "", password or "", dict(extra or {}))


def _database(conn_type: str, host: str | None, port: int | None, schema: str | None) -> str:
    if conn_type == "sqlite":
        return f"sqlite://{quote(host or f'/{schema}')}"
    server = (
        f"{quote(host or 'localhost', safe='')}{f':{port}' if port else ''}"  # the host may be the folder of a socket
    )
    return f"{conn_type}://{server}/{quote(schema or '')}"


def _json_parts(value: str) -> dict[str, Any] | None:
    try:
        document = json.loads(value)
        extra = document.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        port = int(document["port"]) if document.get("port") else None
    except (ValueError, TypeError, AttributeError):
        return None
    texts = {name: document.get(name) for name in ("conn_type", "host", "schema", "login", "password")}
    return {**texts, "port": port, "extra": extra}


def _uri_parts(value: str) -> dict[str, Any] | None:
    try:
        split = urlsplit(value)
        port = split.port
    except ValueError:
        return None
    return {
        "conn_type": split.scheme,
        "host": unquote(split.hostname or ""),
        "port": port,
        "schema": unquote(split.path.strip("/")) or None,
        "login": unquote(split.username or ""),
        "password": unquote(split.password or ""),
        "extra": dict(parse_qsl(split.query)),
    }
