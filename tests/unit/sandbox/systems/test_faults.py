"""Every scripted fault misbehaves over real HTTP as the wild does, in every protocol, and again the same way."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import requests

from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems import misbehaviour
from motcua.sandbox.systems.faults import Fault, FaultPlan, Faults, Hit, IncomingRequest
from motcua.sandbox.systems.igate import TOKEN_PATH, agency_id
from motcua.sandbox.systems.tandan import LIST_PATHS
from motcua.sandbox.world.canary import CANARY_PASSWORD

GROUP, OTHER = 84113, 84100
PROTOCOLS = ("opencps", "igate", "tandan")
Listing = Callable[..., requests.Response]


class Client:
    """Asks for pages of a system's listing in any of the protocols, and reads what came."""

    def __init__(self, server: SandboxServer, protocol: str, group_id: int = GROUP) -> None:
        self.server, self.protocol, self.group_id = server, protocol, group_id
        self.session = requests.Session()
        self.session.auth = (server.login, server.password)
        if protocol == "igate":
            self.login()

    def login(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.server.login,
            "client_secret": self.server.password,
        }
        answer = requests.post(self.server.base_url_of("igate") + TOKEN_PATH, data=form, timeout=10)
        token = answer.json()["access_token"]
        self.session.auth = None
        self.session.headers["Authorization"] = f"Bearer {token}"

    def page(self, number: int = 0, size: int = 20, *, timeout: float = 10, **filters: str) -> requests.Response:
        if self.protocol == "opencps":
            paging = {"start": str(number * size), "end": str((number + 1) * size)}
            asked = {"agency": "all", "systemId": "0,1,2", **paging, **filters}
            headers = {"groupId": str(self.group_id)}
            return self.session.get(self.server.base_url + "/dossiers", params=asked, headers=headers, timeout=timeout)
        if self.protocol == "igate":
            asked = {"page": str(number), "size": str(size), "spec": "page", **filters,
                     "ancestor-agency-id": agency_id(self.group_id), "sort": "createdDate,asc"}  # fmt: skip
            url = f"{self.server.base_url_of('igate')}/pa/dossier/search"
            return self.session.get(url, params=asked, timeout=timeout)
        body = {"groupCode": str(self.group_id), "pageNumber": number + 1, "pageSize": size, "removed": None,
                "searchAllType": True, **filters}  # fmt: skip
        return self.session.post(self.server.url + LIST_PATHS[0], json=body, timeout=timeout)

    def read(self, answer: requests.Response) -> tuple[list[dict[str, Any]], int]:
        """Return the records of a page and the total it declares."""
        document = orjson.loads(answer.content)
        if self.protocol == "opencps":
            return document["data"], document["total"]
        if self.protocol == "igate":
            return document["content"], document["totalElements"]
        return document["data"]["data"], document["data"]["totalCount"]

    def ids(self, number: int = 0, size: int = 20, **filters: str) -> list[str]:
        key = "dossierId" if self.protocol == "opencps" else "id"
        return [str(record[key]) for record in self.read(self.page(number, size, **filters))[0]]

    def total(self) -> int:
        return self.read(self.page())[1]


@pytest.fixture(params=PROTOCOLS)
def client(sandbox: SandboxServer, request: pytest.FixtureRequest) -> Client:
    return Client(sandbox, request.param)


def break_with(client: Client, kind: str, **settings: Any) -> None:
    client.server.set_faults([{"kind": kind, "protocol": client.protocol, **settings}])


def test_a_5xx_is_one_of_four_or_the_one_asked_for(client: Client) -> None:
    break_with(client, "5xx")
    assert {client.page(number).status_code for number in range(12)} <= {500, 502, 503, 504}
    break_with(client, "5xx", status=502)
    assert client.page().status_code == 502


def test_a_429_says_how_long_to_wait_or_does_not(client: Client) -> None:
    break_with(client, "429", retry_after=7)
    assert (client.page().status_code, client.page().headers["Retry-After"]) == (429, "7")
    break_with(client, "429")
    assert client.page().status_code == 429
    assert "Retry-After" not in client.page().headers


