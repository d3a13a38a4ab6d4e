"""The client side of the portal's sync: a local system logs in and posts its batches (one_stop_systems.md b.1).

A real system has a short read timeout, so it misses some answers and sends those messages again. This client therefore
sends some messages twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import requests

from motcua.errors import ContractBroken
from motcua.sandbox.systems.portal_sync import Shape, messages
from motcua.sandbox.world.columns import World

LOGIN_PATH, MESSAGE_PATH = "/mapi/login", "/mapi/g"
DESTINATION = {"dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprovider"}
SENT_AGAIN = 7  # every seventh message is sent twice
_DONE = ("0", "3", "-3")  # 3 and -3: the message was already received
_READ_SECONDS = 60


class PortalSender:
    """The session of one sender."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = url.rstrip("/")
        self._http = requests.Session()
        self._account = {"username": login, "password": password}
        self.session = ""

    def log_in(self) -> Mapping[str, Any]:
        """Request a session and return the answer."""
        answer = self._post(LOGIN_PATH, self._account)
        self.session = str(answer.get("session") or "")
        return answer

    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Post one message in the session and return the answer."""
        return self._post(MESSAGE_PATH, {**message, "session": self.session})

    def _post(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        response = self._http.post(f"{self._url}{path}", params=DESTINATION, json=document, timeout=_READ_SECONDS)
        answer: Mapping[str, Any] = response.json()
        return answer


def post_world(
    world: World,
    night: int,
    url: str,
    login: str,
    password: str,
    *,
    since: int | None = None,
    shape: Shape = "2025",
) -> dict[str, int]:
    """Post the messages of every system of a world, some of them twice, and return the number of answers by code.

    Raises:
        ContractBroken: the login or a message was refused.
    """
    sender = PortalSender(url, login, password)
    if str(sender.log_in().get("error_code")) != "0":
        raise ContractBroken("The reception refused the login.", action="use the login of the source's connection.")
    answered: Counter[str] = Counter()
    for group_id in world.group_ids:
        for number, message in enumerate(messages(world, night, group_id, shape, since)):
            for _ in range(2 if number % SENT_AGAIN == 0 else 1):
                answer = sender.send(message)
                code = str(answer.get("error_code"))
                if code not in _DONE:
                    raise ContractBroken(
                        f"Message {number + 1} of site {group_id} was refused: {answer.get('message')}",
                        action="read the log of the reception.",
                    )
                answered[code] += 1
    return dict(answered)
