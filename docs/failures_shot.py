"""Makes docs/failures.png: the page of what the how-tos meet of all kinds of failure.

Run as `python docs/failures_shot.py` (needs `pip install '.[browsers]'` and Debian's chromium).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
DOCS = Path(__file__).parent
HOW_TOS = DOCS.parent / "tests" / "how_to"
PLUGINS = "mockserver.pytest_plugin,anyio.pytest_plugin"
WIDE, _ROOM = 1200, 10  # pixels


def main() -> None:
    """Run the how-tos, look, and write what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "failures.html")
        for file in HOW_TOS.glob("test_*.py"):
            shutil.copy(file, folder)
        run = [sys.executable, "-m", "pytest", "-q", f"--images-mock-coverage-html={page}"]
        plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": PLUGINS}
        subprocess.run(run, check=True, cwd=folder, env=plugins)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": WIDE, "height": 900})
            tab.goto(page.as_uri())
            parts = [_part(tab, "body", ".card:nth-of-type(2)"), _part(tab, ".row", ".row ~ .row")]
            browser.close()
    whole = Image.new("RGB", (WIDE, sum(part.height for part in parts)))
    whole.paste(parts[0])
    whole.paste(parts[1], (0, parts[0].height))
    few = whole.quantize(96, dither=Image.Dither.NONE)
    few.save(DOCS / "failures.png", optimize=True)


def _part(tab: Page, first: str, last: str) -> Image.Image:
    """The page from the beginning of one element to the end of another."""
    boxes = [tab.locator(name).first.bounding_box() for name in (first, last)]
    top, bottom = boxes[0]["y"], boxes[1]["y"] + boxes[1]["height"] + _ROOM
    clip = {"x": 0, "y": top, "width": WIDE, "height": bottom - top}
    return Image.open(io.BytesIO(tab.screenshot(full_page=True, clip=clip)))


if __name__ == "__main__":
    main()
