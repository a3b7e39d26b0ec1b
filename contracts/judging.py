"""Holds a server to the contract: what it is sent, how much of it, and what answers must keep.

The server may be an ASGI application of this process or stand behind any base URL; it makes no
difference but for the session that carries the requests.
"""

# ruff: noqa: S101 - what is judged here is judged by assertions, as pytest and Schemathesis take them

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from schemathesis import Case
from schemathesis.python.asgi import get_client
from schemathesis.schemas import BaseSchema

from contracts.build import Schema, build, path_of
from contracts.checks import (
    Fetch,
    assert_error,
    error_envelope,
    pictures,
    request_id,
    undeclared_method,
)
from contracts.forms import FORM, accepted_as_sent, dressed, fields_in
from contracts.narrow import narrowed
from contracts.uploads import Files, good, near_misses
from mockserver.facts import Operation, load

#: Opens a sandbox of its own on the mock, and nothing anywhere else.
KEY = "sk-mock-contract"

#: Checks of Schemathesis that find fault with habits of the real API, which a stand-in must share.
EXCLUDED = (
    # Wants an Allow header with each 405. None was recorded; `undeclared_method` stands in for it.
    "unsupported_method",
    # Sends each accepted request again with a made-up key: the mock lets every key in unless told
    # otherwise, and elsewhere this would pay twice. `judge_without_key` asks the sound half.
    "ignored_auth",
)


class BudgetSpent(Exception):
    """A request was held back because it could have bought more pictures than were allowed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How hard a server is tried."""

    name: str
    examples: int  # for each operation, beside those of the document
    uploads: int  # instead, where files are sent
    coverage: bool  # every keyword of the schema broken once, whatever `examples` says
    mode: str  # "all", or "positive": requests that keep the contract alone
    narrow: bool  # one small picture a request
    budget: int | None  # pictures; None is no bound


#: For servers that cost nothing.
FULL = Profile(
    "full", examples=50, uploads=25, coverage=True, mode="all", narrow=False, budget=None
)
#: For servers that may cost something: at the prices of 2025, 10 pictures of 256x256 are 0.16 USD.
CAREFUL = Profile(
    "careful", examples=1, uploads=1, coverage=False, mode="positive", narrow=True, budget=10
)
PROFILES = {p.name: p for p in (FULL, CAREFUL)}


def profile_for(base_url: str) -> Profile:
    """The profile that is safe there: full on this machine, careful anywhere else."""
    return FULL if is_loopback(base_url) else CAREFUL


def is_loopback(base_url: str) -> bool:
    """Whether only this machine answers there."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Server:
    """A server to be judged, and the session that carries everything sent to it."""

    base_url: str  # ends in /v1
    session: requests.Session
    api_key: str = KEY
    fetch: Fetch = field(init=False)

    def __post_init__(self) -> None:
        self.fetch = self._fetched

    def _fetched(self, url: str) -> bytes | None:
        """The picture behind a URL of this server; no other host is asked."""
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
            return None
        answer = self.session.get(url, timeout=30)
        assert answer.status_code == 200, f"the picture's URL answers {answer.status_code}"
        assert answer.headers["content-type"] == "image/png", "the picture is not sent as a PNG"
        return answer.content


class CappedSession(requests.Session):
    """Lets no more pictures be asked for than `budget`, whoever asks.

    Counted where requests leave, as a `before_call` hook misses what Schemathesis' checks send
    themselves. A request is counted before it is sent, and whether or not it will be accepted.
    """

    def __init__(self, budget: int) -> None:
        super().__init__()
        self._left: float = budget

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what is still paid for.

        Raises:
            BudgetSpent: the request was not sent.
        """
        cost = pictures_in(request.body, request.headers.get("content-type"))
        if cost > self._left:
            raise BudgetSpent(f"{cost:g} more would be too many: {self._left:g} pictures are left")
        self._left -= cost
        return super().send(request, **kwargs)


def pictures_in(body: Any, content_type: str | bytes | None = None) -> float:
    """How many pictures a request could buy: at least one if it has a body at all."""
    if not body:
        return 0
    form = fields_in(content_type, body)
    return max([1, *(_in_form(form) if form else _in_json(body))])


def _in_json(body: Any) -> list[float]:
    try:
        n = json.loads(body)["n"]
    except (ValueError, TypeError, KeyError):
        return []
    return [n] if isinstance(n, int | float) else []


def _in_form(form: list[tuple[str, bytes]]) -> list[float]:
    """Of all that is said of `n`, read generously: nobody knows which of two a server takes."""
    found = []
    for name, value in form:
        with suppress(ValueError):
            found += [float(value)] if name == "n" else []
    return found


def at(base_url: str, profile: Profile, api_key: str = KEY) -> Server:
    """The server behind `base_url`."""
    session = requests.Session() if profile.budget is None else CappedSession(profile.budget)
    session.trust_env = False  # no proxy, and no key out of ~/.netrc
    return Server(base_url.rstrip("/"), session, api_key)


