"""Figures are not final while they rest on what an entry or a mapping vouched for and no longer says."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.unit.extract.test_asked import missing, replay, say
from tests.unit.extract.test_register import MAPPING, OCTOBER, REGISTER, make_catalog, pull, unmet

from motcua.catalog import load_catalog
from motcua.extract.records.mapping import load_mapping
from motcua.period import Period, period_between
from motcua.publish import Edition, publish_edition
from motcua.publish.files.page import page_html
from motcua.warehouse import store_engine

HEAD, *ROWS = REGISTER.splitlines(keepends=True)
PERIOD = period_between(*OCTOBER)
JUNE = period_between(date(2023, 6, 1), date(2023, 6, 30))


def publish(period: Period = PERIOD) -> Edition:
    return publish_edition("form-06", "plain", period)


def save(file: Path, rows: list[str], day: date) -> None:
    """Write a file as one that was saved on a day."""
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    saved_at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC).timestamp()
    os.utime(file, (saved_at, saved_at))


def begins(catalog: Path, first: str) -> None:
    """Say since when the source has records; nothing takes it back."""
    entry = catalog / "sources" / "plain.yaml"
    words = entry.read_text(encoding="utf-8")
    before = words[: words.index("valid_from")] + "valid_from: 2020-01-01, "
    said = f"first_record_on: {first}, " if first else ""
    entry.write_text(before + said + words[words.index("options: ") :], encoding="utf-8")
    load_catalog.cache_clear()


def covers(catalog: Path, said: str) -> None:
    (catalog / "mappings" / "plain.yaml").write_text(MAPPING.format(covers=said), encoding="utf-8")
    load_mapping.cache_clear()


def test_after_once_was_taken_back_the_days_since_the_file_was_saved_are_not_final(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch).unlink()
    catalog = tmp_path / "catalog"
    save(catalog / "drops" / "chung-thuc.csv", ROWS[1:6], date(2023, 11, 10))
    save(catalog / "drops" / "ho-tich.csv", ROWS[8:], date(2023, 10, 6))
    say(catalog, 'path: "drops/*", once: ["ho-tich*"]')
    pull()
    assert publish().completeness == "final"

    say(catalog, 'path: "drops/*"')
    edition = publish()
    assert (edition.completeness, unmet(edition)) == ("provisional", ["read_as_stated"])
    [said] = missing(edition)
    assert "plain.x (Xã plain): the days 2023-10-01 to 2023-10-31 rest on" in said
    assert "(options.once ho-tich*; 1 pulls)" in said
    assert "`motcua ingest --source plain.x --from 2023-10-01 --to 2023-10-31`" in said
    assert "options.once ho-tich*" in page_html(edition)
    replay()
    assert unmet(publish()) == ["read_as_stated"]

    pull()  # as advised: the book is known until the day before it was saved
    [said] = missing(publish())
    assert "the days 2023-10-06 to 2023-10-31 rest on" in said
    say(catalog, 'path: "drops/*", once: ["ho-tich*"]')
    assert publish().completeness == "final"  # it holds after all
    say(catalog, 'path: "drops/*"')
    save(catalog / "drops" / "ho-tich.csv", ROWS[8:], date(2023, 11, 12))
    pull()
    assert publish().completeness == "final"


def test_after_a_first_day_was_taken_back_what_was_open_before_the_first_month_is_not_known(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", HEAD + "".join(ROWS[1:]), tmp_path, monkeypatch)
    catalog, year = tmp_path / "catalog", (date(2023, 1, 1), date(2023, 10, 31))
    begins(catalog, "2023-01-01")
    pull(year)
    assert (publish(JUNE).completeness, publish().completeness) == ("final", "final")

    begins(catalog, "")
    edition = publish(JUNE)
    assert (edition.completeness, unmet(edition)) == ("provisional", ["read_as_stated"])
    [said] = missing(edition)
    assert "the days 2023-06-01 to 2023-06-30 rest on" in said
    assert "(first_record_on: 2023-01-01; 1 pulls)" in said
    replay()
    assert unmet(publish(JUNE)) == ["read_as_stated"]
    pull(year)
    assert "read_as_stated" in unmet(publish(JUNE))
    assert publish().completeness == "final"  # since October the register shows by itself
    begins(catalog, "2023-02-01")
    pull(year)
    assert publish(JUNE).completeness == "final"  # by a day that is said again, later


def test_after_a_register_became_a_table_of_a_period_what_was_open_before_is_not_known(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    pull()
    assert publish().completeness == "final"
    covers(catalog, "period")
    replay()
    edition = publish()
    assert (edition.completeness, unmet(edition)) == ("provisional", ["read_as_stated"])
    [said] = missing(edition)
    assert "(covers: register; 1 pulls)" in said
    assert "a table of a period does not show what was open before it" in said
    pull()
    assert "read_as_stated" in unmet(publish())
    covers(catalog, "register")
    pull()
    assert publish().completeness == "final"


def test_after_a_source_is_said_to_list_all_what_its_parts_left_out_is_not_known_to_be_there(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    entry = tmp_path / "catalog" / "sources" / "plain.yaml"
    whole = entry.read_text(encoding="utf-8")
    entry.write_text(whole.replace("options: ", "lists_all: false, options: "), encoding="utf-8")
    load_catalog.cache_clear()
    save(file, ROWS, date(2023, 11, 10))
    pull()
    save(file, ROWS[:2] + ROWS[3:], date(2023, 11, 12))  # one that was counted is gone
    pull()
    assert publish().completeness == "final"

    entry.write_text(whole, encoding="utf-8")
    load_catalog.cache_clear()
    edition = publish()
    assert (edition.completeness, unmet(edition)) == ("provisional", ["read_as_stated"])
    assert "(lists_all: false; 2 pulls)" in missing(edition)[0]
    pull()
    assert unmet(publish()) == ["nothing_missing"]


@pytest.mark.parametrize(
    ("before", "today", "is_more"),
    [
        (("a*",), ("a*",), False),
        ((), ("a*",), False),
        (("a*", "b*"), ("b*", "a*"), False),
        (("a*",), (), True),
        (("a*",), ("b*",), True),
        (("a*", "b*"), ("a*",), True),
        ("2023-02-01", "2023-02-01", False),
        ("", "2023-02-01", False),
        ("2023-02-01", "2023-01-01", False),
        ("2023-02-01", "2023-03-01", True),
        ("2023-02-01", "", True),
        ("covers period", "covers register", False),
        ("covers register", "covers register", False),
        ("covers register", "covers period", True),
    ],
)
def test_a_pull_claimed_more_where_the_entry_or_the_mapping_takes_something_back(
    databases: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: str | tuple[str, ...],
    today: str | tuple[str, ...],
    is_more: bool,
) -> None:
    make_catalog("register", HEAD + "".join(ROWS[1:]), tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"

    def write(said: str | tuple[str, ...]) -> None:
        if isinstance(said, tuple):
            say(catalog, f'path: "drops/*", once: [{", ".join(map(repr, said))}]')
        elif said.startswith("covers"):
            covers(catalog, said.removeprefix("covers "))
        else:
            begins(catalog, said)

    write(before)
    pull()
    write(today)
    rest = [said for said in missing(publish()) if " rest on " in said]
    assert bool(rest) == is_more
    if is_more:
        write(before)
        assert [said for said in missing(publish()) if " rest on " in said] == []


def test_of_a_pull_of_before_nobody_knows_what_was_vouched_for(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    say(catalog, 'path: "drops/*", once: ["x*"]')
    pull()
    with store_engine().begin() as connection:  # as the revision that keeps it leaves what it finds
        connection.execute(text("update batch set vouched = null"))
    say(catalog, 'path: "drops/*"')
    assert publish().completeness == "final"


def test_a_pull_keeps_what_was_vouched_for_and_a_replay_keeps_nothing(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    catalog = tmp_path / "catalog"
    say(catalog, 'path: "drops/*", once: ["x*", "a*"]')
    begins(catalog, "2023-09-01")
    pull()
    replay()
    with store_engine().connect() as connection:
        kept = connection.execute(text("select vouched from batch order by replay_of nulls first")).scalars().all()
    said = {"once": ["a*", "x*"], "first_record_on": "2023-09-01", "covers": "register", "is_partial": False}
    assert kept == [said, None]
