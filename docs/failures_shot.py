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
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
DOCS = Path(__file__).parent
HOW_TOS = DOCS.parent / "tests" / "how_to"
PLUGINS = "mockserver.pytest_plugin,anyio.pytest_plugin"
WIDE, HIGH = 1200, 900


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
            tab = browser.new_page(viewport={"width": WIDE, "height": HIGH})
            tab.goto(page.as_uri())
            shots = [tab.screenshot()]
            tab.evaluate("document.querySelector('.row').scrollIntoView()")
            shots.append(tab.screenshot())
            browser.close()
    whole = Image.new("RGB", (WIDE, 2 * HIGH))
    for number, shot in enumerate(shots):
        whole.paste(Image.open(io.BytesIO(shot)), (0, number * HIGH))
    few = whole.quantize(96, dither=Image.Dither.NONE)
    few.save(DOCS / "failures.png", optimize=True)


if __name__ == "__main__":
    main()
