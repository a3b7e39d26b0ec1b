"""How each page reads to assistive technology, held against what it was: tests/browser/aria/."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockserver.control import verdict
from tests.browser import Mine, one_finding
from tests.browser.test_page import PAGES, edited

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browsers
GOLDEN = Path(__file__).parent / "aria"


@pytest.mark.parametrize("path", [*PAGES, "request"])
def test_each_page_reads_as_it_did(
    watched: Page, mine: Mine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "judged", one_finding)
    # With a clock that stands: what is used of a limit comes not back; models come and go.
    mine.handle.begin(as_of="2026-05-01" if "migration" in path else None)
    mine.handle.on(contains="owl").rate_limit()
    for prompt in ("a red fox", "an owl"):
        mine.ask(prompt)
    part = "main"
    if path == "request":  # without what its client sent beside
        watched.goto(mine.at(f"requests/{edited(mine).id}"))
        part = ".columns"
    else:
        watched.goto(mine.at(path))
    told = watched.locator(part).aria_snapshot()
    for passing, sign in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "(moment)"),
        (r"\d\d:\d\d:\d\d", "(time)"),
        (r"\d+ ms", "(ms)"),
        (r"req_[0-9a-f]+", "req_…"),
        (r"\b[0-9a-f]{12}\b", "(digest)"),  # of what Pillow wrote
        (r"\d+ bytes", "… bytes"),
        (r"in \d+ s", "in … s"),
        (r"127\.0\.0\.1:\d+", "(address)"),
        (r"port \"?\d+", "port …"),
        (re.escape(mine.name), "(sandbox)"),
        (re.escape(mine.name[:6]), "(sandb)"),
    ):
        told = re.sub(passing, sign, told)
    golden = GOLDEN / f"{path.partition('?')[0].replace('/', '-') or 'requests'}.yaml"
    if path == "sandboxes":  # those of all tests
        told = "\n".join(line for line in told.splitlines() if "columnheader" in line)
    if "UPDATE_ARIA" in os.environ:
        golden.write_text(f"{told}\n", "utf-8")
    assert told == golden.read_text("utf-8").rstrip("\n"), "UPDATE_ARIA=1 pytest writes it"
