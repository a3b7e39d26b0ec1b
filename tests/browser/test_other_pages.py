"""A page of somebody else's, in a real browser, on a server of this machine: it gets and does nothing.

What each attack meets is in `docs/browsers.md`. The headers that this browser sends are those of
`tests/test_strangers.py`, which needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
import pytest

from mockserver.control.routes import PATHS
from mockserver.handle import Sandbox
from tests.browser import Site, Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browsers

ATTACKS = (Path(__file__).parent / "attacks.js").read_text("utf-8")
NAMES = re.findall(r'^  (?:"([^"]+)"|(\w+)): (?:\(|form)', ATTACKS, re.M)
EVERY = [quoted or plain for quoted, plain in NAMES]
#: Of each kind one: tried from everywhere else too.
SOME = ["fetch as JSON", "fetch no-cors", "form, plain", "img", "web socket", "iframe"]
PAGE = "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><body><script>%s</script>"
_WITH_KEY = {"Authorization": "Bearer sk-mock-me"}
#: Methods and paths of the API, in all its forms.
CALLS = """\
POST /v1/images/generations
POST /v1/images/edits
POST /v1/images/variations
POST /v1/files
GET /v1/files
GET /v1/files/{file}/content
DELETE /v1/files/{file}
POST /v1/batches
POST /v1/responses
GET /v1/models
DELETE /v1/models/dall-e-2
POST /v1/chat/completions
GET /v1/organization/costs
POST /openai/v1/images/generations
POST /openai/deployments/dall-e-3/images/generations?api-version=2024-02-01
GET /openai/models?api-version=2024-02-01
GET /
POST /
GET /_mock/live
GET /_mock/ready
GET /_mock/events?sandbox={box}
GET /_mock/page/rules
GET /_mock/page/empty?sandbox={box}
GET /_mock/page/requests/{asked}
GET /_mock/page/pictures/{asked}/0
POST /_mock/page/rules
POST /_mock/page/sandboxes
POST /_mock/page/login
POST /_mock/page/identify
"""
#: What a browser sends nothing of, where a page is not at a secure address.
NEVER_SENT = ("service worker",)
#: What is tried on every target; the rest on some of each kind, for a browser takes long.
ON_ALL = ("fetch as JSON", "fetch no-cors", "fetch without a body", "beacon", "form, plain", "img")
Target = dict[str, str]


@pytest.fixture(scope="module")
def mock() -> Iterator[Watched]:
    """A server with a sandbox in which there is something of each kind."""
    with Watched(as_of="2025-09-01").serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def box(mock: Watched) -> Sandbox:
    """That sandbox, of the key that README and attacks have."""
    box = mock.sandbox().begin(per_minute=1000, budget_usd=100)
    box.next.rate_limit(retry_after=20)
    return box


@pytest.fixture(scope="module")
def targets(mock: Watched, box: Sandbox) -> list[Target]:
    """Whatever a page could want to reach: calls, the control API's every path, pictures."""
    asking = httpx2.Client(base_url=mock.address, headers=_WITH_KEY)
    with asking:
        file = asking.post("/v1/files", files={"file": b"{}"}, data={"purpose": "batch"}).json()
        asked = {"model": "dall-e-2", "prompt": "a fox"}
        asking.post("/v1/images/generations", json=asked)  # the rule's
        url = asking.post("/v1/images/generations", json=asked).json()["data"][0]["url"]
        last = asking.get("/_mock/requests/last").json()
    of = {"file": file["id"], "asked": last["id"], "box": last["sandbox"]}
    told = [line.format(**of).split() for line in CALLS.splitlines()]
    told += [
        [method, f"/_mock/{path.replace('*', 'r1')}"]
        for path, methods in PATHS.items()
        for method in methods
    ]
    altered = url.replace("sig=", "sig=x")
    found = [{"method": method, "url": f"{mock.address}{path}"} for method, path in told]
    return [*found, {"method": "GET", "url": url}, {"method": "GET", "url": altered}]


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """A tab of a browser for all tests here: a new one takes a second."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def hostile(tab: Page, site: Site) -> Page:
    """A page of somebody else's."""
    site.pages["/"] = ("text/html", PAGE % ATTACKS)
    tab.goto(site.at("evil.test"))
    return tab


def attacked(page: Page, name: str, targets: list[Target]) -> list[str]:
    """What a page saw of each target that let it see anything."""
    seen = page.evaluate("([name, targets]) => attack(name, targets)", [name, targets])
    return [f"{t['method']} {t['url']}: {s}" for t, s in zip(targets, seen, strict=True) if s]


