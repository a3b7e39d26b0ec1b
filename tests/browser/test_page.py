"""The page in a real browser: what a user does, by mouse, by keyboard, without scripts; for everyone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from mockserver.page.snippets import CLIENTS
from tests.browser import Mine
from tests.page.test_pages import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from mockserver.client.requests import Request

pytestmark = pytest.mark.browsers
PAGES = [
    "",
    "pictures",
    "verdict",
    "verdict/failures",
    "verdict/migration?to=gpt-image-2",
    "rules",
    "limits",
    "costs",
    "clock",
    "sandboxes",
    "settings",
]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
}


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


# -- journeys ------------------------------------------------------------------------------------


def test_the_first_look_offers_a_snippet_and_a_test_request(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    assert f"{mine.mock.url}" in watched.locator("#client-1").inner_text()
    assert watched.get_by_role("button", name=re.compile("^Copy ")).count() == len(CLIENTS)
    watched.locator("[data-copy=client-1]").click()
    watched.get_by_role("status").get_by_text(re.compile("Copied|Selected")).wait_for()
    watched.get_by_role("button", name="Send a test request").click()
    watched.get_by_text("It was answered with 200.").wait_for()


def test_requests_appear_as_they_come_the_newest_first(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    mine.ask("a red fox")
    watched.get_by_role("link", name="a red fox").wait_for()
    mine.ask("an owl", n=2)
    watched.get_by_role("link", name="an owl").wait_for()
    assert watched.locator("tbody .what a").all_inner_texts() == ["an owl", "a red fox"]
    watched.get_by_text("2 requests, the newest first").wait_for()
    watched.get_by_role("link", name="an owl").click()
    watched.get_by_role("heading", name="images.generate").wait_for()
    from playwright.sync_api import expect

    shown = watched.get_by_role("img", name="an owl, 256x256")
    assert shown.count() == 2
    for picture in shown.all():
        expect(picture).to_have_js_property("naturalWidth", 256)


def test_the_waits_between_attempts_of_a_call_are_shown(watched: Page, mine: Mine) -> None:
    import openai

    mine.handle.next.rate_limit(retry_after=0.2)
    client = openai.OpenAI(base_url=mine.mock.url, api_key=mine.key)
    client.images.generate(prompt="a heron", model="dall-e-2")
    watched.goto(mine.at())
    watched.get_by_role("link", name="a heron").first.click()
    attempts = watched.locator(".attempts").inner_text()
    waited = re.search(r"waited (\d\.\d) s", attempts)
    assert waited
    assert 0.1 < float(waited[1]) < 5
    assert attempts.index("429") < attempts.index("200")


def test_a_rule_is_made_met_removed_and_restored_by_clicks(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at("rules"))
    watched.get_by_label("If the prompt contains").fill("owl")
    watched.get_by_label("then").select_option("Refused by the content policy")
    watched.get_by_role("button", name="Add rule").click()
    watched.get_by_text("never", exact=True).wait_for()
    assert mine.ask("an owl").status_code == 400
    watched.get_by_role("cell", name="1", exact=True).wait_for()
    watched.get_by_role("button", name="Remove rule").click()
    watched.get_by_text("No rule: every request").wait_for()
    assert mine.ask("an owl").status_code == 200
    watched.get_by_role("button", name="Undo").click()
    watched.get_by_text("It is there again").wait_for()
    assert mine.ask("an owl").status_code == 400


def test_limits_costs_and_clock_move_by_clicks(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at("limits"))
    watched.get_by_label("Images a minute").fill("2")
    watched.get_by_role("button", name="Set").click()
    for _ in range(2):
        mine.ask("an owl")
    watched.get_by_label("2 of 2 used").first.wait_for()
    assert mine.ask("an owl").status_code == 429
    watched.get_by_role("button", name="Fill up").click()
    watched.get_by_text("Every limit is full again.").wait_for()
    watched.goto(mine.at("costs"))
    watched.get_by_text("$0.032").first.wait_for()
    watched.get_by_label("Budget in USD").fill("0.04")
    watched.get_by_role("button", name="Set").click()
    watched.get_by_text("of a budget of $0.04").wait_for()
    watched.goto(mine.at("clock"))
    watched.get_by_role("button", name="An hour on").click()
    watched.get_by_text("moved on by 3600 s").wait_for()
    watched.get_by_role("button", name="Let it stand still").click()
    watched.get_by_text("it stands still").wait_for()


def test_a_file_is_identified(watched: Page, mine: Mine, tmp_path: Path) -> None:
    file = tmp_path / "found.png"
    file.write_bytes(httpx2.get(mine.ask("who am I").json()["data"][0]["url"]).content)
    watched.goto(mine.at("pictures"))
    watched.get_by_label("Which request made a file?").set_input_files(file)
    watched.get_by_role("button", name="Identify").click()
    watched.get_by_text("who am I").wait_for()


def edited(mine: Mine) -> Request:
    """Make an edit with a mask, which the page has been looked at for."""
    import openai

    from tests.edits import encoded, half_clear

    httpx2.get(mine.at(), headers={"Accept": "text/html"})
    file = encoded(half_clear())
    client = openai.OpenAI(base_url=mine.mock.url, api_key=mine.key)
    client.images.edit(
        model="dall-e-2", image=file, mask=file, prompt="a hole", response_format="b64_json"
    )
    return mine.handle.requests[-1]


def test_an_edit_is_shown_beside_what_it_was_made_from(watched: Page, mine: Mine) -> None:
    from playwright.sync_api import expect

    edited(mine)
    watched.set_viewport_size({"width": 1200, "height": 760})
    watched.goto(mine.at())
    watched.get_by_role("link", name="a hole").click()
    for name in ("upload 1", "its mask"):
        shown = watched.get_by_role("img", name=name)
        shown.scroll_into_view_if_needed()
        expect(shown).to_have_js_property("naturalWidth", 256)
    before, after = (
        watched.get_by_role("heading", name=name).bounding_box() for name in ("Made from", "Drawn")
    )
    assert before
    assert after
    assert before["y"] == after["y"]


def test_a_tall_picture_leaves_room_for_what_was_decided(page: Page, mine: Mine) -> None:
    mine.handle.begin(as_of="2025-10-01")
    mine.ask("a tower", model="gpt-image-1", size="1024x1536", n=2)
    page.set_viewport_size({"width": 1200, "height": 640})
    page.goto(mine.at(f"requests/{mine.handle.requests[-1].id}"))
    for name in ("Decided", "Asked"):
        box = page.get_by_role("heading", name=name).bounding_box()
        assert box
        assert box["y"] < 640
    page.get_by_role("img", name="a tower").first.click()
    whole = page.locator("img")
    assert whole.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1024, 1536]


# -- live ----------------------------------------------------------------------------------------


def test_what_comes_without_end_is_shown_while_it_comes(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    watched.get_by_role("heading", name="Requests").wait_for()
    watched.evaluate(
        "stop = setInterval(() => document.title = document.querySelectorAll('tbody tr').length)"
    )
    mine.handle.limits(100_000)
    for number in range(2000):
        mine.ask(f"number {number}")
        if number % 50 == 0 and watched.title() not in ("", "0") and watched.title().isdigit():
            break
    else:
        pytest.fail("nothing was shown before the end")
    watched.evaluate("clearInterval(stop)")


def test_a_page_that_nobody_sees_gives_its_line_back(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    mine.ask("a fox")
    watched.get_by_role("link", name="a fox").wait_for()
    see = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    watched.evaluate(see, True)
    mine.ask("an owl")
    assert watched.get_by_role("link", name="an owl").count() == 0
    watched.evaluate(see, False)
    watched.get_by_role("link", name="an owl").wait_for()


def test_what_is_being_selected_stays_until_it_is_not(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    mine.ask("a fox")
    watched.get_by_role("link", name="a fox").wait_for()
    watched.evaluate("getSelection().selectAllChildren(document.querySelector('tbody tr .what'))")
    mine.ask("an owl")
    watched.get_by_text("1 new request").wait_for()
    assert "a fox" in watched.evaluate("getSelection().toString()")
    watched.evaluate("getSelection().removeAllRanges()")
    watched.get_by_role("link", name="an owl").wait_for()


def test_who_comes_back_to_a_page_sees_what_came_meanwhile(watched: Page, mine: Mine) -> None:
    mine.ask("a fox")
    watched.goto(mine.at())
    watched.get_by_role("link", name="a fox").click()
    mine.ask("an owl")
    watched.go_back()
    watched.get_by_role("link", name="an owl").wait_for()
    mine.ask("a heron")
    watched.get_by_role("link", name="a heron").wait_for()


# -- everyone ------------------------------------------------------------------------------------


def test_it_is_used_by_the_keyboard_alone(watched: Page, mine: Mine) -> None:
    for prompt in ("first", "second"):
        mine.ask(prompt)
    watched.goto(mine.at())
    watched.keyboard.press("Tab")
    assert watched.evaluate("document.activeElement.textContent") == "Skip to content"
    watched.keyboard.press("j")
    watched.keyboard.press("j")
    assert watched.evaluate("document.activeElement.textContent").strip() == "first"
    watched.keyboard.press("k")
    mine.ask("third")  # which comes above, and takes the focus from nobody
    watched.get_by_role("link", name="third").wait_for()
    assert watched.evaluate("document.activeElement.textContent").strip() == "second"
    watched.keyboard.press("/")
    watched.keyboard.type("jk?")
    assert watched.locator("#q").input_value() == "jk?"
    watched.locator("#q").blur()
    watched.keyboard.press("?")
    assert watched.get_by_role("dialog").is_visible()
    watched.keyboard.press("Escape")
    assert not watched.get_by_role("dialog").is_visible()


def test_it_is_used_without_scripts(browser: Browser, mine: Mine) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    mine.ask("a red fox")
    page.goto(mine.at())
    page.get_by_role("link", name="a red fox").click()
    assert page.get_by_role("img", name="a red fox, 256x256").is_visible()
    page.goto(mine.at("rules"))
    page.get_by_role("button", name="Add rule").click()
    page.get_by_role("button", name="Remove rule").click()
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_text("It is there again").is_visible()
    page.locator("#sandbox").select_option("")
    page.get_by_role("button", name="Show").click()
    assert "sandbox=&" in f"{page.url}&"
    context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_no_rule_of_accessibility_is_broken(browser: Browser, mine: Mine, look: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    mine.handle.on(contains="owl").rate_limit()
    for prompt in ("a red fox", "an owl", "mock:500"):
        mine.ask(prompt)
    asked = [f"requests/{record.id}" for record in (mine.handle.requests[0], edited(mine))]
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    for path in (*PAGES, *asked, "empty", "nowhere"):
        page.goto(mine.at(path))
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    context.close()


@pytest.mark.parametrize("path", [*PAGES, "empty", "requests"])
def test_a_narrow_or_enlarged_page_scrolls_up_and_down_only(
    browser: Browser, mine: Mine, path: str
) -> None:
    mine.ask("x" * 400)
    mine.handle.on(contains="y" * 200).headers({"x-long": "z" * 300})
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    path = f"requests/{edited(mine).id}" if path == "requests" else path
    page.goto(mine.at(path))
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


def test_the_scheme_is_chosen_and_remembered(watched: Page, mine: Mine) -> None:
    watched.goto(mine.at())
    paper = "getComputedStyle(document.body).backgroundColor"
    before = watched.evaluate(paper)
    watched.get_by_role("button", name="Dark").click()
    dark = watched.evaluate(paper)
    assert dark != before
    watched.reload()
    assert watched.evaluate(paper) == dark


def test_a_thousand_requests_stay_smooth(watched: Page, mine: Mine) -> None:
    mine.handle.limits(100_000)
    for number in range(1000):
        mine.ask(f"number {number}")
    watched.goto(mine.at())
    watched.get_by_text("1000 requests").wait_for()
    assert rows(watched).count() == 100
    watched.get_by_role("link", name="Older").click()
    watched.get_by_role("link", name="number 899", exact=True).wait_for()


# -- hostile text --------------------------------------------------------------------------------


def test_hostile_text_is_text(watched: Page, mine: Mine) -> None:
    for text in HOSTILE:
        mine.ask(text)
        httpx2.post(
            f"{mine.mock.url}/images/edits",
            files={"image": (text[:200].replace("\0", ""), b"no picture")},
            data={"prompt": text},
            headers={
                b"Authorization": f"Bearer {mine.key}".encode(),
                b"X-Note": text[:200].replace("\0", "").encode(),
            },
        )
    identities = [r.id for r in mine.handle.requests]
    for path in (*PAGES, *(f"requests/{identity}" for identity in identities)):
        watched.goto(mine.at(path))
        assert watched.evaluate("window.pwned === undefined")
    watched.goto(mine.at())
    assert watched.get_by_role("link", name="<script>window.pwned=1</script>").count() == 2
