"""Requests of every kind as strategies: valid, nearly valid, hostile. Asks nobody."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from hypothesis import strategies as st

from mockserver.core.errors import Reason
from mockserver.facts.platform import SERVICES, endpoints
from tests.azure import PREVIEW
from tests.fuzz.judged import Ask
from tests.fuzz.rules import RULES
from tests.test_rules import png

# -- what is sent ------------------------------------------------------------------------------

HUGE = int("9" * 60)
PICTURE = f"data:image/png;base64,{b64encode(png('RGBA', 9)).decode()}"
KEYS = [*(f"sk-mock-{letter}" for letter in "abcdefgh"), "sk-mock-free", "sk-mock-revoked", "sk-é"]
key = st.sampled_from(KEYS).map(lambda k: k.encode("latin-1", "replace"))
number = st.sampled_from([1, 2, 3, 0, 1, 2, 3, 60, 10**9, HUGE, -1, 1.5, 1e300]) | st.integers(0, 9)
text = st.sampled_from(["x", "", "2", "\ud800", "é" * 999])
scalar = number | text | st.none() | st.booleans() | st.just("long " * 4_000) | st.floats()
value = scalar | st.lists(scalar, max_size=3) | st.dictionaries(text, scalar, max_size=3)
prompt = st.sampled_from(
    ["a fox", "mock:429x2 a", "mock:429", "mock:slow=1ms", "mock:stall", "mock:disconnect"]
    + ["mock:bad-json", "mock:expired-url", "mock:truncated", "mock:wrong-size", "mock:refuse"]
)


@st.composite
def mostly(draw: st.DrawFn, usual: st.SearchStrategy[Any]) -> Any:
    return draw(usual if draw(st.integers(0, 9)) < 9 else value)  # 0 is drawn most


def table(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={n: mostly(f) for n, f in fields.items()})


when = table(
    operation=st.just("files.list"),
    prompt=text,
    n=number,
    model=st.just("dall-e-*"),
    call=number,
    size=table(regex=text),
)
reasons = [r.value for r in Reason if r is not Reason.INTERNAL]
then = st.one_of(
    *(st.fixed_dictionaries({n: st.just(True)}) for n in ("quota", "stall", "bad_json", "refuse")),
    st.fixed_dictionaries({"error": st.sampled_from(reasons)}),
    table(rate_limit=table(retry_after=number)),
    table(delay=number, drip=number, disconnect=number, content_type=text),
    table(image=st.just("eA=="), picture=st.just("truncated"), expired_url=st.just(True)),
    table(respond=number, delay=st.just("1ms"), headers=st.just({"x-a": "b"})),
    table(download=table(respond=st.just(503), first=number, drip=number, disconnect=number)),
)
rule = table(when=when, times=number, next=st.booleans(), name=text).flatmap(
    lambda found: mostly(then).map(lambda what: found | {"then": what})
)
small = st.sampled_from([0, 1, 5, 60])
day = st.sampled_from(["today", "9999-12-30", "2022-12-01", "2024-06-01"])
tier = st.sampled_from(["2", "off", "free"])
setting = table(
    tier=tier, as_of=day, seed=text, per_minute=small, budget_usd=small, standing=st.booleans()
)
image = table(
    prompt=prompt,
    model=st.sampled_from(["dall-e-2", "dall-e-3"]),
    n=st.integers(1, 3),
    size=st.sampled_from(["256x256", "1024x1024"]),
    response_format=st.sampled_from(["url", "b64_json"]),
    user=text,
    more=value,
)
valid = st.fixed_dictionaries({"prompt": prompt, "size": st.just("256x256")})
GPT = {"model": "gpt-image-1", "size": "1024x1024", "quality": "low"}
gpt = table(
    prompt=prompt,
    n=st.integers(1, 2),
    stream=st.booleans(),
    partial_images=number,
    output_format=st.sampled_from(["png", "webp", "gif", "svg"]),
    images=st.lists(table(image_url=st.sampled_from([PICTURE, "https://a.test/x"]), file_id=text)),
    mask=table(image_url=st.just(PICTURE)),
).map(lambda found: GPT | found)
PARTS = ["requests", "rules", "limits", "ledger", "clock", "files", "batches", "responses"]
CONTROL: list[tuple[str, str, st.SearchStrategy[Any]]] = [
    *(("GET", p, st.none()) for p in ("requests", "requests/last", "rules", "clock", "limits")),
    *(("GET", p, st.none()) for p in ("ledger", "sandboxes", "downloads", "config", "requests/x")),
    *(("POST", "rules", rule | st.sampled_from(RULES)) for _ in range(3)),
    ("PUT", "rules/r1", rule),
    ("DELETE", "rules/r1", st.none()),
    ("DELETE", "rules", st.none()),
    ("DELETE", "requests", st.none()),
    ("POST", "requests/count", table(when=when)),
    ("POST", "requests/wait", table(when=when, count=number, timeout=number)),
    ("POST", "clock/advance", table(seconds=number)),
    ("POST", "clock/advance", st.just({"seconds": 10 * 86_400})),
    ("PUT", "limits", table(per_minute=number, tier=tier)),
    ("POST", "limits/refill", st.just({})),
    ("PUT", "ledger", table(budget_usd=number)),
    ("POST", "reset", table(only=st.lists(st.sampled_from(PARTS)))),
    *(("POST", "sandbox", s) for s in (setting, st.just({"as_of": "9999-12-30"}))),
]
JSON = (b"content-type", b"application/json")
WELL_KNOWN = (
    *(b"authorization", b"openai-organization", b"x-stainless-retry-count", b"content-type"),
    *(b"host", b"origin", b"range", b"if-none-match", b"if-modified-since", b"sec-fetch-site"),
    *(b"mock-sandbox-key", b"content-length", b"accept", b"x-request-id", b"cookie"),
)
header = st.tuples(
    st.sampled_from(WELL_KNOWN),
    st.binary(max_size=30) | st.just(b"9" * 5_000) | st.sampled_from([b"localhost", b"bytes=0-1"]),
)
surprises: st.SearchStrategy[list[tuple[bytes, bytes]]] = (
    st.just([]) | st.just([]) | st.lists(header, max_size=2)
)


def bearer(key: bytes) -> tuple[bytes, bytes]:
    return (b"authorization", b"Bearer " + key)


def sent(value: Any) -> bytes:
    return json.dumps(value).replace("1e+300", "1e400").encode()


@st.composite
def generation(draw: st.DrawFn) -> Ask:
    usual = mostly(valid | image | gpt).map(sent)
    body = draw(usual if draw(st.integers(0, 9)) < 9 else st.binary())
    headers = (bearer(draw(key)), JSON, *draw(surprises))
    path = draw(st.sampled_from(["generations", "generations", "generations", "edits"]))
    return Ask("POST", f"/v1/images/{path}", body, headers)


@st.composite
def upload(draw: st.DrawFn) -> Ask:
    side = draw(st.integers(1, 40))
    path = f"/v1/images/{draw(st.sampled_from(['edits', 'variations']))}"
    fields = {"size": "256x256", "n": draw(st.sampled_from("1112x"))}
    fields |= {"prompt": draw(prompt)} if "edits" in path or not draw(st.integers(0, 4)) else {}
    parts = [f'; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    parts += [b'; name="image"; filename="a"\r\n\r\n' + png("RGBA", side) + b"\r\n"]
    start = b"--b\r\nContent-Disposition: form-data"
    end = b"--b--" if draw(st.integers(0, 4)) < 4 else b""
    body = b"".join(start + part for part in parts) + end
    kind = (b"content-type", b"multipart/form-data; boundary=b")
    return Ask("POST", path, body, (bearer(draw(key)), kind, *draw(surprises)))


@st.composite
def control(draw: st.DrawFn) -> Ask:
    method, path, bodies = draw(st.sampled_from(CONTROL))
    body = sent(draw(bodies)) if method in ("POST", "PUT") else b""
    whose = draw(st.integers(0, 9))
    of = {7: "?sandbox=*", 8: "?sandbox=abcdef&limit=x", 9: ""}.get(whose, "")
    named = [] if of else [(b"mock-sandbox-key", draw(key))]
    return Ask(method, f"/_mock/{path}{of}", body, (*named, JSON, *draw(surprises)))


@st.composite
def kept_file(draw: st.DrawFn) -> Ask:
    names = ("purpose", "expires_after[seconds]", "expires_after[anchor]", "x")
    told = {
        name: draw(st.sampled_from(["vision", "batch", "3600", "created_at", "x"]))
        for name in draw(st.lists(st.sampled_from(names), max_size=3)) or ["purpose"]
    }
    parts = [f'; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in told.items()]
    data = draw(st.sampled_from([b"", b"x", png("RGBA", 9), b"x" * 9_000]))
    parts += [b'; name="file"; filename="\xff\r"\r\n\r\n' + data + b"\r\n"]
    start = b"--b\r\nContent-Disposition: form-data"
    body = b"".join(start + part for part in parts) + b"--b--"
    kind = (b"content-type", b"multipart/form-data; boundary=b")
    return Ask("POST", "/v1/files", body, (bearer(draw(key)), kind, *draw(surprises)))


@st.composite
def of_files(draw: st.DrawFn) -> Ask:
    queries = ["", "?limit=1", "?limit=0", "?after=x", "?order=asc&limit=2", "?limit=%ff", "?%00"]
    method, path = draw(st.sampled_from([("GET", ""), ("GET", "/file-x"), ("DELETE", "/file-x")]))
    return Ask(
        method, f"/v1/files{path}{draw(st.sampled_from(queries))}", b"", (bearer(draw(key)),)
    )


@st.composite
def other(draw: st.DrawFn) -> Ask:
    path = draw(
        st.sampled_from(["/v1/models", "/v1/models/x", "/v1/nope", "/", "/private/x", "/é"])
    )
    method = draw(st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS"]))
    return Ask(method, path, b"", (bearer(draw(key)), *draw(surprises)))


# -- beside pictures -----------------------------------------------------------------------------

PATHS = [(e.method, e.path) for service in SERVICES for e in endpoints(service)]
_ITEM = table(type=st.sampled_from(["image_generation", "x"]), size=text, n=number, mask=text)
_PART = table(type=st.sampled_from(["input_text", "input_image"]), text=prompt, image_url=text)
_SAID = table(role=st.sampled_from(["user", "x"]), content=st.lists(_PART, max_size=2))
_LIFE = table(anchor=st.just("created_at"), seconds=number)
BODIES: dict[str, st.SearchStrategy[Any]] = {
    "/v1/responses": table(
        model=st.just("gpt-5"),
        input=prompt | st.lists(_SAID, max_size=2),
        tools=st.lists(_ITEM, max_size=2),
        stream=st.booleans(),
        store=st.booleans(),
        previous_response_id=text,
        metadata=value,
        tool_choice=value,
    ),
    "/v1/batches": table(
        input_file_id=text,
        endpoint=st.just("/v1/images/generations"),
        metadata=value,
        completion_window=st.just("24h"),
        output_expires_after=_LIFE,
    ),
}
_QUERIES = ["", "?limit=1", "?limit=0&after=x", "?order=asc", "?limit=%ff", "?%00", "?start_time=1"]
_QUERIES += ["?start_time=0&bucket_width=1h&limit=999", "?start_time=9e99&group_by=model", "?a&a"]


@st.composite
def beside(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> Ask:
    """Any endpoint beside pictures, with ids that were told or made up."""
    method, path = draw(st.sampled_from(PATHS))
    parts = [draw(ids) if part.startswith("{") else part for part in path.split("/")]
    known = draw(BODIES[path]) if method == "POST" and path in BODIES else draw(value)
    body = sent(known) if method == "POST" else b""
    of = draw(key) if draw(st.integers(0, 3)) < 3 else b"sk-mock-admin"
    headers = (bearer(of), JSON, *draw(surprises))
    return Ask(method, "/".join(parts) + draw(st.sampled_from(_QUERIES)), body, headers)


@st.composite
def azure(draw: st.DrawFn) -> Ask:
    """Azure's paths, with a version or a wrong one, and its kind of key."""
    path = draw(
        st.sampled_from(
            [
                *(f"deployments/{name}/images/generations" for name in ("dall-e-3", "x", "%2f")),
                *("v1/images/generations", "v1/images/edits", "images/generations:submit"),
                *("operations/images/x", "operations/images/", "deployments//images/edits", "x"),
            ]
        )
    )
    version = draw(st.sampled_from([PREVIEW, "2023-06-01-preview", "v1", "preview", "", "\ud800"]))
    named = (draw(st.sampled_from([b"api-key", b"authorization"])), draw(key))
    method = draw(st.sampled_from(["POST", "POST", "POST", "GET", "DELETE"]))
    usual = st.fixed_dictionaries({"prompt": prompt, "size": st.just("1024x1024")}) | image
    body = sent(draw(mostly(usual))) if method == "POST" else b""
    query = f"?api-version={version}" if version else ""
    return Ask(method, f"/openai/{path}{query}", body, (named, JSON, *draw(surprises)))
