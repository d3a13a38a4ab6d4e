"""Who asks: tokens that end, one renewal for many threads, and OpenCPS's machine key with its twelve-hour clock."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.unit.extract.opencps_site import LOGIN, PASSWORD, Handler, Site, record

from motcua.catalog import Source, load_catalog
from motcua.errors import ConfigurationError, ContractBroken
from motcua.extract import SourceConnection
from motcua.extract.adapters.protocol import Window, make_adapter
from motcua.extract.records.mapping import load_mapping
from motcua.extract.wire.authorisation import AuthenKey, Bearer, Token, authen_key
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
VIETNAM = timezone(timedelta(hours=7))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_requested_once_and_renewed_before_it_ends() -> None:
    clock, asked = Clock(), iter("abcd")
    bearer = Bearer(lambda: Token(next(asked), 300), clock)
    assert bearer.headers() == {"Authorization": "Bearer a"}
    clock.now += 269
    assert bearer.headers() == {"Authorization": "Bearer a"}
    clock.now += 1
    assert bearer.headers() == {"Authorization": "Bearer b"}


def test_a_short_token_is_used_for_half_its_life() -> None:
    clock, asked = Clock(), iter("abcd")
    bearer = Bearer(lambda: Token(next(asked), 10), clock)
    assert bearer.headers() == {"Authorization": "Bearer a"}
    clock.now += 4.9
    assert bearer.headers() == {"Authorization": "Bearer a"}
    clock.now += 0.1
    assert bearer.headers() == {"Authorization": "Bearer b"}


def test_many_threads_refused_at_once_renew_the_token_once() -> None:
    asked: list[str] = []

    def ask() -> Token:
        asked.append("x")
        return Token(f"t{len(asked)}", 300)

    bearer = Bearer(ask)
    refused = bearer.headers()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bearer.renew(refused), range(8)))
    assert len(asked) == 2
    assert bearer.headers() == {"Authorization": "Bearer t2"}


def test_a_token_does_not_show() -> None:
    assert "s3cret" not in repr(Token("s3cret", 1))


@pytest.mark.parametrize(
    ("local", "is_twelve_hour", "meant"),
    [
        ("2023-10-02 09:15:42", False, "2023-10-02 09:15:00"),
        ("2023-10-02 12:15:42", False, "2023-10-02 00:15:00"),
        ("2023-10-02 12:15:42", True, "2023-10-02 00:15:00"),
        ("2023-10-02 15:15:42", False, "2023-10-02 15:15:00"),
        ("2023-10-02 15:15:42", True, "2023-10-02 03:15:00"),
        ("2023-10-02 00:15:42", True, "2023-10-02 00:15:00"),
    ],
)
def test_the_machine_key_is_the_minute_as_the_server_parses_it(local: str, is_twelve_hour: bool, meant: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=VIETNAM)
    milliseconds = int(datetime.fromisoformat(meant).replace(tzinfo=VIETNAM).timestamp() * 1000)
    expected = hashlib.md5(f"opencps{milliseconds}".encode(), usedforsecurity=False).hexdigest()
    assert authen_key(at, VIETNAM, is_twelve_hour=is_twelve_hour) == expected


def test_after_a_refused_machine_key_the_next_variant_is_tried_and_the_accepted_one_is_kept() -> None:
    at = datetime(2023, 10, 2, 8, 15, tzinfo=UTC)  # 15:15 in Vietnam
    key = AuthenKey(lambda: at)
    held = {"authenKey": authen_key(at, VIETNAM, is_twelve_hour=True)}
    shown = 0
    while (proof := key.headers()) != held:
        key.renew(proof)
        shown += 1
    assert 0 < shown <= key.renewals
    assert key.headers() == held


class Tokens:
    """Lets a Site take a JWT, by the rules of POST /login; `holds` are the tokens that are good."""

    def __init__(self) -> None:
        self.holds: set[str] = set()
        self.issued = 0

    def install(self, monkeypatch: pytest.MonkeyPatch, site: Site, answer: Callable[[str], Any]) -> None:
        tokens, get = self, Handler.do_GET
        basic = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()

        def do_post(handler: Handler) -> None:
            handler.server.asked.append((handler.path, {}, dict(handler.headers)))
            if handler.headers["Authorization"] != basic or handler.path != "/o/rest/v2/login":
                return handler.answer(b"", status=401)
            tokens.issued += 1
            token = f"jwt-{tokens.issued}"
            tokens.holds = {token}
            handler.answer(json.dumps(answer(token)).encode())

        def do_get(handler: Handler) -> None:
            kind, _, token = handler.headers["Authorization"].partition(" ")
            if kind != "Bearer" or token not in tokens.holds:
                return handler.answer(b"", status=401)
            handler.headers.replace_header("Authorization", basic)
            get(handler)

        monkeypatch.setattr(Handler, "do_POST", do_post, raising=False)
        monkeypatch.setattr(Handler, "do_GET", do_get)


def opencps(**options: Any) -> Source:
    shipped = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"].model_dump()
    quick = {"page_size": 4, "attempts": 2, "retry_wait_seconds": 0.01}
    return Source.model_validate(shipped | quick | {"options": {"group_id": 84102, **options}})


def listed(site: Site, source: Source) -> list[Any]:
    adapter = make_adapter(source, SourceConnection(site.url, LOGIN, PASSWORD), load_mapping(CATALOG, "opencps"))
    try:
        return [record for page in adapter.pages(OCTOBER) for record in page.records]
    finally:
        adapter.close()


def test_an_opencps_token_that_ends_in_mid_run_is_renewed_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens()
    tokens.install(monkeypatch, site, lambda token: {"token": token})
    site.dossiers["84102"] = [record(number) for number in range(1, 10)]

    def ends(handler: Handler, document: dict[str, Any]) -> bool:
        tokens.holds.clear()
        return False

    site.faults = [None, ends]
    assert len(listed(site, opencps(auth="token"))) == 9
    assert tokens.issued == 2
    assert [path for path, _, _ in site.asked if path.endswith("/login")] == ["/o/rest/v2/login"] * 2


def test_a_login_without_a_token_breaks_the_contract(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    Tokens().install(monkeypatch, site, lambda token: {"jwt": token})
    with pytest.raises(ContractBroken, match="POST /login without a token"):
        listed(site, opencps(auth="token"))


def test_a_wrong_login_names_the_connection(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    Tokens().install(monkeypatch, site, lambda token: {"token": token})
    adapter = make_adapter(
        opencps(auth="token"), SourceConnection(site.url, LOGIN, "wrong"), load_mapping(CATALOG, "opencps")
    )
    with pytest.raises(ConfigurationError, match="onestop_tra_vinh"):
        list(adapter.pages(OCTOBER))


def test_the_machine_key_opens_a_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    get = Handler.do_GET
    basic = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()

    def do_get(handler: Handler) -> None:
        now = datetime.now(UTC)
        good = {authen_key(at, VIETNAM, is_twelve_hour=True) for at in (now, now - timedelta(minutes=1))}
        if handler.headers["authenKey"] not in good:
            return handler.answer(b"", status=401)
        handler.headers["Authorization"] = basic
        get(handler)

    monkeypatch.setattr(Handler, "do_GET", do_get)
    site.dossiers["84102"] = [record(number) for number in range(1, 10)]
    assert len(listed(site, opencps(auth="authen_key"))) == 9


def test_a_source_may_request_less_than_everything(site: Site) -> None:
    listed(site, opencps(agency_scope="000.01.21.H59", system_ids=[0, 5], originality=[1, 3]))
    [asked] = site.lists()
    assert (asked["agency"], asked["systemId"], asked["originality"]) == ("000.01.21.H59", "0,5", "1,3")


@pytest.mark.parametrize(
    ("counts", "warnings"),
    [
        ({"database": 9, "lucene": 9}, []),
        ({"database": 9, "lucene": 7}, ["its database holds 9 dossiers, its index 7"]),
        ({"total": 9}, ["the probe GET /count did not return the counts of the database and of the index"]),
        (None, ["the probe GET /count did not return the counts of the database and of the index"]),
    ],
)
def test_an_index_behind_its_database_causes_a_warning(
    site: Site, monkeypatch: pytest.MonkeyPatch, counts: Any, warnings: list[str]
) -> None:
    get = Handler.do_GET

    def do_get(handler: Handler) -> None:
        if "/count/" not in handler.path:
            return get(handler)
        assert handler.path.endswith("/count/org.opencps.dossiermgt.model.Dossier")
        handler.answer(json.dumps(counts).encode(), status=404 if counts is None else 200)

    monkeypatch.setattr(Handler, "do_GET", do_get)
    connection = SourceConnection(site.url, LOGIN, PASSWORD)
    adapter: Any = make_adapter(opencps(probes_index=True), connection, load_mapping(CATALOG, "opencps"))
    assert adapter.warnings == warnings
    silent: Any = make_adapter(opencps(), connection, load_mapping(CATALOG, "opencps"))
    assert silent.warnings == []
