"""What the first day of the period finds open can be had in every protocol: by status, by windows of days, by id."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from motcua.sandbox.exports.export import DATABASE_FILE, export
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems import igate, tandan
from motcua.sandbox.systems.portal_sync import WHOLE
from motcua.sandbox.world.columns import STATUS, Kind, World
from motcua.sandbox.world.past import OPEN
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number

NIGHT = 1
FIRST = date(2023, 10, 1)
BEGINNING = FIRST - timedelta(days=5 * 366)  # an opening asks no further back
WINDOW = timedelta(days=31)
CLOSED = [STATUS[code] for code in ("done", "releasing", "cancelled", "stopped")]

Listing = Callable[[date, date], set[int]]


def opening(world: World, group_id: int, *, is_closed_since: bool | None = None) -> set[int]:
    """Return the ids of what a system had open on the first day; or of them what is closed by night 1, or is not."""
    night = world.nights[NIGHT]
    first = day_number(FIRST)
    ended = np.maximum(night.released, night.finished) // DAY_SECONDS
    found = (night.kind == Kind.DOSSIER) & night.present & (night.broken == 0)
    found &= (night.group == world.group_ids.index(group_id)) & (night.received // DAY_SECONDS < first)
    found &= ~(np.isin(night.status, CLOSED) & (ended < first))
    if is_closed_since is not None:
        found &= np.isin(night.status, OPEN) != is_closed_since
    return set(night.dossier_id[found].tolist())


def closed_before(world: World, group_id: int) -> set[int]:
    night = world.nights[NIGHT]
    found = (night.kind == Kind.EARLIER) & (night.group == world.group_ids.index(group_id))
    return set(night.dossier_id[found].tolist())


# -- three protocols over HTTP ---------------------------------------------------------------------------------------


class Asked:
    """One system, asked for what a first pull needs."""

    def __init__(self, server: SandboxServer, protocol: str, group_id: int) -> None:
        self.server, self.protocol, self.group_id = server, protocol, group_id
        self.auth = (server.login, server.password)
        self.headers: dict[str, str] = {"groupId": str(group_id)}
        if protocol == "igate":
            form = {"grant_type": "password", "username": server.login, "password": server.password}
            answer = requests.post(server.base_url_of("igate") + igate.TOKEN_PATH, data=form, timeout=30)
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def still_open(self) -> set[int]:
        """Return what was received before the period and is open, by a list of statuses."""
        return getattr(self, f"_{self.protocol}")(BEGINNING, FIRST - timedelta(days=1), is_open=True)

    def received(self, first: date, last: date) -> set[int]:
        """Return what was received on some days, whatever became of it."""
        return getattr(self, f"_{self.protocol}")(first, last, is_open=False)

    def by_id(self, dossier_id: int) -> bool:
        url = self.server.base_url_of(self.protocol)
        path = {
            "opencps": f"/dossiers/{dossier_id}",
            "igate": f"/pa/dossier/{igate.dossier_key(dossier_id)}",
            "tandan": f"/api/HoSo/{tandan.dossier_key(dossier_id)}",
        }[self.protocol]
        auth = None if self.protocol == "igate" else self.auth
        return requests.get(url + path, headers=self.headers, auth=auth, timeout=30).status_code == 200

    def _opencps(self, first: date, last: date, *, is_open: bool) -> set[int]:
        # The server cuts days in GMT: a day too much on both sides, and our own cut.
        asked = {
            "agency": "all", "systemId": "0,1,2", "originality": "1,3", "start": "-1", "end": "-1",
            "fromReceiveDate": f"{first - timedelta(days=1):%d/%m/%Y}", "toReceiveDate": f"{last:%d/%m/%Y}",
        }  # fmt: skip
        if is_open:
            asked["status"] = "receiving,processing,waiting,paying"
        answer = requests.get(
            self.server.base_url + "/dossiers", params=asked, headers=self.headers, auth=self.auth, timeout=30
        )
        return {record["dossierId"] for record in answer.json()["data"] if first <= _day(record["receiveDate"]) <= last}

    def _igate(self, first: date, last: date, *, is_open: bool) -> set[int]:
        asked = {
            "ancestor-agency-id": igate.agency_id(self.group_id), "size": "1000", "spec": "page",
            "accepted-from": first.isoformat(), "accepted-to": last.isoformat(),
        }  # fmt: skip
        if is_open:
            asked["dossier-status"] = ",".join(
                str(igate.STATUS_IDS[code]) for code in ("receiving", "processing", "waiting", "paying")
            )
        answer = requests.get(
            self.server.base_url_of("igate") + "/pa/dossier/search", params=asked, headers=self.headers, timeout=30
        )
        page = answer.json()
        assert page["last"]
        return {int(record["id"], 16) for record in page["content"]}

    def _tandan(self, first: date, last: date, *, is_open: bool) -> set[int]:
        asked: dict[str, Any] = {
            "groupCode": str(self.group_id), "searchAllType": True, "removed": False, "pageSize": 5000,
            "tiepNhanFrom": f"{first}T00:00:00", "tiepNhanTo": f"{last}T23:59:59",
        }  # fmt: skip
        if is_open:
            asked["inMaTrangThais"] = ["2", "4", "5", "6"]
        answer = requests.post(self.server.url + tandan.LIST_PATHS[0], json=asked, auth=self.auth, timeout=30)
        return {int(record["id"].replace("-", ""), 16) for record in answer.json()["data"]["data"]}


def _day(text: str) -> date:
    day, month, year = text[:10].split("/")
    return date(int(year), int(month), int(day))


def windows_back() -> Iterator[tuple[date, date]]:
    """Yield windows of some days, the newest first, back to the beginning."""
    last = FIRST - timedelta(days=1)
    while last >= BEGINNING:
        first = max(last - WINDOW + timedelta(days=1), BEGINNING)
        yield first, last
        last = first - timedelta(days=1)


@pytest.mark.parametrize("protocol", ["opencps", "igate", "tandan"])
def test_a_list_by_status_gives_what_is_carried_over_and_open(
    protocol: str, sandbox: SandboxServer, small: World
) -> None:
    for group_id in small.group_ids:
        expected = opening(small, group_id, is_closed_since=False)
        assert Asked(sandbox, protocol, group_id).still_open() == expected


@pytest.mark.parametrize("protocol", ["opencps", "igate", "tandan"])
def test_windows_of_days_backwards_give_the_whole_opening(protocol: str, sandbox: SandboxServer, small: World) -> None:
    for group_id in small.group_ids:
        asked = Asked(sandbox, protocol, group_id)
        found = set().union(*(asked.received(first, last) for first, last in windows_back()))
        assert opening(small, group_id) <= found
        assert closed_before(small, group_id) <= found


@pytest.mark.parametrize("protocol", ["opencps", "igate", "tandan"])
def test_every_dossier_of_the_opening_is_found_by_its_id(protocol: str, sandbox: SandboxServer, small: World) -> None:
    for group_id in small.group_ids[:3]:
        asked = Asked(sandbox, protocol, group_id)
        assert all(asked.by_id(dossier_id) for dossier_id in opening(small, group_id))


def test_opencps_lists_what_was_closed_since_a_day(sandbox: SandboxServer, small: World) -> None:
    for group_id in small.group_ids:
        asked = {"agency": "all", "systemId": "0,1,2", "originality": "1,3", "start": "-1", "end": "-1",
                 "fromReleaseDate": "30/09/2023", "toReceiveDate": "30/09/2023"}  # fmt: skip
        answer = requests.get(
            sandbox.base_url + "/dossiers", params=asked, headers={"groupId": str(group_id)},
            auth=(sandbox.login, sandbox.password), timeout=30,
        )  # fmt: skip
        found = {record["dossierId"] for record in answer.json()["data"]}
        assert opening(small, group_id, is_closed_since=True) <= found


def test_who_stops_at_the_first_empty_windows_misses_what_waits_for_years(small: World) -> None:
    """Between the weeks before and the oldest lie windows in which no system received what was open."""
    for group_id in (small.group_ids[0], small.group_ids[1]):
        night = small.nights[NIGHT]
        rows = np.isin(night.dossier_id, list(opening(small, group_id)))
        days = night.received[rows] // DAY_SECONDS
        is_hit = [bool(np.any((days >= day_number(a)) & (days <= day_number(b)))) for a, b in windows_back()]
        assert is_hit[0]
        told = "".join(".x"[hit] for hit in is_hit)
        assert "....x" in told, told


def test_the_opening_is_there_on_later_nights_too(sandbox: SandboxServer, small: World) -> None:
    group_id = small.group_ids[0]
    for night in (2, small.scenario.nights):
        sandbox.set_night(night)
        asked = Asked(sandbox, "opencps", group_id)
        found = set().union(*(asked.received(first, last) for first, last in windows_back()))
        assert opening(small, group_id) <= found
    assert len(asked.still_open()) < len(opening(small, group_id, is_closed_since=False))


# -- files, the portal's sync and a database --------------------------------------------------------------------------


def test_a_register_an_export_and_a_database_hold_the_opening(small: World, tmp_path: Path) -> None:
    export(small, "files", str(tmp_path / "files"), night=NIGHT, form="csv_utf8")
    export(small, "portal_sync", str(tmp_path / "sync"), night=NIGHT)
    export(small, "sql", str(tmp_path), night=NIGHT)
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        rows = connection.execute("select id, group_id, ngay_tiep_nhan, trang_thai from v_ho_so").fetchall()
    for group_id in small.group_ids:
        whole = opening(small, group_id) | closed_before(small, group_id)
        with (tmp_path / "files" / f"{group_id}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert whole <= {int(row["Mã nội bộ"]) for row in csv.DictReader(file)}
        pushed = {
            int(item["SoBienNhan"])
            for path in (tmp_path / "sync" / str(group_id)).iterdir()
            for message in [json.loads(path.read_text(encoding="utf-8"))]
            if message["service"] == WHOLE
            for item in message["data"]
        }
        assert whole <= pushed
        assert whole <= {row[0] for row in rows if row[1] == group_id}
        by_status = {
            row[0] for row in rows if row[1] == group_id and (row[2] or "9") < str(FIRST) and row[3] in (2, 4, 5, 6)
        }
        assert opening(small, group_id, is_closed_since=False) == by_status


def test_a_monthly_extract_leaves_the_opening_out(small: World, tmp_path: Path) -> None:
    export(small, "files", str(tmp_path), night=NIGHT, form="csv_utf8", covers="period")
    night = small.nights[NIGHT]
    told = 0
    for group_id in small.group_ids:
        with (tmp_path / f"{group_id}.csv").open(encoding="utf-8-sig", newline="") as file:
            found = {int(row["Mã nội bộ"]) for row in csv.DictReader(file)}
        assert not found & opening(small, group_id)
        received = night.received[np.isin(night.dossier_id, list(found))] // DAY_SECONDS
        assert np.all((received >= day_number(FIRST)) & (received <= day_number(small.scenario.to_date)))
        told += len(found)
    assert told > 1_400
