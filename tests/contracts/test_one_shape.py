"""One shape for rules: document, reader, file and Python take and refuse the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockserver.client.connection import Remote
from mockserver.client.rules import PROMPTS, Asked, OfDownload, Script, Then, condition
from mockserver.config import ConfigError, resolve
from mockserver.control.openapi import document
from mockserver.core.decoding import DAY
from mockserver.core.rules.conditions import rule_fields
from mockserver.core.rules.effects import EFFECTS, OF_DOWNLOADS
from mockserver.core.rules.parser import RuleError, rule_of
from mockserver.facts import ever, free_fields

RULE = Draft202012Validator(
    {"$ref": "#/components/schemas/Rule", "components": document()["components"]}
)

# -- rules that are nearly right ---------------------------------------------------------------

odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 2.0, 1.5, -1, 10, 11, 200, 600, 10**9, "", "x", "2", "1s", [], {}]
)
flag = st.booleans()
whole = st.sampled_from([1, 2, 3.0, 10, 0])
length = st.sampled_from([0, 0.5, 2, DAY, DAY + 1, "250ms", "1.5s", "2m", "2h", "s", "1s\n"])
status = st.sampled_from([200, 404, 500, 503.0, 599, 204, 304, 199, 600])
text = st.sampled_from(["", "a", "b", "c", "a fox", "é", "x\n"])
headers = st.dictionaries(
    st.sampled_from(["x-a", "X-A", "vary", "date", "a b", "", "Content-Length", "x-a\n"]),
    st.sampled_from(["", "b", "c", "d", "é", "b\n"]),
    max_size=2,
)
found = st.fixed_dictionaries(
    {}, optional={"contains": text, "regex": st.sampled_from(["x", "^a", ".", "fox$"])}
)


@st.composite
def table(draw: st.DrawFn, /, **fields: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Few of these fields; now and then one is odd, or none of these."""
    names = draw(st.lists(st.sampled_from([*fields]), max_size=3, unique=True))
    told = {n: draw(fields[n] if draw(st.integers(0, 29)) else odd) for n in names}
    return told if draw(st.integers(0, 29)) else {**told, "more": 1}


def known(name: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([*ever()[name][:3], "none"]) | found


when = table(
    prompt=text | found,
    n=whole,
    model=known("model") | st.sampled_from(["*", "dall-e-?", "[d]all-e-2"]),
    operation=known("operation"),
    size=known("size"),
    quality=known("quality"),
    style=known("style"),
    response_format=known("response_format"),
    user=text | found,
    call=whole,
)
wait = {"retry_after": length, "as_date": flag}
of_reply = {"status": status, "headers": headers, "body": text | odd}
line: Mapping[str, st.SearchStrategy[Any]] = {
    "headers": headers,
    "delay": length,
    "stall": flag,
    "disconnect": whole,
    "drip": whole,
    "content_type": text,
}
download = table(
    **line, respond=status | table(**of_reply), gateway=status | flag, first=whole, bad_json=flag
)
then = table(
    **line,
    error=st.sampled_from(["internal", "no_credit", "none"]),
    rate_limit=flag | table(**wait),
    refuse=st.sampled_from([True, False, "prompt", "picture", "x"]),
    quota=flag,
    respond=status | table(**of_reply, **wait),
    gateway=status | flag | table(**of_reply, **wait),
    bad_json=flag,
    pictures=whole,
    response_format=st.sampled_from(["url", "b64_json", "x"]),
    lose=st.sampled_from(["timeout", "in_picture", "x"]),
    picture=st.sampled_from(["truncated", "x"]),
    expired_url=flag,
    download=status | download,
)
further = table(when=when, times=whole, name=text, next=flag)


@st.composite
def rule(draw: st.DrawFn) -> dict[str, Any]:
    """A rule that is right, or nearly so."""
    return {"then": draw(then), **draw(further)}


# -- who reads them ----------------------------------------------------------------------------


def reads(rule: Any) -> bool:
    try:
        rule_of(rule)
    except RuleError:
        return False
    return True


def says(rule: Any) -> bool:
    """Whether the document allows it, and what it can't say allows it too."""
    return RULE.is_valid(rule) and not _is_beyond(rule)


def _is_beyond(rule: Any) -> bool:
    """What no schema says: whether an expression or a * fits any value of the facts."""
    for name, value in rule.get("when", {}).items():
        if name in ever().keys() - free_fields() and not any(_fits(value, k) for k in ever()[name]):
            return True
    return False


def _fits(value: Any, known: str) -> bool:
    match value:
        case {"contains": part}:
            return part in known
        case {"regex": pattern}:
            return re.search(pattern, known) is not None
        case str():
            return value == known or any(c in value for c in "*?[")
    return False


class Nobody(Remote):
    """Takes every rule."""

    taken: ClassVar[list[Any]] = []

    def ask(self, method: str, path: str, sent: Any = None) -> dict[str, Any]:
        self.taken.append(sent)
        return {"id": "r1"}


def scripts(rule: Mapping[str, Any]) -> bool:
    """Whether Python takes it, as `on(…).then(…)` or `next.then(…)`."""
    told = {n: v for n, v in rule.get("when", {}).items() if n != "call"}
    call = {n: v for n, v in rule.get("when", {}).items() if n == "call"}
    fields = told | (told.pop("prompt") if isinstance(told.get("prompt"), dict) else {})
    rest = {n: rule[n] for n in ("times", "name") if n in rule}
    try:
        script = Script(Nobody("", "", None), condition(fields) | call, rule.get("next", False))
        script.then(**rest, **rule["then"])
    except (RuleError, TypeError):
        return False
    return True


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def files(rule: Any, directory: Path) -> bool:
    file = directory / "images-mock.toml"
    file.write_text(f"rules = [{toml(rule)}]", "utf-8")
    try:
        resolve(flags={}, environment={}, directory=directory)
    except ConfigError as error:
        assert "is not valid TOML" not in str(error)
        return False
    return True


# -- the same for all --------------------------------------------------------------------------


@settings(max_examples=400)
@given(rule=rule())
def test_the_document_says_what_the_reader_reads(rule: dict[str, Any]) -> None:
    assert says(rule) is reads(rule)


def _holds_null(value: Any) -> bool:
    match value:
        case None:
            return True
        case dict():
            return any(map(_holds_null, value.values()))
    return False


@settings(max_examples=150)
@given(rule=rule().filter(lambda rule: not _holds_null(rule)))
def test_the_file_takes_what_the_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, rule: dict[str, Any]
) -> None:
    directory = tmp_path_factory.getbasetemp() / "rules"
    directory.mkdir(exist_ok=True)
    assert files(rule, directory) is reads(rule)


#: Python has no null: there it means that a field may be anything. And its prompts are keywords.
def _is_of_python(rule: dict[str, Any]) -> bool:
    asked = rule.get("when", {})
    if not isinstance(asked, dict):
        return False
    is_typed = isinstance(rule.get("next", False), bool) and rule.get("times", 1) is not None
    is_flat = asked.get("prompt") != {} and None not in asked.values() and "more" not in rule
    return is_flat and is_typed


@settings(max_examples=200)
@given(rule=rule().filter(_is_of_python))
def test_python_takes_what_the_reader_reads(rule: dict[str, Any]) -> None:
    assert scripts(rule) is reads(rule)


def test_python_has_every_word_of_a_rule() -> None:
    assert {*Then.__annotations__} == {*EFFECTS}
    assert {*OfDownload.__annotations__} == {*OF_DOWNLOADS}
    of_prompts = {*PROMPTS} - {"prompt"}
    assert {*Asked.__annotations__} - of_prompts == {*rule_fields()}
