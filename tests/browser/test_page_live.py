"""The page as time passes: what it shows by itself, what is gone, and a server that ends and begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2
import pytest

from mockserver.config import configured
from mockserver.page import actions
from mockserver.server.listening import ServerThread
from mockserver.testing import ImagesMock
from tests.browser import Mine
from tests.browser.test_page import edited

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browsers


def number_in(text: str) -> int:
    found = re.search(r"in (\d+) s", text)
    assert found, text
    return int(found[1])


# -- what passes by itself -----------------------------------------------------------------------


def test_a_limit_counts_down_until_it_is_full_again_and_disturbs_nobody(
    watched: Page, mine: Mine
) -> None:
    mine.handle.limits(4)
    for _ in range(4):
        mine.ask("an owl")
    watched.clock.install()
    with watched.expect_response(lambda r: r.request.resource_type == "fetch"):  # it is current
        watched.goto(mine.at("limits"))
    watched.wait_for_load_state("networkidle")
    left = watched.locator("[data-left]")
    assert left.evaluate("cell => !cell.closest('[aria-live], [role=status]')")
    first = number_in(left.inner_text())
    assert 50 < first <= 60
    watched.clock.fast_forward(20_000)
    assert first - 23 <= number_in(left.inner_text()) <= first - 20
    assert watched.get_by_label("3 of 4 used").count() == 1
    watched.clock.fast_forward(60_000)
    assert watched.locator("td.left").first.inner_text() == "now"
    assert watched.get_by_label("0 of 4 used").count() == 3


def test_without_scripts_a_limit_says_of_when_it_is(browser: Browser, mine: Mine) -> None:
    mine.handle.limits(4)
    mine.ask("an owl")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(mine.at("limits"))
        assert number_in(page.locator("td.left").first.inner_text()) <= 15
        assert re.search(r", at \d\d:\d\d:\d\d UTC", page.locator("caption").inner_text())


def test_limits_of_a_clock_that_stands_count_nothing_down(watched: Page, mine: Mine) -> None:
    mine.handle.begin()
    mine.ask("an owl")
    watched.goto(mine.at("limits"))
    watched.get_by_text("of its clock, which stands").wait_for()
    assert watched.locator("[data-left]").count() == 0


def test_each_sandbox_has_gauges_of_its_own(watched: Page, mine: Mine) -> None:
    mine.handle.limits(4)
    mine.ask("an owl")
    watched.goto(mine.at("limits").partition("?")[0])
    row = watched.get_by_role("row").filter(has_text=mine.name[:6])
    assert row.get_by_label("1 of 4 used").count() == 1
    row.get_by_role("link").click()
    assert watched.get_by_label("Images a minute").is_visible()


def test_undo_is_offered_for_ten_seconds(watched: Page, mine: Mine) -> None:
    watched.clock.install()
    mine.handle.on(contains="owl").refuse()
    watched.goto(mine.at("rules"))
    watched.get_by_role("button", name="Remove rule").click()
    undo = watched.get_by_role("button", name="Undo")
    undo.wait_for()
    watched.clock.fast_forward(9_000)
    assert undo.is_visible()
    undo.focus()
    watched.clock.fast_forward(5_000)
    assert undo.is_visible()  # it is not taken away from under a finger
    undo.blur()
    assert not undo.is_visible()
    assert watched.get_by_text(re.compile("Rule .* was removed")).is_visible()
    watched.reload()
    assert not undo.is_visible()


def test_a_clock_runs_on_the_page_and_says_whose_it_is(watched: Page, mine: Mine) -> None:
    from playwright.sync_api import expect

    box = f"{mine.mock.address}/_mock/sandbox?sandbox={mine.name}"
    httpx2.post(box, json={"as_of": "2024-02-03"})
    watched.clock.install()
    watched.goto(mine.at("clock"))
    time = watched.locator(".figure time")
    before = time.inner_text()
    watched.clock.fast_forward(3_600_000)
    expect(time).not_to_have_text(before)
    assert watched.get_by_text("2024-02-03, which is this sandbox's own").is_visible()
    mine.handle.begin()
    watched.get_by_text("it stands still").wait_for()
    before = time.inner_text()
    watched.clock.fast_forward(3_600_000)
    assert time.inner_text() == before
    watched.goto(mine.at("sandboxes"))
    assert (
        watched.get_by_role("row")
        .filter(has_text="shown now")
        .filter(has_text="clock stands")
        .is_visible()
    )


# -- a list that grows ---------------------------------------------------------------------------


def test_a_list_does_not_move_under_who_reads_it(watched: Page, mine: Mine) -> None:
    mine.handle.limits(100_000)
    for number in range(40):
        mine.ask(f"number {number}")
    watched.goto(mine.at())
    row = watched.get_by_role("link", name="number 10", exact=True)
    row.scroll_into_view_if_needed()
    place = row.bounding_box()
    for _ in range(7):
        mine.ask("further")
    more = watched.get_by_role("button", name="7 new: show")
    more.wait_for()
    assert row.bounding_box() == place
    more.click()
    watched.get_by_text("47 requests").wait_for()
    assert not more.is_visible()
    assert watched.evaluate("scrollY") == 0


def test_older_pages_stay_as_they_are_while_more_comes(watched: Page, mine: Mine) -> None:
    mine.handle.limits(100_000)
    for number in range(120):
        mine.ask(f"number {number}")
    watched.goto(mine.at())
    mine.ask("one more")
    watched.get_by_text("121 requests").wait_for()
    watched.get_by_role("link", name="Older").click()
    first = watched.locator("tbody .what a").first
    assert first.inner_text() == "number 20"
    mine.ask("another")
    watched.reload()
    assert first.inner_text() == "number 20"
    watched.get_by_role("link", name="Newer").click()
    watched.get_by_role("link", name="one more").wait_for()
    watched.get_by_role("link", name="Newer").click()
    watched.get_by_role("link", name="another", exact=True).wait_for()


def test_who_is_about_to_press_a_button_of_a_list_keeps_it(watched: Page, mine: Mine) -> None:
    mine.handle.on(contains="owl").delay(0)
    mine.handle.on(contains="fox").delay(0)
    watched.goto(mine.at("rules"))
    watched.get_by_role("button", name="Remove rule").nth(1).focus()
    name = watched.evaluate("document.activeElement.ariaLabel")
    mine.ask("an owl")
    watched.get_by_role("cell", name="1", exact=True).wait_for()
    assert watched.evaluate("document.activeElement.ariaLabel") == name


# -- what is gone --------------------------------------------------------------------------------


def test_an_edit_whose_files_had_to_go_says_so_in_the_place_of_its_pictures(page: Page) -> None:
    with ImagesMock(upload_cache="1024") as server:
        mine = Mine(server, "sk-mock-me")
        with mine.client:
            identity = edited(mine).id
        page.goto(f"{server.address}/_mock/page/requests/{identity}")
        assert page.get_by_text("upload 1 is not kept any more").is_visible()
        assert page.get_by_text("It can't be shown again").is_visible()
        assert page.locator("main img").count() == 0
        page.goto(server.address)
        thumb = page.get_by_role("img", name="a hole, 1024x1024")
        assert thumb.evaluate("async image => (await image.decode(), image.naturalWidth)") == 120


def test_emptying_a_sandbox_asks_first(browser: Browser, mine: Mine) -> None:
    for scripts in (True, False):
        with browser.new_context(java_script_enabled=scripts) as context:
            page = context.new_page()
            mine.ask("an owl")
            page.goto(mine.at("sandboxes"))
            for button in ("Leave it", "Empty it"):
                page.get_by_role("link", name=f"Empty sandbox {mine.name[:6]}").click()
                assert "Its 1 request," in page.locator("main").inner_text()
                page.get_by_text(button, exact=True).click()
                page.get_by_role("heading", name="Sandboxes").wait_for()
                assert len(mine.handle.requests) == (button == "Leave it")


def test_a_file_that_is_dropped_is_identified(watched: Page, mine: Mine) -> None:
    url = mine.ask("who am I").json()["data"][0]["url"]
    watched.goto(mine.at("pictures"))
    watched.evaluate(
        """async (path) => {
            const file = new File([await (await fetch(path)).blob()], "found.png");
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(file);
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        url.partition(mine.mock.address)[2] or url,
    )
    watched.get_by_role("heading", name="What made this picture").wait_for()
    assert watched.get_by_text("who am I").is_visible()


