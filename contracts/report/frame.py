"""What every page of a report is set in: one file, which fetches nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("page.css")


def framed(title: str, body: Iterable[str], *styles: Path) -> str:
    """A whole page.

    Args:
        title: as a browser's tab names it, a text.
        body: parts of the page, as HTML.
        styles: files that lie over the style of all pages.
    """
    style = "".join(path.read_text("utf-8") for path in (STYLE, *styles))
    inside = "\n".join(body)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{inside}
</main>
</body>
</html>
"""
