"""Makes docs/page.png: the page as it looks after a few requests.

Run as `python docs/page_shot.py` (needs `pip install '.[browsers]'` and Debian's chromium).
"""

from __future__ import annotations

import io
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from mockserver.testing import ImagesMock

CHROMIUM = "/usr/bin/chromium"
ASKED = [
    {"prompt": "a lighthouse on a cliff", "size": "256x256"},
    {"prompt": "a castle", "size": "77x77"},
    {"prompt": "a heron, watercolour mock:429"},
    {"prompt": "a heron, watercolour", "n": 2},
    {"prompt": "harbour at night", "size": "512x512"},
    {"prompt": "a red fox in the snow", "size": "512x512"},
]


def main() -> None:
    """Ask, look, and write what is seen."""
    with ImagesMock() as mock, sync_playwright() as playwright:
        headers = {"Authorization": "Bearer sk-mock-me"}
        for body in ASKED:
            httpx2.post(f"{mock.url}/images/generations", json=body, headers=headers)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 640})
        page.goto(mock.address)
        for picture in page.get_by_role("img").all():
            expect(picture).to_have_js_property("complete", True)
        shot = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    few = shot.convert("RGB").quantize(96, dither=Image.Dither.NONE)
    few.save(Path(__file__).with_name("page.png"), optimize=True)


if __name__ == "__main__":
    main()
