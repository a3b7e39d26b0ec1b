"""What a report says: promises, causes, files, and nothing of the key."""

from __future__ import annotations

import json
import re
from functools import partial
from io import StringIO
from os import terminal_size
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from contracts.book import Book
from contracts.discretion import Key, leave
from contracts.report.causes import causes_in
from contracts.report.command import show
from contracts.report.files import write
from contracts.report.progress import Progress
from contracts.report.summary import Run, summarised
from contracts.report.terminal import MOST, lines
from contracts.trials import Outcome, Promise, Tier, Verdict
from tests.contracts.told import (
    EDIT,
    GENERATE,
    LISTED,
    REFUSED,
    RUN,
    book_of,
    broken,
    exchange,
    held,
    trial,
)

CANARY = "sk-mock-canary-0123456789abcdef"
SVG = "A picture's file decodes whole, in the format that was asked for"


def text(book: Book, run: Run = RUN, *, rows: bool = False) -> str:
    return "\n".join(lines(summarised(book, run), rows=rows))


def green(promises: int = 200) -> Book:
    """All holds, of as many promises, but for one that could not be seen."""
    found = [
        (trial(Promise(f"images.{number % 6}", 200, f"branch {number}")), [held()])
        for number in range(promises)
    ]
    unseen = Verdict("it ends", Outcome.UNSEEN, "it has no clock that can be moved")
    return book_of(*found, (trial(Promise("images.generate", 200, "a URL's end")), [unseen]))


def test_a_run_without_a_failure_is_told_in_thirty_lines() -> None:
    told = text(green(), RUN._replace(code=0))
    assert len(told.splitlines()) <= 30
    assert "all 200 promises that could be observed hold; 1 could not" in told.splitlines()[-1]
    for said in ("127.0.0.1:1", "2025-03-31", "2026-11-27", "12 s", "exit code 0"):
        assert said in told
    assert re.search(r"1  it has no clock that can be moved", told)


def test_each_promise_is_shown_to_who_asks_for_it() -> None:
    told = text(green(), rows=True)
    assert "images.3 200 branch 3" in told
    assert "images.generate 200 a URL's end: it has no clock that can be moved" in told


def test_however_much_is_broken_there_are_no_more_than_sixty_lines() -> None:
    sentences = [broken(f"promise {i}", f"sight {i}", exchange(began=i + 1)) for i in range(300)]
    told = text(book_of((trial(), sentences), (trial(EDIT), sentences[:7]))).splitlines()
    assert len(told) <= MOST
    assert "5. promise 4" in "\n".join(told)
    assert any("more are in --json" in line for line in told)


def test_one_sentence_that_is_broken_everywhere_is_one_cause() -> None:
    noted = [(trial(number=i), [broken(SVG, "an SVG", exchange(began=i + 1))]) for i in range(80)]
    (cause,) = causes_in(book_of(*noted))
    assert (cause.says, cause.told, cause.often) == (SVG, "an SVG", "broken 80 of 80 times")


def test_what_is_broken_in_the_same_exchanges_is_one_cause_that_the_first_names() -> None:
    seen = [exchange(began=i + 1) for i in range(3)]
    noted = [
        (trial(number=i), [broken(SVG, "", e), broken("size", "", e)]) for i, e in enumerate(seen)
    ]
    (cause,) = causes_in(book_of(*noted))
    assert (cause.says, cause.also) == (SVG, ("size",))


def test_what_a_client_needs_is_not_told_under_the_last_byte() -> None:
    seen = exchange()
    verdicts = [broken("a header", "", seen, Tier.STRICT), broken(SVG, "", seen)]
    assert [c.says for c in causes_in(book_of((trial(), verdicts)))] == [SVG, "a header"]


def test_what_never_holds_comes_before_what_breaks_now_and_then() -> None:
    often = [
        (trial(number=i), [broken("now and then", "", exchange(began=i + 1))]) for i in range(9)
    ]
    never = (trial(number=10), [broken("never", "", exchange(began=50)), held("now and then")])
    assert [c.says for c in causes_in(book_of(*often, never))] == ["never", "now and then"]


def test_operations_that_are_not_there_are_one_cause() -> None:
    gone = [
        (trial(promise, i), [broken(says, "", exchange(status=404, began=i + 1))])
        for i, (promise, says) in enumerate(
            [(EDIT, "a"), (EDIT, "b"), (LISTED, "a"), (LISTED, "c")]
        )
    ]
    found = [*causes_in(book_of((trial(), [broken("a", "seen", exchange(began=9))]), *gone))]
    assert [cause.says for cause in found] == ["Each operation is there", "a"]
    assert found[0].told == "missing: images.edit, models.list; each call got 404"
    assert found[1].often == "broken 1 of 1 time"


def test_an_operation_that_is_never_accepted_is_not_missing() -> None:
    gone = Promise("models.delete", 404, "any")
    noted = trial(gone), [broken("a", "", exchange(status=404))]
    assert [cause.says for cause in causes_in(book_of(noted))] == ["a"]


def test_what_a_server_says_moves_no_cursor() -> None:
    book = book_of((trial(), [broken("a", "\x1b[2J", exchange(body=b"\x1b]0;title\x07"))]))
    book.ended = "it said \x1b[H"
    assert "\x1b" not in text(book)


