"""`images-mock journal`: a server's journal as a file. Only parses and prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mockserver.cli_group import USAGE, end
from mockserver.client import journal_file
from mockserver.client.follow import as_any_terminal_has_it
from mockserver.client.journal_file import NoJournal
from mockserver.commands.asking import asked, with_server
from mockserver.core.texts import escaped

T = TypeVar("T")
_STDIO = Path("-")
FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group()
def journal() -> None:
    """Keep a server's journal as a file, to be judged later.

    It has no API key, and of files that were sent digest, bytes and pixels. Prompts are in it.
    """


@with_server
@journal.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def save(file: Path, **of_server: Any) -> None:
    """Write the journal of a running server into FILE; - is standard output.

    Without a sandbox or a key, that of all.
    """
    found = asked(lambda of: journal_file.saved(*of[:2], key=of.key, token=of.token), **of_server)
    try:
        if file == _STDIO:
            sys.stdout.buffer.write(journal_file.content_of(found))
        else:
            journal_file.write(file, found)
    except NoJournal as error:
        end(USAGE, f"{escaped(str(error))}.")


@journal.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="print whole records, as JSON")
def show(file: Path, as_json: bool) -> None:
    """Print a line for each request and download of FILE, as `images-mock log` does."""
    found = read(file)
    as_any_terminal_has_it(sys.stdout)
    try:
        records = journal_file.records_of(found)
        for line in map(json.dumps, records) if as_json else journal_file.lines(found):
            click.echo(line)
    except BrokenPipeError:  # who reads has enough, as `head` has
        os._exit(0)


def read(file: Path) -> dict[str, Any]:
    """The journal of a file, or of standard input; the process ends where it is none."""
    return read_as(journal_file.read_from, file)


def read_as(reader: Callable[[bytes], T], file: Path) -> T:
    """What a reader makes of a file, or of standard input; the process ends where it refuses."""
    try:
        if file != _STDIO:
            return journal_file.of_file(file, reader)
        content = sys.stdin.buffer.read(journal_file.MOST + 1)
        return _named(reader, content)
    except NoJournal as error:
        end(USAGE, f"{escaped(str(error))}.")


def _named(reader: Callable[[bytes], T], content: bytes) -> T:
    try:
        return reader(content)
    except NoJournal as error:
        raise NoJournal(f"what came on standard input {error}") from None
