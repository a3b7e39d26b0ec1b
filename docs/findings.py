"""Writes docs/findings.md from mockserver/facts/findings.toml. Run as `python docs/findings.py`."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from mockserver.facts.findings import FindingFacts, findings

PAGE = Path(__file__).with_suffix(".md")
WIDTH = 116
_HEAD = """\
# What a verdict can find

`pytest --images-mock-verdict`, `images-mock verdict` and
[`GET /_mock/verdict`](http.md#the-journal) judge a program by the requests that it has made. Each
finding has an id, by which it is ignored or made graver. An *error* loses money, pictures or
secrets; a *warning* costs sooner or later; a *note* is worth a look, for a journal can't know more.
A false finding is worse than one that is missed: each says where it is silent.
"""
_TABLE = "| id | what it is | |\n|---|---|---|"


def page() -> str:
    """The page."""
    rows = [f"| [`{f.id}`](#{f.id}) | {f.title} | {f.severity} |" for f in findings().values()]
    return "\n".join((_HEAD, _TABLE, *rows, "", *map(_section, findings().values())))


def _section(known: FindingFacts) -> str:
    parts = (
        f"{known.title} ({known.severity}). {known.why}",
        f"**Mend it.** {known.fix}",
        f"**Silent.** {known.silent}",
        f"**Source.** {known.source} ({known.level}).",
    )
    return f"## {known.id}\n\n" + "\n\n".join(_wrapped(p) for p in parts) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
