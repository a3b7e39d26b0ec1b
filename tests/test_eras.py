"""Any request on any day: well-formed in one dialect, and the same on all days of a period.

Whether the words are right is what test_records and the families check.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from httpx2 import Response
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.facts import periods
from tests.conftest import up_to
from tests.in_process import client_of
from tests.test_records import EDITS, GENERATIONS, VARIATIONS, png

FIRST, LAST = date(2022, 11, 3), date(2027, 12, 31)
IMAGES = (GENERATIONS, EDITS, VARIATIONS)

# -- what is asked -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `sent` holds what the client is given beside method and path."""

    method: str
    path: str
    key: str | None
    sent: dict[str, Any] = field(default_factory=dict)


def post(path: str, sent: dict[str, Any]) -> Request:
    return Request("POST", path, "sk-mock-me", sent)


EDGES = sorted({d for p in periods() for d in (p - timedelta(1), p) if FIRST <= d <= LAST})
DAYS = st.sampled_from(EDGES) | st.dates(FIRST, LAST)
OTHER_PATHS = ["/v1/models", "/v1/models/dall-e-2", "/v1/models/dall-e-3", "/v1/models/ft:123"]
OTHER_PATHS += ["/v1/models/é%2F%00", "/v1/models/", "/v1/chat/completions", "/v1/nope", "/v1"]
OTHER_PATHS += ["/v1/images", GENERATIONS + "/", EDITS + "//x", "/v1/%C3%A9%22", "/nope"]
KEYS = [
    None,
    "sk-mock-me",
    "",
    "wrong",
    "sk-mock-free",
    "sk-mock-no-credit",
    "sk-mock-hard-limit",
    "sk-mock-unverified",
]
NAMES = ["prompt", "model", "n", "size", "quality", "style", "response_format", "user", "image"]
NAMES += ["mask", "stream", "background", "images", "é", "", "{x}", "image[]", "n[0]"]
# Pictures are not drawn here (no b64_json): that takes longer than all the rest.
TEXTS = ["x", "", " ", "1", "0", "-1", "11", "1.5", "null", "dall-e-2", "dall-e-3", "gpt-image-1"]
TEXTS += ["url", "standard", "hd", "vivid", "256x256", "1024x1792", "1024x1536", "auto", "256×256"]
TEXTS += ["{0} {x!r} %s", "é" * 1001, "x" * 4001, "🦊\0\x1b"]
VALUES: list[Any] = [None, True, False, 0, 1, 2, 10, 11, -1, 10**40, 1.5, 2.0, 1e300, "\ud800"]
VALUES += [[], {}, ["x"], {"a": [None]}]
BODIES = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(TEXTS) | st.sampled_from(VALUES), max_size=5
)
RAW = [b"", b"{", b"[]", b"null", b"\xff", b'{"prompt": "x", "n": 1e999}', b'{"prompt": "x"}x']
RAW += [b'{"prompt":"x","prompt":5}', b"[" * 5000, b"9" * 5000, b'{"a": NaN}']
KINDS = [
    None,
    "application/json",
    "APPLICATION/JSON; charset=x",
    "text/plain",
    "multipart/form-data",
]
FILES = [png(), png("RGB"), png("P"), png(size=(30, 20)), b"GIF89a", b""]


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    """Fields with a text, and more often than not an image."""
    fields: list[tuple[str, Any]] = [
        (name, (None, draw(st.sampled_from(TEXTS))))
        for name in draw(st.lists(st.sampled_from([n for n in NAMES if n]), max_size=2))
    ]
    for name in draw(st.sampled_from([["image"], ["image", "mask"], ["image", "image"], ["x"]])):
        kind = draw(st.sampled_from(["image/png", "image/png", "image/jpeg", ""]))
        fields.append((name, ("a.png", draw(st.sampled_from(FILES)), kind)))
    headers = {"Content-Type": "multipart/form-data; boundary=b"}  # else it is a random one
    return {"files": fields, "headers": headers}


@st.composite
def raw(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    headers = {"Content-Type": kind} if kind else {}
    return {"content": draw(st.sampled_from(RAW)), "headers": headers}


def as_json(body: Any) -> dict[str, Any]:
    """A JSON body in ASCII: the client itself has no way to send half of a surrogate pair."""
    headers = {"Content-Type": "application/json"}
    return {"content": json.dumps(body).encode("ascii"), "headers": headers}


ANYTHING = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([*IMAGES, *OTHER_PATHS]),
    st.sampled_from(KEYS),
    st.one_of(BODIES.map(as_json), forms(), raw()),
)
#: What gets as far as the parameters, and often to a picture.
NEARLY = st.one_of(
    BODIES.map(lambda body: post(GENERATIONS, as_json({"prompt": "x"} | body))),
    st.tuples(st.sampled_from([EDITS, VARIATIONS]), forms()).map(lambda drawn: post(*drawn)),
)
REQUESTS = ANYTHING | NEARLY


