"""Writes docs/findings.md from mockserver/facts/findings.toml. Run as `python docs/findings.py`."""

from __future__ import annotations

import runpy
from pathlib import Path
from textwrap import fill
from typing import Any

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

Each fault is shown as a program, and mended; what they call beside their library stands in the same
file. `tests/judged/test_judged.py` runs them: the one has the finding, the other none.
"""
_PROGRAMS = PAGE.parents[1] / "tests" / "judged" / "programs.py"
_LANGUAGES = {".py": "python", ".mjs": "js"}
_TABLE = "| id | what it is | |\n|---|---|---|"


def page() -> str:
    """The page."""
    programs = list(runpy.run_path(str(_PROGRAMS))["pairs"]())
    sections = (
        _section(known) + "".join(_shown(pair) for pair in programs if pair.finding == known.id)
        for known in findings().values()
    )
    rows = [f"| [`{f.id}`](#{f.id}) | {f.title} | {f.severity} |" for f in findings().values()]
    return "\n".join((_HEAD, _TABLE, *rows, "", *sections))


def _section(known: FindingFacts) -> str:
    parts = (
        f"{known.title} ({known.severity}). {known.why}",
        f"**Mend it.** {known.fix}",
        f"**Silent.** {known.silent}",
        f"**Source.** {known.source} ({known.level}).",
    )
    return f"## {known.id}\n\n" + "\n\n".join(_wrapped(p) for p in parts) + "\n"


def _shown(pair: Any) -> str:
    """A fault and its mended twin, as they are run."""
    begin, end = f"```{_LANGUAGES[pair.file.suffix]}\n", "```\n"
    title = f"\nBy {pair.client.replace('_', ', ')} (`tests/judged/clients/{pair.file.name}`):\n\n"
    return f"{title}{begin}{pair.faulty}{end}\nMended:\n\n{begin}{pair.mended}{end}"


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
