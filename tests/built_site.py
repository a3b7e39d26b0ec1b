"""The site of docs/, built; and what a page of it has a browser load."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "docs" / "site" / "build.py"


def build(site: Path) -> subprocess.CompletedProcess[str]:
    """Build it as the command does."""
    command = [sys.executable, str(BUILD), str(site)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def laid_out(folder: Path) -> Path:
    """What the site is built from; its pages may be spoilt."""
    runpy.run_path(str(BUILD))["lay_out"](folder)
    for page in (folder / "docs").glob("evidence*"):  # takes half of the time
        shutil.copy(folder / "docs" / "keys.md", page)
    return folder


class Loads(HTMLParser):
    """What a page loads without a click, and the links that it offers."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.policies: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if told.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(told["content"])
        self.loads += addresses(told.get("style", ""))
        for name in ("src", "srcset", "data", "poster", "action", "ping"):
            self.loads += [told[name]] if name in told else []
        if "href" in told:
            (self.links if tag == "a" else self.loads).append(told["href"])


def addresses(css: str) -> list[str]:
    """What a style sheet loads."""
    return re.findall(r"""(?:url\(|@import\s+)["']?([^"')\s]+)""", css)
