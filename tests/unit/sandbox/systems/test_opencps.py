"""The sandbox speaks OpenCPS v2 with every documented trap (one_stop_systems.md section a), over real HTTP."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import requests

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.canary import CANARY_ID_NUMBER, CANARY_NAME, CANARY_PHONE, CANARY_STRINGS
from motcua.sandbox.world.columns import STATUS, Change, Kind, World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario
from motcua.settings import PROJECT_ROOT

SAMPLES = PROJECT_ROOT / "tests" / "samples"

ALL = {"agency": "all", "systemId": "0,1,2", "start": "-1", "end": "-1"}
EVERY_ORIGINALITY = {"originality": "0,1,2,3,4,9"}


@dataclass
class Client:
    """Asks one system of a running sandbox."""

    server: SandboxServer
    group_id: int

    def get(self, path: str = "/dossiers", **parameters: Any) -> requests.Response:
        return requests.get(
            self.server.base_url + path,
            params=parameters,
            headers={"groupId": str(self.group_id), "Accept": "application/json"},
            auth=(self.server.login, self.server.password),
            timeout=30,
        )

    def ids(self, **parameters: Any) -> list[int]:
        answer = self.get(**parameters)
        assert answer.status_code == 200
        content = answer.json()
        assert content.keys() == {"total", "data"}
        return [record["dossierId"] for record in content["data"]]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer("small") as running:
        yield running


@pytest.fixture(autouse=True)
def as_after_start(server: SandboxServer) -> None:
    server.set_night(1)
    server.set_down([])
    server.reset_served()


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(load_scenario("small"))


@pytest.fixture
def client(server: SandboxServer, world: World) -> Client:
    """Of the system that goes down: it has records and changes of every kind."""
    return Client(server, 84113)


def expected(world: World, group_id: int, night: int = 1) -> np.ndarray[Any, Any]:
    columns = world.nights[night]
    mask = (columns.group == world.group_ids.index(group_id)) & columns.present & (columns.originality >= 0)
    return mask & (columns.kind != Kind.CHILD)


def received_on(record: dict[str, Any]) -> date | None:
    text = record["receiveDate"]
    return datetime.strptime(text, "%d/%m/%Y %H:%M:%S").date() if text else None


def test_only_the_account_may_ask(server: SandboxServer) -> None:
    for auth in (None, (server.login, "wrong"), ("other", server.password)):
        answer = requests.get(server.base_url + "/dossiers", headers={"groupId": "84113"}, auth=auth, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("group_id", [None, "", "84999", "x"])
def test_a_site_nobody_named_is_refused(server: SandboxServer, group_id: str | None) -> None:
    headers = {} if group_id is None else {"groupId": group_id}
    auth = (server.login, server.password)
    assert requests.get(server.base_url + "/dossiers", headers=headers, auth=auth, timeout=30).status_code == 403


def test_everything_is_listed_with_minus_one(client: Client, world: World) -> None:
    ids = client.ids(**ALL)
    assert sorted(ids) == sorted(world.nights[1].dossier_id[expected(world, client.group_id)].tolist())
    assert client.get(**ALL).json()["total"] == len(ids)


def test_records_have_the_keys_and_types_of_the_sample(client: Client) -> None:
    sample = json.loads((SAMPLES / "opencps_dossiers_page.json").read_text(encoding="utf-8"))
    records = client.get(**ALL).json()["data"]
    for record in records:
        assert sample["data"][0].keys() <= record.keys()
        for key, value in sample["data"][0].items():
            assert type(record[key]) is type(value), key
        assert record["online"] in ("true", "false")
        assert record["applicantName"] == record["applicantName"].upper()


def test_rows_are_asked_for_from_start_up_to_but_without_end(client: Client) -> None:
    everything = client.ids(**ALL)
    assert client.ids(**ALL | {"start": "7", "end": "19"}) == everything[7:19]
    assert client.ids(**ALL | {"start": str(len(everything)), "end": str(len(everything) + 5)}) == []


@pytest.mark.parametrize("end", [{}, {"end": "0"}])
def test_without_an_end_the_first_ten_rows_come(client: Client, end: dict[str, str]) -> None:
    asked = {key: value for key, value in ALL.items() if key != "end"} | {"start": "20"} | end
    assert client.ids(**asked) == client.ids(**ALL)[:10]


def test_pages_put_together_are_the_whole_in_order_of_creation(client: Client) -> None:
    pages = [client.get(**ALL | {"start": str(start), "end": str(start + 40)}).json() for start in range(0, 400, 40)]
    together = [record for page in pages for record in page["data"]]
    created = [datetime.strptime(record["createDate"], "%d/%m/%Y %H:%M:%S") for record in together]
    assert [record["dossierId"] for record in together] == client.ids(**ALL)
    assert created == sorted(created)
    newest_first = [record["dossierId"] for record in client.get(**ALL | {"order": "desc"}).json()["data"]]
    assert set(newest_first[:5]) == {record["dossierId"] for record in together[-5:]}


def test_a_malformed_date_drops_the_filter(client: Client) -> None:
    asked = ALL | {"toReceiveDate": "05/10/2023"}
    assert 0 < len(client.ids(**asked | {"fromReceiveDate": "3/10/2023"})) < len(client.ids(**ALL))
    for wrong in ("2023-10-03", "31/02/2023", "03/10/23"):
        assert client.ids(**asked | {"fromReceiveDate": wrong}) == client.ids(**ALL)


def test_days_are_cut_in_gmt_seven_hours_late(server: SandboxServer, world: World) -> None:
    early = 0
    for group_id in world.group_ids:
        records = (
            Client(server, group_id).get(**ALL, fromReceiveDate="01/10/2023", toReceiveDate="31/10/2023").json()["data"]
        )
        days = [received_on(record) for record in records]
        assert None not in days
        instants = [datetime.strptime(record["receiveDate"], "%d/%m/%Y %H:%M:%S") for record in records]
        assert min(instants) >= datetime(2023, 10, 1, 7)
        assert max(instants) < datetime(2023, 11, 1, 7)
        wide = (
            Client(server, group_id).get(**ALL, fromReceiveDate="30/09/2023", toReceiveDate="01/11/2023").json()["data"]
        )
        early += sum(received_on(record) == date(2023, 10, 1) for record in wide)
        early -= sum(day == date(2023, 10, 1) for day in days)
    assert early > 0


def test_a_finish_date_implies_done(client: Client) -> None:
    asked = ALL | {"fromFinishDate": "01/10/2023", "toFinishDate": "31/10/2023"}
    for status in ("", "processing"):
        records = client.get(**asked, status=status).json()["data"]
        assert records
        assert {record["dossierStatus"] for record in records} == {"done"}


def test_a_last_submit_date_alone_filters_the_receive_date(client: Client) -> None:
    alone = client.ids(**ALL, toSubmitDate="10/10/2023")
    assert alone == client.ids(**ALL, toReceiveDate="10/10/2023")
    assert alone != client.ids(**ALL, fromSubmitDate="01/01/2023", toSubmitDate="10/10/2023")


def test_statuses_are_a_comma_list(client: Client) -> None:
    records = client.get(**ALL, status="processing, waiting").json()["data"]
    assert {record["dossierStatus"] for record in records} <= {"processing", "waiting"}
    assert len(records) == sum(
        record["dossierStatus"] in ("processing", "waiting") for record in client.get(**ALL).json()["data"]
    )


def test_without_system_ids_dossiers_of_other_systems_vanish(server: SandboxServer, world: World) -> None:
    client = Client(server, world.group_ids[0])
    asked = {key: value for key, value in ALL.items() if key != "systemId"}
    assert {record["systemId"] for record in client.get(**asked).json()["data"]} == {0}
    assert {record["systemId"] for record in client.get(**ALL).json()["data"]} == {0, 1, 2}


def test_without_originality_interagency_children_are_hidden(server: SandboxServer, world: World) -> None:
    children = 0
    for group_id in world.group_ids:
        client = Client(server, group_id)
        plain = client.get(**ALL).json()["data"]
        asked_for = client.get(**ALL, **EVERY_ORIGINALITY).json()["data"]
        assert all(record["originDossierId"] == 0 for record in plain)
        children += sum(record["originDossierId"] != 0 for record in asked_for)
    assert children == world.scenario.noise.interagency_children - _children_of_late_arrivals(world)


def test_a_child_shows_the_number_of_its_parent_elsewhere(server: SandboxServer, world: World) -> None:
    everywhere = [
        record
        for group_id in world.group_ids
        for record in Client(server, group_id).get(**ALL, **EVERY_ORIGINALITY).json()["data"]
    ]
    by_id = {record["dossierId"]: record for record in everywhere}
    children = [record for record in everywhere if record["originDossierId"]]
    for child in children:
        parent = by_id[child["originDossierId"]]
        assert child["dossierNo"] == child["originDossierNo"] == parent["dossierNo"]
        assert child["groupId"] != parent["groupId"]


def test_a_public_copy_is_the_same_dossier_under_another_id(client: Client) -> None:
    records = client.get(**ALL).json()["data"]
    copies = [record for record in records if record["originality"] == 0]
    originals = {record["referenceUid"]: record for record in records if record["originality"] > 0}
    assert copies
    for copy in copies:
        original = originals[copy["referenceUid"]]
        differing = {key for key in copy if copy[key] != original[key]}
        assert differing == {"dossierId", "originality", "createDate"}


def test_deleted_dossiers_are_never_listed(server: SandboxServer, world: World) -> None:
    columns = world.nights[1]
    row = np.flatnonzero(columns.kind == Kind.DELETED)[0]
    client = Client(server, world.group_ids[columns.group[row]])
    deleted = int(columns.dossier_id[row])
    assert deleted not in client.ids(**ALL, originality="-3,-1,0,1,2,3,4,9")
    assert client.get(f"/dossiers/{deleted}").status_code == 404


def test_an_account_that_does_not_ask_for_all_agencies_sees_only_its_own(server: SandboxServer, world: World) -> None:
    server.set_night(2)
    columns = world.nights[2]
    row = np.flatnonzero((columns.change == Change.MOVED) & (columns.system_id == 0) & (columns.kind == Kind.DOSSIER))[
        0
    ]
    moved = int(columns.dossier_id[row])
    client = Client(server, world.group_ids[columns.group[row]])
    own = {"systemId": "0,1,2", "start": "-1", "end": "-1"}
    assert moved not in client.ids(**own)
    assert moved in client.ids(**own, agency="all")
    assert client.ids(**own, agency=world.unit_codes[columns.unit[row]]).count(moved) == 1
    assert {record["govAgencyCode"] for record in client.get(**own).json()["data"]} == {
        world.unit_codes[columns.group[row]]
    }


def test_one_dossier_is_found_by_its_id_in_its_own_system_only(server: SandboxServer, client: Client) -> None:
    listed = client.get(**ALL).json()["data"][0]
    assert client.get(f"/dossiers/{listed['dossierId']}").json() == listed
    assert Client(server, 84100).get(f"/dossiers/{listed['dossierId']}").status_code == 404
    assert client.get("/dossiers/1").status_code == 404


def test_night_2_brings_the_changes(server: SandboxServer, client: Client, world: World) -> None:
    before = {record["dossierId"]: record for record in client.get(**ALL).json()["data"]}
    server.set_night(2)
    after = {record["dossierId"]: record for record in client.get(**ALL).json()["data"]}
    first, final = world.nights[1], world.nights[2]
    here = np.flatnonzero(expected(world, client.group_id, 2) & (final.kind == Kind.DOSSIER) & (final.change > 0))
    assert here.size >= 15
    for row in here:
        dossier_id, change = int(final.dossier_id[row]), Change(final.change[row])
        old, new = before.get(dossier_id), after[dossier_id]
        if change is Change.ARRIVED_LATE:
            assert old is None
            continue
        assert old is not None
        assert old["modifiedDate"] != new["modifiedDate"]
        if change is Change.REOPENED:
            assert (new["releaseDate"], new["finishDate"], new["dossierStatus"]) == ("", "", "processing")
            assert old["releaseDate"]
        if change is Change.CLOSED:
            assert (old["releaseDate"], old["dossierStatus"]) == ("", "processing")
            assert new["releaseDate"]
        if change is Change.MOVED:
            assert old["govAgencyCode"] != new["govAgencyCode"]
        if change is Change.CORRECTED_CHANNEL:
            assert {old["online"], new["online"]} == {"true", "false"}
        if change is Change.CORRECTED_PROCEDURE:
            assert old["serviceCode"] != new["serviceCode"]
        if change is Change.CORRECTED_DUE:
            assert old["dueDate"] != new["dueDate"]
    assert {Change(final.change[row]) for row in here} >= set(Change) - {Change.NONE}
    assert np.count_nonzero(first.present) < np.count_nonzero(final.present)


def test_a_paused_dossier_says_since_when(client: Client, server: SandboxServer, world: World) -> None:
    for group_id in world.group_ids:
        for record in Client(server, group_id).get(**ALL, status="waiting").json()["data"]:
            assert record["lockState"] == "PAUSE"
            assert record["correctingDate"]
    assert np.count_nonzero(world.nights[2].status == STATUS["waiting"])


def test_a_system_can_be_down_while_the_others_answer(server: SandboxServer, client: Client) -> None:
    server.set_down([client.group_id])
    assert server.status()["down"] == [client.group_id]
    assert client.get(**ALL).status_code == 503
    assert Client(server, 84100).get(**ALL).status_code == 200
    server.set_down([])
    assert client.get(**ALL).status_code == 200


def test_a_night_or_a_system_nobody_knows_is_refused(server: SandboxServer) -> None:
    for night in (0, load_scenario("small").nights + 1):
        with pytest.raises(requests.HTTPError):
            server.set_night(night)
    with pytest.raises(requests.HTTPError):
        server.set_down([1])
    assert server.status()["night"] == 1


def test_what_was_served_is_counted(server: SandboxServer, client: Client) -> None:
    ids = client.ids(**ALL)
    client.ids(**ALL | {"start": "0", "end": "5"})
    client.get(f"/dossiers/{ids[0]}")
    cell = server.served()[client.group_id]
    assert (cell["requests"], cell["rows"], cell["distinct"]) == (3, len(ids) + 6, len(ids))
    assert server.served()[84100]["rows"] == 0
    server.reset_served()
    assert server.served()[client.group_id]["rows"] == 0


def test_the_truth_of_a_night_is_what_a_complete_pull_finds(server: SandboxServer, client: Client) -> None:
    first_day, last_day = date(2023, 10, 1), date(2023, 10, 31)
    for night in (1, 2):
        server.set_night(night)
        records = client.get(**ALL, **EVERY_ORIGINALITY).json()["data"]
        days = [(received_on(record), record) for record in records]
        inside = [record for day, record in days if day and first_day <= day <= last_day]
        told = server.served()[client.group_id]["truth"][str(night)]
        assert told["children"] == sum(record["originDossierId"] != 0 for record in inside)
        assert told["records"] == len(inside) - told["children"]
        assert told["copies"] == sum(record["originality"] == 0 for record in inside)
        numbers = Counter(r["dossierNo"] for r in inside if r["originality"] > 0 and not r["originDossierId"])
        assert sum(count - 1 for count in numbers.values()) <= told["broken"]


def test_the_planted_person_is_in_every_system_and_free_text(server: SandboxServer, world: World) -> None:
    texts = [Client(server, group_id).get(**ALL).text for group_id in world.group_ids]
    for text in texts:
        assert all(planted in text for planted in (CANARY_NAME, CANARY_PHONE, CANARY_ID_NUMBER))
    whole = "".join(texts)
    assert all(planted in whole for planted in CANARY_STRINGS)
    assert f"Nộp thay ông/bà {CANARY_NAME}" in whole


def test_a_restart_serves_the_same_bytes(client: Client) -> None:
    digest = hashlib.sha256(client.get(**ALL).content).hexdigest()
    with SandboxServer("small") as other:
        again = Client(other, client.group_id).get(**ALL)
    assert hashlib.sha256(again.content).hexdigest() == digest
    assert other.pid is None


def _children_of_late_arrivals(world: World) -> int:
    columns = world.nights[1]
    return int(np.count_nonzero((columns.kind == Kind.CHILD) & ~columns.present))


def test_the_scenario_says_on_which_day_a_night_falls() -> None:
    scenario = load_scenario("small")
    assert scenario.day_of_night(1) == scenario.to_date + timedelta(days=1)
