"""An API key is nowhere but where it belongs: not in a log, journal, answer, error, report, memory.

It is put as the key, and into all else that a request says. What a user uploads as a file comes
back as it was: that is the one exception, and it is in no log, journal or report either.
"""

from __future__ import annotations

import functools
import gc
from base64 import b64encode
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import httpx2
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.api import images
from mockserver.app import create_app
from mockserver.client.connection import ControlError
from mockserver.client.journal_file import content_of, lines, marked
from mockserver.client.migration import of_file
from mockserver.client.verdict.as_github import as_github
from mockserver.client.verdict.as_junit import as_junit
from mockserver.client.verdict.as_sarif import as_sarif
from mockserver.client.verdict.as_text import as_json, as_text
from mockserver.client.verdict.judge import verdict_of
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.judging.migration_text import as_json as moving_as_json
from mockserver.core.judging.migration_text import lines as moving_lines
from mockserver.core.masking import keys_shown, masked, without_end, without_keys
from mockserver.request.log_writer import WRITER
from mockserver.testing import ImagesMock
from tests.azure import deployed
from tests.batches import jsonl, line
from tests.edits import encoded, in_data, scene
from tests.in_process import client_of

DAY = "2026-11-28"
ROOM = encoded(scene(16, 16, mode="RGBA"))
#: One with the vendor's shape, and one that only the header tells to be a key.
KINDS = {"real": "sk-proj-" + "cAnArY_9-" * 9, "other": "canary.of.a.team.0123456789abcdef"}
CONTROLS = (
    *("requests?raw=true", "requests/last", "requests/summary", "requests/elsewhere", "downloads"),
    *("rules", "rules?sandbox=*", "limits", "ledger", "sandboxes", "config", "clock", "metrics"),
)


def _app(**chosen: Any) -> Any:
    settings = {"tier": "off", "as_of": DAY, "public_url": "http://pictures.test"} | chosen
    return create_app(configured(**settings), clock=ManualClock(1_795_000_000))


# -- everywhere --------------------------------------------------------------------------------


def _asked(client: TestClient, key: str, **headers: str) -> Iterator[Response]:
    """Requests that have a key in everything, and show it in these headers."""
    said = f"a fox with {key}, and {key}"
    cheap = {"model": "gpt-image-2", "quality": "low", "size": "1024x640"}
    for body in (
        {"prompt": said, "user": key} | cheap,
        {"prompt": said, "stream": True, "partial_images": 1} | cheap,
        {"prompt": f"mock:refuse {key}"} | cheap,
        {"prompt": f"mock:{key}"} | cheap,
        {"prompt": "x", "model": key},
        {"prompt": "x", "size": key} | {"model": "gpt-image-2"},
        {"prompt": "x", "n": key} | cheap,
        {"prompt": ["x", {key: key}]} | cheap,
        {"prompt": "x", key: 1} | cheap,
        {"prompt": "x", "output_format": key} | cheap,
        said,
    ):
        yield client.post("/v1/images/generations", json=body, headers=headers)
        yield client.post(deployed("gpt-image-2"), json=body, headers=headers)
    yield client.post("/v1/images/generations", content=f"{{{key}", headers=headers)
    yield client.post(f"/v1/{key}", json={}, headers=headers)
    yield client.get(f"/v1/models/{key}", headers=headers)
    yield client.get(f"/{key}/models?x={key}", headers=headers)
    yield client.post(deployed(key), json={"prompt": "x"}, headers=headers)
    for name in (
        *(
            "User-Agent",
            "Content-Type",
            "Accept",
            "OpenAI-Organization",
            "OpenAI-Project",
            "Origin",
        ),
        *("Referer", "x-ms-client-request-id", "X-Any", "Idempotency-Key", "Host", "Cookie"),
        *("x-stainless-retry-count", "Range", "Accept-Encoding", "x-stainless-package-version"),
        *("traceparent", "tracestate"),
    ):
        told = {name: key} | headers
        for path in ("/v1/images/generations", deployed("gpt-image-2")):
            yield client.post(path, json={"prompt": key, "n": key} | cheap, headers=told)
    files: Any = [(key, (key, ROOM, key)), ("image", (f"{key}.png", ROOM, "image/png"))]
    for part in range(2):
        data = {"prompt": said, key: key} if part else {"prompt": said} | cheap
        yield client.post("/v1/images/edits", files=files[1 - part :], data=data, headers=headers)
    yield client.post(
        "/v1/images/edits",
        json={"prompt": said, "images": [in_data(ROOM)], "mask": {"image_url": key}} | cheap,
        headers=headers,
    )
    yield from _beside(client, key, headers)
    yield from _controlled(client, key, headers)


