"""Four witnesses: who moved, and whether each of them could be asked."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest

from contracts.compare.documented import ANSWER, Known, NoDocument, known, read
from contracts.compare.drift import Drift, Says, as_json, drift, lines, who_moved
from contracts.compare.gaps import Gap
from contracts.compare.recording import Case
from contracts.compare.seen import Sight, seen
from tests.contracts.compare.stand_in import ORIGIN, TODAY, written

SEEN, REFUSED = Sight.SEEN, Sight.REFUSED


@pytest.mark.parametrize(
    ("sdk", "document", "recordings", "mock", "says"),
    [
        (True, True, SEEN, True, Says.AGREED),
        (True, None, None, True, Says.AGREED),
        (True, False, None, True, Says.LAGS),
        (False, True, None, True, Says.LAGS),
        (True, True, SEEN, False, Says.BUG),
        (False, True, SEEN, False, Says.BUG),
        (True, True, REFUSED, True, Says.AGREED),
        (False, None, REFUSED, True, Says.OURS),
        (False, False, SEEN, True, Says.LAGS),
        (True, True, None, False, Says.ANNOUNCED),
        (True, False, None, False, Says.LEADS),
        (True, None, None, False, Says.LEADS),
        (False, False, SEEN, False, Says.UNDOCUMENTED),
        (False, None, SEEN, False, Says.UNDOCUMENTED),
        (False, True, None, False, Says.DOCUMENT),
        (False, True, REFUSED, False, Says.DOCUMENT),
        (False, False, None, True, Says.OURS),
        (False, None, None, True, Says.LAGS),
        (None, None, None, True, Says.AGREED),
    ],
)
def test_who_stands_alone_has_moved(
    sdk: bool | None, document: bool | None, recordings: Sight | None, mock: bool, says: Says
) -> None:
    assert who_moved(sdk, document, recordings, mock) == says


METHODS = """\
from __future__ import annotations
from typing import Literal
from ..types.image import Answer
class Images:
    def generate(self, *, prompt: str, size: Literal["256x256", "7x7"], hue: int) -> Answer: ...
"""
TYPES = "class Data:\n    url: str\nclass Answer:\n    created: int\n    data: list[Data]\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that knows a parameter and a value which nobody else does."""
    for name, text in (
        ("resources/images.py", METHODS),
        ("types/image.py", TYPES),
        ("_version.py", '__version__ = "9.0.0"'),
    ):
        file = tmp_path / "openai" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return tmp_path


