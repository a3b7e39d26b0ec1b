"""The page on the contract shows a report as it is printed."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from contracts.book import Book
from contracts.exchange import json_request
from contracts.report.summary import summarised
from contracts.report.terminal import lines
from contracts.trials import Outcome, Promise, Tier, Verdict
from tests.contracts.told import RUN, book_of, broken, exchange, held, trial

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
MARK = re.compile(r"(?<=<!-- a report -->\n\n)```text\n.*?```\n\n|(?<=<!-- a report -->\n\n)", re.S)
if not PAGE.exists():
    pytest.skip("the pages are out of the way", allow_module_level=True)


def some_server() -> Book:
    """What a server is like that draws SVG, lets everything in, and has no edits."""
    sent = json_request("POST", "/images/generations", {"prompt": "a fox", "size": "256x256"})
    seven = json_request("POST", "/images/generations", {"prompt": "a fox", "size": "7x7"})
    drawn = b'{"created":1795856073,"data":[{"b64_json":"' + b"PHN2ZyB4bWxucz0i" * 9 + b'"}]}'
    gone = b'{"detail":"Not Found"}'
    ways = (
        Promise("images.generate", 200, "dall-e-2, b64_json"),
        Promise("images.generate", 200, "url"),
    )
    noted = [
        (
            trial(ways[0], number),
            [
                broken(
                    "A picture's file decodes whole, in the format that was asked for",
                    "no PNG, but an SVG: <svg xmlns=",
                    seen := exchange(sent, 200, drawn, 100 + number),
                ),
                broken("A picture has the size that was asked for", "", seen),
                broken("Every answer has an x-request-id", "there is none", seen, Tier.COMPLETE),
            ],
        )
        for number in range(12)
    ]
    strange = [
        (
            trial(Promise("images.generate", 400, "an unknown size"), number),
            [
                broken(
                    "A request that breaks the contract is refused",
                    "it is answered with 200",
                    exchange(seven, 200, drawn, 200 + number),
                )
            ],
        )
        for number in range(5)
    ]
    edit = (
        trial(Promise("images.edit", 200, "dall-e-2, url")),
        [
            broken(
                "It is accepted",
                "404",
                exchange(sent._replace(path="/images/edits"), 404, gone, 300),
            )
        ],
    )
    listed = trial(Promise("models.list", 200, "all")), [held()]
    book = book_of(*noted, *strange, edit, listed)
    book.note(
        trial(ways[1]), [Verdict("a URL", Outcome.UNSEEN, "its pictures lie on another host")]
    )
    return book


def test_the_page_shows_a_report() -> None:
    run = RUN._replace(target="http://127.0.0.1:8000/v1", base_url="http://127.0.0.1:8000/v1")
    report = "\n".join(lines(summarised(some_server(), run)))
    shown, number = MARK.subn(lambda _: f"```text\n{report}\n```\n\n", PAGE.read_text("utf-8"))
    assert number == 1
    if os.environ.get("UPDATE_PAGES"):
        PAGE.write_text(shown, "utf-8")
    assert PAGE.read_text("utf-8") == shown, "UPDATE_PAGES=1 writes it anew"


SERVERS: dict[str, Any] = runpy.run_path(str(PAGE.with_name("contract_servers.py")))


def test_the_page_of_servers_is_that_of_their_results() -> None:
    assert SERVERS["PAGE"].read_text("utf-8") == SERVERS["page"](), "run docs/contract_servers.py"


def test_each_server_has_results_and_words_for_those_who_use_it() -> None:
    servers = SERVERS["servers"]()
    assert {server["name"] for server in servers} == SERVERS["results"]().keys()
    assert all(len(server["words"]) > 100 for server in servers)
    assert all(re.search(r"\d+\.\d+\.\d+\Z", server["package"]) for server in servers)
