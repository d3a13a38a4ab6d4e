"""Schema changes keep what an older database holds; the two roles keep out of each other's database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, text
from tests.petition_world import add_source, drop, make_catalog, row, take

from motcua.cli.console import ready_databases
from motcua.errors import ConfigurationError
from motcua.settings import Settings
from motcua.warehouse import database_status, embedded, libpq_dsn, store_engine, upgrade_databases
from motcua.warehouse.upgrade import _config


@pytest.fixture
def empty_databases(database_server: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Point the settings at two databases as an operator would create them: owned by their role, empty."""
    admin = embedded.ensure_server(Settings.load().work_dir / "pg")
    dsns = {}
    with psycopg.connect(admin, autocommit=True) as connection:
        for name in ("store", "warehouse"):
            connection.execute(f"drop database if exists old_{name}")
            connection.execute(f"create database old_{name} owner motcua_{name}")
            dsns[name] = libpq_dsn(f"motcua_{name}").replace(f"/motcua_{name}?", f"/old_{name}?")
    for name, dsn in dsns.items():
        monkeypatch.setenv(f"MOTCUA_{name.upper()}_DSN", dsn)
    yield dsns
    from motcua.warehouse.engine import _engine

    for dsn in dsns.values():
        _engine(dsn).dispose()


def test_an_older_database_is_upgraded_with_its_rows(empty_databases: dict[str, str]) -> None:
    upgrade_databases("0001")
    assert [status.is_current for status in database_status()] == [False, False]
    with psycopg.connect(empty_databases["store"]) as connection:
        connection.execute(
            "insert into unit (unit_id, code, kind, level, name, valid_from)"
            " values ('84:2020', '84', 'province', 'province', 'Trà Vinh', '2020-01-01')"
        )
        connection.execute(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to)"
            " values ('b', 'r', 's', 'province', '2023-10-01', '2023-10-31')"
        )
        connection.execute(
            "insert into dossier_version (system_code, agency_code, dossier_id, procedure_code, status_code,"
            " received_at, unit_id, field_code, content_hash, source_id, batch_id, known_from)"
            " values ('x', '1', '1', '2.000815', 4, '2023-10-02', '84:2020', 'f', 'h', 's', 'b', now())"
        )
    with psycopg.connect(empty_databases["warehouse"]) as connection:
        connection.execute(
            "insert into edition (edition_id, report_code, unit_id, unit_code, unit_name, period_type, period_label,"
            " from_date, to_date, edition_no, state, canonical_bytes, sha256) values ('e', 'form-06', '84:2020', '84',"
            " 'Trà Vinh', 'CAL_MONTH', '2023-10', '2023-10-01', '2023-10-31', 1, 'final', '{}',"
            " encode(sha256('{}'), 'hex'))"
        )
    upgrade_databases()
    assert [status.is_current for status in database_status()] == [True, True]
    with psycopg.connect(empty_databases["store"]) as connection:
        assert connection.execute("select measure from dossier_contribution").fetchall() == [("received_direct",)]
    with (
        psycopg.connect(empty_databases["warehouse"]) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="edition is immutable"),
    ):
        connection.execute("update edition set completeness = 'provisional'")


