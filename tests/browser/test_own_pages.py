"""A browser program on an origin of this machine: all that its SDK and its page need works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from mockserver.client.sandbox import Sandbox
from tests.browser import Site, Watched

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browsers

PROGRAM = """\
<!doctype html><link rel=icon href="data:,"><canvas width=1 height=1></canvas><script>
const key = { Authorization: "Bearer sk-mock-me" };
const json = { ...key, "Content-Type": "application/json" };
const generate = (url, body) =>
  fetch(`${url}/images/generations`, { method: "POST", headers: json, body: JSON.stringify(body) });

async function picture(url) {
  const answer = await (await generate(url, { prompt: "a fox", size: "256x256" })).json();
  return answer.data[0].url;
}
function shown(src, more = {}) {
  return new Promise((told, refused) => {
    const image = Object.assign(new Image(), { onload: () => told(image), onerror: refused }, more);
    image.src = src;
    document.body.append(image);
  });
}
function pixel(image) {
  const context = document.querySelector("canvas").getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(0, 0, 1, 1).data];
}
</script><body>
"""
#: Where its page is; the server is at 127.0.0.1, another site than localhost to a browser.
NAMES = ["localhost", "127.0.0.1", "app.localhost"]


@pytest.fixture(scope="module")
def mock() -> Iterator[Watched]:
    """A server of DALL·E 2 and GPT image models."""
    with Watched(as_of="2025-09-01").serving() as serving:
        yield serving


@pytest.fixture
def box(mock: Watched) -> Sandbox:
    """The sandbox of the program's key."""
    return mock.sandbox().begin(per_minute=1000)


@pytest.fixture(params=NAMES)
def program(request: pytest.FixtureRequest, page: Page, site: Site) -> Page:
    """A program in a page of this machine."""
    site.pages["/"] = ("text/html", PROGRAM)
    page.goto(site.at(request.param))
    return page


def test_a_program_asks_and_reads_the_headers_that_sdks_read(
    program: Page, mock: Watched, box: Sandbox
) -> None:
    box.next.rate_limit(retry_after=20)
    told = program.evaluate(
        """async (url) => {
            const names = ["x-request-id", "openai-processing-ms", "retry-after", "retry-after-ms"];
            const read = (answer) => names.map((name) => answer.headers.get(name));
            const first = await generate(url, { prompt: "a fox" });
            const second = await generate(url, { prompt: "a fox" });
            return [first.status, ...read(first), second.status, ...read(second)];
        }""",
        mock.url,
    )
    assert told[0] == 429
    assert told[3] == "20"
    assert told[4]
    assert told[5] == 200
    assert [told[1], told[6]] == [one.id for one in box.requests]
    assert int(told[7]) > 0


def test_a_program_shows_a_picture_and_reads_its_pixels(
    program: Page, mock: Watched, box: Sandbox
) -> None:
    told = program.evaluate(
        """async (url) => {
            const src = await picture(url);
            const first = await shown(src); // the browser may keep this answer for what comes next
            const open = await shown(src, { crossOrigin: "anonymous" });
            const file = await (await fetch(src)).blob();
            return [first.naturalWidth, pixel(open).at(-1), file.type, file.size];
        }""",
        mock.url,
    )
    assert told[:3] == [256, 255, "image/png"]
    assert box.requests[0].downloads


def test_a_program_uploads_an_edit(program: Page, mock: Watched, box: Sandbox) -> None:
    told = program.evaluate(
        """async (url) => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 64;
            const image = await new Promise((told) => canvas.toBlob(told));
            const body = new FormData();
            body.append("image", image, "fox.png");
            body.append("prompt", "a hat");
            body.append("model", "gpt-image-1");
            const asked = { method: "POST", headers: key, body };
            const answer = await fetch(`${url}/images/edits`, asked);
            return [answer.status, (await answer.json()).data.length];
        }""",
        mock.url,
    )
    assert told == [200, 1]


def test_a_program_reads_a_stream_event_by_event(
    program: Page, mock: Watched, box: Sandbox
) -> None:
    told = program.evaluate(
        """async (url) => {
            const asked = { model: "gpt-image-1", prompt: "x", stream: true, partial_images: 2 };
            const reader = (await generate(url, asked)).body.pipeThrough(new TextDecoderStream());
            let text = "";
            for await (const piece of reader) text += piece;
            return [...text.matchAll(/^event: (.*)$/gm)].map((found) => found[1]);
        }""",
        mock.url,
    )
    partial, whole = "image_generation.partial_image", "image_generation.completed"
    assert told == [partial, partial, whole]


def test_a_program_may_not_use_the_control_api(program: Page, mock: Watched, box: Sandbox) -> None:
    told = program.evaluate(
        """(address) => fetch(`${address}/_mock/requests`).then((r) => r.status, () => "refused")""",
        mock.address,
    )
    assert told == "refused"