# -- a server that ends and begins ---------------------------------------------------------------


def ask(address: str, prompt: str) -> None:
    httpx2.post(
        f"{address}/v1/images/generations",
        json={"prompt": prompt, "size": "256x256"},
        headers={"Authorization": "Bearer sk-mock-me"},
    )


def test_a_page_goes_on_once_its_server_is_there_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playwright.sync_api import expect

    server = ServerThread(configured(port=0, log_format="none"))
    server.start()
    address, port = server.address, int(server.address.rpartition(":")[2])
    ask(address, "of before")
    page.goto(f"{address}/_mock/page/rules")
    server.stop()
    page.get_by_text("The server does not answer.").wait_for()
    monkeypatch.setattr(actions, "TOKEN", "of-another-process")
    server = ServerThread(configured(port=port, log_format="none"))
    server.start()
    try:
        page.get_by_text("The server does not answer.").wait_for(state="hidden")
        # wait_for_function is an eval, which the page's policy forbids
        token = page.locator("[name=token]").first
        expect(token).to_have_value(re.compile("^of-"), timeout=30_000)
        page.get_by_role("button", name="Add rule").click()
        page.get_by_text("was added").wait_for()
    finally:
        server.stop()


def test_a_page_whose_sandbox_went_with_the_server_says_so(page: Page) -> None:
    server = ServerThread(configured(port=0, log_format="none"))
    server.start()
    address, port = server.address, int(server.address.rpartition(":")[2])
    ask(address, "of before")
    name = httpx2.get(f"{address}/_mock/sandboxes").json()["sandboxes"][0]["name"]
    page.goto(f"{address}/?sandbox={name}")
    page.get_by_role("link", name="of before").wait_for()
    server.stop()
    server = ServerThread(configured(port=port, log_format="none"))
    server.start()
    try:
        page.get_by_text("What is shown here is not there any more").wait_for()
        assert page.get_by_role("link", name="of before").is_visible()
        ask(address, "of after")  # with the same key: the sandbox is there again
        page.get_by_role("link", name="of after").wait_for()
        page.get_by_text("What is shown here is not").wait_for(state="hidden")
    finally:
        server.stop()


