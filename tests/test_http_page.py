"""docs/http.md: its answers are a server's, and its tables leave nothing out."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from mockserver.control.openapi_rules import EFFECT
from mockserver.core.rules.effects import PICTURES
from mockserver.core.rules.parser import rule_of
from mockserver.facts import fields
from tests.test_blob_clients import with_curl

DOCS = Path(__file__).parent.parent / "docs"
if not DOCS.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
MADE: dict[str, Any] = runpy.run_path(str(DOCS / "http_page.py"))
PAGE: str = MADE["PAGE"].read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    part = PAGE.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


@with_curl
def test_each_command_is_answered_as_the_page_has_it_and_its_written_tables_are_current() -> None:
    lasting = MADE["lasting"]
    assert lasting(MADE["page"](PAGE)) == lasting(PAGE), "run python docs/http_page.py"


def test_a_command_is_shown_with_its_answer_for_each_path_and_method() -> None:
    shown = {
        (method or ("POST" if "-d '" in command else "GET"), path)
        for script, kind, _ in MADE["BLOCK"].findall(PAGE)
        if kind
        for command in script.replace("\\\n", "").split("curl ")
        for method, path in re.findall(r"^(?:-X (\w+) )?\"?\$mock/([^\s\"?)]+)", command)
    }
    forms = {(m, path.removeprefix("/_mock/")) for m, path, _ in MADE["operations"]()}
    patterns = {(m, path.replace("{id}", r"(r\d+|\$id)")) for m, path in forms}
    missing = [
        f for f in patterns if not any(m == f[0] and re.fullmatch(f[1], p) for m, p in shown)
    ]
    assert missing == [("GET", "openapi.json")]  # long, and told in the first lines


def test_each_parameter_and_each_field_of_a_body_is_named() -> None:
    told = MADE["document"]()
    names = set[str]()
    for methods in told["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "query":
                    names.add(parameter["name"])
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            names |= body.get("schema", {}).get("properties", {}).keys()
    written = re.sub(r"^```(json|text)\n.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(names) > 10
    assert [n for n in sorted(names) if not re.search(rf"[`\"?]{n}[`\"=:]", written)] == []


def test_each_effect_is_in_the_table_and_each_example_is_one() -> None:
    examples = [json.loads(c) for cell, _ in rows("Then") for c in re.findall("`([^`]+)`", cell)]
    assert {name for then in examples for name in then} == EFFECT["properties"].keys()
    assert {then["picture"] for then in examples if "picture" in then} == set(PICTURES)
    for then in examples:
        rule_of({"then": then})


def test_each_field_of_a_condition_is_in_the_table() -> None:
    told = [name.strip("`") for name, _ in rows("When")]
    none = ("image", "images", "mask", "markup", "svg")  # files, and an object
    assert told == [*(name for name in fields().order if name not in none), "call"]


def test_each_rule_of_the_page_can_be_read() -> None:
    bodies = re.findall(r"\$mock/rules\S* .*?-d '(\{.*?\})'", PAGE, re.DOTALL)
    rules = [json.loads(body) for body in bodies]
    assert len(rules) > 3
    for rule in rules:
        if "eror" not in rule["then"]:
            rule_of(rule)
