"""A dossier that counts and that its source no longer shows keeps an edition from being final."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tests.unit.extract.test_register import OCTOBER, REGISTER, make_catalog, pull, unmet

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import extract_batches
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.period import period_between
from motcua.publish import Edition, publish_edition
from motcua.settings import Settings
from motcua.validate import validate_batches

pytestmark = pytest.mark.usefixtures("databases")

CORRECTED = REGISTER.replace("231001-0007", "231001-0017")  # still open, under its right number


def published() -> tuple[Edition, int]:
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    [total] = next(table for table in edition.content["tables"] if table["code"] == "total")["rows"]
    return edition, total["figures"]["open_total"]


def missing(edition: Edition) -> list[str]:
    [line] = [line for line in edition.content["checklist"] if line["code"] == "nothing_missing"]
    return [what["en"] for what in line["missing"]]


def accept_as_it_is() -> None:
    """Take the register once more, believing that it is complete (`motcua ingest --accept-shrink`)."""
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, f"run-{uuid4()}", OCTOBER[1], window=OCTOBER, accept_shrink=True)
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    validate_batches([batch_id])
    consolidate_batches([batch_id])
    build_measures()


def test_a_corrected_number_leaves_a_dossier_that_nobody_shows_until_the_register_is_accepted_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    assert published()[0].completeness == "final"
    register.write_text(CORRECTED, encoding="utf-8")
    pull()
    edition, still_open = published()
    assert (edition.completeness, unmet(edition), still_open) == ("provisional", ["nothing_missing"], 3)
    assert missing(edition) == ["plain.x (Xã plain): 1 dossiers that it no longer shows"]
    accept_as_it_is()
    edition, still_open = published()
    assert (edition.completeness, still_open) == ("final", 2)


def test_a_register_that_shows_it_again_settles_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    register.write_text(CORRECTED.replace("231001-0017", "231001-0018"), encoding="utf-8")
    pull()
    assert unmet(published()[0]) == ["nothing_missing"]
    register.write_text(REGISTER + CORRECTED.splitlines()[7].replace("0017", "0018") + "\n", encoding="utf-8")
    pull()
    assert published()[0].completeness == "final"


def test_what_was_open_when_its_source_ended_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    path = tmp_path / "catalog" / "sources" / "plain.yaml"
    entry = path.read_text(encoding="utf-8")
    other = entry.replace("plain.x", "plain.y").replace("system_code: plain", "system_code: other")
    path.write_text(entry.replace("2020-01-01", "2020-01-01, valid_to: 2023-10-25"), encoding="utf-8")
    other = other.replace("2020-01-01", "2023-10-26").replace("drops/*", "new/*")
    (path.parent / "new.yaml").write_text(other, encoding="utf-8")
    (tmp_path / "catalog" / "new").mkdir()
    head, *rows = REGISTER.splitlines()
    (tmp_path / "catalog" / "new" / "m.csv").write_text("\n".join([head, *rows[8:], ""]), encoding="utf-8")
    load_catalog.cache_clear()
    catalog = load_catalog(Settings.load().catalog_dir)
    window = (date(2023, 10, 26), date(2023, 10, 31))
    [[batch_id]] = ledger.plan_run(catalog, f"run-{uuid4()}", OCTOBER[1], window=window, source_ids=["plain.y"])
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    validate_batches([batch_id])
    consolidate_batches([batch_id])
    build_measures()
    edition, _ = published()
    assert missing(edition) == ["plain.x (Xã plain): 2 dossiers that were open when it ended"]
    assert edition.completeness == "provisional"


def test_a_register_whose_time_lies_ahead_says_nothing_of_any_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a clock that stood wrong it is not known until when its file speaks: zeros would follow."""
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    ahead = datetime.now(UTC) + timedelta(days=90)
    os.utime(register, (ahead.timestamp(), ahead.timestamp()))
    batch = pull()
    assert batch.state == "failed"
    assert "its file has a time that lies ahead" in str(batch.error_message)
    assert ledger.coverage() == []


def test_a_number_corrected_outside_the_days_asked_for_leaves_a_dossier_that_nobody_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each night asks for its own days, and a register shows every dossier each time."""
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull()
    december = (date(2023, 12, 1), date(2023, 12, 31))
    register.write_text(REGISTER.replace("231001-0005", "231001-0055"), encoding="utf-8")  # closed in October
    pull(december)
    edition, _ = published()
    assert unmet(edition) == ["nothing_missing"]
    assert missing(edition) == ["plain.x (Xã plain): 1 dossiers that it no longer shows"]


def test_a_register_that_begins_with_the_new_year_misses_nothing_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "".join(line for line in REGISTER.splitlines(keepends=True) if "Đang xử lý" not in line)
    register = make_catalog("register", closed, tmp_path, monkeypatch)
    pull()
    header, _, *rows, _ = closed.replace("231001", "231101").replace("/10/2023", "/11/2023").splitlines(keepends=True)
    register.write_text("".join([header, *rows]), encoding="utf-8")
    pull((date(2023, 11, 1), date(2023, 11, 30)))
    assert unmet(published()[0]) == []
