"""Holds a server to the contract: what it is sent, how much of it, and what answers must keep.

The server may be an ASGI application of this process or stand behind any base URL; it makes no
difference but for the session that carries the requests.
"""

# ruff: noqa: S101 - what is judged here is judged by assertions, as pytest and Schemathesis take them

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, openapi
from schemathesis.python.asgi import get_client
from schemathesis.schemas import BaseSchema

from contracts.cases.forms import accepted_as_sent, dressed
from contracts.cases.misses import NearMiss as NearMiss
from contracts.cases.misses import Stray as Stray
from contracts.cases.misses import as_files, near_misses_in, strays_in
from contracts.cases.uploads import Files, good
from contracts.checks.answers import (
    Fetch,
    assert_error,
    error_envelope,
    pictures,
    request_id,
    undeclared_method,
)
from contracts.document.bodies import models_of
from contracts.document.build import Schema, build, facts_of, path_of
from contracts.document.formats import teach
from contracts.document.narrow import cheapest, narrowed, only_media
from contracts.forms import FORM, Field, fields_in
from contracts.target.key import DiscreetSession, Key, discreetly
from mockserver.facts import Operation

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
    key: Key = field(default_factory=lambda: Key(KEY))
    fetch: Fetch = field(init=False)

    def __post_init__(self) -> None:
        self.fetch = self._fetched

    def _fetched(self, url: str) -> bytes | None:
        """The picture behind a URL of this server; no other host is asked."""
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
            return None
        answer = discreetly(self.key, lambda: self.session.get(url, timeout=30))
        assert answer.status_code == 200, f"the picture's URL answers {answer.status_code}"
        assert answer.headers["content-type"] == "image/png", "the picture is not sent as a PNG"
        return answer.content

    def ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        """The answer to one request, with a key only where `auth` says so."""
        url = self.base_url + path
        ask = partial(self.session.request, method, url, timeout=30, **sent)
        return discreetly(self.key, ask)


class CappedSession(DiscreetSession):
    """Lets no more pictures be asked for than `budget`, whoever asks.

    Counted where requests leave, as a `before_call` hook misses what Schemathesis' checks send
    themselves. A request is counted before it is sent, and whether or not it will be accepted.
    """

    def __init__(self, budget: int, key: Key | None = None) -> None:
        super().__init__(key or Key(KEY))
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


def _in_form(form: list[tuple[str, Field]]) -> list[float]:
    """Of all that is said of `n`, read generously: nobody knows which of two a server takes."""
    found = []
    for name, sent in form:
        with suppress(ValueError):
            found += [float(sent.data)] if name == "n" else []
    return found


def at(base_url: str, profile: Profile, key: Key | None = None) -> Server:
    """The server behind `base_url`; a key of the mock's unless given."""
    key, budget = key or Key(KEY), profile.budget
    session = DiscreetSession(key) if budget is None else CappedSession(budget, key)
    session.trust_env = False  # no proxy, and no key out of ~/.netrc
    return Server(base_url.rstrip("/"), session, key)


def in_process(app: Any) -> Server:
    """The ASGI application `app`, without a socket."""
    return Server("http://testserver/v1", get_client(app))


def requests_of(profile: Profile, day: date | None = None) -> BaseSchema:
    """What to send: its `parametrize()` makes one test of each operation, which takes a `case`.

    Args:
        profile: how much of it.
        day: whose rules count; the default day's unless given.
    """
    document = _document(profile, day)
    teach(document, lambda name, sizes: openapi.format(name, st.sampled_from(sizes)))
    return schemathesis.openapi.from_dict(document, config=_configuration(profile, document))


def _document(profile: Profile, day: date | None) -> Schema:
    """The contract of a day: with the sizes that the mock has there, the API's under a date."""
    document = build("api", day) if day else build()
    return narrowed(document) if profile.narrow else _of_one_model(document)


def _of_one_model(document: Schema) -> Schema:
    """A document whose forms are those of one model, for the same reason as "x-all-of".

    No JSON is in their place: which addresses have a picture, a schema can't say.
    """
    schemas, facts = document["components"]["schemas"], facts_of(document)
    for operation in facts.operations.values():
        if operation.form and models_of(facts, operation):
            schemas[operation.id] = schemas[cheapest(schemas, operation)]
            path = document["paths"][path_of(operation, document)]
            only_media(path[operation.method.lower()])
    return document


def _configuration(profile: Profile, document: Schema) -> schemathesis.Config:
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
                    "include-path": path_of(operation, document),
                    "generation": _generation(profile, document, operation),
                }
                for operation in facts_of(document).operations.values()
            ],
            "phases": {"coverage": {"enabled": profile.coverage}},
            # Constants out of the code under test would make other requests in process than by URL.
            "analysis": {"constants": {"enabled": False}},
            "cache": {"enabled": False},
        }
    )


