"""The control API of our own mock, for the sandbox of one key, and the proof that it is ours.

What says at `/_mock/` that it is a mock may stand behind something that leads other requests to an
account. So the mock is asked what it received: every header as it was sent, with one that whoever
passes requests on has to take away.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote, urlsplit

from contracts.discretion import Key
from contracts.exchange import Answer, Request
from contracts.target import Lost, NotObserved
from contracts.target.line import Line, place_of

_PATIENCE = 5.0


class Control:
    """What this run can do with the sandbox of its key."""

    def __init__(self, line: Line, base_url: str, key: Key, token: Key | None = None) -> None:
        self._line, self._place = line, place_of(base_url)
        self._key, self._token = key, token

    def begin(self) -> None:
        """Begin the sandbox anew, without limits."""
        self.ask("POST", "sandbox", {"tier": "off"})

    def limit(self, per_minute: int) -> None:
        """Begin it anew, with so many pictures in a minute."""
        self.ask("POST", "sandbox", {"per_minute": per_minute})

    def move_clock(self, seconds: float) -> None:
        """Move its clock on."""
        self.ask("POST", "clock/advance", {"seconds": seconds})

    def check_made(self, answer: Answer) -> None:
        """Return if this mock has made an answer.

        Raises:
            Lost: somebody else has, behind its back.
        """
        made = self._asked("GET", f"requests/{quote(answer.header('x-request-id'), safe='')}")
        if made is None or made.status != 200:
            raise Lost(
                "An answer did not come from the mock that answers at /_mock/: something on the "
                "way asks somebody else, and may pay.\n"
                "Fix: name the mock's own address; or pay, with --paid --max-usd X."
            )

    def ask(self, method: str, path: str, value: Any = None) -> Any:
        """What it answers, decoded.

        Raises:
            NotObserved: it refused, or there is none.
        """
        answer = self._asked(method, path, value)
        if answer is None or answer.status >= 400:
            status = f" ({answer.status})" if answer else ""
            raise NotObserved(f"the mock did not do what {method} /_mock/{path} asks{status}")
        return answer.json()

    def _asked(self, method: str, path: str, value: Any = None) -> Answer | None:
        headers: list[tuple[str, str]] = [("content-type", "application/json")]
        self._key.tell(lambda name, told: headers.append((name, told)), "mock-sandbox-key", "")
        body = b"" if value is None else json.dumps(value).encode()
        request = Request(method, f"/_mock/{path}", tuple(headers), body)
        found = self._line.send(self._place, request, self._token, _PATIENCE)
        return found if isinstance(found, Answer) else None


def says_mock(answer: Answer) -> bool:
    """Whether who answers at `/_mock/ready` says that he is a mock of ours."""
    told = answer.json()
    return isinstance(told, dict) and told.get("server") == "images-mock"


def reaches_mock(line: Line, base_url: str, key: Key, token: Key | None = None) -> bool:
    """Whether requests to a base URL come to the mock beside it, by nobody who passes them on."""
    place, path = place_of(base_url), urlsplit(base_url).path.rstrip("/")
    nonce = f"x-{os.urandom(8).hex()}"
    hop = (("connection", f"keep-alive, {nonce}"), (nonce, "hop"))
    sent = line.send(place, Request("GET", f"{path}/models", hop), key, _PATIENCE)
    if not isinstance(sent, Answer):
        return False
    try:
        told = Control(line, base_url, key, token).ask("GET", "requests?raw=true&limit=1")
        raw = told["requests"][-1]["raw"]
    except (NotObserved, LookupError, TypeError):
        return False
    came = {name: value for name, value in raw["headers"].items() if name != "authorization"}
    expected = {"host": place.netloc, "accept-encoding": "identity", **dict(hop)}
    return bool(raw["line"] == f"GET {path}/models HTTP/1.1" and came == expected)
