"""The suite says no to a server that breaks the contract: each row here is one that does."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any, Literal

import pytest
from PIL import Image
from schemathesis.core.failures import FailureGroup
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from contracts.judging import (
    FULL,
    Probe,
    Server,
    Stray,
    in_process,
    judge,
    judge_stray,
    judge_without_key,
    requests_of,
)
from mockserver.app import create_app
from mockserver.config import configured

Answer = dict[str, Any]  # status, headers, body
Break = Callable[[Answer], None]
MOCK = create_app(configured(tier="off", log_format="none"))
SCHEMA = requests_of(FULL)
SMALL = {"prompt": "x", "size": "256x256", "response_format": "b64_json"}


def broken(alter: Break) -> Server:
    """The mock, but each of its answers is altered on its way."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer: Answer = {"body": b""}

        async def gather(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["headers"] = dict(message["headers"])
            else:
                answer["body"] += message["body"]

        if scope["type"] != "http":
            return
        await MOCK(scope, receive, gather)
        alter(answer)
        answer["headers"][b"content-length"] = b"%d" % len(answer["body"])
        start = {"status": answer["status"], "headers": list(answer["headers"].items())}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": answer["body"]})

    return in_process(app)


def asked(server: Server, body: Any, method: Literal["POST", "PUT"] = "POST") -> None:
    operation = SCHEMA["/images/generations"]["POST"]
    judge(operation.Case(method=method, body=body, media_type="application/json"), server)


def complaints(server: Server, body: Any, method: Literal["POST", "PUT"] = "POST") -> str:
    """All that is said against an answer."""
    with pytest.raises(FailureGroup) as group:
        asked(server, body, method)
    return " ".join(f"{failure.title}: {failure.message}" for failure in group.value.exceptions)


def of_body(alter: Callable[[Any], Any]) -> Break:
    """An alteration of the decoded body."""

    def apply(answer: Answer) -> None:
        body = json.loads(answer["body"])
        alter(body)
        answer["body"] = json.dumps(body).encode()

    return apply


def png(mode: str = "RGB", size: tuple[int, int] = (256, 256)) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


def showing(picture: bytes) -> Break:
    text = b64encode(picture).decode()
    return of_body(lambda body: body["data"][0].update(b64_json=text))


def test_the_mock_itself_passes() -> None:
    asked(broken(lambda answer: None), SMALL)
    asked(broken(lambda answer: None), {"prompt": ""})


def headers(**values: bytes) -> Break:
    named = {name.replace("_", "-").encode(): value for name, value in values.items()}
    return lambda answer: answer["headers"].update(named)


BAD_ANSWERS: dict[str, tuple[Break, str]] = {
    "no request id": (lambda a: a["headers"].pop(b"x-request-id"), "no x-request-id"),
    "odd request id": (headers(x_request_id=b"7"), "does not match"),
    "odd content type": (headers(content_type=b"text/html"), "text/html"),
    "undeclared status": (lambda a: a.update(status=201), "Undocumented status code"),
    "server error": (lambda a: a.update(status=500), "Server error"),
    "unknown field": (of_body(lambda b: b.update(usage={})), "Additional properties"),
    "missing field": (of_body(lambda b: b.pop("created")), "required property"),
    "no picture": (of_body(lambda b: b["data"].pop()), "0 pictures where 1"),
    "too many": (of_body(lambda b: b["data"].append(b["data"][0])), "2 pictures where 1"),
    "link too": (of_body(lambda b: b["data"][0].update(url="http://x/")), "valid under"),
    "revised": (of_body(lambda b: b["data"][0].update(revised_prompt="y")), "fields"),
    "alpha": (showing(png("RGBA")), "mode RGBA"),
    "palette": (showing(png("P")), "mode P"),
    "wrong size": (showing(png(size=(256, 255))), r"\(256, 255\) where \(256, 256\)"),
    "cut": (showing(png()[:-40]), "not a whole PNG"),
    "no base64": (of_body(lambda b: b["data"][0].update(b64_json="?")), "not base64"),
    "no png": (showing(b"GIF89a"), "not a whole PNG"),
}
BAD_REFUSALS: dict[str, tuple[Break, str]] = {
    "key missing": (of_body(lambda b: b["error"].pop("param")), "the error has the keys"),
    "key too many": (of_body(lambda b: b["error"].update(x=None)), "the error has the keys"),
    "outer key": (of_body(lambda b: b.update(id=1)), "the error body has the keys"),
    "no JSON": (lambda a: a.update(body=b"{"), "no JSON"),
    "no object": (lambda a: a.update(body=b"[]"), "the error body is no object"),
    "error as text": (lambda a: a.update(body=b'{"error": "x"}'), "the error is no object"),
    "no message": (of_body(lambda b: b["error"].update(message=None)), "the message is no text"),
    "number as code": (of_body(lambda b: b["error"].update(code=7)), "the code is neither"),
    "odd content type": (headers(content_type=b"text/plain"), "text/plain"),
}


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_a_bad_answer_to_a_good_request_is_faulted(fault: str) -> None:
    alter, complaint = BAD_ANSWERS[fault]
    assert re.search(complaint, complaints(broken(alter), SMALL))


@pytest.mark.parametrize("fault", BAD_REFUSALS)
def test_a_bad_refusal_is_faulted(fault: str) -> None:
    alter, complaint = BAD_REFUSALS[fault]
    assert re.search(complaint, complaints(broken(alter), {"prompt": ""}))


def test_a_refusal_of_a_method_must_be_a_405_in_json() -> None:
    allowed = broken(lambda answer: answer.update(status=404))
    assert "PUT is answered with 404" in complaints(allowed, SMALL, "PUT")
    plain = in_process(PlainTextResponse("Method Not Allowed", 405))
    assert "an error as 'text/plain; charset=utf-8'" in complaints(plain, SMALL, "PUT")


LAST = date(2026, 9, 1)
APPS = {
    "that day": create_app(configured(tier="off", log_format="none", as_of=str(LAST))),
    "the default day": MOCK,
    "text": PlainTextResponse("Not Found", 404),
}


@pytest.mark.parametrize(
    ("path", "app", "complaint"),
    [
        ("/images/generations", "that day", ""),
        ("/images/generations", "the default day", "PATCH is answered with 405"),
        ("/images/generations", "text", "PATCH is answered with a body"),
        ("/models", "that day", ""),
        ("/models", "text", "PATCH is answered with a body"),
    ],
)
def test_where_a_404_is_empty_an_undeclared_method_must_get_one(
    path: str, app: str, complaint: str
) -> None:
    method = "POST" if "images" in path else "GET"
    case = requests_of(FULL, LAST)[path][method].Case(method="PATCH")
    with pytest.raises(FailureGroup) as group:  # for the status, which no operation documents
        judge(case, in_process(APPS[app]))
    told = [f.message for f in group.value.exceptions if "answered" in f.message]
    assert complaint in " ".join(told)
    assert bool(complaint) is bool(told)
    is_text = any("an error as 'text/plain" in f.message for f in group.value.exceptions)
    assert is_text is (app == "text")


def test_a_model_that_is_not_there_gets_the_form_of_errors_and_no_empty_404() -> None:
    operation = requests_of(FULL, LAST)["/models/{model}"]["GET"]
    case = operation.Case(method="GET", path_parameters={"model": "x"})
    judge(case, in_process(APPS["that day"]))
    with pytest.raises(FailureGroup) as group:
        judge(case, in_process(PlainTextResponse("", 404)))
    assert any("an error as" in failure.message for failure in group.value.exceptions)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (PlainTextResponse("", 404), "no x-request-id"),
        (PlainTextResponse("x", 404, headers={"x-request-id": "1"}), "there is a body"),
        (PlainTextResponse("", 405), "405 for GET /images/edits"),
    ],
)
def test_a_bad_refusal_of_what_is_not_there_is_faulted(
    answer: PlainTextResponse, complaint: str
) -> None:
    stray = Stray("GET", "/images/edits", 404, bare=True)
    with pytest.raises(AssertionError, match=complaint):
        judge_stray(stray, in_process(answer))


def test_a_link_to_nothing_is_faulted() -> None:
    server = broken(lambda answer: answer.update(body=answer["body"].replace(b"sig=", b"sig=A")))
    told = complaints(server, {"prompt": "x", "size": "256x256"})
    assert "the picture's URL answers 403" in told


def test_a_link_to_another_host_is_not_followed() -> None:
    altered = of_body(lambda body: body["data"][0].update(url="http://elsewhere.test/1.png"))
    server = broken(altered)
    asked(server, {"prompt": "x"})
    assert server.fetch("http://elsewhere.test/1.png") is None


def test_a_server_that_lets_everyone_in_is_faulted() -> None:
    server = in_process(PlainTextResponse("hello"))
    with pytest.raises(AssertionError, match="200 without a key"):
        judge_without_key(Probe("GET", "/models", None), server)