def settled(page: Page, mock: Watched) -> dict[str, Any]:
    """A server's state once all has come that is under way."""
    number = -1
    while number != len(mock.heard):
        number = len(mock.heard)
        page.wait_for_timeout(100)
    return mock.state()


@pytest.mark.parametrize("name", EVERY)
def test_a_page_of_another_site_changes_and_reads_nothing(
    name: str, hostile: Page, mock: Watched, targets: list[Target]
) -> None:
    before, heard = mock.state(), len(mock.heard)
    assert attacked(hostile, name, targets if name in ON_ALL else targets[::-5]) == []
    assert settled(hostile, mock) == before
    assert len(mock.heard) > heard or name in NEVER_SENT


@pytest.mark.parametrize(
    "name",
    ["localhost.evil.test", "127.0.0.1.evil.test", "127-0-0-1.evil.test", "xn--lcalhost-n5a"],
)
def test_a_name_that_looks_like_this_machine_is_another_site(
    name: str, page: Page, site: Site, mock: Watched, targets: list[Target]
) -> None:
    before = mock.state()
    site.pages["/"] = ("text/html", PAGE % ATTACKS)
    page.goto(site.at(name))
    assert [seen for attack in SOME for seen in attacked(page, attack, targets[::-9])] == []
    assert settled(page, mock) == before


SANDBOXED = "<iframe sandbox='allow-scripts allow-forms' srcdoc=\"%s\"></iframe>"


@pytest.mark.parametrize("kind", ["sandboxed", "data", "file"])
def test_a_page_of_no_origin_is_another_site(
    kind: str, page: Page, site: Site, mock: Watched, targets: list[Target], tmp_path: Path
) -> None:
    before, heard = mock.state(), len(mock.heard)
    whole = PAGE % ATTACKS
    inner = whole.replace("&", "&amp;").replace('"', "&quot;")
    site.pages["/"] = ("text/html", SANDBOXED % inner)
    (tmp_path / "page.html").write_text(whole, "utf-8")
    match kind:
        case "data":
            page.goto(f"data:text/html,{quote(whole)}")
        case "file":
            page.goto((tmp_path / "page.html").as_uri())
        case _:
            page.goto(site.at("localhost"))
    hostile: Any = page.frames[-1]
    assert hostile.evaluate("origin") == "null"
    assert [seen for attack in SOME for seen in attacked(hostile, attack, targets[::-9])] == []
    assert settled(page, mock) == before
    asked = {one.headers["origin"] for one in mock.heard[heard:] if "origin" in one.headers}
    assert asked == {"null"} if kind != "file" else asked <= {"null", "file://"}


# -- DNS rebinding: the page's own name leads to this machine now -----------------------------------


@pytest.mark.parametrize(
    "name", ["rebound.test", "REBOUND.TEST", "rebound.test.", "localhost.evil.test"]
)
def test_a_name_that_was_rebound_reaches_nothing_whatever_it_sends(
    name: str, page: Page, mock: Watched, targets: list[Target]
) -> None:
    start = f"http://{name}:{mock.port}/start"
    page.route(
        "**/start", lambda route: route.fulfill(content_type="text/html", body=PAGE % ATTACKS)
    )
    page.goto(start)
    own = page.evaluate("origin")
    before, heard = mock.state(), len(mock.heard)
    there = [t | {"url": t["url"].replace(mock.address, own)} for t in targets]
    asked = [
        "fetch as JSON",
        "fetch as text",
        "fetch with odd headers",
        "form, plain",
        "img",
        "events",
    ]
    some = there if name == "rebound.test" else there[::7]
    seen = [s for attack in asked for s in attacked(page, attack, some)]
    assert settled(page, mock) == before
    assert {one.status for one in mock.heard[heard:]} == {421}
    assert [s for s in seen if "--allowed-host" not in s] == []


def test_a_rebound_page_cannot_fill_the_server_with_sandboxes(page: Page, mock: Watched) -> None:
    page.goto(f"http://rebound.test:{mock.port}/")
    before = mock.state()
    page.evaluate(
        """() => Promise.all([...Array(50).keys()].map((i) => fetch("/v1/models", {
            method: "POST", headers: {Authorization: `Bearer sk-mock-${i}`}, body: "{}"})))"""
    )
    assert settled(page, mock) == before