def _beside(client: TestClient, key: str, headers: dict[str, str]) -> Iterator[Response]:
    told = client.post(
        "/v1/files",
        files={"file": (f"{key}.jsonl", jsonl(line(key, prompt=key), line(key), {key: key}))},
        data={"purpose": "batch"},
        headers=headers,
    )
    yield told
    good = client.post(
        "/v1/files",
        files={"file": ("a.jsonl", jsonl(line(f"{key}-{key}", prompt=f"{key} {key}", user=key)))},
        data={"purpose": "batch"},
        headers=headers,
    )
    for file in (told, good):
        batch = client.post(
            "/v1/batches",
            json={
                "input_file_id": file.json().get("id", key),
                "endpoint": "/v1/images/generations",
                "completion_window": "24h",
                "metadata": {"a": key},
            },
            headers=headers,
        )
        yield batch
        for _ in range(4):
            look = client.get(f"/v1/batches/{batch.json().get('id')}", headers=headers)
        yield look
        for name in ("output_file_id", "error_file_id"):
            yield client.get(f"/v1/files/{look.json().get(name)}/content", headers=headers)
        client.delete(f"/v1/files/{file.json().get('id')}", headers=headers)
    yield client.post("/v1/batches", json={"endpoint": key, key: key}, headers=headers)
    for path in ("files", "batches", f"files/{key}", f"files?after={key}", f"batches/{key}"):
        yield client.get(f"/v1/{path}", headers=headers)
    body = {"model": "gpt-5", "input": f"say {key}", "instructions": key, "metadata": {"k": key}}
    answer = client.post("/v1/responses", json=body | {"user": key}, headers=headers)
    yield answer
    yield client.get(f"/v1/responses/{answer.json().get('id')}/input_items", headers=headers)
    yield client.post("/v1/responses", json=body | {"stream": True}, headers=headers)
    yield client.post("/v1/responses", json=body | {"previous_response_id": key}, headers=headers)
    yield client.post("/v1/responses", json=body | {"tools": [{"type": key}]}, headers=headers)
    yield client.get(f"/v1/organization/costs?start_time={key}", headers=headers)


def _controlled(client: TestClient, key: str, headers: dict[str, str]) -> Iterator[Response]:
    here = headers | {"Mock-Sandbox-Key": key}
    then = {"respond": {"body": {"a": key}, "headers": {"x-a": key}}}
    rules: tuple[Any, ...] = (
        {"when": {"prompt": key}, "then": then, "name": key},
        {"when": {"prompt": {"contains": key}}, "then": {"error": key}},
        {"when": {key: key}, "then": {"quota": True}},
        {"then": {"addresses": {f"https://a.test/{key}": key}}},
        key,
    )
    for rule in rules:
        yield client.post("/_mock/rules", json=rule, headers=here)
    yield client.post("/_mock/requests/count", json={"when": {"prompt": key}}, headers=here)
    yield client.post("/_mock/sandbox", json={"seed": key, "as_of": DAY}, headers=here)
    yield client.post("/_mock/sandbox", json={"tier": key}, headers=here)
    yield client.post("/_mock/ledger", content=f"{{{key}", headers=here)
    for path in (key, f"requests/{key}", f"rules?{key}={key}", f"requests?model={key}"):
        yield client.get(f"/_mock/{path}", headers=here)
    judged = ("verdict", "coverage", "migration?to=dall-e-3", f"verdict?ignore={key}")
    for path in (*judged, f"migration?to={key}", f"migration?to=dall-e-3&as_of={key}"):
        yield client.get(f"/_mock/{path}", headers=here)
    yield client.get(f"/_mock/requests?sandbox={key}", headers=headers)


#: How a key is shown: by the API's header in both ways, Azure's, and a query.
WAYS: dict[str, Any] = {
    "bearer": lambda key: {"Authorization": f"Bearer {key}"},
    "basic": lambda key: {"Authorization": f"Basic {b64encode(f':{key}'.encode()).decode()}"},
    "api-key": lambda key: {"api-key": key},
}