def test_a_time_out_outlasts_the_client(client: Client) -> None:
    break_with(client, "timeout", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.page(timeout=0.3)
    assert client.page().status_code == 200


def test_a_time_out_ends_by_breaking_the_connection(client: Client) -> None:
    break_with(client, "timeout", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        client.page()


def test_a_slow_drip_is_complete(client: Client) -> None:
    straight = client.page().content
    break_with(client, "slow_drip", seconds=0.2)
    assert client.page().content == straight


def test_a_slow_drip_parts_its_time_over_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message.get("body"))

    async def sleep(seconds: float) -> None:
        told.append(seconds)

    monkeypatch.setattr(misbehaviour, "asyncio", SimpleNamespace(sleep=sleep))
    hit = Hit(Fault(kind="slow_drip", seconds=40), 0.5)
    asyncio.run(misbehaviour._deliver([hit], 200, {}, b"0123456789" * 4, send))
    head, *drips, end = told
    assert (head, end) == (None, b"")
    assert drips[::2] == [2.0] * 20  # a wait before each
    assert drips[1::2] == [b"01", b"23", b"45", b"67", b"89"] * 4


@pytest.mark.parametrize("variant", ["", "mid_body"])
def test_a_reset_breaks_the_connection_before_or_within_the_body(client: Client, variant: str) -> None:
    break_with(client, "reset", times=1, variant=variant)
    expected = requests.exceptions.ChunkedEncodingError if variant else requests.ConnectionError
    with pytest.raises(expected):
        client.page()
    assert client.page().status_code == 200


@pytest.mark.parametrize("kind", ["truncated_json", "invalid_json"])
def test_json_that_is_cut_or_wrong_comes_with_a_200(client: Client, kind: str) -> None:
    break_with(client, kind)
    answer = client.page()
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"])
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_a_wrong_charset_is_in_the_bytes_or_only_in_the_header(client: Client) -> None:
    straight = client.page().content
    break_with(client, "wrong_charset", variant="header")
    answer = client.page()
    assert answer.content == straight
    assert answer.encoding == "ISO-8859-1"
    break_with(client, "wrong_charset")
    with pytest.raises(UnicodeDecodeError):
        client.page().content.decode()
    assert "Tr" in client.page().content.decode("cp1258")


def test_a_duplicated_page_is_the_one_before(client: Client) -> None:
    first, second = client.ids(0), client.ids(1)
    break_with(client, "duplicated_page", after=1, times=1)
    assert [client.ids(0), client.ids(1), client.ids(1)] == [first, first, second]


def test_pages_shift_under_the_client(client: Client) -> None:
    first, second = client.ids(0), client.ids(1)
    break_with(client, "shifting_pages", rows=2)
    assert client.ids(0) == first
    assert client.ids(1) == first[-2:] + second[:-2]


def test_a_stuck_cursor_gives_the_first_page_for_ever(client: Client) -> None:
    first = client.ids(0)
    break_with(client, "stuck_cursor")
    assert [client.ids(number) for number in (0, 1, 2)] == [first] * 3


def test_ties_come_in_another_order_each_time(client: Client) -> None:
    straight = [client.ids(number, 40) for number in range(3)]
    break_with(client, "cursor_tie")
    once, again = ([client.ids(number, 40) for number in range(3)] for _ in range(2))
    assert once != straight
    assert once != again
    assert {i for page in once for i in page} != {i for page in again for i in page}


def test_a_short_page_lacks_rows_the_total_counts(client: Client) -> None:
    first, total = client.ids(0), client.total()
    break_with(client, "short_page", rows=3)
    assert client.ids(0) == first[:-3]
    assert client.total() == total


def test_the_cap_of_a_page_changes(client: Client) -> None:
    first = client.ids(0)
    break_with(client, "page_cap", cap=7)
    assert client.ids(0) == first[:7]


def test_an_empty_answer_is_a_proper_answer(client: Client) -> None:
    break_with(client, "empty_answer")
    answer = client.page()
    assert answer.status_code == 200
    assert client.read(answer) == ([], 0)


def test_a_shrunk_answer_lacks_the_same_dossiers_every_time(client: Client) -> None:
    size = client.total()
    everything = set(client.ids(0, 1000))
    break_with(client, "shrunk_answer", keep=0.6)
    left = client.ids(0, 1000)
    assert 0.4 * size < len(left) < 0.8 * size
    assert client.total() == len(left)
    assert set(left) < everything
    assert client.ids(0, 50) + client.ids(1, 50) == left[:100]


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_skewed_clock_is_off_in_records_and_header(client: Client, seconds: int) -> None:
    key, pattern = {
        "opencps": ("createDate", "%d/%m/%Y %H:%M:%S"),
        "igate": ("createdDate", "%Y-%m-%dT%H:%M:%S.000+0700"),
        "tandan": ("createdOn", "%Y-%m-%dT%H:%M:%S"),
    }[client.protocol]
    straight = client.page()
    break_with(client, "clock_skew", seconds=seconds)
    asked_at = int(time.time())
    skewed = client.page()
    answered_at = time.time()
    for before, after in zip(client.read(straight)[0], client.read(skewed)[0], strict=True):
        off = datetime.strptime(after[key], pattern) - datetime.strptime(before[key], pattern)
        assert off == timedelta(seconds=seconds)
    assert asked_at <= parsedate_to_datetime(skewed.headers["Date"]).timestamp() - seconds <= answered_at


def test_an_ignored_filter_gives_everything(client: Client) -> None:
    day = {
        "opencps": {"fromReceiveDate": "05/10/2023", "toReceiveDate": "05/10/2023"},
        "igate": {"accepted-from": "05/10/2023", "accepted-to": "05/10/2023"},
        "tandan": {"tiepNhanFrom": "2023-10-05", "tiepNhanTo": "2023-10-05T23:59:59"},
    }[client.protocol]
    everything = client.ids(0, 1000)
    assert len(client.ids(0, 1000, **day)) < len(everything)
    break_with(client, "filter_ignored")
    assert client.ids(0, 1000, **day) == everything


def test_a_named_filter_can_be_the_one_ignored(client: Client, sandbox: SandboxServer) -> None:
    name = {"opencps": "systemId", "igate": "ancestor-agency-id", "tandan": "groupCode"}[client.protocol]
    before = client.total()
    break_with(client, "filter_ignored", filters=[name.lower()])
    assert (client.total() > before) == (client.protocol != "opencps")
    assert client.total() != before


def test_a_renamed_field_is_gone_under_its_old_name(client: Client) -> None:
    key = {"opencps": "receiveDate", "igate": "acceptedDate", "tandan": "ngayTiepNhan"}[client.protocol]
    straight = client.read(client.page())[0]
    break_with(client, "field_renamed", renamed_to="ngayNhanHoSo")
    renamed = client.read(client.page())[0]
    assert [record.get("ngayNhanHoSo") for record in renamed] == [record[key] for record in straight]
    assert not any(key in record for record in renamed)


def test_a_password_stands_in_every_record(client: Client) -> None:
    break_with(client, "plaintext_password")
    records = client.read(client.page())[0]
    assert {record["matKhauTraCuu"] for record in records} == {CANARY_PASSWORD}


def test_a_login_page_comes_with_a_200(client: Client) -> None:
    break_with(client, "html_login")
    answer = client.page()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"password" in answer.content


def test_every_token_can_expire_at_once(sandbox: SandboxServer) -> None:
    client = Client(sandbox, "igate")
    break_with(client, "token_expires", after=1, times=1, path="/search")
    assert [client.page().status_code for _ in range(3)] == [200, 401, 401]
    client.login()
    assert client.page().status_code == 200


def test_a_fault_can_be_for_one_system_only(client: Client, sandbox: SandboxServer) -> None:
    break_with(client, "5xx", group_ids=[GROUP])
    assert client.page().status_code >= 500
    assert Client(sandbox, client.protocol, OTHER).page().status_code == 200


def test_a_fault_comes_after_some_requests_and_a_few_times(client: Client) -> None:
    break_with(
        client, "5xx", status=503, after=2, times=3, path={"opencps": "/dossiers"}.get(client.protocol, "search")
    )
    assert [client.page().status_code for _ in range(7)] == [200, 200, 503, 503, 503, 200, 200]
    report = client.server.faults()[0]
    assert (report["seen"], report["fired"]) == (7, 3)


def test_a_share_of_the_requests_is_hit_the_same_way_again(client: Client) -> None:
    plan = [
        {
            "kind": "5xx",
            "protocol": client.protocol,
            "share": 0.4,
            "path": "/" if client.protocol != "igate" else "/search",
        }
    ]
    runs = []
    for seed in (1, 1, 2):
        client.server.set_faults(plan, seed=seed)
        runs.append([client.page(number % 6).status_code for number in range(60)])
    assert runs[0] == runs[1] != runs[2]
    assert 10 < sum(status >= 500 for status in runs[0]) < 40


def test_who_else_asks_meanwhile_does_not_change_what_is_hit() -> None:
    plan = FaultPlan(seed=3, faults=(Fault(kind="5xx", share=0.5),))
    questions = [
        IncomingRequest("opencps", group, "/dossiers", f"GET {group} {page}") for group in (1, 2) for page in range(20)
    ]
    outcomes = []
    for order in (questions, questions[::-1]):
        faults = Faults()
        faults.plan(plan)
        outcomes.append({asked.identity: bool(faults.hits(asked)) for asked in order})
    assert outcomes[0] == outcomes[1]
    assert len(set(outcomes[0].values())) == 2


def test_bending_faults_add_up_and_a_refusal_ends_it(client: Client) -> None:
    client.server.set_faults([{"kind": "page_cap", "cap": 5}, {"kind": "plaintext_password"}])
    records = client.read(client.page())[0]
    assert len(records) == 5
    assert all("matKhauTraCuu" in record for record in records)
    client.server.set_faults([{"kind": "page_cap", "cap": 5}, {"kind": "html_login"}])
    assert client.page().headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("wrong", [{"kind": "gremlin"}, {"kind": "5xx", "share": 2}, {"kind": "5xx", "tims": 1}])
def test_a_fault_that_is_misspelt_is_refused(sandbox: SandboxServer, wrong: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError):
        sandbox.set_faults([wrong])
    assert requests.post(f"{sandbox.url}/_sandbox/faults", json=[], timeout=10).json()["faults"] == []


def test_without_faults_every_answer_has_one_date(client: Client) -> None:
    answer = client.page()
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["Date"])
