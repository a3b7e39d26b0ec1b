"""Families of refusals beside parameters: no body, no key, no credit, no path, too many pictures.

What is expected comes from the small tables here alone, not from the words of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import generate
from tests.core.test_families import (
    DEFAULT,
    GATEWAY,
    MIDDLE,
    OF_A,
    OLDEST,
    Case,
    Row,
    check,
    client,
    named,
)
from tests.test_records import (
    EDITS,
    GENERATIONS,
    KEYS,
    PROVIDE_2022,
    PROVIDE_2023,
    QUOTA,
    UNPARSABLE,
    UNVERIFIED,
    VARIATIONS,
    asks,
    gateway,
    legacy,
    pattern_of,
    platform,
    png,
    sends,
    uploads,
)
from tests.test_records import four_spaces as four

# -- bodies that are no objects ------------------------------------------------------------------

HINT = "(HINT: If you're using curl, you can pass -H 'Content-Type: {0}')"
WRONG_TYPE = "Invalid Content-Type header (text/plain), expected {0}. " + HINT
UNSUPPORTED = (
    "Unsupported content type: 'text/plain'. This API method only accepts '{0}' requests, but you "
    "specified the header 'Content-Type: text/plain'. Please try again with a supported content "
    "type."
)


def sent(url: str, content: bytes, kind: str = "application/json") -> dict[str, Any]:
    headers = {"Content-Type": kind}
    return {"method": "POST", "url": url, "content": content, "headers": headers}


def other_bodies() -> Iterator[Row]:
    form = "multipart/form-data"
    for day in OF_A:
        yield day, sent(GENERATIONS, b"{"), platform(UNPARSABLE)
        for text, shown in (("null", "None"), ('"x"', "'x'"), ("[]", "[]"), ("1.5", "1.5")):
            told = legacy(f"{shown} is not of type 'object'")
            yield day, sent(GENERATIONS, text.encode()), told
        for url, expected in (
            (GENERATIONS, "application/json"),
            (EDITS, form),
            (VARIATIONS, form),
        ):
            told = legacy(WRONG_TYPE.format(expected))
            yield day, sent(url, b"x", "text/plain"), told
    for text in ("{", "null", '"x"', "[]", "1.5", "NaN", "[" * 9999, "9" * 9999):
        yield GATEWAY, sent(GENERATIONS, text.encode()), gateway(UNPARSABLE)
    for url, expected in ((GENERATIONS, "application/json"), (EDITS, form)):
        told = gateway(UNSUPPORTED.format(expected), code="unsupported_content_type")
        yield GATEWAY, sent(url, b"x", "text/plain; charset=utf-8"), told
    for day, url, body in (
        *((day, url, platform) for day in OF_A for url in (EDITS, VARIATIONS)),
        (GATEWAY, EDITS, gateway),
        (GATEWAY, VARIATIONS, platform),
    ):
        yield day, sent(url, b"x", f"{form}; boundary=b"), body("Could not parse multipart form")
    told = legacy(WRONG_TYPE.format(form))  # variations spoke A to their end
    yield GATEWAY, sent(VARIATIONS, b"x", "text/plain"), told


# -- callers -------------------------------------------------------------------------------------

Body = Callable[..., str]
RATE = (
    "Rate limit exceeded for images per minute in organization org-<ORG>. Limit: 0/1min. Current: "
    "1/1min. Please visit https://{} to learn how to increase your rate limit."
)
RATE_OF_B = (
    "Request too large for dall-e-2 in organization org-<ORG> on input-images per min: Limit 0, "
    "Requested 1. You can increase your rate limit by adding a payment method to your account. "
    "Visit https://platform.openai.com/account/rate-limits to learn more."
)
GUIDE = "platform.openai.com/docs/guides/rate-limits"
ARTICLE = "help.openai.com/en/articles/6696591"
MISMATCH = "OpenAI-Organization header should match organization for API key"


@dataclass(frozen=True, slots=True)
class Desk:
    """How one stack at one time turns callers away, where stacks and times differ."""

    day: str
    operations: tuple[str, ...]
    plain: Body  # mismatch, credit, verification
    keys: Body
    hard_limit: str
    rate: str
    no_key: str = PROVIDE_2023
    place: str = KEYS


LIMIT_2022 = legacy("Billing hard limit has been reached", code="billing_hard_limit_reached")
LIMIT_2025 = ("Billing hard limit has been reached.", "billing_limit_user_error", None)
CODE = {"code": "billing_hard_limit_reached"}
FULL = {"kind": "requests", "code": "rate_limit_exceeded"}
ALL = (GENERATIONS, EDITS, VARIATIONS)
DESKS = [
    Desk(OLDEST, ALL, platform, legacy, LIMIT_2022, legacy(RATE.format(ARTICLE), **FULL), PROVIDE_2022, "https://beta.openai.com."),
    Desk(MIDDLE, ALL, platform, four, LIMIT_2022, legacy(RATE.format(GUIDE), **FULL)),
    Desk(DEFAULT, ALL, platform, four, platform(*LIMIT_2025, **CODE), legacy(RATE.format(GUIDE), **FULL)),
    Desk(GATEWAY, (VARIATIONS,), platform, four, platform(*LIMIT_2025, **CODE), legacy(RATE.format(GUIDE), **FULL)),
    Desk(GATEWAY, (GENERATIONS, EDITS), gateway, gateway, gateway(*LIMIT_2025, **CODE), gateway(RATE_OF_B, "input-images", code="rate_limit_exceeded")),
]  # fmt: skip


def good(url: str) -> dict[str, Any]:
    """A request that is right in every way."""
    if url == GENERATIONS:
        return asks()
    request = uploads(url, png(), **({"prompt": "x"} if url == EDITS else {}))
    if url == EDITS:
        request["files"] = [*request["files"], ("mask", ("b.png", png(), "image/png"))]
    return request


def callers() -> Iterator[Case]:
    for desk in DESKS:
        wrong = f"Incorrect API key provided: fake_key. You can find your API key at {desk.place}"
        refusals = [
            ("", desk.keys(desk.no_key), 401),
            ("fake_key", desk.keys(wrong, code="invalid_api_key"), 401),
            ("sk-mock-no-credit", desk.plain(QUOTA, "insufficient_quota", code="insufficient_quota"), 429),
            ("sk-mock-hard-limit", desk.hard_limit, 400),
            ("sk-mock-unverified", desk.plain(UNVERIFIED), 403),
            ("sk-mock-free", desk.rate, 429),
        ]  # fmt: skip
        for url in desk.operations:
            for key, body, status in refusals:
                name = f"{desk.day} {url} {key or 'no key'}"
                yield Case(name, desk.day, good(url), body, status, key)
            told = desk.plain(MISMATCH, code="mismatched_organization")
            request = good(url) | {"headers": {"OpenAI-Organization": "org-mock-mismatch"}}
            yield Case(f"{desk.day} {url} organization", desk.day, request, told, 401)


# -- paths and methods ---------------------------------------------------------------------------

PATHS = ["/v1/nope", "/v1", "/v1/images", "/v1/images/generations/", "/v1/é"]
BARE_DAY, RETIREMENT = "2026-08-01", "2026-05-12"


def no_method(method: str, path: str) -> str:
    """What A said of a wrong method until 2025."""
    hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
    return legacy(f"Not allowed to {method} on {path}. {hint}")


def only(body: Body, allowed: str) -> str:
    return body(f"Only {allowed} requests are accepted.", code="method_not_supported")


Route = tuple[str, dict[str, Any], str, int]


def paths() -> Iterator[Route]:
    for day, body in ((OLDEST, platform), (DEFAULT, platform), (GATEWAY, gateway)):
        for path in PATHS:
            for method in ("GET", "POST", "DELETE", "PATCH"):
                yield day, sends(method, path), body(f"Invalid URL ({method} {path})"), 404
    for path in PATHS:
        yield BARE_DAY, sends("POST", path), "", 404
    gone = gateway(f"Invalid URL (GET {VARIATIONS})")
    yield RETIREMENT, sends("GET", VARIATIONS), gone, 404


def methods() -> Iterator[Route]:
    for path in (GENERATIONS, EDITS):
        yield OLDEST, sends("DELETE", path), no_method("DELETE", path), 405
        yield DEFAULT, sends("GET", path), only(platform, "POST"), 405
        yield GATEWAY, sends("GET", path), only(gateway, "POST"), 405
        yield BARE_DAY, sends("GET", path), "", 404
    for path, allowed in (("/v1/models", "GET"), ("/v1/models/x", "DELETE, GET")):
        yield OLDEST, sends("POST", path), no_method("POST", path), 405
        for day in (DEFAULT, GATEWAY):
            yield day, sends("POST", path), only(platform, allowed), 405
        yield BARE_DAY, sends("POST", path), "", 404
    for day in (DEFAULT, GATEWAY):
        yield day, sends("GET", "/v1/chat/completions"), only(platform, "POST"), 405
    yield BARE_DAY, sends("GET", "/v1/chat/completions"), "", 404


def routes() -> Iterator[Case]:
    for day, request, body, status in (*paths(), *methods()):
        name = f"{day} {request['method']} {request['url']}"
        yield Case(name, day, request, body, status)


@pytest.mark.parametrize(
    "family", [lambda: named(other_bodies()), callers, routes], ids=["bodies", "callers", "routes"]
)
def test_a_refusal_is_that_of_its_family(family: Callable[[], Iterator[Case]]) -> None:
    check(family())


# -- too many pictures ---------------------------------------------------------------------------

TAIL = " Visit https://platform.openai.com/account/rate-limits to learn more."
OF_DALLE = "for dall-e-2 in organization org-<ORG> on input-images per min: Limit 5, "
REACHED_OF_B = f"Rate limit reached {OF_DALLE}Used 5, Requested 1. Please try again in 12s.{TAIL}"
TOO_LARGE_OF_B = f"Request too large {OF_DALLE}Requested 6.{TAIL}"
OF_FIVE = RATE.replace("Limit: 0/1min. Current: 1/1min.", "Limit: 5/1min. Current: 6/1min.")
IN_B = {"kind": "input-images", "code": "rate_limit_exceeded"}
RATES = [
    (OLDEST, legacy(OF_FIVE.format(ARTICLE), **FULL), legacy(OF_FIVE.format(ARTICLE), **FULL)),
    (MIDDLE, legacy(OF_FIVE.format(GUIDE), **FULL), legacy(OF_FIVE.format(GUIDE), **FULL)),
    (DEFAULT, legacy(OF_FIVE.format(GUIDE), **FULL), legacy(OF_FIVE.format(GUIDE), **FULL)),
    (GATEWAY, gateway(REACHED_OF_B, **IN_B), gateway(TOO_LARGE_OF_B, **IN_B)),
]


@pytest.mark.parametrize(("day", "reached", "too_large"), RATES, ids=[r[0] for r in RATES])
def test_a_limit_is_told_as_its_dialect_tells_it(day: str, reached: str, too_large: str) -> None:
    api = client(day, limits="5/min")
    refused = generate(api, n=6)
    assert pattern_of(too_large).fullmatch(refused.text), refused.text
    assert "retry-after" not in refused.headers
    assert generate(api, n=5).status_code == 200
    refused = generate(api, n=1)
    assert refused.status_code == 429
    assert pattern_of(reached).fullmatch(refused.text), refused.text
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("12", "12000")