@pytest.mark.in_memory("a file that was deleted is gone at once")
@pytest.mark.parametrize(
    ("kind", "way", "form"),
    [("real", "bearer", "text"), ("other", "api-key", "json"), ("other", "basic", "text")],
)
def test_a_key_is_in_no_answer_journal_log_and_memory(
    kind: str, way: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key, app = KINDS[kind], _app(log_format=form)
    client = client_of(app)
    for answer in _asked(client, key, **WAYS[way](key)):
        told = answer.text + repr(answer.headers)
        assert key.lower() not in told.lower(), (answer.request.url, told[:2_000])
    for path in CONTROLS:
        for here in ({}, {"Mock-Sandbox-Key": key}):
            told = client.get(f"/_mock/{path}", headers=here).text
            assert key not in told, (path, _around(told, key))
    WRITER.flush()
    logged = "".join(capsys.readouterr())
    assert key not in logged, _around(logged, key)
    assert logged.count("WARNING: an API key arrived in a path") == 1
    del client
    texts = [*_held(app)]
    found = [text[:200] for text in texts if key.encode() in text]
    assert not found, found
    assert any(masked(key).encode() in text for text in texts)  # it would have been found


@pytest.mark.parametrize(("kind", "way"), [("real", "bearer"), ("other", "api-key")])
def test_a_key_is_in_no_saved_journal_and_in_no_form_of_a_verdict(kind: str, way: str) -> None:
    key, client = KINDS[kind], client_of(_app(log_format="none"))
    told: dict[str, dict[str, Any]] = {"requests": {}, "downloads": {}}  # by id
    for _ in _asked(client, key, **WAYS[way](key) | {"User-Agent": f"program/1 ({key})"}):
        for name, known in told.items():  # at once: some of what is asked empties the journal
            known |= {r["id"]: r for r in client.get(f"/_mock/{name}").json()[name]}
    journal = marked(told | {name: known.values() for name, known in told.items()})
    verdict, moving = verdict_of(journal), of_file(journal, "gpt-image-2")
    assert verdict.findings
    assert bool(moving.moves) == (kind == "real")  # no other opens anything here
    texts = {
        "file": content_of(journal).decode(),
        "shown": "\n".join(lines(journal)),
        "text": as_text(verdict),
        "json": as_json(verdict),
        "sarif": as_sarif(verdict),
        "junit": as_junit(verdict),
        "github": as_github(verdict),
        "moving": "\n".join(moving_lines(moving)),
        "moving as JSON": str(moving_as_json(moving)),
    }
    assert not [name for name, text in texts.items() if key.lower() in text.lower()]


def _around(text: str, key: str) -> str:
    place = text.index(key)
    return text[max(0, place - 200) : place + 200]


@pytest.mark.parametrize("key", KINDS.values(), ids=[*KINDS])
def test_a_file_comes_back_as_it_was_and_is_nowhere_else(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_of(_app(), {"Authorization": f"Bearer {key}"})
    content = f"a line with {key}\n".encode() * 3
    file = ("notes.txt", content, "text/plain")
    kept = client.post("/v1/files", files={"file": file}, data={"purpose": "batch"}).json()
    assert client.get(f"/v1/files/{kept['id']}/content").content == content
    picture = ROOM + key.encode()  # what is behind its end
    told = {"model": "gpt-image-2", "prompt": "x", "quality": "low", "size": "1024x640"}
    client.post("/v1/images/edits", files={"image": ("a.png", picture, "image/png")}, data=told)
    for path in CONTROLS:
        assert key not in client.get(f"/_mock/{path}", headers={"Mock-Sandbox-Key": key}).text
    WRITER.flush()
    assert key not in "".join(capsys.readouterr())


@pytest.mark.parametrize("key", KINDS.values(), ids=[*KINDS])
def test_a_failed_test_tells_no_key(key: str) -> None:
    with ImagesMock(as_of=DAY) as mock:
        box = mock.sandbox(key)
        headers = {"Authorization": f"Bearer {key}"}
        httpx2.post(f"{box.url}/images/generations", json={"prompt": key, key: 1}, headers=headers)
        box.on(contains=key).quota(name=key)
        with pytest.raises(AssertionError) as missed:
            box.assert_called(contains=f"a fox {key[:4]}")
        shown = (repr(box), box.report(), str(missed.value), *map(repr, box.requests))
        with pytest.raises(ControlError) as refused:
            box.begin(tier=key)
    assert not [text for text in (*shown, str(refused.value)) if key in text]


def test_what_breaks_a_request_tells_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = KINDS["other"]

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError(f"with {key}")

    monkeypatch.setattr(images, "read", broken)
    client = client_of(_app(), {"Authorization": f"Bearer {key}"})
    answer = client.post("/v1/images/generations", json={"prompt": "x"})
    WRITER.flush()
    logged = "".join(capsys.readouterr())
    assert (answer.status_code, key in answer.text) == (500, False)
    assert f"ZeroDivisionError: with {masked(key)}" in logged


@pytest.mark.parametrize("key", KINDS.values(), ids=[*KINDS])
def test_a_control_token_is_told_by_nobody(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = client_of(_app(host="0.0.0.0", control_token=key))
    for sent in (key, f"{key}x"):
        for path in (*CONTROLS, key):
            shown = {"Authorization": f"Bearer {sent}", "Mock-Sandbox-Key": "sk-mock-me"}
            told = client.get(f"/_mock/{path}", headers=shown)
            rule = client.post("/_mock/rules", json={key: sent}, headers=shown)
            assert key not in told.text + rule.text
    WRITER.flush()
    assert key not in "".join(capsys.readouterr())


# -- what is one -------------------------------------------------------------------------------

TAIL = "aB3" * 16


@pytest.mark.parametrize(
    "text",
    [
        *(f"sk-{kind}-{TAIL}_-x" for kind in ("proj", "svcacct", "admin", "None", "or-v1")),
        *(f"sk-{TAIL}", "sk-" + "a" * 20 + "T3BlbkFJ" + "b" * 20, f"sk-ant-api03-{TAIL}"),
        f"sk-my-project-{'a' * 20}T3BlbkFJ{'b' * 20}",
    ],
)
def test_what_looks_as_a_key_is_masked_as_the_api_does_it(text: str) -> None:
    for around in ("{}", '"{}"', "Bearer {}, please", "key={}&x", "({})"):
        said = around.format(text)
        assert without_keys(said.encode()) == around.format(masked(text)).encode()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "sk-mock-me",
            f"sk-mock-{TAIL}",
            "sk-test",
            "a task-force",
            f"ask-{TAIL}",
            f"x_sk-{TAIL}",
        ),
        *(
            "sk-toto-je-dlhy-nazov-clanku-o-niecom-inom-a-este-dlhsi",
            "sk-proj-short",
            "risk-" + TAIL,
        ),
    ],
)
def test_words_and_this_mock_s_own_keys_stay(text: str) -> None:
    assert without_keys(text.encode()) == text.encode()


