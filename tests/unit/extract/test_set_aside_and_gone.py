"""A record that was set aside, and that its source no longer shows, or shows under another key."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.extract.test_missing import accept_as_it_is, missing, published
from tests.unit.extract.test_register import REGISTER, make_catalog, pull, unmet
from tests.unit.extract.test_replay import WIDE, counted, read_by, replay, still_open

from motcua import ledger
from motcua.extract.absence import LaterPulls

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

    accept_as_it_is()
    assert KNOWN_KEY not in counted()
    assert published()[0].completeness == "final"
    replay()  # brings nothing back
    assert KNOWN_KEY not in counted()


def a_pull(number: int, first: int = 1, last: int = 31, *, is_accepted: bool = False) -> Any:
    """Return a pull of these days of October."""
    window = {"window_from": date(2023, 10, first), "window_to": date(2023, 10, last)}
    return SimpleNamespace(batch_id=str(number), pull_no=number, is_shrink_accepted=is_accepted, **window)


def records(**columns: list[Any]) -> pa.Table:
    rows = len(columns["dossier_id"])
    given = {"disposition": ["record"] * rows, "status_code": [10] * rows, "received_at": [AT] * rows, **columns}
    return pa.table({
        "dossier_id": pa.array(given["dossier_id"], pa.string()), "disposition": given["disposition"],
        "status_code": pa.array(given["status_code"], pa.int16()),
        "received_at": pa.array(given["received_at"], pa.timestamp("us")),
    })  # fmt: skip


def later_pulls(*pulls: tuple[Any, list[str]], registers: frozenset[str] = frozenset(), **source: Any) -> LaterPulls:
    entry = {"record_kind": "dossier", "lists_all": True, "adapter": "files", **source}
    later = LaterPulls(SimpleNamespace(**entry), registers)  # type: ignore[arg-type]
    for pull_, ids in pulls:
        later.add(pull_, records(dossier_id=ids))
    return later


AT = datetime(2023, 10, 16, 8)
CLOSED = records(dossier_id=["7"])
OPEN_BEFORE = records(dossier_id=["7"], status_code=[4], received_at=[datetime(2023, 9, 4)])


@pytest.mark.parametrize(
    ("read", "pulls", "more", "missed"),
    [
        (CLOSED, [(a_pull(2), [])], {}, "2"),
        (CLOSED, [(a_pull(2, 16, 16), [])], {}, "2"),
        (CLOSED, [(a_pull(2, 1, 15), []), (a_pull(3, 17, 31), [])], {}, None),  # not of its day
        (CLOSED, [(a_pull(2), ["7"])], {}, None),
        (CLOSED, [(a_pull(2), []), (a_pull(3), ["7"])], {}, None),  # the newest decides
        (CLOSED, [(a_pull(2), ["7"]), (a_pull(3), [])], {}, "3"),
        (CLOSED, [(a_pull(2), []), (a_pull(3, 1, 2), ["7"])], {}, None),  # shown, for whatever reason
        (CLOSED, [(a_pull(1), []), (a_pull(0), [])], {}, None),  # no later ones
        (CLOSED, [(a_pull(2), [])], {"lists_all": False}, None),
        (CLOSED, [(a_pull(2), [])], {"record_kind": "petition"}, None),
        (OPEN_BEFORE, [(a_pull(2), [])], {}, None),  # a monthly extract says nothing of it
        (OPEN_BEFORE, [(a_pull(2), [])], {"registers": {"2": date(2023, 10, 1)}}, "2"),
        (OPEN_BEFORE, [(a_pull(2), [])], {"adapter": "opencps"}, "2"),  # nor is it in the list of what is open
        (records(dossier_id=[None]), [(a_pull(2), [])], {}, None),
        (records(dossier_id=["7"], disposition=["out_of_window"]), [(a_pull(2), [])], {}, None),
        (records(dossier_id=["7"], received_at=[None]), [(a_pull(2), [])], {}, None),
    ],
)
def test_a_later_pull_lacks_what_it_would_have_shown(
    read: pa.Table, pulls: list[tuple[Any, list[str]]], more: dict[str, Any], missed: str | None
) -> None:
    assert later_pulls(*pulls, **more).missing(a_pull(1), read) == [missed]


def test_only_a_register_that_somebody_accepted_withdraws_what_it_lacks() -> None:
    began = date(2023, 10, 1)
    later = later_pulls(
        (a_pull(2), []),
        (a_pull(3, is_accepted=True), []),
        (a_pull(4, is_accepted=True), []),
        registers={"2": began, "3": began},
    )
    assert [later.is_withdrawn_by(one, began) for one in ("2", "3", "4", None)] == [False, True, False, False]
    assert [later.is_withdrawn_by("3", day) for day in (date(2023, 9, 30), None)] == [False, False]


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
