"""The page of what tests met, in a real browser: nobody is asked, nothing breaks a rule of access."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.facts.failures import failures
from mockserver.pytest_plugin.coverage.page import page as page_of
from mockserver.pytest_plugin.coverage.tally import Tally
from tests.browser.test_page import LOOKS
from tests.page.test_pages import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browsers
DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def record(number: int, prompt: str) -> dict[str, Any]:
    """A request that was refused."""
    refused = {"reason": "refused", "message": prompt, "code": prompt[:20]}
    fields = {"prompt": prompt, "model": prompt[:200], "size": "512x512", "n": 2}
    return {
        **dict.fromkeys(("method", "rule", "sandbox"), ""),
        "id": f"req_{number}",
        "call": f"req_{number}",
        "time": number,
        "status": 400,
        "path": "/v1/images/generations",
        "operation": "images.generate",
        "fields": fields,
        "filled": [],
        "error": refused,
        "usd": 0.0,
        "milliseconds": 1,
        "trace": [],
        "scripted": True,
        "rules": [],
        "retries": 0,
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tally = Tally()
    for number, text in enumerate(HOSTILE):
        asked = [record(number, text)]
        tally.add(f"tests/{text}::test_{text}", {"requests": asked, "downloads": []}, {})
    for samples in tally.samples.values():
        samples[0].picture = DOT
    file = tmp_path_factory.mktemp("met") / "met.html"
    file.write_text(page_of(tally, ("refusal", "quota")), "utf-8", "backslashreplace")
    return file


@pytest.mark.parametrize("look", LOOKS)
def test_no_rule_of_accessibility_is_broken(browser: Browser, file: Path, look: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.goto(file.as_uri())
    for details in page.locator("details").all():
        details.evaluate("one => one.open = true")
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_nobody_is_asked_and_no_prompt_runs(browser: Browser, file: Path) -> None:
    context = browser.new_context()
    page, asked, said = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []
    assert page.evaluate("window.pwned") is None
    assert page.locator("h3").count() == len(failures())
    context.close()


def test_a_narrow_page_scrolls_up_and_down_only(browser: Browser, file: Path) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()