# -- keys that somebody says by accident ---------------------------------------------------------


def test_single_letters_can_be_turned_off_and_stay_so(watched: Page, mine: Mine) -> None:
    mine.ask("an owl")
    watched.goto(mine.at())
    watched.get_by_role("button", name="Keys").click()
    watched.get_by_label("They do this here").uncheck()
    watched.keyboard.press("Escape")
    for _ in range(2):
        watched.locator("h1").click()
        watched.keyboard.press("j")
        watched.keyboard.press("?")
        assert watched.evaluate("document.activeElement.tagName") != "A"
        assert not watched.get_by_role("dialog").is_visible()
        watched.reload()
    watched.get_by_role("button", name="Keys").click()
    watched.get_by_label("They do this here").check()
    watched.keyboard.press("Escape")
    watched.locator("h1").click()
    watched.keyboard.press("j")
    assert watched.evaluate("document.activeElement.textContent").strip() == "an owl"


def test_what_has_become_too_much_to_judge_as_it_comes_is_asked_for_no_more(
    watched: Page, mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mockserver.page import verdict

    monkeypatch.setattr(verdict, "LIVE", 1)
    mine.ask("an owl")
    watched.clock.install()
    watched.goto(mine.at("verdict/failures"))
    watched.locator("#failures[data-live]").wait_for()
    mine.ask("a fox")
    watched.get_by_text("Load the page anew").wait_for()
    watched.locator("#live:empty").wait_for(state="attached")
    asked: list[str] = []
    watched.on("request", lambda r: asked.append(r.url) if r.resource_type == "fetch" else None)
    mine.ask("a hare")
    watched.get_by_text("1 new request").wait_for(state="attached")
    watched.clock.fast_forward(10_000)
    assert asked == []
    assert watched.locator("[data-live]").count() == 0
