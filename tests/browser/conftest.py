"""One browser for all tests of a process, and a web site of somebody else's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockserver.testing import ImagesMock
from tests.browser import ARGUMENTS, CHROMIUM, Mine, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; it skips where that or playwright is missing, but not in CI."""
    if not os.environ.get("CI"):
        if find_spec("playwright") is None:
            pytest.skip("playwright is not installed: pip install '.[browsers]'")
        if not Path(CHROMIUM).exists():
            pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of a browser that remembers nothing."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A web site, under whatever name; it has no page yet but where it leads on."""
    with Site().serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with ImagesMock() as server:
        yield server


@pytest.fixture
def mine(request: pytest.FixtureRequest, mock: ImagesMock) -> Iterator[Mine]:
    made = Mine(mock, "sk-mock-" + re.sub(r"\W", "-", request.node.name)[:40])
    with made.client:
        yield made


@pytest.fixture
def watched(page: Page, mock: ImagesMock) -> Iterator[Page]:
    """A page whose console must stay empty, and which asks nobody else."""
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith((f"{mock.address}/", "blob:"))] == []
