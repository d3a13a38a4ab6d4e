"""A mapping whose keys change: each dossier is recognised under its new key, or the pull is refused by name."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.cli import main
from motcua.consolidate import consolidate_batches
from motcua.errors import ConfigurationError, ContractBroken
from motcua.extract import extract_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.replay import read_again
from motcua.extract.source_keys import note_numbering
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.settings import Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))
COLUMNS = ["Số", "Quyển", "Thủ tục", "Ngày nhận", "Hẹn trả", "Tình trạng"]


class Register:
    """The register of one commune, with a mapping that tests rewrite."""

    def __init__(self, catalog: Path) -> None:
        self.catalog = catalog
        self._runs = 0
        for name in ("mappings", "sources", "units", "drops"):
            (catalog / name).mkdir(parents=True)
        (catalog / "units/units.csv").write_text(
            "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
            "xa,99200,commune,commune,,Xã Mẫu,2020-01-01,,made up\n",
            encoding="utf-8",
        )
        self.entry("xa.so")
        self.identity(**{"as": "code"})

    def entry(self, agency_code: str) -> None:
        source = {"source_id": "xa.so", "name": "Sổ", "system_code": "so", "agency_code": agency_code}
        source |= {"adapter": "files", "mapping": "so", "level": "commune", "unit_id": "xa", "valid_from": "2020-01-01"}
        document = {"sources": [source | {"options": {"path": "drops/*"}}]}
        (self.catalog / "sources/so.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        load_catalog.cache_clear()

    def identity(self, kept: tuple[str, ...] = ("Số", "Quyển"), **rule: object) -> None:
        instant = {"as": "instant", "formats": ["dd/MM/yyyy"]}
        document = {
            "adapter": "files",
            "covers": "register",
            "null_values": [""],
            "identity": {"key": "Số"} | rule,
            "status": {"key": "Tình trạng", "codes": {"Đang xử lý": {"code": 4, "evidence": "inferred"}}},
            "channel": {"as": "constant", "code": 1},
            "fields": {
                "dossier_no": {"as": "code", "key": kept[0]},
                **({"reference_uid": {"as": "code", "key": "Quyển"}} if "Quyển" in kept else {}),
                "procedure_code": {"as": "procedure", "key": "Thủ tục"},
                "received_at": instant | {"key": "Ngày nhận"},
                "due_at": instant | {"key": "Hẹn trả"},
            },
            "keys": {
                "keep": [*kept, *COLUMNS[2:]],
                "drop_unneeded": [name for name in COLUMNS[:2] if name not in kept],
            },
        }
        path = self.catalog / "mappings/so.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        load_mapping.cache_clear()

    def drop(self, *rows: str) -> None:
        (self.catalog / "drops/so.csv").write_text("\n".join([",".join(COLUMNS), *rows, ""]), encoding="utf-8")

    def pull(self, window: tuple[date, date] = OCTOBER, *, accept_changes: bool = False) -> ledger.Batch:
        self._runs += 1
        catalog = load_catalog(self.catalog)
        run = f"run-{self._runs}"
        [[batch_id]] = ledger.plan_run(catalog, run, window[1], window=window, accept_changes=accept_changes)
        extract_batches([batch_id], lambda _: NO_CONNECTION)
        validate_batches([batch_id])
        consolidate_batches([batch_id])
        return ledger.read_batches([batch_id])[0]


@pytest.fixture
def register(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    monkeypatch.setenv("MOTCUA_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("MOTCUA_LANDING", str(tmp_path / "landing"))
    return Register(tmp_path / "catalog")


def row(number: object, book: str = "A", on: str = "02/10/2023") -> str:
    return f"{number},{book},2.000815,{on},31/12/2024,Đang xử lý"


def counted() -> list[str]:
    with store_engine().connect() as connection:
        ids = connection.scalars(
            text('select dossier_id from dossier_current where not is_deleted order by dossier_id collate "C"')
        )
        return list(ids)


def test_a_key_that_gains_a_column_takes_the_place_of_the_one_without(register: Register) -> None:
    register.drop(row(1), row(2))
    register.pull()
    register.identity(**{"as": "key", "unique_in": [{"column": "Quyển"}]})
    register.drop(row(1), row(2), row(1, "B"))
    batch = register.pull()
    assert (batch.state, batch.new_count, batch.tombstoned_count) == ("loaded", 3, 2)
    assert counted() == ["1|A", "1|B", "2|A"]
    assert register.pull().unchanged_count == 3


def test_a_dossier_that_comes_back_only_later_is_recognised_then(register: Register) -> None:
    register.drop(row("001"), row("002"))
    register.pull()
    register.identity(**{"as": "key"})
    register.drop(row(1))
    register.pull()
    assert counted() == ["002", "1/2023"]
    register.drop(row(1), row(2))
    assert register.pull().tombstoned_count == 1
    assert counted() == ["1/2023", "2/2023"]


def test_a_rule_that_makes_the_same_keys_changes_nothing(register: Register) -> None:
    register.drop(row("1/2023"), row("000.01.21.H59-231002-0001"))
    register.pull()
    register.identity(**{"as": "key"})
    batch = register.pull()
    assert (batch.new_count, batch.unchanged_count, batch.tombstoned_count) == (0, 2, 0)


def test_a_rule_that_is_taken_back_gives_the_dossiers_their_old_keys_again(register: Register) -> None:
    rules = [{"as": "code"}, {"as": "key"}, {"as": "code"}]
    register.drop(row("001"))
    for rule, key in zip(rules, ["001", "1/2023", "001"], strict=True):
        register.identity(**rule)
        register.pull()
        assert counted() == [key]


def test_a_key_of_a_column_that_is_no_longer_read_is_refused_by_name(register: Register) -> None:
    register.drop(row(1))
    register.pull()
    register.identity(("Quyển",), **{"as": "key", "key": "Quyển"})
    batch = register.pull()
    assert (batch.state, batch.error_kind) == ("failed", "ContractBroken")
    assert "its 1 dossiers in the store were made with Số" in str(batch.error_message)
    assert "take Số back into identity" in str(batch.error_message)
    assert counted() == ["1"]


def test_another_agency_code_is_refused_by_name(register: Register) -> None:
    register.drop(row(1))
    register.pull()
    register.entry("xa.khac")
    batch = register.pull()
    assert batch.state == "failed"
    assert "xa.so: 1 of its dossiers in the store stand under another system_code or agency_code" in str(
        batch.error_message
    )
    assert counted() == ["1"]


YEARS = (date(2023, 1, 1), date(2024, 12, 31))


def begun_again(register: Register) -> ledger.Batch:
    """Let the register of 2023 be loaded, and pull that of 2024, which begins at 1 again."""
    register.drop(row(1), row(2, on="03/10/2023"))
    register.pull(YEARS)
    register.drop(*(row(number, on=f"0{number}/01/2024") for number in (1, 2, 3)))
    return register.pull(YEARS)


def received() -> dict[str, str]:
    with store_engine().connect() as connection:
        rows = connection.execute(text("select dossier_id, received_at::date::text as day from dossier_current"))
        return {row.dossier_id: row.day for row in rows}


def test_a_numbering_that_begins_again_holds_the_batch_with_the_lines_side_by_side(register: Register) -> None:
    batch = begun_again(register)
    assert batch.state == "held"
    told = str(batch.error_message)
    assert "2 keys come back with other content" in told
    assert "1: received 2023-10-02, procedure 2.000815 | received 2024-01-01, procedure 2.000815;" in told
    assert "`motcua sources renumbered xa.so --since 2024-01-01`" in told
    assert received() == {"1": "2023-10-02", "2": "2023-10-03"}


def test_after_the_command_old_and_new_are_different_dossiers(
    register: Register, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun_again(register)
    command = ["motcua", "--catalog", str(register.catalog), "sources", "renumbered"]
    for arguments, code in ((["xa.so", "--since", "2024-01-01"], 0), (["xa.so", "--since", "2999-01-01"], 1)):
        monkeypatch.setattr(sys, "argv", [*command, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
    assert "those of before stay as they are" in " ".join(capsys.readouterr().out.split())
    batch = register.pull(YEARS)
    assert (batch.state, batch.new_count, batch.changed_count) == ("loaded", 3, 0)
    assert received() == {
        "1": "2023-10-02",
        "2": "2023-10-03",
        "1~2024-01-01": "2024-01-01",
        "2~2024-01-01": "2024-01-02",
        "3~2024-01-01": "2024-01-03",
    }
    with store_engine().connect() as connection:  # a list of dossiers tells them apart too
        assert len(set(connection.scalars(text("select dossier_no from dossier_current")))) == 5


def test_a_replay_reads_the_keys_that_a_source_has_and_refuses_others(register: Register) -> None:
    register.identity(**{"as": "key", "unique_in": [{"column": "Quyển"}]})
    begun_again(register)
    source = load_catalog(register.catalog).source_by_id["xa.so"]
    note_numbering(source, load_mapping(register.catalog, "so"), date(2024, 1, 1))
    assert register.pull(YEARS).new_count == 3
    keys = counted()
    assert keys == ["1|A", "1|A~2024-01-01", "2|A", "2|A~2024-01-01", "3|A~2024-01-01"]

    replays = [one.batch_id for one in read_again(source, "replay-1")]
    validate_batches(replays)
    consolidate_batches(replays)
    assert [batch.unchanged_count for batch in ledger.read_batches(replays)] == [2, 3]
    assert counted() == keys

    register.identity(**{"as": "key", "unique_in": [{"literal": "HT"}]})
    with pytest.raises(ContractBroken, match=r"2 records of batch .* have another key now"):
        read_again(source, "replay-2")


def test_a_new_number_that_was_loaded_before_the_command_takes_its_new_key(register: Register) -> None:
    register.drop(row(7, on="02/01/2024"))
    register.pull(YEARS)
    catalog = load_catalog(register.catalog)
    mapping = load_mapping(register.catalog, "so")
    assert note_numbering(catalog.source_by_id["xa.so"], mapping, date(2024, 1, 1), with_known=True) == 1
    batch = register.pull(YEARS)
    assert (batch.new_count, batch.tombstoned_count) == (1, 1)
    assert counted() == ["7~2024-01-01"]


def test_a_day_that_would_give_known_dossiers_a_second_key_is_refused_by_name(register: Register) -> None:
    register.drop(row(1), row(2, on="03/10/2023"), row(3, on="04/10/2023"))
    register.pull(YEARS)
    source, mapping = load_catalog(register.catalog).source_by_id["xa.so"], load_mapping(register.catalog, "so")
    with pytest.raises(ConfigurationError) as refused:
        note_numbering(source, mapping, date(2023, 10, 3))
    assert "xa.so: 2 dossiers in the store were received since 2023-10-03, from 2023-10-03 to 2023-10-04" in str(
        refused.value
    )
    assert register.pull(YEARS).unchanged_count == 3  # nothing was kept
    assert note_numbering(source, mapping, date(2023, 10, 5)) == 0
    register.drop(row(1), row(2, on="03/10/2023"), row(3, on="04/10/2023"), row("01", on="05/10/2023"))
    register.identity(**{"as": "key", "unique_in": []})
    assert register.pull(YEARS).new_count == 1
    assert note_numbering(source, mapping, date(2023, 10, 5)) == 0  # said again, it changes nothing
    assert note_numbering(source, mapping, date(2023, 10, 4), with_known=True) == 1  # not what is of the later one


@pytest.mark.parametrize("on", ["01/09/2023", "20/11/2023"])
def test_a_day_of_a_new_numbering_is_told_only_where_it_parts_the_old_numbers_from_the_new(
    register: Register, on: str
) -> None:
    register.drop(row(1), row(2, on="20/11/2023"))
    register.pull(YEARS)
    register.drop(row(1, on=on), row(2, on="20/01/2024"))
    told = str(register.pull(YEARS).error_message)
    assert "2 keys come back with other content" in told
    assert "renumbered" not in told
    assert "--accept-changes" in told


def test_a_key_by_year_mends_a_numbering_that_begins_again_and_leaves_last_year_as_it_was(register: Register) -> None:
    assert begun_again(register).state == "held"
    register.identity(**{"as": "key"})
    assert register.pull(YEARS).new_count == 3
    assert received()["1"] == "2023-10-02"  # not taken for this year's: it keeps its old key until it comes back
    register.drop(row(1), row(2, on="03/10/2023"))
    register.pull(YEARS)
    assert counted() == ["1/2023", "1/2024", "2/2023", "2/2024", "3/2024"]


def test_corrections_that_look_like_other_dossiers_are_loaded_once_somebody_accepts_them(register: Register) -> None:
    register.drop(row(1))
    register.pull()
    register.drop(row(1, on="10/02/2023"))  # day and month were swapped
    assert register.pull().state == "held"
    batch = register.pull(accept_changes=True)
    assert (batch.state, batch.changed_count) == ("loaded", 1)


def test_keys_of_a_systems_own_database_are_not_numbered_anew(register: Register) -> None:
    catalog = load_catalog(Settings.load().shipped_catalog_dir)
    mapping = load_mapping(Settings.load().shipped_catalog_dir, "opencps")
    with pytest.raises(ConfigurationError, match="do not begin again"):
        note_numbering(catalog.source_by_id["tra-vinh.c29236"], mapping, date(2024, 1, 1))
