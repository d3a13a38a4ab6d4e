"""500 planted people are in every protocol's payload and in nothing a night leaves behind, whatever goes wrong."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, inspect, text
from tests.reliability.province import DROPPED, HTTP, OCTOBER, Province

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.canary import CANARY, identities
from motcua.sandbox.world.columns import World
from motcua.settings import Settings
from motcua.warehouse import store_engine, warehouse_engine

pytestmark = pytest.mark.usefixtures("databases")

PEOPLE = (CANARY, *identities())
NUMBERS = {number for person in PEOPLE for number in (person.phone, person.id_number)}
WORDS = ("công tằng tôn nữ", "ton.nu.", "ngô đồng xác xơ", "mk-tonnu-", CANARY.name, CANARY.email, CANARY.password)


def found_in(content: str) -> set[str]:
    """Return what of the planted people stands in a text, in whatever case or Unicode form."""
    folded = unicodedata.normalize("NFC", content).casefold()
    return (
        {word for word in WORDS if word.casefold() in folded}
        | (set(re.findall(r"(?=(\d{10}))", folded)) & NUMBERS)
        | (set(re.findall(r"(?=(\d{12}))", folded)) & NUMBERS)
    )


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every file below a folder as text, the databases' own apart; Parquet as its rows."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "pg" in path.relative_to(folder).parts or "drops" in path.relative_to(folder).parts:
            continue
        yield (
            path.name,
            str(pq.read_table(path).to_pylist())
            if path.suffix == ".parquet"
            else path.read_bytes().decode(errors="replace"),
        )


def rows(engine: Engine) -> Iterator[tuple[str, str]]:
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            yield table, str(connection.execute(text(f"select * from {table}")).fetchall())


def test_the_search_finds_a_planted_person() -> None:
    person = identities()[7]
    for planted in person.strings:
        assert found_in(f"<{planted.lower()}>"), planted
    assert found_in(unicodedata.normalize("NFD", person.name))
    assert found_in("Nguyễn Văn An, 0012345678") == set()


@pytest.mark.parametrize("adapter", [*HTTP, *DROPPED])
def test_no_planted_person_is_in_what_a_night_leaves(
    adapter: str,
    systems: SandboxServer,
    small: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    province = Province(adapter, small, tmp_path, systems if adapter in HTTP else None).found(monkeypatch)
    with caplog.at_level(logging.DEBUG):
        province.stand_at(1)
        province.run("first", night=1)
        province.stand_at(2)
        if adapter in HTTP:
            systems.set_faults([{"kind": "plaintext_password"}, {"kind": "invalid_json", "share": 0.2}])
        province.run("second", OCTOBER, night=2)
    left = [*files(tmp_path), *files(Settings.load().work_dir), *rows(store_engine()), *rows(warehouse_engine())]
    assert {name for name, _ in left} >= {"records.parquet", "manifest.json", "dossier_version", "quarantine_record"}
    assert sum(len(content) for _, content in left) > 1_000_000
    found = {name: found_in(content) for name, content in [*left, ("log", caplog.text)]}
    assert {name: words for name, words in found.items() if words} == {}
