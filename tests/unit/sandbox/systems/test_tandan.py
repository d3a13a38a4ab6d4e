"""The sandbox speaks Tân Dân's API (one_stop_systems.md section a.7) over real HTTP, about the same dossiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import requests

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems.dossier_values import NATIONAL
from motcua.sandbox.systems.tandan import LIST_PATHS, dossier_key
from motcua.sandbox.world.canary import identities
from motcua.sandbox.world.columns import Kind, World

GROUP = 84113
ALL = {"removed": None, "searchAllType": True, "pageSize": 1000}


class Client:
    """Asks a running Tân Dân system about one unit."""

    def __init__(self, server: SandboxServer, group_id: int = GROUP) -> None:
        self.url, self.group = server.url, str(group_id)
        self.auth = (server.login, server.password)

    def search(self, **asked: Any) -> dict[str, Any]:
        answer = requests.post(
            self.url + LIST_PATHS[0], json={"groupCode": self.group, **asked}, auth=self.auth, timeout=30
        )
        assert answer.status_code == 200
        envelope = answer.json()
        assert envelope.keys() == {"succeeded", "failed", "message", "data"}
        page: dict[str, Any] = envelope["data"]
        return page

    def records(self, **asked: Any) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.search(**ALL | asked)["data"]
        return records


@pytest.fixture
def client(sandbox: SandboxServer) -> Client:
    return Client(sandbox)


def test_a_login_gives_a_token_that_opens_the_list(client: Client, sandbox: SandboxServer) -> None:
    account = {"email": sandbox.login, "password": sandbox.password}
    tokens = f"{sandbox.url}/tandan/api/tokens"
    token = requests.post(tokens, json=account, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(sandbox.url + LIST_PATHS[1], headers=headers, timeout=30).json()["succeeded"] is True
    assert requests.post(tokens, json=account | {"password": "wrong"}, timeout=30).status_code == 401
    assert requests.get(sandbox.url + LIST_PATHS[1], timeout=30).status_code == 401


def test_pages_count_from_one_and_hold_ten_unless_told_otherwise(client: Client) -> None:
    first = client.search(removed=None, searchAllType=True)
    assert (first["currentPage"], first["pageSize"], len(first["data"])) == (1, 10, 10)
    assert client.search(removed=None, searchAllType=True, pageNumber=0)["data"] == first["data"]
    total = first["totalCount"]
    pages = [client.search(**ALL | {"pageSize": 40, "pageNumber": n + 1}) for n in range(-(-total // 40))]
    assert [page["hasPreviousPage"] for page in pages] == [False] + [True] * (len(pages) - 1)
    assert [page["hasNextPage"] for page in pages] == [True] * (len(pages) - 1) + [False]
    ids = [record["id"] for page in pages for record in page["data"]]
    assert len(set(ids)) == len(ids) == total


def test_every_dossier_of_a_unit_is_told_as_the_world_has_it(sandbox: SandboxServer, small: World) -> None:
    columns = small.nights[1]
    for place, group_id in enumerate(small.group_ids):
        own = columns.present & ~np.isin(columns.kind, (Kind.COPY, Kind.CHILD)) & (columns.group == place)
        records = {record["id"]: record for record in Client(sandbox, group_id).records()}
        assert records.keys() == {dossier_key(number) for number in columns.dossier_id[own].tolist()}
        for row in np.flatnonzero(own).tolist():
            record = records[dossier_key(int(columns.dossier_id[row]))]
            assert record["trangThaiHoSoId"] == str(NATIONAL[columns.status[row]])
            assert (record["kenhThucHien"] == "2") == bool(columns.online[row])
            assert (record["deletedOn"] is not None) == (columns.kind[row] == Kind.DELETED)
            received = int(columns.received[row])
            expected = str(np.datetime64(received, "s")) if received else None
            assert record["ngayTiepNhan"] == expected


def test_deleted_rows_are_hidden_shown_or_alone(client: Client) -> None:
    hidden, shown, alone = (client.records(removed=removed) for removed in (False, None, True))
    assert all(record["deletedOn"] is None for record in hidden)
    assert alone
    assert all(record["deletedOn"] for record in alone)
    assert len(shown) == len(hidden) + len(alone)


def test_certifications_are_hidden_unless_every_type_is_asked_for(client: Client) -> None:
    plain = client.records(searchAllType=False)
    everything = client.records()
    assert not any(record["laHoSoChungThuc"] for record in plain)
    assert sum(record["laHoSoChungThuc"] for record in everything) == len(everything) - len(plain) > 0


def test_a_bare_last_day_is_cut_off(client: Client) -> None:
    days = [record["ngayTiepNhan"][:10] for record in client.records() if record["ngayTiepNhan"]]
    last = "2023-10-05" if "2023-10-05" in days else sorted(days)[len(days) // 2]
    bare = client.records(tiepNhanFrom=last, tiepNhanTo=last)
    whole = client.records(tiepNhanFrom=last, tiepNhanTo=f"{last}T23:59:59")
    assert bare == []
    assert len(whole) == days.count(last) > 0


def test_statuses_are_a_list_of_the_national_codes(client: Client) -> None:
    for asked in ({"inMaTrangThais": ["2", "4"]}, {"inMaTrangThais": "2,4"}):
        assert {record["trangThaiHoSoId"] for record in client.records(**asked)} == {"2", "4"}
    assert {record["trangThaiHoSoId"] for record in client.records(maTrangThai="10")} == {"10"}
    assert not {record["trangThaiHoSoId"] for record in client.records(notInMaTrangThais=["10"])} & {"10"}


def test_a_query_asks_the_same_as_a_body_in_any_case_of_letters(client: Client, sandbox: SandboxServer) -> None:
    query = {"GroupCode": client.group, "Removed": "", "SearchAllType": "true", "PageSize": "1000"}
    for path in LIST_PATHS:
        answer = requests.get(sandbox.url + path, params=query, auth=client.auth, timeout=30)
        assert answer.json()["data"]["data"] == client.records()


def test_one_dossier_is_found_by_its_id(client: Client, sandbox: SandboxServer) -> None:
    listed = client.records()[0]
    url = f"{sandbox.url}/tandan/api/v1/hoso/{listed['id']}"
    assert requests.get(url, auth=client.auth, timeout=30).json()["data"] == listed
    unknown = f"{sandbox.url}/tandan/api/v1/hoso/{dossier_key(1)}"
    assert requests.get(unknown, auth=client.auth, timeout=30).status_code == 404


def test_nothing_is_spelt_in_the_ways_of_the_vendor(client: Client) -> None:
    records = client.records()
    assert {record["kenhThucHien"] for record in records} == {None, "1", "2", "3"}
    assert "Dinhkem" in {record["trichYeuHoSo"] for record in records}
    assert "000000001" in {record["soGiayToChuHoSo"] for record in records}
    assert {record["viTriDeHoSo"] for record in records} == {None, "Convert"}


def test_every_planted_identity_is_served_in_clear_and_in_free_text(sandbox: SandboxServer, small: World) -> None:
    texts = []
    for night in (1, 2):
        sandbox.set_night(night)
        texts += [str(Client(sandbox, group_id).records()) for group_id in small.group_ids]
    whole = "".join(texts)
    for person in identities():
        for text in (person.name, person.phone, person.id_number, person.email, person.street):
            assert text in whole
        assert f"Nộp thay ông/bà {person.name}, điện thoại {person.phone}" in whole
