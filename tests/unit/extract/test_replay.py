"""A replay reads landing again by today's mapping: in the order of the pulls, once each, and without the source."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from sqlalchemy import text
from tests.unit.extract.test_register import MAPPING, OCTOBER, make_catalog, pull

from motcua import landing, ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.errors import ContractBroken
from motcua.extract import extract_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.replay import Replay, note_read_again, read_again
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.settings import Settings
from motcua.validate import validate_batches
from motcua.warehouse import statement, store_engine

HEAD = "Số hồ sơ,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái\n"
NARROW = MAPPING.format(covers="register")
WIDE = (
    NARROW.replace('"Đang xử lý": {code: 4', '"Xong": {code: 9, evidence: inferred}, "Đang xử lý": {code: 2')
    .replace('"Trực tuyến": 2', '"Trực tuyến": 2, "Bưu điện": 3')
    .replace('formats: ["dd/MM/yyyy"]', 'formats: ["dd/MM/yyyy", "dd/MM/yy"]')
)


def say(folder: Path, *rows: str) -> None:
    (folder / "catalog" / "drops" / "m.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def dossier(number: int, status: str = "Đang xử lý", returned: str = "", channel: str = "Trực tiếp") -> str:
    return f"H59.11-231001-{number:04},Đăng ký khai tử,{channel},02/10/2023,20/10/2023,{returned},{status}"


def read_by(folder: Path, mapping: str) -> None:
    (folder / "catalog" / "mappings" / "plain.yaml").write_text(mapping, encoding="utf-8")
    load_catalog.cache_clear()
    load_mapping.cache_clear()


def judge(replays: list[Replay]) -> list[ledger.Batch]:
    ids = [one.batch_id for one in replays]
    validate_batches(ids)
    consolidate_batches(ids)
    build_measures()
    return ledger.read_batches(ids)


def replay(source_id: str = "plain.x") -> list[ledger.Batch]:
    source = load_catalog(Settings.load().catalog_dir).source_by_id[source_id]
    since = ledger.read_again_since()
    batches = judge(read_again(source, f"replay-{uuid4()}"))
    note_read_again([source], batches, since)
    return batches


def current(source_id: str = "plain.x") -> dict[str, dict[str, Any]]:
    sql = "select * from dossier_version where known_to is null and source_id = :source"
    with store_engine().connect() as connection:
        return {row["dossier_id"]: dict(row) for row in connection.execute(text(sql), {"source": source_id}).mappings()}


def counted() -> set[str]:
    return {number for number, row in current().items() if not row["is_deleted"]}


def still_open(source_id: str = "plain.x") -> set[str | None]:
    sql = "select record_id from quarantine_status where status = 'open' and source_id = :source"
    with store_engine().connect() as connection:
        return {row.record_id for row in connection.execute(text(sql), {"source": source_id})}


def fates(batches: list[ledger.Batch]) -> list[tuple[int | None, ...]]:
    names = ("new_count", "changed_count", "unchanged_count", "stale_count", "quarantined_count")
    return [tuple(getattr(batch, name) for name in names) for batch in batches]


@pytest.mark.usefixtures("databases")
def test_a_replay_stands_where_its_pull_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    say(tmp_path, dossier(1), dossier(2), dossier(3, "Xong", "05/10/2023"), dossier(4))
    first = pull()
    # The second pull shows 1 as it was, 2 as returned, 3 as in process again, and does not show 4.
    say(tmp_path, dossier(1), dossier(2, "Đã trả kết quả", "19/10/2023"), dossier(3))
    second = pull()
    assert still_open() == set()
    read_by(tmp_path, WIDE)  # in process is accepted, and `Xong` a status
    source = load_catalog(Settings.load().catalog_dir).source_by_id["plain.x"]
    chosen = read_again(source, "replay-1")
    assert [(one.replay_of, one.read_again, one.shown_later) for one in chosen] == [
        (first.batch_id, 1, 3), (second.batch_id, 3, 0),
    ]  # fmt: skip

    # While it waits, the source answers again: 1 was returned. The replay of the older pull must not reopen it.
    say(tmp_path, dossier(1, "Đã trả kết quả", "18/10/2023"), dossier(2, "Đã trả kết quả", "19/10/2023"), dossier(3))
    assert pull().state == "loaded"
    batches = judge(chosen)
    assert [batch.said_in_pull for batch in batches] == [first.pull_no, second.pull_no]
    assert fates(batches) == [(0, 1, 0, 0, 0), (0, 0, 2, 1, 0)]  # 4; then 2 and 3, which the last pull read so already
    assert {number[-1]: row["status_code"] for number, row in current().items()} == {"1": 10, "2": 10, "3": 2, "4": 2}
    with store_engine().connect() as connection:
        assert connection.execute(statement("aggregate/compare_with_recompute"), {"unit_ids": None}).all() == []
    versions = {row["version_id"] for row in current().values()}
    assert fates(replay()) == [(0, 0, 1, 0, 0), (0, 0, 3, 0, 0)]
    assert {row["version_id"] for row in current().values()} == versions


def forget_readings(batch: ledger.Batch) -> None:
    """Leave a batch as migrations leave it: landed without `as_sent`, and without a hash of what was accepted."""
    landed = landing.read_records(batch.landing_uri, batch.manifest_sha256)
    facts = landing.read_manifest(batch.landing_uri)
    earlier = landed.set_column(landed.column_names.index("as_sent"), "as_sent", pa.nulls(landed.num_rows, pa.string()))
    sha256 = landing.write_records(batch.landing_uri, earlier, facts)
    with store_engine().begin() as connection:
        connection.execute(
            text("update batch set manifest_sha256 = :sha, accepted_sha256 = null where batch_id = :batch_id"),
            {"sha": sha256, "batch_id": batch.batch_id},
        )


@pytest.mark.usefixtures("databases")
def test_a_store_of_before_readings_were_kept_takes_a_changed_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    say(tmp_path, dossier(1), dossier(2, "Đã trả kết quả", "19/10/2023"), dossier(3, channel="Bưu điện"))
    forget_readings(pull())
    read_by(tmp_path, WIDE)
    assert fates(replay()) == [(0, 1, 1, 0, 1)]
    assert {row["status_code"] for row in current().values()} == {2, 10}
    assert still_open() == {"H59.11-231001-0003"}  # its channel was not kept


@pytest.mark.usefixtures("databases")
def test_a_batch_that_was_held_is_read_again_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    say(tmp_path, *(dossier(number).replace("/2023", "/23") for number in range(1, 26)))
    held = pull()
    assert (held.state, held.failed_stage) == ("held", "validate")
    read_by(tmp_path, WIDE)
    [loaded] = replay()
    assert (loaded.batch_id, loaded.state, loaded.new_count, loaded.replay_of) == (held.batch_id, "loaded", 25, None)
    assert loaded.landing_uri != held.landing_uri
    assert landing.read_manifest(loaded.landing_uri)["reads_again"]["landing"] == held.landing_uri
    [known] = ledger.coverage()
    assert known.stock_from == date(2023, 10, 1)


@pytest.mark.usefixtures("databases")
def test_a_batch_that_was_held_is_not_read_again_by_other_keys_than_the_store_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    numbers = [str(number) for number in range(1, 26)]
    rows = [dossier(0).replace("H59.11-231001-0000", f"0{number}") for number in numbers]
    say(tmp_path, *rows)
    forget_readings(pull())  # so that its records cannot tell that their keys are other ones
    say(tmp_path, *(row.replace("/2023", "/23") for row in rows))
    assert pull().failed_stage == "validate"
    read_by(tmp_path, WIDE.replace("identity: {as: code,", "identity: {as: key, unique_in: [],"))
    with pytest.raises(ContractBroken, match=r"25 records of batch .* have another key now"):
        replay()
    read_by(tmp_path, WIDE)
    assert [batch.state for batch in replay()] == ["loaded", "loaded"]
    assert current().keys() == {f"0{number}" for number in numbers}


@pytest.mark.usefixtures("databases")
def test_pulls_of_before_a_key_was_changed_can_be_read_again_once_a_pull_has_put_the_new_keys_in_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    rows = [dossier(number).replace(f"H59.11-231001-{number:04}", f"0{number}") for number in range(1, 7)]
    rows[5] = rows[5].replace("Trực tiếp", "Bưu điện")
    say(tmp_path, *rows)
    first = pull()
    by_key = NARROW.replace("identity: {as: code,", "identity: {as: key, unique_in: [],")
    read_by(tmp_path, by_key)
    with pytest.raises(ContractBroken, match=r"6 records of batch .* have another key now"):
        replay()
    say(tmp_path, *rows[:4], rows[5])  # 5 is not shown any more, and nobody can say under which key it stands
    assert pull().state == "loaded"
    assert counted() == {"1", "2", "3", "4", "05"}
    with pytest.raises(ContractBroken, match=f"1 records of batch {first.batch_id} have another key now"):
        replay()
    say(tmp_path, *rows)
    assert pull().state == "loaded"
    assert counted() == {"1", "2", "3", "4", "5"}
    read_by(tmp_path, by_key.replace('"Trực tuyến": 2', '"Trực tuyến": 2, "Bưu điện": 3'))
    assert {batch.state for batch in replay()} == {"loaded"}
    assert counted() == {*"123456"}
    assert current()["6"]["channel_code"] == 3


@pytest.mark.usefixtures("databases")
def test_after_a_replay_the_store_is_as_if_the_mapping_had_been_right_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sources give the same random rows in five pulls: one read by the narrow mapping, one by the wide one."""
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    entry = (catalog / "sources" / "plain.yaml").read_text(encoding="utf-8")
    other = entry.replace("plain.x", "other.x").replace("system_code: plain", "system_code: other")
    other = other.replace("mapping: plain", "mapping: wide").replace("drops/", "drops/../drops/")  # the same files
    (catalog / "sources" / "other.yaml").write_text(other, encoding="utf-8")
    (catalog / "mappings" / "wide.yaml").write_text(WIDE, encoding="utf-8")
    draw = random.Random(20231027)
    for night in range(5):
        rows = []
        for number in draw.sample(range(1, 200), 120):
            status = draw.choice(["Đang xử lý", "Xong", "Đã trả kết quả", "Đã trả kết quả", "Chờ ký"])
            day = draw.choice(["19/10/2023", "21/10/23"]) if status in ("Xong", "Đã trả kết quả") else ""
            channel = draw.choice(["Trực tiếp", "Trực tuyến", "Bưu điện"]) if number % 3 else "Trực tiếp"
            rows.append(dossier(number, status, day, channel))
        say(tmp_path, *rows)
        days = (OCTOBER[0], date(2023, 10, 27 + night))
        for chunk in ledger.plan_run(load_catalog(catalog), f"night-{night}", days[1], window=days):
            with monkeypatch.context() as context:
                context.setattr("motcua.extract.pull.check_listing", lambda *_, **__: {})  # each shows what it likes
                assert extract_batches(chunk, lambda _: NO_CONNECTION).failed == []
            with monkeypatch.context() as context:
                context.setattr("motcua.validate.batches._hold", lambda *_: None)  # of random rows many are set aside
                validate_batches(chunk)
            assert consolidate_batches(chunk).failed == []
    build_measures()
    assert current("plain.x").keys() != current("other.x").keys()
    (tmp_path / "catalog" / "drops" / "m.csv").unlink()
    read_by(tmp_path, WIDE)
    with monkeypatch.context() as context:
        context.setattr("motcua.validate.batches._hold", lambda *_: None)
        assert {batch.state for batch in replay()} == {"loaded"}

    def content(source_id: str) -> dict[str, tuple[Any, ...]]:
        names = ("status_code", "channel_code", "received_at", "due_at", "returned_at", "source_status")
        return {key: tuple(row[name] for name in names) for key, row in current(source_id).items()}

    assert content("plain.x") == content("other.x")
    assert still_open("plain.x") == still_open("other.x")
    with store_engine().connect() as connection:
        assert connection.execute(statement("aggregate/compare_with_recompute"), {"unit_ids": None}).all() == []
