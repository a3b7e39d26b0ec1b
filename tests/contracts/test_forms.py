"""Forms are read, filled and judged as they are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.cases.forms import dressed
from contracts.cases.generated import judge
from contracts.cases.schema import schema_of
from contracts.cases.uploads import kept, rules_of
from contracts.checks.every import complaint
from contracts.checks.headers import Ids
from contracts.forms import FORM, fields_in, gathered
from mockserver.core.uploads import Part
from mockserver.facts import load
from mockserver.request.bodies import form_value
from tests.contracts.asking import Alter, mock, of_body, png, showing, with_headers

OPERATIONS = {"/images/edits": "images.edit", "/images/variations": "images.vary"}
SCHEMA = schema_of()
SMALL = {"image": "", "size": "256x256", "response_format": "b64_json"}
Change = Callable[[dict[str, Any]], None]

names = st.sampled_from(
    ["image", "n", "n[]", "n[0]", "n[00]", "n[x]", "[]", "é", 'a"b', "a;b", "\\"]
)
values = st.binary(max_size=30) | st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b"--", b"\r\n--\r\n"])
file_names = st.sampled_from([None, None, "a.png", 'a"b;', "é"])
types = st.sampled_from([None, "image/png", "IMAGE/PNG; x=y", "text/plain", "text/plain;q", "x"])


def case_of(path: str, body: Any) -> Any:
    return SCHEMA[path]["POST"].Case(body=body, media_type=FORM)


def body_of(path: str, **more: Any) -> dict[str, Any]:
    return SMALL | ({"prompt": "x"} if path == "/images/edits" else {}) | more


def said_of(path: str, body: Any, alter: Alter = lambda answer: answer) -> str:
    """What is said against the answer to a form."""
    return complaint(judge(case_of(path, body), Ids(), mock(alter=alter)))


# A backslash before the closing quote swallows it for python_multipart; no client means that.
@given(
    st.lists(
        st.tuples(names, values, file_names, types).filter(lambda f: f[0] != "\\" or not f[2]),
        min_size=1,
        max_size=5,
    )
)
@example([("n", b"1", None, None), ("n[]", b"2", None, None)])
@example([("n[]", b"1", None, None), ("n", b"2", None, None)])
@example([("n", b"1", None, None), ("n", b"2", "a.png", "image/png")])
def test_a_form_is_read_as_the_mock_reads_it(
    fields: list[tuple[str, bytes, str | None, str | None]],
) -> None:
    files: Any = [(name, (file, value, kind)) for name, value, file, kind in fields]
    sent = requests.Request("POST", "http://x/", files=files).prepare()
    content_type = sent.headers["content-type"]
    assert isinstance(content_type, str)
    assert isinstance(sent.body, bytes)
    told = gathered(fields_in(content_type, sent.body))
    read = form_value(content_type, sent.body)
    assert {n: _plain(f) for n, f in told.items()} == {n: _plain(p) for n, p in read.items()}


def _plain(field: Any) -> dict[str, Any]:
    """A field as both have it."""
    values = field._asdict() if isinstance(field, Part) else asdict(field)
    told = {name: value for name, value in values.items() if name not in ("more", "name", "others")}
    return told | {"others": [*map(_plain, field.others)]}


@pytest.mark.parametrize("kind", [None, "", FORM, "text/plain; boundary=x", f"{FORM}; boundary=y"])
def test_what_is_no_form_has_no_fields(kind: str | None) -> None:
    assert (
        fields_in(kind, b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n--x--') == []
    )


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("path", OPERATIONS)
def test_generated_files_become_real_ones_that_follow_from_the_rest(
    path: str, masked: bool
) -> None:
    operation = load().operations[OPERATIONS[path]]
    drawn = []
    for n in (*range(1, 60), 1):
        body = body_of(path, n=n) | ({"mask": ""} if masked and "edits" in path else {})
        case = dressed(case_of(path, body))
        sent: Any = case.body
        files = {name: sent[name] for name in ("image", "mask") if name in sent}
        assert kept(rules_of(operation), files)
        assert sent | body == body
        drawn.append(files)
    assert drawn[0] == drawn[-1]
    assert len({file["image"] for file in drawn}) > 40


def test_other_bodies_stay_as_they_are() -> None:
    for case in (
        SCHEMA["/images/generations"]["POST"].Case(body={}, media_type="application/json"),
        case_of("/images/edits", "no object"),
        SCHEMA["/images/edits"]["POST"].Case(method="PUT", body={"image": ""}, media_type=FORM),
    ):
        assert dressed(case) is case


@pytest.mark.parametrize("path", OPERATIONS)
def test_the_mocks_own_answers_are_good(path: str) -> None:
    assert not said_of(path, body_of(path))
    assert not said_of(path, body_of(path, n="2.0"))
    assert not said_of(path, {})


FAULTS: dict[str, tuple[Alter, str]] = {
    "a good form refused": (lambda a: a._replace(status=400), "accepted: it is answered with 400"),
    "undeclared status": (lambda a: a._replace(status=201), "accepted: it is answered with 201"),
    "too many": (of_body(lambda b: b["data"].append(b["data"][0])), "2 pictures where 1"),
    "link too": (of_body(lambda b: b["data"][0].update(url="http://x/")), "['b64_json', 'url']"),
    "alpha": (showing(png("RGBA")), "it is RGBA"),
    "wrong size": (showing(png(size=(256, 255))), "it has 256x255"),
    "cut": (showing(png()[:-40]), "no whole PNG"),
    "odd request id": (with_headers(x_request_id="7"), "it is '7'"),
}
BAD_FORMS: dict[str, Change] = {
    "fraction": lambda body: body.update(n="2.5"),
    "too many": lambda body: body.update(n=11),
    "no image": lambda body: body.pop("image"),
    "unknown field": lambda body: body.update(style="vivid"),
    "model": lambda body: body.update(model="dall-e-3"),
}


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_answer_to_a_good_form_is_faulted(fault: str, path: str) -> None:
    alter, complaint = FAULTS[fault]
    assert complaint in said_of(path, body_of(path), alter)


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize("fault", BAD_FORMS)
def test_a_server_that_takes_a_bad_form_is_faulted(fault: str, path: str) -> None:
    body = body_of(path)
    BAD_FORMS[fault](body)
    told = said_of(path, body, lambda answer: answer._replace(status=200))
    assert "A form that breaks the contract is refused with 400: it is answered with 200" in told
