"""Accepts what local systems push to the national portal, in the portal's own protocol (one_stop_systems.md b.1).

A sender logs in and posts `{session, madonvi, service, isUpdating, data: [...]}`. The answer reports success only after
the message, without personal data (`masking`), is committed. A message is accepted as a whole or refused as a whole; a
refusal names item, field and rule. Values that cannot be read are not refused here: validation sets such a dossier
aside at night, as for every source.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any

from motcua.catalog import Catalog, PortalSyncOptions, Source
from motcua.errors import ConfigurationError
from motcua.extract.adapters import inbox
from motcua.extract.adapters.portal_sync import NEEDED, STEPS, WHOLE
from motcua.extract.records.convert import read_flag
from motcua.extract.records.mapping import mapping_of
from motcua.extract.records.masking import LONGEST, Masker
from motcua.extract.records.privacy import MASKED, Pseudonymiser
from motcua.extract.wire.connection import Resolve
from motcua.procedures import procedure_namer

MOST_ITEMS = 2_000
MOST_ERRORS = 20
SESSION_SECONDS = 1_800.0
MOST_SESSIONS = 10_000
OK, REFUSED, EXISTS = "0", "-1", "-3"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """A fault of an item: its position in `data` from 1, the field, and the rule that it breaks."""

    item: int
    field: str
    rule: str


@dataclass(frozen=True)
class Answer:
    """An answer in the portal's form. `status` is the HTTP status, which is 200 also for a faulty message, as there."""

    error_code: str | int
    message: str
    status: int = 200
    session: str | None = None
    faults: Sequence[Fault] = ()

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"error_code": self.error_code}
        if self.session is not None:
            return document | {"session": self.session}
        document["message"] = self.message
        if self.faults:
            document["errors"] = [vars(fault) for fault in self.faults]
        return document


@dataclass
class _Account:
    """A login, and the sources for which it may post, by `madonvi`."""

    password: str = field(repr=False)
    sources: dict[str, list[Source]] = field(default_factory=dict)


