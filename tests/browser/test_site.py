"""The site of docs/ in a browser: it asks nobody else, finds what is looked for, and can't be led astray."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.built_site import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browsers


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served, as any web server does it."""
    if find_spec("zensical") is None and not os.environ.get("CI"):
        pytest.skip("zensical is not installed: pip install '.[docs]'")
    made = tmp_path_factory.mktemp("site") / "site"
    done = build(made)
    assert done.returncode == 0, done.stdout + done.stderr
    handler = functools.partial(_Quiet, directory=made)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def asked(page: Page, address: str) -> Iterator[list[str]]:
    """What the browser asks for; of nobody else."""
    urls: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(60_000)
    yield urls
    assert said == []
    assert [url for url in urls if not url.startswith((f"{address}/", "blob:", "data:"))] == []


def searched(page: Page, words: str, link: Locator) -> None:
    """Look for words until a link is found; button and field do nothing before their scripts run."""
    from playwright.sync_api import TimeoutError as Late

    field = page.locator("input[aria-label=Search]")
    for _ in range(30):
        if field.is_visible():
            field.fill("")
            field.fill(words)
        else:
            page.locator(".md-search__button").dispatch_event("click")
        with suppress(Late):
            link.wait_for(timeout=2_000)
            return
    pytest.fail("nothing was found")


@pytest.mark.usefixtures("asked")
def test_pages_ask_nobody_else(page: Page, address: str) -> None:
    for name in ("index", "settings", "evidence", "how-to", "control-api", "SECURITY"):
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        assert page.locator("h1").count() == 1


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("billing_hard_limit_reached", "evidence-errors-of-the-api.html#hard_limit"),
        (
            "size is not supported by this model",
            "evidence-errors-of-the-api.html#size_not_of_model",
        ),
        ("max-connections", "settings.html"),
    ],
)
def test_a_search_finds_the_fact_itself(page: Page, address: str, words: str, found: str) -> None:
    page.goto(f"{address}/index.html", wait_until="networkidle")
    file, _, anchor = found.partition("#")
    link = page.locator(f"a[href*='{file}?h=']" + (f"[href$='#{anchor}']" if anchor else ""))
    searched(page, words, link.first)


def test_the_policy_lets_no_picture_come_from_elsewhere(page: Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    refused = page.evaluate(
        """() => new Promise(done => {
            addEventListener("securitypolicyviolation", e => done(e.effectiveDirective));
            document.body.append(Object.assign(new Image(), {src: "http://127.0.0.1:9/fox.png"}));
        })"""
    )
    assert refused == "img-src"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_light_or_dark_as_the_system_says(
    browser: Browser, address: str, scheme: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    try:
        page = context.new_page()
        page.goto(f"{address}/index.html")
        name = "slate" if scheme == "dark" else "default"
        page.locator(f"body[data-md-color-scheme={name}]").wait_for(timeout=60_000)
    finally:
        context.close()


def test_nothing_is_wider_than_a_narrow_screen(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for name in ("index", "settings", "control-api"):
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
