"""Asks whether anyone is there before a run begins, and says what to do where nobody is."""

from __future__ import annotations

from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from contracts.discretion import Key
from contracts.exchange import Answer, Request, json_request
from contracts.target import Lost, NotObserved
from contracts.target.line import Line, Silence, place_of
from contracts.target.money import Purse

#: Seconds until it is clear whether anyone is there.
PATIENCE = 4.0
_WITHIN = 160  # characters that are shown of what a server says


def hello(line: Line, base_url: str) -> Answer:
    """What is answered where our own mock says that it is one. No key is sent.

    Raises:
        Lost: nobody is there.
    """
    answer = line.send(place_of(base_url), Request("GET", "/_mock/ready"), None, PATIENCE)
    match answer:
        case Silence("broken"):
            return Answer(0, (), b"")
        case Silence():
            raise Lost(_unheard(answer, base_url))
    return answer


def greet(line: Line, base_url: str, key: Key, key_from: str, purse: Purse | None) -> None:
    """Return if an Images API answers at a base URL, and takes the key. Nothing is paid for.

    Args:
        line: the way there.
        base_url: as clients write it.
        key: that is sent.
        key_from: where it is from, as a user would set another one.
        purse: what is asked before anything is sent that could cost money.

    Raises:
        Lost: it does not. The text says why, and what to do, in at most ten lines.
    """
    Greeting(line, base_url, key, key_from, purse).make()


class Greeting:
    """One look at a server, over when its patience is."""

    def __init__(
        self, line: Line, base_url: str, key: Key, key_from: str, purse: Purse | None
    ) -> None:
        self._line, self._base_url, self._key, self._key_from = line, base_url, key, key_from
        self._purse, self._ends = purse, monotonic() + PATIENCE

    def make(self) -> None:
        """Ask for the models, and where that tells nothing, for a picture without a prompt."""
        models = self._asked(Request("GET", "/models"))
        self._check_key(models)
        if models.status == 200 and isinstance(models.json(), dict):
            return
        try:
            picture = self._asked_for_a_picture()
        except NotObserved:  # the cap leaves nothing for it
            return
        self._check_key(picture)
        if picture.status not in (404, 405) and isinstance(picture.json(), dict):
            return
        raise Lost(self._no_api(picture if _hint(picture) else models, picture))

    def _asked_for_a_picture(self) -> Answer:
        """What is answered where nothing is said of the picture, which every API refuses."""
        request = json_request("POST", "/images/generations", {})
        bill = self._purse.opened(request, pays=False) if self._purse else None
        answer = self._asked(request)
        if self._purse:
            self._purse.settle(bill, answer)
        return answer

    def _asked(self, request: Request) -> Answer:
        """An answer, and no redirect."""
        answer = self._sent(request, self._base_url)
        if isinstance(answer, Silence):
            raise Lost(_unheard(answer, self._base_url))
        if answer.status in (301, 302, 303, 307, 308) and (to := answer.header("location")):
            raise Lost(
                f"{self._base_url} answers {answer.status}, and leads on to {_short(to)}\n"
                "The key is not sent there unasked. Fix: name that address with --target."
            )
        return answer

    def _sent(self, request: Request, base_url: str) -> Answer | Silence:
        path = urlsplit(base_url).path.rstrip("/") + request.path
        left = max(0.1, self._ends - monotonic())
        return self._line.send(place_of(base_url), request._replace(path=path), self._key, left)

    def _check_key(self, answer: Answer) -> None:
        if answer.status == 401:
            raise Lost(refused_key(self._base_url, answer, self._key_from))

    def _no_api(self, first: Answer, picture: Answer) -> str:
        lines = [f"There is no Images API at {self._base_url}: {_what(first)}."]
        if hint := _hint(first):
            lines.append(f"It says: {hint}")
        if other := self._other():
            lines.append(f"Fix: --target {other} has one.")
        elif not self._base_url.endswith("/v1"):
            lines.append(
                "Fix: name the base URL that clients use with --target; here /v1 has none."
            )
        else:
            lines.append("Fix: name the base URL that clients use with --target; most end in /v1.")
        if picture is not first and picture.status != first.status:
            lines.insert(1, f"POST /images/generations there: {_what(picture)}.")
        return "\n".join(lines)

    def _other(self) -> str:
        """A base URL nearby that has an API; "" if there is none."""
        parts = urlsplit(self._base_url)
        near = dict.fromkeys((f"{self._base_url}/v1", f"{parts.scheme}://{parts.netloc}/v1"))
        for base_url in near.keys() - {self._base_url}:
            for request in (Request("GET", "/models"), Request("GET", "/images/generations")):
                found = self._sent(request, base_url)
                told = found.json() if isinstance(found, Answer) and found.status != 404 else None
                if isinstance(told, dict):
                    return base_url
        return ""


def refused_key(base_url: str, answer: Answer, key_from: str) -> str:
    """What to say where a key is refused."""
    return (
        f"{base_url} refuses the API key ({answer.status}): {said(answer)}\n"
        f"Fix: set a key that it takes in {key_from}."
    )


def said(answer: Answer) -> str:
    """What an answer says of itself, in a line."""
    value = answer.json()
    error: Any = value.get("error") if isinstance(value, dict) else None
    told = error.get("message") if isinstance(error, dict) else error
    return _short(str(told)) if told else f"{answer.media or 'no content type'}, no error in it"


def _unheard(silence: Silence, base_url: str) -> str:
    why = _short(silence.why)
    match silence.kind:
        case "untrusted":
            return (
                f"{base_url} has a certificate that is not trusted here: {why}.\n"
                "Fix: name who signed it, or the certificate itself, in PEM: --ca FILE"
            )
        case "late":
            return (
                f"{base_url} takes connections, and does not answer within {PATIENCE:g} s.\n"
                "Fix: look at the server; it may hang, or something else is on this port."
            )
        case "broken" | "endless":
            other = "http" if base_url.startswith("https") else "https"
            return (
                f"{base_url} does not answer as HTTP does: {why}.\n"
                f"Fix: it may want {other}:// in its address; or something else is on this port."
            )
        case "unreached":
            return (
                f"Nobody answers at {base_url}: {why}.\n"
                "Fix: start the server, or name another: --target http://HOST:PORT/v1"
            )


def _what(answer: Answer) -> str:
    if "html" in answer.media:
        return f"a web page answers ({answer.status}, {answer.media})"
    if not isinstance(answer.json(), dict):
        return f"what answers is no JSON ({answer.status}, {answer.media or 'no content type'})"
    return f"it answers {answer.status}, {said(answer)}"


def _hint(answer: Answer) -> str:
    return _short(answer.header("mock-hint"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WITHIN else f"{line[:_WITHIN]}…"
