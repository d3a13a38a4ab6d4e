"""Figures are not final while a source was asked elsewhere, or for something else, than its entry says today."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import text
from tests.petition_world import SOURCE_ID, add_source, drop, emptied, row, take
from tests.petition_world import make_catalog as make_petition_catalog
from tests.unit.extract.test_register import OCTOBER, REGISTER, make_catalog, pull, unmet

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import asked_sha256, every_source
from motcua.consolidate import consolidate_batches
from motcua.extract import extract_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.replay import note_read_again, read_again
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.period import period_between
from motcua.publish import Edition, publish_edition, read_form
from motcua.publish.edition.lifecycle import checklist_now
from motcua.publish.files.page import page_html
from motcua.settings import Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

HEAD, *ROWS = REGISTER.splitlines(keepends=True)
PERIOD = period_between(*OCTOBER)


def say(catalog: Path, options: str) -> None:
    """Write other options into the entry of the register."""
    entry = catalog / "sources" / "plain.yaml"
    words = entry.read_text(encoding="utf-8")
    entry.write_text(words[: words.index("options: ")] + f"options: {{{options}}}}}\n", encoding="utf-8")
    load_catalog.cache_clear()


def publish() -> Edition:
    return publish_edition("form-06", "plain", PERIOD)


def missing(edition: Edition, code: str = "read_as_stated") -> list[str]:
    [line] = [line for line in edition.content["checklist"] if line["code"] == code]
    return [said["en"] for said in line["missing"]]


def received() -> int:
    told = read_form("form-06", "plain", PERIOD).total.told
    return told["received_online"] + told["received_direct"]


def replay() -> None:
    """Read again what was landed, as the command does."""
    sources = [one for one in every_source(load_catalog(Settings.load().catalog_dir)) if one.source_id == "plain.x"]
    since = ledger.read_again_since()
    batch_ids = [one.batch_id for one in read_again(sources[0], "replay-1")]
    validate_batches(batch_ids)
    consolidate_batches(batch_ids)
    build_measures()
    note_read_again(sources, ledger.read_batches(batch_ids), since)


def ingest(first: date, last: date, **accepted: bool) -> ledger.Batch:
    """Ask for some days, as `motcua ingest` does."""
    if not accepted:
        return pull((first, last))
    catalog = load_catalog(Settings.load().catalog_dir)
    run_id = f"run-{random.random()}"
    [[batch_id]] = ledger.plan_run(catalog, run_id, last, window=(first, last), **accepted)  # type: ignore[arg-type]
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    validate_batches([batch_id])
    consolidate_batches([batch_id])
    build_measures()
    return ledger.read_batches([batch_id])[0]


@pytest.fixture
def wrong_place(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue whose entry read the files of another office, and says the right place since; return its folder."""
    make_catalog("register", HEAD + "".join([ROWS[0], *ROWS[4:7]]), tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    (catalog / "wrong").mkdir()
    others = "".join(ROWS).replace("H59.11", "H59.12")
    (catalog / "wrong" / "m.csv").write_text(HEAD + others, encoding="utf-8")
    saved_at = datetime(2023, 11, 20, tzinfo=UTC).timestamp()  # before the file in the right place
    os.utime(catalog / "wrong" / "m.csv", (saved_at, saved_at))
    say(catalog, 'path: "wrong/*"')
    assert pull().state == "loaded"
    return catalog


def test_after_the_path_of_an_entry_was_corrected_what_was_read_from_the_wrong_place_is_not_final(
    wrong_place: Path,
) -> None:
    assert publish().completeness == "final"
    say(wrong_place, 'path: "drops/*"')
    edition = publish()
    assert (edition.completeness, unmet(edition)) == ("provisional", ["read_as_stated"])
    [said] = missing(edition)
    assert "plain.x (Xã plain): 1 pulls, of 2023-09-25 to 2023-10-31, asked otherwise" in said
    assert "changed: options.path" in said
    assert said.endswith("run `motcua ingest --source plain.x --from 2023-09-25 --to 2023-10-31`")
    assert "motcua ingest --source plain.x --from 2023-09-25 --to 2023-10-31" in page_html(edition)

    replay()  # reads the same rows again, so it mends nothing
    assert unmet(publish()) == ["read_as_stated"]

    ingest(date(2023, 9, 25), date(2023, 10, 31))
    edition = publish()
    assert ("nothing_missing" in unmet(edition), missing(edition)) == (True, [])
    taken = ingest(date(2023, 9, 25), date(2023, 10, 31), accept_shrink=True)
    assert taken.state == "loaded", taken.error_message
    replay()
    edition = publish()
    assert (edition.completeness, unmet(edition), received()) == ("final", [], 3)


def test_after_the_sheets_of_an_entry_were_corrected_what_was_counted_of_a_draft_is_not_final(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch).unlink()
    catalog = tmp_path / "catalog"
    book = Workbook()
    del book["Sheet"]
    for title, number in (("Sổ", "231001"), ("Nháp", "231002")):
        sheet = book.create_sheet(title)
        for line in [HEAD, *ROWS[1:6]]:
            sheet.append(line.replace("231001", number).strip().split(","))
    book.save(catalog / "drops" / "m.xlsx")
    assert pull().state == "loaded"
    assert (publish().completeness, received()) == ("final", 10)

    say(catalog, 'path: "drops/*", sheets: ["Sổ"]')
    assert unmet(publish()) == ["read_as_stated"]
    assert "changed: options.sheets" in missing(publish())[0]
    ingest(*OCTOBER)
    assert "nothing_missing" in unmet(publish())
    ingest(*OCTOBER, accept_shrink=True)
    assert (publish().completeness, received()) == ("final", 5)


def book(catalog: Path, folder: str, rows: list[str]) -> None:
    """Save a register in a folder of drops."""
    (catalog / "drops" / folder).mkdir(exist_ok=True)
    (catalog / "drops" / folder / "so.csv").write_text(HEAD + "".join(rows), encoding="utf-8")


def of_november(rows: list[str]) -> list[str]:
    return [row.replace("231001", "231101").replace("/10/2023", "/11/2023") for row in rows]


CLOSED = [row for row in ROWS if "Đang xử lý" not in row]
NOVEMBER = (date(2023, 11, 1), date(2023, 11, 30))


@pytest.fixture
def old_book(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue whose register has a folder for each book; that of October was taken in. Return its folder."""
    make_catalog("register", REGISTER, tmp_path, monkeypatch).unlink()
    catalog = tmp_path / "catalog"
    book(catalog, "old", CLOSED)
    say(catalog, 'path: "drops/old/*"')
    assert pull().state == "loaded"
    assert (publish().completeness, received()) == ("final", 7)
    return catalog


@pytest.mark.parametrize(
    ("carried", "said_first"),
    [([], ""), ([CLOSED[0]], ""), ([CLOSED[3]], ""), (CLOSED[1:6], "first_record_on: 2023-11-01, ")],
    ids=[
        "nothing is carried over",
        "one of an older month is",
        "one of the month before is",
        "many are, and it is said",
    ],
)
def test_a_book_that_begins_later_withdraws_nothing_of_the_book_before_it(
    old_book: Path, carried: list[str], said_first: str
) -> None:
    """An office begins a new folder, the entry names it, and the days of the old book are asked for there."""
    book(old_book, "new", [*carried, *of_november(CLOSED[1:-1])])
    shutil.rmtree(old_book / "drops" / "old")
    say(old_book, 'path: "drops/new/*", once: []')
    mapping = old_book / "sources" / "plain.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("options:", f"{said_first}options:"))
    load_catalog.cache_clear()
    for accepted in (False, True):
        taken = ingest(date(2023, 9, 1), NOVEMBER[1], **({"accept_shrink": True} if accepted else {}))
        assert taken.state == "loaded", taken.error_message
        edition = publish()
        assert (edition.completeness, received()) == ("provisional", 7)
        [said] = missing(edition)
        assert "of 2023-09-25 to 2023-10-31" in said
        assert "let the pattern name both (such as `drops/202[34]/*`)" in said


def test_a_new_book_in_the_place_of_the_old_one_leaves_its_days_as_they_are(old_book: Path) -> None:
    book(old_book, "old", of_november(CLOSED[1:-1]))
    assert ingest(OCTOBER[0], NOVEMBER[1]).state == "loaded"
    assert (publish().completeness, received()) == ("final", 7)
    assert ingest(OCTOBER[0], NOVEMBER[1], accept_shrink=True).state == "loaded"
    assert (publish().completeness, received()) == ("final", 7)


def test_a_dossier_open_in_the_old_book_alone_is_not_withdrawn_by_the_new_one(old_book: Path) -> None:
    book(old_book, "old", [*CLOSED, ROWS[6]])
    assert pull().state == "loaded"
    book(old_book, "old", of_november(CLOSED[1:-1]))
    assert ingest(*NOVEMBER, accept_shrink=True).state == "loaded"
    edition = publish()
    assert (unmet(edition), received()) == (["nothing_missing"], 8)


def test_a_pattern_that_names_both_books_before_the_new_one_begins_keeps_the_old_one_final(old_book: Path) -> None:
    say(old_book, 'path: "drops/*/*"')
    taken = ingest(*OCTOBER, accept_changes=True)  # its file has its folder in its name now
    assert taken.state == "loaded", taken.error_message
    assert publish().completeness == "final"
    book(old_book, "new", of_november(CLOSED[1:-1]))
    assert pull(NOVEMBER).state == "loaded"
    assert (publish().completeness, received()) == ("final", 7)
    november = publish_edition("form-06", "plain", period_between(*NOVEMBER))
    assert (november.completeness, unmet(november)) == ("final", [])


def test_an_office_that_moves_its_register_is_final_again_after_one_pull(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    pull()
    assert publish().completeness == "final"
    shutil.move(catalog / "drops", catalog / "moved")
    say(catalog, 'path: "moved/*"')
    assert unmet(publish()) == ["read_as_stated"]
    pull((date(2023, 10, 20), date(2023, 11, 10)))  # a night that asks for other days: a register shows all of its own
    assert publish().completeness == "final"


def test_what_does_not_say_where_or_what_is_asked_keeps_figures_final(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    say(tmp_path / "catalog", 'path: "drops/*", once: ["bo sung*"], optional_columns: ["Ngày trả kết quả"]')
    assert publish().completeness == "final"


def test_an_extract_in_the_right_place_is_asked_for_the_days_that_it_did_not_tell(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("period", HEAD + "".join(ROWS[1:]), tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    pull()
    shutil.copytree(catalog / "drops", catalog / "right")
    say(catalog, 'path: "right/*"')
    pull((date(2023, 10, 11), date(2023, 10, 31)))
    assert "--from 2023-10-01 --to 2023-10-10" in missing(publish())[0]
    pull((date(2023, 10, 1), date(2023, 10, 10)))
    assert missing(publish()) == []


def test_of_a_source_that_lists_only_a_part_another_place_is_another_entry(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("period", HEAD + "".join(ROWS[1:]), tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    entry = catalog / "sources" / "plain.yaml"
    entry.write_text(entry.read_text(encoding="utf-8").replace("options", "lists_all: false, options"))
    pull()
    shutil.copytree(catalog / "drops", catalog / "right")
    say(catalog, 'path: "right/*"')
    pull()
    [said] = missing(publish())
    assert "it lists only a part (lists_all: false)" in said


def test_of_a_store_of_before_nobody_knows_what_was_asked_until_the_next_pull(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    with store_engine().begin() as connection:  # as the revision that keeps it leaves what it finds
        connection.execute(text("update batch set asked_sha256 = '{}', shown_days = null"))
    [said] = missing(publish())
    assert "asked nobody knows where" in said
    assert "`motcua ingest --source plain.x --from 2023-10-01 --to 2023-10-31`" in said
    pull((date(2023, 11, 1), date(2023, 11, 10)))
    assert publish().completeness == "final"


def test_a_source_that_ended_before_it_was_kept_is_not_asked_again(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    with store_engine().begin() as connection:
        connection.execute(text("update batch set asked_sha256 = '{}', shown_days = null"))
    entry = tmp_path / "catalog" / "sources" / "plain.yaml"
    entry.write_text(entry.read_text(encoding="utf-8").replace("2020-01-01", "2020-01-01, valid_to: 2025-06-30"))
    load_catalog.cache_clear()
    assert missing(publish()) == []


def test_a_register_keeps_the_days_of_its_dossiers_and_an_extract_none(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    mapping = tmp_path / "catalog" / "mappings" / "plain.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("covers: register", "covers: period"))
    load_mapping.cache_clear()
    pull()
    with store_engine().connect() as connection:
        kept = connection.execute(text("select shown_days::text, asked_sha256 from batch order by pull_no")).all()
    source = load_catalog(Settings.load().catalog_dir).sources[0]
    asked = asked_sha256(tmp_path / "catalog", source)
    assert [tuple(one) for one in kept] == [("[2023-09-25,2023-10-28)", asked), (None, asked)]


@pytest.fixture
def petitions(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    catalog = make_petition_catalog(tmp_path / "catalog")
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    with emptied(catalog):
        yield catalog


def test_petitions_are_not_final_while_their_words_mean_something_else_than_when_they_were_read(
    petitions: Path,
) -> None:
    drop(add_source(petitions), row("1"), row("2"), on=date(2023, 11, 2))
    take()

    def said() -> list[str]:
        lines = checklist_now("petitions", "842:2020", PERIOD)["checklist"]
        [line] = [line for line in lines if line["code"] == "read_as_stated"]
        return [what["en"] for what in line["missing"]]

    assert said() == []
    entry = petitions / "petitions" / f"{SOURCE_ID}.yaml"
    words = entry.read_text(encoding="utf-8").replace("Hành vi hành chính: behaviour", "Hành vi hành chính: regulation")
    entry.write_text(words, encoding="utf-8")
    assert "changed: options.words" in said()[0]
    take(day=date(2023, 11, 10))
    assert said() == []


@pytest.mark.parametrize("seed", range(3))
def test_no_edition_is_final_while_an_entry_asks_otherwise_than_its_newest_pull_did(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Pulls of random days and corrections of an entry in random order, in a register that is the same everywhere."""
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    catalog, chance = tmp_path / "catalog", random.Random(seed)
    shutil.copytree(catalog / "drops", catalog / "moved")
    said: list[Any] = ['path: "drops/*"', 'path: "moved/*"', 'path: "drops/*", encoding: "utf-8"']
    today = asked = said[0]
    pull()
    finals = 0
    for _ in range(8):
        if chance.random() < 0.5:
            today = chance.choice(said)
            say(catalog, today)
        else:
            first = date(2023, 10, chance.randint(1, 28))
            assert pull((first, date(2023, 11, chance.randint(1, 20)))).state == "loaded"
            asked = today
        is_final = checklist_now("form-06", "plain", PERIOD)["completeness"] == "final"
        assert is_final == (asked == today)
        finals += is_final
    assert finals
