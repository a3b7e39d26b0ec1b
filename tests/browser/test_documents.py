"""What a browser opens as a page of this server's: nothing in it runs, or the page could do all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from mockserver.config import configured
from mockserver.core.picture import MEDIA, Picture
from mockserver.request.world import World
from tests.browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browsers

SCRIPT = "<script xmlns='http://www.w3.org/1999/xhtml'>document.title = 'ran'</script>"
HOSTILE = f"]]></desc></title>{SCRIPT}<img src=x onerror='document.title=1'>"
PATHS = [
    f"/v1/{SCRIPT}",
    f"/private/{SCRIPT}",
    f"/private/org-a/user-b/img-{SCRIPT}.png?st=2025-01-01T00:00:00Z&se=2035-01-01T00:00:00Z&sig={SCRIPT}",
    f"/openai/{SCRIPT}",
    f"/_mock/{SCRIPT}",
    f"/{SCRIPT}",
    "/",
]


@pytest.fixture(scope="module")
def mock() -> Iterator[Watched]:
    """A server with the seed that all have, unless told otherwise."""
    with Watched().serving() as serving:
        yield serving


def signed(form: str, monkeypatch: pytest.MonkeyPatch, media: str | None = None) -> str:
    """The URL of a picture with a hostile prompt, signed by who knows the seed; perhaps of a page."""
    picture = Picture("images.generate", "dall-e-2", HOSTILE[:120], 256, 256, 0, 1, bytes(16))
    with monkeypatch.context() as patched:
        patched.setitem(MEDIA, form, (media or MEDIA[form][0], MEDIA[form][1]))
        links = World(configured(log_format="none")).links
        return links.signed(picture._replace(format=form), "org-a", "user-b", int(time.time()))


def ran(page: Page) -> bool:
    """Whether a script of what was opened did anything."""
    page.wait_for_load_state()
    return page.evaluate("document.title") in ("ran", "1")


@pytest.mark.parametrize("form", ["PNG", "SVG", "GIF"])
def test_nothing_in_a_picture_runs_whatever_its_prompt_is(
    form: str, page: Page, mock: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = page.goto(mock.address + signed(form, monkeypatch))
    assert answer
    assert answer.status == 200
    assert not ran(page)


@pytest.mark.parametrize("media", ["text/html", "application/xhtml+xml", "image/svg+xml"])
def test_a_picture_is_no_page_whoever_signs_that_it_is(
    media: str, page: Page, mock: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = page.goto(mock.address + signed("PNG", monkeypatch, media))
    assert answer
    assert answer.status == 403
    assert not ran(page)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("is_quoted", [True, False])
def test_nothing_runs_in_an_answer_that_repeats_what_was_asked(
    path: str, page: Page, mock: Watched, *, is_quoted: bool
) -> None:
    page.goto(mock.address + (quote(path, safe="/?&=:") if is_quoted else path))
    assert not ran(page)