def in_process(app: Any) -> Server:
    """The ASGI application `app`, without a socket."""
    return Server("http://testserver/v1", get_client(app))


def requests_of(profile: Profile) -> BaseSchema:
    """What to send: its `parametrize()` makes one test of each operation, which takes a `case`."""
    return schemathesis.openapi.from_dict(_document(profile), config=_configuration(profile))


def _document(profile: Profile) -> Schema:
    return narrowed(build()) if profile.narrow else build()


def _configuration(profile: Profile) -> schemathesis.Config:
    return schemathesis.Config.from_dict(
        {
            "seed": 1,
            "generation": {
                "mode": profile.mode,
                "max-examples": profile.examples,
                "deterministic": True,
                "no-shrink": profile.narrow,  # shrinking a failure means to buy it again and again
                "database": "none",
                "with-security-parameters": False,  # `judge` sends the key
            },
            "checks": {name: {"enabled": False} for name in EXCLUDED},
            "operations": [
                {
                    "include-operation-id": operation.id,
                    "generation": {"max-examples": profile.uploads},
                }
                for operation in load().operations.values()
                if operation.form
            ],
            "phases": {"coverage": {"enabled": profile.coverage}},
            # Constants out of the code under test would make other requests in process than by URL.
            "analysis": {"constants": {"enabled": False}},
            "cache": {"enabled": False},
        }
    )


def judge(case: Case[Any], server: Server) -> None:
    """Send one request, and check everything that the contract says of the answer."""
    dressed(case).call_and_validate(
        base_url=server.base_url,
        session=server.session,
        headers=_authorized(server),
        additional_checks=[
            request_id,
            error_envelope,
            undeclared_method,
            accepted_as_sent,
            pictures(server.fetch),
        ],
        timeout=120,
    )


def _authorized(server: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.api_key}"}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Uploads that only just break a rule, in a form that is good but for them."""

    name: str  # what is wrong
    operation: Operation
    path: str
    files: Files = field(repr=False)


def near_misses_of(profile: Profile) -> list[NearMiss]:
    """Every near miss; none where a server that takes it could send a bill."""
    if profile.budget is not None:
        return []
    document = _document(profile)
    return [
        NearMiss(f"{operation.id} {name}", operation, path_of(operation, document), files)
        for operation in load().operations.values()
        if operation.form
        for name, files in near_misses(operation).items()
    ]


def judge_near_miss(miss: NearMiss, server: Server) -> None:
    """A form with a file that breaks a rule is refused with 400, in the one form of errors."""
    names = {parameter.name for parameter in miss.operation.parameters}
    texts = {"prompt": "x", "n": "1", "size": "256x256"}
    answer = server.session.request(
        miss.operation.method,
        server.base_url + miss.path,
        headers=_authorized(server),
        data={name: text for name, text in texts.items() if name in names},
        files=_as_files(miss.files),
        timeout=30,
    )
    assert answer.status_code == 400, f"{answer.status_code} for {miss.name}"
    assert_error(answer.headers["content-type"], answer.content)
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error", f"an error of type {error['type']}"
    assert answer.headers.get("x-request-id"), "there is no x-request-id"


def _as_files(files: Files) -> dict[str, tuple[str, bytes, str]]:
    return {name: (f"{name}.png", file, "image/png") for name, file in files.items()}


@dataclass(frozen=True, slots=True)
class Probe:
    """One good request of one operation."""

    method: str
    path: str
    body: Any
    files: Files | None = field(default=None, repr=False)  # where the body is a form

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def probes_of(profile: Profile) -> list[Probe]:
    """One good request of each operation."""
    return [
        Probe(method, path.format_map(_path_values(definition)), *_example(definition))
        for path, methods in _document(profile)["paths"].items()
        for method, definition in methods.items()
    ]


def _path_values(definition: Schema) -> dict[str, str]:
    parameters = definition.get("parameters", [])
    return {p["name"]: _first(p["examples"]) for p in parameters}


def _example(definition: Schema) -> tuple[Any, Files | None]:
    """The body of the first example; of a form the texts, and real files."""
    if "requestBody" not in definition:
        return None, None
    ((kind, media),) = definition["requestBody"]["content"].items()
    body = _first(media["examples"])
    if kind != FORM:
        return body, None
    files = good(load().operations[definition["operationId"]], b"", masked="mask" in body)
    return {name: value for name, value in body.items() if name not in files}, files


def _first(examples: Schema) -> Any:
    return next(iter(examples.values()))["value"]


def judge_without_key(probe: Probe, server: Server) -> None:
    """A good request without a key is refused with 401, and buys nothing."""
    url = server.base_url + probe.path
    if probe.files is None:
        body = {"json": probe.body}
    else:
        body = {"data": probe.body, "files": _as_files(probe.files)}
    answer = server.session.request(probe.method, url, **body, timeout=30)
    assert answer.status_code == 401, f"{answer.status_code} without a key"
    assert_error(answer.headers["content-type"], answer.content)
    assert answer.headers.get("www-authenticate"), "there is no www-authenticate"
    assert answer.headers.get("x-request-id"), "there is no x-request-id"