def test_a_key_shown_is_masked_wherever_it_is_said_unless_it_is_a_word() -> None:
    headers = {b"authorization": b"Bearer a-key-of-a-team", b"api-key": b"none-needed"}
    shown = keys_shown(headers, b"x=1&api-key=in-a-query-it-is&KEY=x")
    assert shown == (b"a-key-of-a-team", b"in-a-query-it-is")
    assert without_keys(b"<a-key-of-a-team>", shown) == b"<a-key-of***team>"
    assert keys_shown({b"authorization": b"Bearer sk-mock-somebody-else"}) == ()


def test_a_key_that_is_cut_is_cut_off() -> None:
    assert without_end(f"a {KINDS['real'][:20]}".encode()) == b"a sk-***"
    assert without_end(b"a canary.of.a.te", (b"canary.of.a.team.0123",)) == b"a ***"


# -- in memory ---------------------------------------------------------------------------------


def _held(root: Any) -> Iterator[bytes]:
    """All texts and bytes of what an application and this package's caches refer to."""
    gc.collect()
    caches = [c for c in gc.get_objects() if isinstance(c, functools._lru_cache_wrapper)]
    own = [c for c in caches if (c.__module__ or "").startswith("mockserver")]
    seen, left = set[int](), [root, WRITER, *own]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, str):
            yield one.encode("utf-8", "replace")
        elif isinstance(one, bytes | bytearray):
            yield bytes(one)
        elif isinstance(one, FunctionType):
            left += [one.__closure__, one.__defaults__, one.__kwdefaults__]
        elif not isinstance(one, ModuleType | type):
            left += gc.get_referents(one)