def test_pulls_of_before_are_numbered_in_the_order_they_ended_and_versions_know_theirs(
    empty_databases: dict[str, str],
) -> None:
    with store_engine().begin() as connection:
        config = _config("store")
        config.attributes["connection"] = connection
        command.upgrade(config, "0018")
    counts = ", ".join(
        f"{name}_count"
        for name in ("pulled", "new", "changed", "unchanged", "duplicate", "quarantined", "out_of_window")
    )
    with psycopg.connect(empty_databases["store"]) as connection:
        connection.execute(
            "insert into unit (unit_id, code, kind, level, name, valid_from)"
            " values ('84:2020', '84', 'province', 'province', 'Trà Vinh', '2020-01-01')"
        )
        connection.execute(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to, state, extracted_at,"
            f" {counts}) values"
            " ('late', 'r', 's', 'province', '2023-10-01', '2023-10-31', 'loaded', '2023-11-03', 0,0,0,0,0,0,0),"
            " ('early', 'r', 's', 'province', '2023-10-01', '2023-10-31', 'loaded', '2023-11-01', 0,0,0,0,0,0,0),"
            " ('other', 'r', 't', 'province', '2023-10-01', '2023-10-31', 'loaded', '2023-11-02', 0,0,0,0,0,0,0),"
            " ('never', 'r', 's', 'province', '2023-10-01', '2023-10-31', 'planned', null, 0,0,0,0,0,0,0)"
        )
        # The second is written again by a batch of another source: it keeps the pull that said it.
        connection.execute(
            "insert into dossier_version (system_code, agency_code, dossier_id, procedure_code, status_code,"
            " received_at, unit_id, field_code, content_hash, source_id, batch_id, known_from, said_at) values"
            " ('x', '1', '1', '2.000815', 4, '2023-10-02', '84:2020', 'f', 'h', 's', 'late', '2023-11-03', null),"
            " ('x', '1', '2', '2.000815', 4, '2023-10-02', '84:2020', 'f', 'h', 's', 'other', '2023-11-02',"
            " '2023-11-01')"
        )
    upgrade_databases()
    with psycopg.connect(empty_databases["store"]) as connection:
        numbers = connection.execute("select batch_id, pull_no, stale_count from batch order by pull_no").fetchall()
        assert numbers == [("early", 1, None), ("other", 2, None), ("late", 3, None), ("never", None, None)]
        said = connection.execute("select dossier_id, said_in_pull from dossier_version order by 1").fetchall()
        assert said == [("1", 3), ("2", 1)]
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("update dossier_version set said_in_pull = 7")


def test_dossiers_of_two_offices_that_were_taken_for_one_are_to_be_told_apart_again(
    empty_databases: dict[str, str],
) -> None:
    with store_engine().begin() as connection:
        config = _config("store")
        config.attributes["connection"] = connection
        command.upgrade(config, "0021")
    with psycopg.connect(empty_databases["store"]) as connection:
        connection.execute(
            "insert into unit (unit_id, code, kind, level, name, valid_from)"
            " values ('84:2020', '84', 'province', 'province', 'Trà Vinh', '2020-01-01')"
        )
        connection.execute(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to)"
            " values ('b', 'r', 's', 'province', '2023-10-01', '2023-10-31')"
        )
        rows = [
            ("1", "1/2023", "y/1/1"),  # another system's dossier, and the number names no office
            ("2", "000.01.21.H59-231002-0001", "y/1/2"),
            ("3", "2/2023", "x/1/9"),  # a copy within its system, by its reference
            ("4", "3/2023", None),
        ]
        for row in rows:
            connection.execute(
                "insert into dossier_version (system_code, agency_code, dossier_id, dossier_no, duplicate_of,"
                " procedure_code, status_code, received_at, unit_id, field_code, content_hash, source_id, batch_id,"
                " known_from) values ('x', '1', %s, %s, %s, '2.000815', 4, '2023-10-02', '84:2020', 'f', 'h', 's', 'b',"
                " now())",
                row,
            )
    upgrade_databases()
    with psycopg.connect(empty_databases["store"]) as connection:
        assert connection.execute("select dossier_no from identity_due").fetchall() == [("1/2023",)]


def test_of_pulls_of_before_nobody_knows_what_they_asked_and_a_replay_asked_nothing(
    empty_databases: dict[str, str],
) -> None:
    with store_engine().begin() as connection:
        config = _config("store")
        config.attributes["connection"] = connection
        command.upgrade(config, "0026")
    with psycopg.connect(empty_databases["store"]) as connection:
        connection.execute(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to, replay_of, replays_pull)"
            " values ('a', 'r', 's', 'commune', '2023-10-01', '2023-10-31', null, null),"
            " ('b', 'r', 's', 'commune', '2023-10-01', '2023-10-31', 'a', 1)"
        )
    upgrade_databases()
    with psycopg.connect(empty_databases["store"]) as connection:
        kept = connection.execute("select batch_id, asked_sha256, shown_days from batch order by batch_id").fetchall()
    assert kept == [("a", {}, None), ("b", None, None)]


def test_upgrading_twice_changes_nothing(empty_databases: dict[str, str]) -> None:
    assert upgrade_databases() == upgrade_databases()


@pytest.mark.parametrize(
    ("role", "other"), [("motcua_store", "motcua_warehouse"), ("motcua_warehouse", "motcua_store")]
)
def test_a_role_cannot_enter_the_other_database(role: str, other: str, database_server: None) -> None:
    dsn = libpq_dsn(other).replace(f"postgresql://{other}@", f"postgresql://{role}@")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(dsn)


