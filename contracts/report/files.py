"""Writes a report's files: JSON, JUnit's XML, a page, and bodies that its requests need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.book import Book
from contracts.report.as_json import as_json
from contracts.report.as_junit import as_junit
from contracts.report.page import page
from contracts.report.summary import Run, Summary, summarised

FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "json": as_json,
    "junit": as_junit,
    "html": page,
}
#: What a directory of reports has.
NAMES = {"json": "report.json", "junit": "junit.xml", "html": "report.html"}


def write(
    book: Book,
    run: Run,
    files: Mapping[str, Path],
    directory: Path | None,
    leave: Callable[[Path, str | bytes], object],
) -> Summary:
    """Write a run's report, and return what it shows.

    Args:
        book: of the run.
        run: what else is told of it.
        files: where to, by format.
        directory: for all formats, and for what is too long for a line of the report.
        leave: writes a file, without any key.

    Raises:
        OSError: a file can't be written.
    """

    def keep(name: str, data: bytes) -> str | None:
        if directory is None:
            return None
        path = directory / "requests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        leave(path, data)
        return str(path)

    summary = summarised(book, run, keep)
    places = [(files[name], name) for name in FORMATS if name in files]
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        places += [(directory / file, name) for name, file in NAMES.items()]
    for path, name in places:
        leave(path, FORMATS[name](summary))
    return summary
