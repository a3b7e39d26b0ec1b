"""What docs/languages.md says of the habits of Go, Java and libcurl: a program of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.edits import encoded, scene
from tests.languages.table import HERE, LANGUAGES, done, needed
from tests.languages.test_quirks import Told, journal, led

pytestmark = pytest.mark.languages
HABITS = HERE / "habits"
CHUNKED, EXPECT, OFFER = "transfer-encoding", "expect", "http2-settings"

Run = Callable[[str], Told]


@pytest.fixture
def run(server: ImagesMock, tmp_path: Path) -> Run:
    """Runs a program as its language's fox is run, beside a small picture and one above 1 MB."""
    for name in ("image.png", "photo.webp"):
        (tmp_path / name).write_bytes(encoded(scene(mode="RGBA")))
    (tmp_path / "large.png").write_bytes(encoded(scene(900, 900, mode="RGBA"), compress_level=0))

    def told(file: str) -> Told:
        like = Path(file).with_stem("Fox" if file.endswith(".java") else "fox").name
        [row] = [row for row in LANGUAGES if row.program == like]
        needed(row.probe, row.debian)
        shutil.copy(HABITS / file, tmp_path / like)
        if row.build:
            done(row.build, tmp_path)
        box = server.sandbox(f"sk-mock-{file}").begin()
        printed = done(row.run, tmp_path, **led(box))
        return Told(printed, journal(server, box))

    return told


def with_head(told: Told, name: str) -> list[bool]:
    """Of each request, whether it has this header."""
    return [name in head for head in told.heads]


def test_go_streams_forms_expects_ends_in_trailers_and_keeps_the_line(run: Run) -> None:
    told = run("habits.go")
    first, *others = told.printed.splitlines()
    assert first == "200 HTTP/1.1 new line false"  # nothing was compressed
    assert [other.split()[0] for other in others] == ["200"] * 3 + ["404"] + ["200"] * 2
    assert {other.partition(" ")[2] for other in others} == {"HTTP/1.1 same line false"}
    assert with_head(told, CHUNKED) == [True] * 4 + [False] * 2 + [True]
    assert with_head(told, EXPECT) == [False, True, False, True, True, False, False]
    assert told.heads[6]["trailer"] == "X-Sum"
    assert {head["accept-encoding"] for head in told.heads} == {"gzip"}
    body = Told("", told.requests[:1]).bodies[0]
    assert r'filename="my \"photo\" ' in body
    assert "Content-Type: application/octet-stream" in body


def test_java_offers_h2c_with_each_request_and_hears_refusals(run: Run) -> None:
    told = run("Habits.java")
    assert told.printed.splitlines() == ["200 HTTP_1_1", "404 HTTP_1_1", "200 HTTP_1_1"] * 8
    assert with_head(told, OFFER) == [False] * 12 + [True] * 12
    assert with_head(told, EXPECT) == ([False] * 3 + [True] * 3) * 4
    assert with_head(told, CHUNKED) == [False, False, True] * 8
    assert "name=image; filename=x.png" in told.bodies[0]


def test_libcurl_asks_before_a_large_form_and_names_types_by_files(run: Run) -> None:
    told = run("habits.cpp")
    assert told.printed.splitlines() == [
        "0 200 2",
        "0 200 2",
        "0 404 2",
        "0 200 2",
        "0 200 2",
        "0 200 2",
        "0 200 2",
        "0 400 2",
        "0 200 2",
        "16 0 0",  # HTTP/2 without an offer
    ]
    # What has no length is asked for too, however small it is.
    assert with_head(told, EXPECT) == [False, True, True, False, False, False, True, False, True]
    assert with_head(told, CHUNKED) == [False] * 6 + [True] + [False] * 2
    assert with_head(told, OFFER) == [False] * 8 + [True]
    assert told.messages[7].startswith(
        "Invalid Content-Type header (application/x-www-form-urlencoded)"
    )
    forms = Told("", [told.requests[at] for at in (0, 3, 4, 5)]).bodies
    headed = [re.findall(r'filename="(.*)"\r\nContent-Type: (.*)\r\n', form) for form in forms]
    assert headed == [
        [("image.png", "image/png")],
        [("photo", "image/png")],
        [("my %22photo%22.png", "image/png")],
        [("photo.webp", "application/octet-stream")],
    ]