def test_the_server_is_found_running_by_the_next_process(database_server: None) -> None:
    first = embedded.ensure_server(Settings.load().work_dir / "pg")
    assert embedded.ensure_server(Settings.load().work_dir / "pg") == first
    with create_engine(first.replace("postgresql:", "postgresql+psycopg:")).connect() as connection:
        assert connection.execute(text("show synchronous_commit")).scalar() == "off"


def test_petitions_of_before_become_versions_that_the_same_files_do_not_change(
    empty_databases: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = make_catalog(tmp_path / "catalog")
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    with store_engine().begin() as connection:
        config = _config("store")
        config.attributes["connection"] = connection
        command.upgrade(config, "0017")
    with psycopg.connect(empty_databases["store"]) as connection:
        connection.execute(
            "insert into unit (unit_id, code, kind, level, name, valid_from)"
            " values ('842:2020', '842', 'district', 'district', 'Trà Vinh', '2020-01-01')"
        )
        connection.execute(
            "insert into petition (source_id, petition_id, unit_id, kind, about, received_on, due_on, handled_on,"
            " is_satisfied, noted_at) values"
            " ('tra-vinh.petitions', 'PAKN-1', '842:2020', 'behaviour', null, '2023-10-02', '2023-10-23', null, null,"
            " '2023-11-01'), ('tra-vinh.petitions', 'PAKN-2', '842:2020', 'regulation', 'official', '2023-10-02',"
            " '2023-10-09', '2023-10-10', false, '2023-11-01')"
        )
    upgrade_databases()
    assert [status.is_current for status in database_status()] == [True, True]
    with psycopg.connect(empty_databases["store"]) as connection:
        assert connection.execute("select to_regclass('petition')").fetchone() == (None,)
        [(state, new, window, measured)] = connection.execute(
            "select state, new_count, window_to::text, measured_at is not null from batch"
        ).fetchall()
        assert (state, new, window, measured) == ("loaded", 2, "1900-01-01", True)
        [(late,)] = connection.execute(
            "select count(*) from counted_day where measure = 'petition_overdue_cleared'"
        ).fetchall()
        assert late == 1

    late_one = {"Loại": "Quy định hành chính", "Đối tượng": "Cán bộ", "Hài lòng": "Không"}
    drop(
        add_source(catalog),
        row("1"),
        row("2", Hạn_xử_lý="09/10/2023", Ngày_xử_lý="10/10/2023") | late_one,
    )
    batch = take()
    assert (batch.state, batch.unchanged_count, batch.changed_count) == ("loaded", 2, 0)
    assert str(batch.window_from) == "2020-01-01"  # the days of before are asked for again


def test_what_was_validated_without_a_hash_is_judged_again(empty_databases: dict[str, str]) -> None:
    with store_engine().begin() as migrating:
        config = _config("store")
        config.attributes["connection"] = migrating
        command.upgrade(config, "0018")
    states = {"a": ("validated", None), "b": ("failed", "consolidate"), "c": ("failed", "extract"), "d": ("held", None)}
    with psycopg.connect(empty_databases["store"]) as connection:
        for name, (state, stage) in states.items():
            connection.execute(
                "insert into batch (batch_id, run_id, source_id, level, window_from, window_to, state, failed_stage)"
                " values (%s, 'r', 's', 'province', '2023-10-01', '2023-10-31', %s, %s)",
                (name, state, stage),
            )
    upgrade_databases()
    with psycopg.connect(empty_databases["store"]) as connection:
        after = connection.execute("select batch_id, state, failed_stage from batch order by 1").fetchall()
    assert after == [
        ("a", "extracted", None),
        ("b", "failed", "validate"),
        ("c", "failed", "extract"),
        ("d", "held", None),
    ]


def test_a_store_with_views_of_other_files_is_behind_until_it_is_upgraded(empty_databases: dict[str, str]) -> None:
    """A figure read through the view of an older release would be wrong in silence."""
    upgrade_databases()
    with psycopg.connect(empty_databases["store"], autocommit=True) as connection:
        connection.execute("comment on view dossier_span is 'of an older release'")
        connection.execute("drop view closing_status cascade")
    store, warehouse = database_status()
    assert (store.is_current, warehouse.is_current) == (False, True)
    assert {"dossier_span", "closing_status"} <= {*store.other_views}
    with pytest.raises(ConfigurationError, match=r"views of its own \(.*closing_status.*\)") as raised:
        ready_databases()
    assert "motcua db upgrade" in str(raised.value)
    upgrade_databases()
    ready_databases()
