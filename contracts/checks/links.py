"""What a picture's URL must be, and what it must lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.checks.asked import Asked
from contracts.checks.said import said
from contracts.exchange import Answer, Exchange
from contracts.trials import Tier, Verdict

MEDIA = {"SVG": "image/svg+xml"}
LEADS = "A picture's URL leads to its file"


def _parts(url: Any) -> tuple[str, str]:
    """Host and query of an address; empty ones of what is none."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:  # brackets that hold no address
        return "", ""
    return (parts.netloc, parts.query) if parts.scheme in ("http", "https") else ("", "")


def links_in(found: Answer) -> list[str]:
    """The addresses in an answer, as far as they are some."""
    told = found.json()
    items = told.get("data") if isinstance(told, dict) else None
    urls = [item.get("url") for item in items or () if isinstance(item, dict)]
    return [url for url in urls if isinstance(url, str) and _parts(url)[0]]


def link(url: Any, wanted: Asked) -> Iterator[Verdict]:
    """Judge the URL's shape: an address, with the signature and the dates of its store."""
    host, told = _parts(url)
    yield said("A picture's url is an http(s) address", host, f"it is {str(url)[:60]!r}")
    query, facts = parse_qs(told), wanted.facts.link
    lacking = [name for name in ("st", "se", "sp", "sv", "sr", "sig") if name not in query]
    yield said(
        "A picture's URL is signed and dated as those of the API's store",
        not lacking,
        f"it lacks {', '.join(lacking)}",
        tier=Tier.COMPLETE,
    )
    if "sv" in query:
        seen = query["sv"][0]
        yield said(
            "A picture's URL has the store's version of its day",
            seen == facts.sv,
            f"sv is {seen!r}",
            tier=Tier.STRICT,
        )


def download(exchange: Exchange, wanted: Asked) -> Iterator[Verdict]:
    """Judge what the URL leads to, but for the picture itself."""
    answer = exchange.answer
    told = f"it answers {answer.status}" if answer.status else "it is dead: nobody answers there"
    yield said(LEADS, answer.status == 200, told)
    if answer.status == 200:
        due = MEDIA.get(wanted.format, f"image/{wanted.format.lower()}")
        yield said(
            "A picture is sent with the content type of its format",
            answer.media == due,
            f"{answer.media!r} in place of {due!r}",
        )
