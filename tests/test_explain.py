"""What `images-mock explain` finds, on which days, and that the table in the docs is current."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from httpx2 import Response
from PIL import Image

from mockserver import facts
from mockserver.app import create_app
from mockserver.cli import cli
from mockserver.cli_group import USAGE
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.blob_errors import BlobWording
from mockserver.core.errors import Reason
from mockserver.evidence.findings import LEVELS, Finding, Span, findings
from mockserver.evidence.search import WIDTH, find, table, told
from mockserver.facts import first_day, load, periods
from mockserver.facts.words import TABLES
from mockserver.facts.words.backend import BACKEND
from mockserver.facts.words.edits import EDITS as OF_EDITS
from mockserver.facts.words.wording import Wording
from tests.in_process import client_of

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs" / "evidence.md"
BEFORE, AFTER = date(2024, 6, 1), date(2025, 6, 1)  # dialect A's days, and B's


def explain(*args: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *args])


def names(found: list[Finding]) -> list[str]:
    return list(dict.fromkeys(f.name for f in found))


def codes(found: list[Finding]) -> set[str | None]:
    return {f.said.code for f in found if not isinstance(f.said, str)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invalid_size", ["size_not_of_model"]),
        ("size_not_of_model", ["size_not_of_model"]),
        ("refused=size_not_of_model(size)", ["size_not_of_model"]),
        ("'256×256' is not one of ['256x256', …] - 'size'", ["not_one_of"]),
        ("Invalid URL (POST /v1/nope)", ["unknown_url", "outside_api"]),
        ("is too long", ["prompt_too_long"]),
        ("is not one of ['256x256', '512", ["not_one_of"]),
        ("got 300x200 instead", ["not_square", "mask_size"]),
        ("Limit: 5/1min", ["rate_limited", "over_limit", "not_of_tier"]),
        ("AuthenticationFailed", ["AuthenticationFailed"]),
        ("<Error><Code>BlobNotFound</Code><Message>", ["BlobNotFound"]),
        ("Signature not valid in the specified time frame", ["AuthenticationFailed"]),
        ("Error code: 400 - {'message': 'You must provide n=1 for this model.'}", ["one_image_only"]),
        ("Rate limit reached for gpt-image-1 in org", ["rate_limited", "over_limit"]),
        ("421", ["wrong_host"]),
        ("retry-after-ms", ["rate_limited"]),
        ("default_model", ["default_model"]),
        ("n", ["n", "first"]),
        ("quality", ["quality"]),
        ("X-Request-ID", ["request_id_prefix"]),
        ("vivid", ["style"]),
        ("limits", ["images_per_minute"]),
    ],
)  # fmt: skip
def test_what_someone_has_at_hand_leads_to_the_rule(text: str, expected: list[str]) -> None:
    assert sorted(names(find(text))) == sorted(expected)


def test_a_name_comes_before_a_message_and_that_before_a_piece() -> None:
    assert {f.name for f in find("invalid_value")} >= {"not_one_of", "unknown_model"}
    assert codes(find("invalid_value")) == {"invalid_value"}
    whole = find("Missing required parameter: 'model'.")
    assert names(whole) == ["missing_parameter"]
    assert len(find("Missing")) > len(whole)


def test_every_name_finds_its_rule_and_every_message_as_it_stands() -> None:
    found_by = cache(find)  # many share a name or a message
    for finding in findings():
        assert all(finding in found_by(name) for name in finding.names)
        assert all(finding in found_by(text) for text in finding.templates)


def test_one_day_has_one_set_of_words() -> None:
    assert codes(find("size_not_of_model", BEFORE)) == {"invalid_size"}
    assert codes(find("size_not_of_model", AFTER)) == {"invalid_value"}
    assert "images.vary" not in told(find("missing_key", date(2026, 6, 1))[0])


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("model", ["images.generate: since 2023-11-06, before 2026-05-12"]),
        ("openai_version", ["headers of every answer: always"]),
        ("unknown_url", ["other: since 2025-04-23, before 2026-08-01"]),
        ("control_refused", ["other: before 2025-04-23"]),
    ],
)
def test_neighbouring_periods_are_one_span(name: str, lines: list[str]) -> None:
    text = "\n\n".join(map(told, find(name)))
    assert [line for line in lines if line not in text] == []


def test_spans_of_one_value_never_touch() -> None:
    for finding in findings():
        for _, spans in finding.places:
            assert spans
            assert all(a.until and b.since and a.until < b.since for a, b in pairwise(spans))


def test_a_span_leaves_its_last_day_out() -> None:
    span = Span(BEFORE, AFTER)
    assert span.covers(BEFORE)
    assert not span.covers(AFTER)
    assert Span(None, None).covers(first_day())


# Held against the server and the files


GENERATIONS, EDITS, VARIATIONS = (
    f"/v1/images/{name}" for name in ("generations", "edits", "variations")
)


def png(mode: str = "RGBA", size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return file.getvalue()


def asks(**body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": GENERATIONS, "json": {"prompt": "x"} | body}


def uploads(url: str, image: bytes, **data: str) -> dict[str, Any]:
    files = {"image": ("a.png", image, "image/png")}
    return {"method": "POST", "url": url, "files": files, "data": data}


FAULTS: list[tuple[str, dict[str, Any]]] = [
    *(("images.generate", asks(**{name: value})) for name, value in [
        ("size", "x"), ("n", 0), ("n", 11), ("prompt", ""), ("prompt", 1), ("x", 1),
        ("prompt", "x" * 4001), ("model", "x"), ("user", None), ("response_format", "x"),
    ]),
    ("images.generate", {"method": "POST", "url": GENERATIONS, "json": []}),
    ("images.generate", {"method": "POST", "url": GENERATIONS, "content": b"x"}),
    ("images.generate", {"method": "GET", "url": GENERATIONS}),
    ("images.edit", {"method": "POST", "url": EDITS, "data": {"prompt": "x"}}),
    ("images.edit", uploads(EDITS, b"GIF89a", prompt="x")),
    ("images.edit", uploads(EDITS, png("P"), prompt="x")),
    ("images.edit", uploads(EDITS, png(size=(2, 3)), prompt="x")),
    ("images.edit", uploads(EDITS, png(), prompt="x", n="x")),
    ("images.vary", uploads(VARIATIONS, png(size=(2, 3)))),
    ("images.vary", uploads(VARIATIONS, png("P"), size="1x1")),
    ("models", {"method": "GET", "url": "/v1/models/x"}),
    ("models", {"method": "POST", "url": "/v1/models"}),
    ("chat", {"method": "POST", "url": "/v1/chat/completions"}),
    ("other", {"method": "POST", "url": "/v1/chat/x"}),
    ("other", {"method": "GET", "url": "/v1/x"}),
    ("other", {"method": "GET", "url": "/x"}),
]  # fmt: skip
DAYS = ["2022-11-10", "2023-12-01", "2025-03-31", "2025-06-15", "2026-02-01", "2026-09-01"]
BARE: dict[str, Any] = {"message": "404", "code": None}  # what is known of an empty answer
KEYS = ("", "Bearer sk-mock-revoked", "Bearer sk-mock-me", "Bearer sk-mock-no-credit")


def refusals(day: date) -> Iterator[tuple[str, Response]]:
    """Every fault under every key, as of a day: which service refused it, and how."""
    app = create_app(configured(log_format="none", as_of=str(day)), clock=ManualClock())
    client = client_of(app)
    served = load(day).words
    for service, request in FAULTS:
        for key in KEYS:
            answer = client.request(**request, headers={"Authorization": key} if key else {})
            if answer.status_code >= 400:
                yield service if service in served else "other", answer


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date.fromisoformat(day), marks=[pytest.mark.slow] * (day in DAYS[1:-1]))
        for day in DAYS
    ],
    ids=DAYS,
)
def test_whatever_the_server_refuses_is_explained_as_of_that_day(day: date) -> None:
    count, found_by = 0, cache(find)  # four keys are refused in the same words
    for service, answer in refusals(day):
        said = answer.json()["error"] if answer.content else BARE
        found = [
            finding
            for finding in found_by(said["message"], day)
            if isinstance(finding.said, Wording)
            and (finding.said.status, finding.said.code) == (answer.status_code, said["code"])
        ]
        assert service in {place for finding in found for place, _ in finding.places}, said
        count += 1
    assert count > len(FAULTS)


def test_all_words_that_a_request_can_meet_are_there() -> None:
    there = {(f.table, f.name) for f in findings() if f.table}
    missing = {(t, str(r)) for t, words in TABLES.items() for r in words} - there
    # Words that no service of that dialect needs, or that its checks never come to.
    assert missing == {
        *(("A", f"{r}") for r in (Reason.NOT_A_NUMBER, Reason.DUPLICATE_PARAMETER)),
        ("A", Reason.FILE_TYPE.value),
        *(("B", f"{r}") for r in (Reason.NO_CHAT_MODEL, Reason.NO_SUCH_MODEL)),
        *(("B", f"{r}") for r in (Reason.ONE_IMAGE_ONLY, Reason.PROMPT_OVER_MODEL)),
        *((dialect, Reason.NO_MATCH.value) for dialect in "AB"),  # no model has a pattern yet
        *(("A", f"{r}") for r in (*BACKEND, *OF_EDITS)),  # which came with B
    }


def _sources(value: Any) -> Iterator[str]:
    match value:
        case dict():
            yield from [value["source"]] if "source" in value else []
            for inner in value.values():
                yield from _sources(inner)
        case list():
            for inner in value:
                yield from _sources(inner)


@pytest.mark.parametrize(
    "file",
    ["timeline", "parameters", "models", "words/dates", "limits", "prices"]
    + ["models-gpt-image-1", "models-gpt-image-1.5", "models-gpt-image-2"],
)
def test_no_source_of_the_facts_is_left_out(file: str) -> None:
    text = Path(facts.__file__).parent.joinpath(f"{file}.toml").read_text("utf-8")
    known = {f.source for f in findings()}
    dates = "\n".join(f.dates for f in findings())
    everything = list(_sources(tomllib.loads(text)))
    assert everything
    assert [s for s in everything if s not in known and s not in dates] == []


def test_every_level_is_one_of_those_that_are_told() -> None:
    assert {f.level for f in findings()} == LEVELS.keys()
    assert all(f.source for f in findings())


def test_what_stands_on_no_source_is_told() -> None:
    (ignored,) = (f for f in find("quality") if f.said == "ignored")
    assert "assumed   any but standard" in told(ignored)


# As people see it


def test_each_finding_is_readable_at_100_columns() -> None:
    for finding in findings():
        lines = told(finding).splitlines()
        assert all(len(line) <= WIDTH for line in lines)
        assert [line[2:12].strip() for line in lines[1:]].count("source") == 1


def test_an_error_is_told_with_its_fields_and_layout() -> None:
    text = told(find("missing_required_parameter")[0])
    for line in (
        "  status    400",
        "  code      missing_required_parameter",
        "  param     {param}",
        "  message   Missing required parameter: '{param}'.",
        "  layout    message, type, param, code; 2 spaces; no newline at the end",
    ):
        assert line in text.splitlines()
    assert "{allowed}" in told(find("not_one_of", AFTER)[0])  # and no conversion
    bare = [told(f) for f in find("unknown_url", date(2026, 9, 1))]
    assert [text for text in bare if "(no body)" in text]


def test_the_command_prints_what_it_found() -> None:
    done = explain("invalid_size")
    assert (done.exit_code, done.stdout) == (0, told(find("invalid_size")[0]) + "\n")
    assert explain("is", "too", "long").stdout == explain("is too long").stdout


def test_the_command_looks_at_one_day() -> None:
    one, all_of_it = explain("--as-of", "2022-12-01", "size"), explain("size")
    assert one.stdout.count("in force") < all_of_it.stdout.count("in force")
    assert explain("--as-of", "today", "openai_version").exit_code == 0
    done = explain("--as-of", "2025-06-01", "invalid_size")
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert "found on other days" in done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["invalid_sise"], "Did you mean invalid_size"),
        (["AuthentificationFailed"], "Did you mean AuthenticationFailed"),
        (["The size isn't supported with this model"], "Did you mean size_not_of_model"),
        (["xyzzy"], "is called 'xyzzy' or says so."),
        (["\x1b[2J"], r"'\x1b[2J'"),
        ([""], "is called ''"),
        ([], "Give a code or a message"),
        (["size", "--markdown"], "Give a code or a message"),
        (["size", "--as-of", "1999-01-01"], "must be today or a day such as"),
    ],
    ids=repr,
)
def test_what_finds_nothing_is_exit_code_2_with_what_was_perhaps_meant(
    args: list[str], words: str
) -> None:
    done = explain(*args)
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert words in done.stderr


def test_a_long_text_that_matches_nothing_is_no_long_wait() -> None:
    assert find("'x" * 5_000) == []


def test_the_table_has_one_row_for_each_finding() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| ")]
    assert rows.count("| --- | --- | --- |") == 1
    heads = sum(1 for line in rows if set(line) <= set("|- "))
    assert len(rows) == len(findings()) + len(LEVELS) + 2 * heads
    counted = [int(n) for n in re.findall(r"\| (\d+) \|$", table(), re.MULTILINE)]
    assert sum(counted) == len(findings())
    assert not re.search(r"(?<!\\)<", table())


def test_the_rows_of_a_section_have_its_columns() -> None:
    for lines in re.findall(r"(?:^\|.*\n)+", table(), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines.splitlines()}) == 1


@pytest.mark.skipif(not DOCS.exists(), reason="the docs are out of the way")
def test_the_table_in_the_docs_is_current() -> None:
    assert explain("--markdown").stdout == DOCS.read_text("utf-8")


def test_blob_refusals_are_all_there_once() -> None:
    found = [f.said for f in findings() if isinstance(f.said, BlobWording)]
    assert len(found) == len(set(found)) == 7
    assert periods()[0] == first_day()
