"""The sandbox speaks VNPT iGate v2 (one_stop_systems.md section a.7) over real HTTP, about the same dossiers."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
import requests

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems.igate import TOKEN_PATH, agency_id, dossier_key
from motcua.sandbox.systems.tokens import Tokens
from motcua.sandbox.world.canary import identities
from motcua.sandbox.world.columns import STATUS, STATUSES, Kind, World
from motcua.settings import PROJECT_ROOT

SAMPLES = PROJECT_ROOT / "tests" / "samples"

GROUP = 84113
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0700")


class Client:
    """Asks a running iGate about one agency."""

    def __init__(self, server: SandboxServer, group_id: int = GROUP) -> None:
        self.base, self.agency = server.base_url_of("igate"), agency_id(group_id)
        self.account = {"username": server.login, "password": server.password}
        self.token = self.login().json()["access_token"]

    def login(self, **form: str) -> requests.Response:
        asked = {"grant_type": "password", "client_id": "vnpt-igate", **self.account} | form
        return requests.post(self.base + TOKEN_PATH, data=asked, timeout=30)

    def get(self, path: str = "/pa/dossier/search", **parameters: Any) -> requests.Response:
        if path.endswith("/search"):
            parameters = {"ancestor-agency-id": self.agency, "size": "1000"} | parameters
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.get(self.base + path, params=named, headers=headers, timeout=30)

    def content(self, **parameters: Any) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.get(**parameters).json()["content"]
        return records


@pytest.fixture
def client(sandbox: SandboxServer) -> Client:
    return Client(sandbox)


def rows_of(world: World, group_id: int = GROUP, night: int = 1) -> np.ndarray[Any, Any]:
    columns = world.nights[night]
    own = columns.present & (columns.originality >= 0) & ~np.isin(columns.kind, (Kind.COPY, Kind.CHILD))
    return np.flatnonzero(own & (columns.group == world.group_ids.index(group_id)))


def test_the_password_and_the_client_credentials_grant_give_a_token(client: Client, sandbox: SandboxServer) -> None:
    assert client.login().json().keys() >= {"access_token", "expires_in", "token_type", "refresh_token"}
    machine = {"grant_type": "client_credentials", "client_id": sandbox.login, "client_secret": sandbox.password}
    assert client.login(**machine).json()["expires_in"] == 300
    assert client.login(password="wrong").status_code == 401
    assert client.login(password="wrong").json()["error"] == "invalid_grant"
    assert client.login(**machine | {"client_secret": "wrong"}).json()["error"] == "unauthorized_client"
    assert client.login(grant_type="authorization_code").status_code == 400


def test_an_expired_token_is_refused(client: Client, sandbox: SandboxServer) -> None:
    sandbox.set_token_seconds(0)
    assert client.get().status_code == 200  # issued before, for longer
    client.token = client.login().json()["access_token"]
    assert client.get().status_code == 401
    assert client.get().headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_holds_until_its_time_is_over() -> None:
    now = [0.0]
    tokens = Tokens("secret", lambda: now[0])
    tokens.seconds = 300
    token = tokens.issue()
    now[0] = 299.9
    assert tokens.is_valid(f"Bearer {token}")
    now[0] = 300
    assert not tokens.is_valid(f"Bearer {token}")


def test_records_have_the_keys_of_the_sample(client: Client) -> None:
    sample = json.loads(
        (PROJECT_ROOT / "tests" / "samples" / "igate_dossier_search_page.json").read_text(encoding="utf-8")
    )
    expected = sample["content"][0]
    for record in client.content():
        assert expected.keys() <= record.keys()
        for part in ("dossierStatus", "agency", "procedure", "procedureProcessDefinition"):
            assert expected[part].keys() <= record[part].keys()
        assert expected["applicant"]["data"].keys() <= record["applicant"]["data"].keys()


def test_a_page_states_its_totals_and_a_slice_does_not(client: Client, small: World) -> None:
    total = len(rows_of(small))
    pages = [client.get(spec="page", size="40", page=str(number)).json() for number in range(-(-total // 40))]
    assert {page["totalElements"] for page in pages} == {total}
    assert {page["totalPages"] for page in pages} == {len(pages)}
    assert [page["number"] for page in pages] == list(range(len(pages)))
    assert [page["last"] for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page["numberOfElements"] for page in pages] == [len(page["content"]) for page in pages]
    ids = [record["id"] for page in pages for record in page["content"]]
    assert len(set(ids)) == len(ids) == total
    part = client.get(spec="slice", size="40").json()
    assert not {"totalElements", "totalPages"} & part.keys()
    assert part["content"] == pages[0]["content"]


def test_every_dossier_of_an_agency_is_told_as_the_world_has_it(sandbox: SandboxServer, small: World) -> None:
    columns = small.nights[1]
    for group_id in small.group_ids:
        rows = rows_of(small, group_id)
        records = {record["id"]: record for record in Client(sandbox, group_id).content()}
        assert records.keys() == {dossier_key(number) for number in columns.dossier_id[rows].tolist()}
        for row in rows.tolist():
            record = records[dossier_key(int(columns.dossier_id[row]))]
            assert record["dossierStatus"]["name"] == STATUSES[columns.status[row]][1]
            assert record["agency"]["code"] == small.unit_codes[columns.unit[row]]
            for key, column in (("acceptedDate", "received"), ("dueDate", "due"), ("completedDate", "released")):
                instant = int(getattr(columns, column)[row])
                assert (record[key] is None) == (instant == 0)
                if record[key]:
                    assert INSTANT.fullmatch(record[key])
                    assert np.datetime64(record[key][:19]) == np.datetime64(instant, "s")


def test_names_are_text_here_and_a_list_there_and_tasks_an_object_or_a_list(client: Client) -> None:
    records = client.content()
    assert {type(record["agency"]["name"]) for record in records} == {str, list}
    assert {type(record["currentTask"]) for record in records} == {dict, list}
    listed = next(record["agency"]["name"] for record in records if isinstance(record["agency"]["name"], list))
    assert [part["languageId"] for part in listed] == [228, 46]


def test_procedure_codes_carry_the_suffix_of_the_province(client: Client) -> None:
    codes = {record["procedure"]["code"] for record in client.content()} - {""}
    assert codes
    assert all(re.fullmatch(r"\d\.\d{6}\.000\.00\.00\.H\d\d", code) for code in codes)


def test_dates_select_the_days_named_both_included(client: Client) -> None:
    everything = [record["acceptedDate"] for record in client.content() if record["acceptedDate"]]
    wanted = sorted(at for at in everything if "2023-10-03" <= at[:10] <= "2023-10-05")
    for first, last in (
        ("03/10/2023", "05/10/2023"),
        ("2023-10-03", "2023-10-05"),
        ("2023-10-03T00:00:00.000+0700", "2023-10-05T23:59:59.000+0700"),
        ("2023-10-02T17:00:00Z", "2023-10-05T16:59:59Z"),
    ):
        found = client.content(accepted_from=first, accepted_to=last)
        assert sorted(record["acceptedDate"] for record in found) == wanted
    assert wanted
    assert client.get(accepted_from="31/02/2023").status_code == 400


def test_statuses_are_asked_for_or_taken_away(client: Client) -> None:
    assert {record["dossierStatus"]["id"] for record in client.content(dossier_status="2,8")} == {2, 8}
    left = client.content(remove_status="2,8,5")
    assert left
    assert not {record["dossierStatus"]["id"] for record in left} & {2, 5, 8}


def test_the_size_of_a_page_is_cut_down_without_a_word(client: Client) -> None:
    assert client.get(size="5000").json()["size"] == 1000


def test_one_dossier_is_found_by_its_id(client: Client) -> None:
    listed = client.content()[0]
    assert client.get(f"/pa/dossier/{listed['id']}/--online").json() == listed
    assert client.get(f"/pa/dossier/{listed['id']}").json() == listed
    assert client.get(f"/pa/dossier/{'f' * 24}/--online").status_code == 404


def test_fees_are_floats_of_their_own_endpoint(client: Client, small: World) -> None:
    columns = small.nights[1]
    paid = next(row for row in rows_of(small).tolist() if columns.fee[row] > 0)
    key = dossier_key(int(columns.dossier_id[paid]))
    fees = client.get("/pa/dossier-fee/--by-dossiers", dossier_ids=key).json()
    assert [fee["dossier"]["id"] for fee in fees] == [key]
    assert isinstance(fees[0]["amount"], float)
    assert fees[0]["amount"] == columns.fee[paid]


def test_an_agency_can_be_down_while_the_others_answer(sandbox: SandboxServer) -> None:
    sandbox.set_down([GROUP])
    assert Client(sandbox).get().status_code == 503
    assert Client(sandbox, 84100).get().status_code == 200


def test_every_planted_identity_is_served_in_clear_and_in_free_text(sandbox: SandboxServer, small: World) -> None:
    texts = []
    for night in (1, 2):
        sandbox.set_night(night)
        texts += [Client(sandbox, group_id).get().text for group_id in small.group_ids]
    whole = "".join(texts)
    for person in identities():
        for text in (person.name, person.phone, person.id_number, person.email, person.street):
            assert text in whole
        assert f"Nộp thay ông/bà {person.name}, điện thoại {person.phone}" in whole


def test_the_open_statuses_of_both_protocols_are_the_same_dossiers(sandbox: SandboxServer, small: World) -> None:
    columns = small.nights[1]
    rows = rows_of(small)
    opened = rows[np.isin(columns.status[rows], [STATUS[code] for code in ("processing", "receiving", "waiting")])]
    found = Client(sandbox).content(dossier_status="1,2,8")
    assert {record["id"] for record in found} == {dossier_key(n) for n in columns.dossier_id[opened].tolist()}