def test_an_operation_that_answers_now_and_then_is_there() -> None:
    noted = [
        (trial(EDIT, 1), [broken("a", "", exchange(status=404))]),
        (trial(EDIT, 2), [held()]),
    ]
    book = book_of(*noted)
    book.heard(noted[1][0], exchange())
    assert [cause.says for cause in causes_in(book)] == ["a"]


def test_a_good_request_is_shown_before_a_shorter_strange_one() -> None:
    strange = exchange(exchange().request._replace(body=b"{}"), began=1)
    noted = [
        (trial(REFUSED), [broken("a", "b", strange)]),
        (trial(), [broken("a", "b", exchange())]),
    ]
    (cause,) = causes_in(book_of(*noted))
    assert cause.exchange == exchange()


def test_answers_pictures_and_waits_are_counted() -> None:
    book = Book()
    two = exchange(body=b'{"data":[{"url":"a"},{"url":"b"}]}')
    one = exchange(body=b'{"data":[{"b64_json":"YQ==","revised_prompt":"\\"url\\""}]}')
    refused = exchange(status=400, body=b'{"error":{"message":"\\"url\\""}}')
    for seen in (two, one, refused):
        book.heard(trial(), seen)
    tally = book.rows[GENERATE].tally
    assert (tally.calls, tally.pictures, tally.seconds) == (3, 3, 1.5)


def test_only_the_whole_pictures_of_a_stream_are_counted() -> None:
    events = (
        b'event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image",'
        b'"b64_json":"YQ=="}\n\nevent: image_generation.completed\n'
        b'data: {"type":"image_generation.completed","b64_json":"YQ=="}\n\n'
    )
    seen = exchange(body=events)
    answer = seen.answer._replace(headers=(("content-type", "text/event-stream"),))
    book = Book()
    book.heard(trial(), seen._replace(answer=answer))
    assert book.rows[GENERATE].tally.pictures == 1


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A report of a run with something broken, whose server repeats the key."""
    told = f"it is '{CANARY}' \x01 <script>alert(1)</script>"
    seen = exchange(body=f'{{"key": "{CANARY}"}}'.encode())
    book = book_of((trial(), [broken(SVG, told, seen), held()]), (trial(LISTED), [held()]))
    book.unseen(trial(EDIT), f"a cap & {CANARY}")
    book.ended = f"it is gone; it said {CANARY}"
    book.last = seen.request._replace(body=b"\xff" * 2000)
    write(book, RUN, {}, tmp_path / "out", partial(leave, keys=[Key(CANARY)]))
    return tmp_path / "out"


def test_no_file_of_a_report_has_the_key(written: Path) -> None:
    files = [path for path in written.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"report.json", "report.html", "junit.xml", "last-body"}
    assert all(CANARY not in path.read_bytes().decode("latin-1") for path in files)


def test_json_has_everything_and_junit_a_case_for_each_promise(written: Path) -> None:
    told = json.loads((written / "report.json").read_text())
    assert (told["format"], told["day"], told["exit_code"]) == (1, None, 5)
    operations = {row["operation"]: row["outcome"] for row in told["promises"]}
    assert list(operations) == ["images.generate", "images.edit", "models.list"]
    assert [*operations.values()] == ["broken", "not observed", "observed"]
    assert told["causes"][0]["says"] == SVG
    assert told["held"] == {"it is so": 2}
    suites = ElementTree.parse(written / "junit.xml").getroot()
    assert {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    assert len(suites.findall(".//testcase")) == 4
    (failure,) = suites.findall(".//failure")
    assert failure.get("message") == SVG
    assert "curl -i" in str(failure.text)


def test_the_page_fetches_nothing_and_runs_nothing(written: Path) -> None:
    page = (written / "report.html").read_text()
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import", page, re.I)
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page


def test_the_same_run_is_told_alike_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(green(), RUN, {}, tmp_path / name, partial(leave, keys=[]))
    for file in ("report.json", "report.html", "junit.xml"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_colours_say_nothing_that_the_words_do_not() -> None:
    book = book_of((trial(), [broken(SVG)]))
    coloured = "\n".join(lines(summarised(book, RUN), click.style))
    assert coloured != text(book)
    assert click.unstyle(coloured) == text(book)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_color", "coloured"),
    [(Terminal(), "", True), (Terminal(), "1", False), (StringIO(), "", False)],
)
def test_colours_are_for_terminals_and_not_for_who_wants_none(
    stream: StringIO, no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("NO_COLOR", no_color)
    show(book_of((trial(), [broken(SVG)])), RUN, [], verbose=False, directory=None)
    assert ("\x1b[31m" in stream.getvalue()) is coloured


@pytest.mark.parametrize(("columns", "most"), [(20, 19), (200, 78), (0, 78)])
def test_progress_is_one_line_however_narrow_the_terminal(
    columns: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.setattr(stream, "fileno", lambda: 2)
    monkeypatch.setattr("os.get_terminal_size", lambda _: terminal_size((columns, 24)))
    with Progress(stream, 2) as progress:
        progress.tell(trial()._replace(id="x" * 100))
    (line,) = filter(None, stream.getvalue().split("\r\x1b[K"))
    assert len(line) == most


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (StringIO(), False)])
def test_progress_is_for_terminals_and_goes(stream: StringIO, shown: bool) -> None:
    with Progress(stream, 2) as progress:
        progress.tell(trial())
    told = stream.getvalue()
    assert ("1 of 2  images.generate" in told) is shown
    assert not shown or told.endswith("\r\x1b[K")
