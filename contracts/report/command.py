"""What a command that reports a run takes, and how it shows it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:  # what a run needs takes long to load, and `--help` shall not
    from contracts.book import Book
    from contracts.discretion import Key
    from contracts.report.summary import Run

Command = TypeVar("Command", bound=Callable[..., object])


def _place(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """A file that can be written later: a run takes too long to tell it then."""
    if path and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}")
    return path


def _file(kind: str, what: str) -> Callable[[Command], Command]:
    path = click.Path(dir_okay=False, writable=True, path_type=Path)
    told = f"write the report as {what}"
    return click.option(f"--{kind}", type=path, metavar="FILE", callback=_place, help=told)


_OPTIONS: tuple[Callable[..., object], ...] = (
    click.option("-v", "--verbose", is_flag=True, help="show each promise, too"),
    _file("json", "JSON"),
    _file("junit", "JUnit's XML, for CI"),
    _file("html", "one page"),
    click.option(
        "--report",
        "directory",
        type=click.Path(file_okay=False, writable=True, path_type=Path),
        metavar="DIR",
        callback=_place,
        help="write all three, and the files that its requests need",
    ),
)


def report_options(command: Command) -> Command:
    """Give a command the options that `show` takes."""
    for option in reversed(_OPTIONS):
        option(command)
    return command


def show(
    book: Book,
    run: Run,
    keys: Iterable[Key],
    *,
    verbose: bool,
    directory: Path | None,
    **files: Path | None,
) -> None:
    """Print a run's report, and write the files that were asked for, all without these keys.

    Raises:
        OSError: a file can't be written; what the run saw is printed all the same.
    """
    from contracts.discretion import discreet, leave
    from contracts.report.files import write
    from contracts.report.summary import summarised
    from contracts.report.terminal import lines

    keys = tuple(keys)
    asked = {kind: path for kind, path in files.items() if path}
    trouble: OSError | None = None
    try:
        summary = write(book, run, asked, directory, partial(leave, keys=keys))
    except OSError as error:
        summary, trouble = summarised(book, run), error
    for line in lines(summary, _paint(), rows=verbose):
        click.echo(discreet(line, keys))
    if trouble:
        raise trouble


def _paint() -> Callable[[str, str], str]:
    """Colours on a terminal, unless somebody wants none (no-color.org)."""
    from contracts.report.terminal import plain

    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")  # noqa: TID251 - enters here
    return click.style if wanted else plain
