"""A record that was set aside, and that its source no longer shows, or shows under another key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.extract.test_missing import accept_as_it_is, missing, published
from tests.unit.extract.test_register import OCTOBER, REGISTER, make_catalog, pull, unmet
from tests.unit.extract.test_replay import WIDE, counted, read_by, replay, still_open

from motcua import ledger

pytestmark = pytest.mark.usefixtures("databases")

# The seventh is set aside for its status, until the mapping knows the word; then it is done.
LINE = "0007,Đăng ký khai tử,Trực tiếp,16/10/2023,20/10/2023"
UNKNOWN = REGISTER.replace(f"{LINE},,Đang xử lý", f"{LINE},18/10/2023,Xong")
CORRECTED = UNKNOWN.replace("231001-0007", "231001-0017").replace("Xong", "Đã trả kết quả")
KNOWN_KEY, ITS_KEY = "H59.11-231001-0007", "H59.11-231001-0017"


def test_what_a_replay_accepts_and_the_newest_register_lacks_is_missing_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = make_catalog("register", UNKNOWN, tmp_path, monkeypatch)
    pull()
    register.write_text(CORRECTED, encoding="utf-8")
    pull()
    assert still_open() == {KNOWN_KEY}
    read_by(tmp_path, WIDE)
    batches = replay()
    assert [batch.unconfirmed_count for batch in batches] == [1, 0]
    edition = published()[0]
    assert {KNOWN_KEY, ITS_KEY} <= counted()
    assert (edition.completeness, unmet(edition)) == ("provisional", ["nothing_missing"])
    assert missing(edition) == ["plain.x (Xã plain): 1 dossiers that it no longer shows"]
    assert [batch.unconfirmed_count for batch in replay()] == [0, 0]  # noted once

    accept_as_it_is()
    assert KNOWN_KEY not in counted()
    assert published()[0].completeness == "final"
    replay()  # brings nothing back
    assert KNOWN_KEY not in counted()


def test_what_a_later_pull_of_the_same_days_lacks_is_missing_and_of_other_days_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *rows = UNKNOWN.splitlines()
    september = [rows[0].replace("Đã trả kết quả", "Xong")]
    register = make_catalog("period", "\n".join([head, *september, rows[6], ""]), tmp_path, monkeypatch)
    assert pull((OCTOBER[0].replace(month=9), OCTOBER[1])).quarantined_count == 2
    register.write_text("\n".join([head, *rows[7:], ""]), encoding="utf-8")
    pull()
    read_by(tmp_path, WIDE.replace("covers: register", "covers: period"))
    replay()
    assert [(one.unconfirmed_count, one.tombstoned_count) for one in ledger.absences()] == [(1, 0)]


def test_a_record_set_aside_that_an_accepted_register_lacks_is_withdrawn_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = make_catalog("register", UNKNOWN, tmp_path, monkeypatch)
    pull()
    register.write_text(CORRECTED, encoding="utf-8")
    pull()
    edition = published()[0]
    assert (still_open(), unmet(edition)) == ({KNOWN_KEY}, ["everything_read", "nothing_set_aside"])
    accept_as_it_is()
    assert still_open() == set()
    assert published()[0].completeness == "final"
    assert [one.tombstoned_count for one in ledger.absences()] == [1]
    read_by(tmp_path, WIDE)
    replay()  # a person said that there is no such dossier
    assert KNOWN_KEY not in counted()
    assert published()[0].completeness == "final"

    register.write_text(UNKNOWN, encoding="utf-8")  # and the office says that there is
    pull()
    assert KNOWN_KEY in counted()
    assert [(one.unconfirmed_count, one.tombstoned_count) for one in ledger.absences()] == [(1, 0)]


def test_a_record_set_aside_under_an_old_key_is_settled_once_its_record_has_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered = UNKNOWN.replace("H59.11-231001-", "")
    make_catalog("register", numbered, tmp_path, monkeypatch)
    pull()
    assert still_open() == {"0007"}
    read_by(tmp_path, WIDE.replace("{as: code, key:", "{as: key, key:", 1))
    batch = pull()
    assert (batch.new_count, batch.tombstoned_count) == (10, 10)
    assert still_open() == set()
    assert published()[0].completeness == "final"