def document_of(**properties: Any) -> dict[str, Any]:
    """A document with these parameters, one answer and one event."""
    event = {"type": "object", "properties": {"type": {"const": "image.done"}, "b64_json": {}}}
    item = {"anyOf": [{"properties": {"url": {}}}, {"$ref": "#/components/schemas/Tone"}]}
    answer = {"properties": {"created": {}, "data": {"type": "array", "items": item}}}
    stream = {"properties": {"event": {}, "data": {"contentSchema": event}}}
    media = {"application/json": {"schema": answer}, "text/event-stream": {"itemSchema": stream}}
    sent = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}}
    operation = {"requestBody": sent, "responses": {"200": {"content": media}}}
    tone = {"properties": {"tone": {}, "again": {"$ref": "#/components/schemas/Tone"}}}
    return {
        "paths": {"/images/generations": {"post": operation}},
        "components": {"schemas": {"Sent": {"properties": properties}, "Tone": tone}},
    }


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document that knows a parameter and a field which nobody else does."""
    file = tmp_path / "openapi.json"
    hue = {"anyOf": [{"type": "string"}, {"enum": ["red", 7]}]}
    file.write_text(json.dumps(document_of(prompt={}, hue=hue)), "utf-8")
    return file


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """One answer with a field that nobody else knows, and one refusal."""
    sent = [{"name": "prompt", "value": "x"}, {"name": "size", "value": "256x256"}]
    request = {"sha256": "1", "path": "/images/generations", "body": sent}
    body = {"created": 1, "data": [{"url": {"<url>": "<url:1>"}}], "lineage": "<unknown text>"}
    refused = [{"name": "size", "value": "7x7"}]
    error = {"error": {"param": "size"}}
    told = [
        {"request": request, "answer": {"status": 200, "body": body}},
        {"request": request | {"body": refused}, "answer": {"status": 400, "body": error}},
    ]
    case = Case("a", "images.generate", 200, "a", ORIGIN, told)
    written([case], tmp_path / "recorded")
    return tmp_path / "recorded"


def said(found: Drift) -> dict[str, Says]:
    return {
        f"{row.thing.name}{'=' * bool(row.thing.value)}{row.thing.value}": row.says
        for row in found.moved
    }


def test_each_witness_is_heard(package: Path, document: Path, recordings: Path) -> None:
    found = drift(TODAY, package=package, document=document, recordings=recordings)
    told = said(found)
    assert told["hue"] == Says.ANNOUNCED
    assert told["hue=red"] == Says.DOCUMENT
    assert told["size=7x7"] == Says.LEADS
    assert told["lineage"] == Says.UNDOCUMENTED
    assert told["data.tone"] == Says.DOCUMENT
    assert found.exit_code() == 5
    assert found.witnesses == {
        "SDK": "openai 9.0.0",
        "document": "openapi.json",
        "recordings": "1 of https://api.example/v1, since 2026-11-28",
        "mock": f"the facts, on {TODAY} and by default",
    }


def test_the_installed_package_and_the_facts_agree() -> None:
    found = drift(date(2026, 11, 28))
    assert found.witnesses["SDK"] == f"openai {openai.__version__}"
    assert (said(found), found.exit_code()) == ({}, 0)
    assert "\nNobody moved: " in "\n".join(lines(found))


def test_what_is_left_out_for_a_reason_is_no_drift() -> None:
    rows = {row.thing: row for row in drift(date(2026, 11, 28)).rows}
    row = rows[Known(ANSWER, "svg_usage")]
    assert (row.says, bool(row.reason)) == (Says.LEFT_OUT, True)


@pytest.mark.parametrize("missing", ["package", "document", "recordings"])
def test_who_could_not_be_asked_makes_it_red(missing: str, tmp_path: Path) -> None:
    there: dict[str, Any] = {missing: tmp_path / "nowhere"}
    found = drift(TODAY, **there)
    assert len(found.blind) == 1
    assert found.exit_code() == 6 if missing != "package" else found.blind[0].startswith("SDK: ")
    assert f"could not look: {found.blind[0]}" in "\n".join(lines(found))


def test_stale_recordings_are_no_witness(recordings: Path) -> None:
    late = TODAY + timedelta(days=200)
    assert drift(late, recordings=recordings).blind[0].startswith("recordings: a was recorded")
    warned = drift(late, recordings=recordings, allow_stale=True)
    assert (warned.blind, len(warned.warnings)) == ([], 1)


def test_a_disagreement_that_is_known_is_none_until_its_end(package: Path) -> None:
    gaps = [Gap("hue", "it is a joke", TODAY), Gap("size=*", "so is this", TODAY)]
    there = drift(TODAY, package=package, gaps=gaps)
    gone = drift(TODAY + timedelta(days=1), package=package, gaps=gaps)
    assert not {"hue", "size=7x7"} & said(there).keys()
    assert {"hue", "size=7x7"} <= said(gone).keys()
    assert gone.expired == gaps


def test_the_table_says_who_and_what_to_do(package: Path, document: Path) -> None:
    text = "\n".join(lines(drift(TODAY, package=package, document=document)))
    assert "images.generate hue " in text
    row = next(line for line in text.splitlines() if line.startswith("images.generate hue  "))
    assert row.split()[2:] == ["yes", "yes", "-", "no", "announced"]
    assert "announced: package and document have it: add it to the facts" in text


def test_the_json_has_every_thing(package: Path) -> None:
    told = json.loads(json.dumps(as_json(drift(TODAY, package=package))))
    assert {"where": "images.generate", "name": "hue", "value": ""} in [
        row["thing"] for row in told["things"]
    ]


def test_a_document_that_holds_itself_is_read_to_an_end(document: Path) -> None:
    assert Known(ANSWER, "data.again.tone") in known(read(document))
    assert Known("image.done", "b64_json") in known(read(document))


@pytest.mark.parametrize("text", ["", "[1]", "openapi: 3.1.0\npaths: {}", "{"])
def test_a_file_that_is_no_document_of_images_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(NoDocument, match=r"x\.yaml"):
        read(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("value", "error", "refused"),
    [
        (0, {"param": "n", "code": "integer_below_min_value"}, []),
        (1, {"param": "n", "code": "unknown_parameter"}, [Known("images.generate", "n")]),
        ("x", {"param": "n", "code": "invalid_value"}, [Known("images.generate", "n", "x")]),
        ("x", {"param": None, "code": "unknown_parameter"}, []),
    ],
)
def test_a_parameter_is_refused_if_there_is_none(
    value: Any, error: Any, refused: list[Known]
) -> None:
    sent = {"sha256": "1", "path": "/images/generations", "body": [{"name": "n", "value": value}]}
    told = {"request": sent, "answer": {"status": 400, "body": {"error": error}}}
    assert [*seen([Case("a", "images.generate", 400, "a", ORIGIN, [told])])] == refused


def test_what_was_taken_once_is_not_refused(recordings: Path) -> None:
    sent = {
        "sha256": "1",
        "path": "/images/generations",
        "body": [{"name": "size", "value": "7x7"}],
    }
    taken = {"request": sent, "answer": {"status": 200, "body": ""}}
    refused = {"request": sent, "answer": {"status": 400, "body": {"error": {"param": "size"}}}}
    for exchanges in ([taken, refused], [refused, taken]):
        case = Case("a", "images.generate", 200, "a", ORIGIN, exchanges)
        assert seen([case])[Known("images.generate", "size", "7x7")] == SEEN
    case = Case("a", "images.generate", 200, "a", ORIGIN, [refused])
    assert seen([case])[Known("images.generate", "size", "7x7")] == REFUSED