def _generation(profile: Profile, document: Schema, operation: Operation) -> dict[str, Any]:
    examples = {"max-examples": profile.uploads if operation.form else profile.examples}
    if models_of(facts_of(document), operation):
        return examples
    return examples | {"mode": "negative"}  # whatever is sent is refused


def judge(case: Case[Any], server: Server) -> None:
    """Send one request, and check everything that the contract says of the answer."""
    judged = partial(
        dressed(case).call_and_validate,
        base_url=server.base_url,
        session=server.session,
        auth=server.key,
        additional_checks=[
            request_id,
            error_envelope,
            undeclared_method,
            accepted_as_sent,
            pictures(server.fetch),
        ],
        timeout=120,
    )
    discreetly(server.key, judged)


def near_misses_of(profile: Profile, day: date | None = None) -> list[NearMiss]:
    """Every near miss; none where a server that takes it could send a bill."""
    return [] if profile.budget is not None else list(near_misses_in(_document(profile, day)))


#: The types of a refusal, by dialect; the second is the word of the service behind B's gateway.
REFUSALS = {
    "A": {"invalid_request_error"},
    "B": {"invalid_request_error", "image_generation_user_error"},
}


def judge_near_miss(miss: NearMiss, server: Server) -> None:
    """A request that only just breaks a rule is refused with 400, in the one form of errors."""
    answer = server.ask(miss.operation.method, miss.path, auth=server.key, **miss.sent)
    assert answer.status_code == 400, f"{answer.status_code} for {miss.name}"
    assert_error(answer.headers["content-type"], answer.content)
    error = answer.json()["error"]
    assert error["type"] in REFUSALS[miss.operation.dialect], f"an error of type {error['type']}"
    assert answer.headers.get("x-request-id"), "there is no x-request-id"


def strays_of(day: date | None = None) -> list[Stray]:
    """Requests to what is not there, whoever asks: they buy nothing."""
    return list(strays_in(build(day=day)))


def judge_stray(stray: Stray, server: Server) -> None:
    """A path or a method that is not there is refused with its status, in its form."""
    answer = server.ask(stray.method, stray.path, auth=server.key)
    assert answer.status_code == stray.status, f"{answer.status_code} for {stray}"
    assert answer.headers.get("x-request-id"), "there is no x-request-id"
    if stray.bare:
        assert not answer.content, "there is a body"
    else:
        assert_error(answer.headers["content-type"], answer.content)


@dataclass(frozen=True, slots=True)
class Probe:
    """One good request of one operation."""

    method: str
    path: str
    body: Any
    files: Files | None = field(default=None, repr=False)  # where the body is a form

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def probes_of(profile: Profile, day: date | None = None) -> list[Probe]:
    """One good request of each operation; an empty one where none is good on that day."""
    document = _document(profile, day)
    return [
        Probe(method, path.format_map(_path_values(definition)), *_example(definition, document))
        for path, methods in document["paths"].items()
        for method, definition in methods.items()
    ]


def _path_values(definition: Schema) -> dict[str, str]:
    parameters = definition.get("parameters", [])
    return {p["name"]: _first(p["examples"]) for p in parameters}


def _example(definition: Schema, document: Schema) -> tuple[Any, Files | None]:
    """The body of the first example; of a form the texts, and real files."""
    if "requestBody" not in definition:
        return None, None
    kind, media = next(iter(definition["requestBody"]["content"].items()))
    body = _first(media["examples"]) if "examples" in media else {}
    if kind != FORM or not body:
        return body, None
    facts = facts_of(document)
    operation = facts.operations[definition["x-operation"]]
    files = good(operation, b"", masked="mask" in body, day=facts.day)
    return {name: value for name, value in body.items() if name not in files}, files


def _first(examples: Schema) -> Any:
    return next(iter(examples.values()))["value"]


def judge_without_key(probe: Probe, server: Server) -> None:
    """A good request without a key is refused with 401, and buys nothing."""
    if probe.files is None:
        body = {"json": probe.body}
    else:
        body = {"data": probe.body, "files": as_files(probe.files)}
    answer = server.ask(probe.method, probe.path, **body)
    assert answer.status_code == 401, f"{answer.status_code} without a key"
    assert_error(answer.headers["content-type"], answer.content)
    assert answer.headers.get("www-authenticate"), "there is no www-authenticate"
    assert answer.headers.get("x-request-id"), "there is no x-request-id"
