"""Books of runs that nobody made, for tests of what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.book import Book
from contracts.exchange import Answer, Exchange, Request, json_request
from contracts.report.summary import Run
from contracts.target import Target
from contracts.trials import Outcome, Promise, Tier, Trial, Verdict

GENERATE = Promise("images.generate", 200, "dall-e-2, url")
EDIT = Promise("images.edit", 200, "dall-e-2, url")
REFUSED = Promise("images.generate", 400, "an unknown size")
LISTED = Promise("models.list", 200, "all")
GOOD = json_request("POST", "/images/generations", {"prompt": "x"})
RUN = Run(
    "http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1", None, date(2026, 11, 27), "0.1.0", 12.3, 5
)


def nothing(_target: Target) -> Iterator[Verdict]:
    """What a trial finds that is never made."""
    return iter(())


def trial(promise: Promise = GENERATE, number: int = 0) -> Trial:
    return Trial(
        f"{promise.operation}.{promise.status}.{promise.branch}.{number}", promise, nothing
    )


def exchange(
    request: Request = GOOD, status: int = 200, body: bytes = b"{}", began: float = 1e9
) -> Exchange:
    headers = (("content-type", "application/json"),)
    return Exchange(request, Answer(status, headers, body), began, began + 0.5)


def held(says: str = "it is so") -> Verdict:
    return Verdict(says, pictures=1)


def broken(
    says: str, told: str = "it is not", seen: Exchange | None = None, tier: Tier = Tier.CORE
) -> Verdict:
    return Verdict(says, Outcome.BROKEN, told, seen, tier)


def book_of(*noted: tuple[Trial, list[Verdict]]) -> Book:
    book = Book()
    for one, verdicts in noted:
        for seen in {v.exchange.began: v.exchange for v in verdicts if v.exchange}.values():
            book.heard(one, seen)
        book.note(one, verdicts)
    return book