class Reception:
    """The accounts and sessions of one process, and the handling of messages. May be used from several threads."""

    def __init__(
        self,
        catalog: Catalog,
        resolve: Resolve,
        pseudonymise: Pseudonymiser,
        *,
        today: Callable[[], date],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the inboxes of a catalogue. A message belongs to the source in force `today`: no other is pulled.

        Raises:
            ConfigurationError: there is no inbox, a connection has no login, or two have one login with two passwords.
            CatalogError: a mapping is wrong.
        """
        self._clock = clock
        self._today = today
        self._lock = Lock()
        self._sessions: dict[str, tuple[str, float]] = {}
        self._accounts: dict[str, _Account] = {}
        self._maskers: dict[str, Masker] = {}
        for source in catalog.sources:
            if isinstance(source.options, PortalSyncOptions) and source.options.inbox:
                self._open(source, source.options.agency_code, resolve)
                mapping = mapping_of(catalog.folder, source)
                name_procedure = procedure_namer(catalog, source.level)
                self._maskers[source.source_id] = Masker(mapping, pseudonymise, name_procedure, NEEDED)
        if not self._accounts:
            raise ConfigurationError(
                f"No source in {catalog.folder} receives posted messages.",
                action="give one the adapter portal_sync and inbox: true (docs/how-to/receive-posted-batches.md).",
            )

    @property
    def source_ids(self) -> list[str]:
        return sorted(self._maskers)

    def log_in(self, username: Any, password: Any) -> Answer:
        """Return a session when the password of the account is right."""
        account = self._accounts.get(username) if isinstance(username, str) else None
        expected_password = account.password if account else secrets.token_hex(16)
        given_password = password if isinstance(password, str) else ""
        if not hmac.compare_digest(expected_password.encode(), given_password.encode()) or account is None:
            log.warning("a login was refused")
            return Answer(REFUSED, "Sai tên đăng nhập hoặc mật khẩu (wrong username or password)", 401)
        session = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            if len(self._sessions) >= MOST_SESSIONS:
                self._sessions = {key: held for key, held in self._sessions.items() if held[1] > now}
                while len(self._sessions) >= MOST_SESSIONS:
                    self._sessions.pop(next(iter(self._sessions)))
            self._sessions[session] = (username, now + SESSION_SECONDS)
        return Answer(0, "", session=session)

    def take(self, message: Any) -> Answer:
        """Store a message and confirm it, or refuse it with the reason.

        Raises the error of the store when it does not answer. Then nothing was stored, and nothing may be confirmed.
        """
        if not isinstance(message, dict):
            return _refusal("Thông điệp phải là một đối tượng JSON (the message must be a JSON object)", 400)
        account = self._account_of(message.get("session"))
        if account is None:
            return _refusal("Phiên đăng nhập không hợp lệ hoặc đã hết hạn (no such session, log in again)", 401)
        source = self._source_of(account, message.get("madonvi"))
        if source is None:
            return _refusal(
                f"madonvi {_shown(message.get('madonvi'))}: tài khoản này không được gửi cho đơn vị này"
                " (this account may not send for that agency)"
            )
        service = message.get("service")
        if service not in (WHOLE, *STEPS):
            return _refusal(
                f"service {_shown(service)}: không được tiếp nhận; chỉ nhận {', '.join((WHOLE, *STEPS))}"
                " (that service is not received here)"
            )
        data = message.get("data")
        items: list[Any] = data if isinstance(data, list) else [data]
        if not items or len(items) > MOST_ITEMS:
            return _refusal(f"data: có {len(items)} mục, cho phép từ 1 đến {MOST_ITEMS} (1 to {MOST_ITEMS} items)")
        return self._keep(source, service, service == WHOLE and read_flag(message.get("isUpdating")), items)

    def _keep(self, source: Source, service: str, is_update: bool, items: Sequence[Any]) -> Answer:
        masker = self._maskers[source.source_id]
        masked: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for position, item in enumerate(items, start=1):
            if not isinstance(item, dict):
                faults.append(Fault(position, "data", "object"))
                continue
            masked.append(masker.mask(item))
            if rule := _broken(item.get("MaHoSo"), masked[-1].get("MaHoSo")):
                faults.append(Fault(position, "MaHoSo", rule))
        if faults:
            texts = "; ".join(f"mục {fault.item}: {fault.field} {fault.rule}" for fault in faults[:MOST_ERRORS])
            log.warning("%s: %s refused, %d items of %d", source.source_id, service, len(faults), len(items))
            return Answer(
                REFUSED,
                f"{service}: {len(faults)}/{len(items)} mục sai, không mục nào được lưu (nothing was kept): {texts}",
                faults=faults[:MOST_ERRORS],
            )
        numbers = sorted({str(item["MaHoSo"]).strip() for item in masked})
        number = inbox.keep(source.source_id, inbox.Message(service, is_update, masked), numbers)
        log.info(
            "%s: %s of %d items %s", source.source_id, service, len(items), "sent again" if number is None else "kept"
        )
        if number is None and service == WHOLE and not is_update:
            return Answer(EXISTS, "Hồ sơ đã tồn tại")
        return Answer(OK, "Đồng bộ thành công")

    def _open(self, source: Source, agency_code: str, resolve: Resolve) -> None:
        connection = resolve(source.connection_id)
        if not connection.login or not connection.password:
            raise ConfigurationError(
                f"The connection {source.connection_id!r} of {source.source_id} has no login or no password.",
                action="set both: the sending system logs in with them.",
            )
        account = self._accounts.setdefault(connection.login, _Account(connection.password))
        if account.password != connection.password:
            raise ConfigurationError(
                f"The connection {source.connection_id!r} of {source.source_id} has the login of another connection, "
                "with another password.",
                action="give each sending system a login of its own.",
            )
        account.sources.setdefault(agency_code, []).append(source)

    def _account_of(self, session: Any) -> _Account | None:
        with self._lock:
            username, ends = self._sessions.get(session, ("", 0.0)) if isinstance(session, str) else ("", 0.0)
        return self._accounts.get(username) if self._clock() < ends else None

    def _source_of(self, account: _Account, agency_code: Any) -> Source | None:
        sources: Mapping[str, list[Source]] = account.sources
        candidates = sources.get(agency_code, []) if isinstance(agency_code, str) else []
        return next((source for source in candidates if source.holds_on(self._today())), None)


def _broken(number: Any, masked: Any) -> str | None:
    """Return the rule that a dossier number breaks. It identifies the dossier, so it must be usable as it is."""
    if number is None or (isinstance(number, str) and not number.strip()):
        return "required"
    if isinstance(number, bool | list | dict) or len(str(number)) > LONGEST:
        return "code"
    return "personal" if masked == MASKED else None


def _refusal(text: str, status: int = 200) -> Answer:
    return Answer(REFUSED, text, status)


def _shown(value: Any) -> str:
    """Return a value of a message in a form that the answer may repeat."""
    text = str(value)
    return repr(text) if re.fullmatch(r"[A-Za-z0-9.:_-]{1,60}", text) else "(?)"