def moment(day: date) -> float:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def asked(as_of: date | str, request: Request, clock: date = FIRST) -> Response:
    """The answer of a fresh world; its clock stands at noon of a day."""
    config = configured(log_format="none", keys="mock", as_of=str(as_of))
    app = create_app(config, clock=ManualClock(moment(clock)))
    client = client_of(app)
    headers = dict(request.sent.get("headers", {}))
    if request.key is not None:
        headers["Authorization"] = f"Bearer {request.key}"
    sent = request.sent | {"headers": headers}
    return client.request(request.method, request.path, **sent)


# -- well-formed ---------------------------------------------------------------------------------

ALPHABETICAL, PLATFORM = ["code", "message", "param", "type"], ["message", "type", "param", "code"]
#: Key order, indentation and end of each form that an error may have.
FORMS = {
    "legacy": (ALPHABETICAL, 2, "\n"),
    "platform": (PLATFORM, 2, "\n"),
    "four spaces": (PLATFORM, 4, "\n"),
    "gateway": (PLATFORM, 2, ""),
}
OF_A, OF_B = {"legacy", "platform", "four spaces"}, {"gateway"}
#: From when on a path answers in B; what is not named here never did.
IN_B = {GENERATIONS: date(2025, 4, 23), EDITS: date(2025, 4, 16)}
GATEWAY_DAY, BARE_DAY, KEYS_OF_2026 = date(2025, 4, 23), date(2026, 8, 1), date(2026, 1, 1)
RETIREMENT = date(2026, 5, 12)


def allowed(path: str, day: date) -> set[str]:
    """The forms that errors of this path may have on a day."""
    bare = {"empty"} if day >= BARE_DAY else set()
    if path.startswith("/v1/models/") or path == "/v1/models":
        return OF_A | bare | (OF_B if day >= KEYS_OF_2026 else set())
    if path == "/v1/chat/completions" or (path == VARIATIONS and day < RETIREMENT):
        return OF_A | bare
    if day < IN_B.get(path, GATEWAY_DAY):
        return OF_A
    return OF_B | bare


def form_of(response: Response) -> str:
    if not response.content:
        assert response.status_code == 404
        assert "content-type" not in response.headers
        return "empty"
    error = response.json()["error"]
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["type"], str)
    found = [
        name
        for name, (keys, indent, end) in FORMS.items()
        if response.text == json.dumps({"error": {k: error[k] for k in keys}}, indent=indent) + end
    ]
    assert len(found) == 1
    return found[0]


def check_headers(response: Response, day: date) -> None:
    headers = response.headers
    assert headers["content-length"] == str(len(response.content))
    assert not response.content or headers["content-type"] == "application/json"
    if response.url.path.startswith("/v1"):
        prefix = "req_" if day >= date(2024, 2, 27) else ""
        assert re.fullmatch(prefix + "[0-9a-f]{32}", headers["x-request-id"])
        assert ("x-content-type-options" in headers) == (day >= date(2025, 5, 1))
    if response.status_code == 401:
        assert not {"openai-organization", "openai-project"} & headers.keys()
        assert headers["www-authenticate"] == 'Bearer realm="OpenAI API"'


def check_answer(response: Response, path: str, day: date) -> None:
    if response.status_code == 200:
        event("200")
        newline = "gateway" not in allowed(path, day) or path.startswith("/v1/models")
        assert response.text == json.dumps(response.json(), indent=2) + "\n" * newline
        return
    assert 400 <= response.status_code < 500
    form = form_of(response)
    event(f"{response.status_code} {form}")
    assert form in allowed(path, day)


@settings(max_examples=up_to(250))
@example(FIRST, post(GENERATIONS, as_json({"prompt": "\ud800"})))
@given(DAYS, REQUESTS)
def test_any_answer_is_well_formed_in_one_dialect(day: date, request: Request) -> None:
    response = asked(day, request)
    check_answer(response, request.path, day)
    check_headers(response, day)


# -- the same ------------------------------------------------------------------------------------


@st.composite
def two_days_of_a_period(draw: st.DrawFn) -> tuple[date, date]:
    days = periods()
    number = draw(st.integers(0, len(days) - 1))
    end = days[number + 1] if number + 1 < len(days) else LAST + timedelta(1)
    one, other = (draw(st.dates(days[number], end - timedelta(1))) for _ in range(2))
    assert bisect_right(days, one) == bisect_right(days, other)
    return one, other


def whole(response: Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return response.status_code, response.content, response.headers.multi_items()


@settings(max_examples=up_to(150))
@given(two_days_of_a_period(), REQUESTS, st.sampled_from([FIRST, date(2025, 6, 15), LAST]))
def test_two_days_of_one_period_answer_the_same_bytes_and_headers(
    days: tuple[date, date], request: Request, clock: date
) -> None:
    one, other = (asked(day, request, clock) for day in days)
    assert whole(one) == whole(other)


@given(DAYS, REQUESTS)
def test_a_day_that_is_named_is_the_same_as_the_day_of_the_clock(
    day: date, request: Request
) -> None:
    assert whole(asked(day, request, day)) == whole(asked("today", request, day))
