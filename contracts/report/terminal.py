"""A run as lines for a person. Knows the book, and nothing of who filled it."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.book import Book
from contracts.trials import Outcome


def lines(book: Book) -> Iterator[str]:
    """The report, line by line."""
    for row in book.rows.values():
        operation, status, branch = row.promise
        seen = f"{row.outcome}, {row.counts[Outcome.BROKEN]} of {row.counts.total()} broken"
        yield f"{operation:18} {status} {branch:40} {seen}"
    for failure in book.failures.values():
        yield f"BROKEN {failure.says}: {failure.verdict.told} ({len(failure.trials)} trials)"
    if book.ended:
        yield book.ended
