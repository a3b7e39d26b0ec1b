"""`images-mock verdict`: what a program did wrong, for the end of a CI job. Parses and prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.cli_group import FOUND, USAGE, end
from mockserver.client import journal_file
from mockserver.client.follow import as_any_terminal_has_it
from mockserver.client.journal_file import NoJournal
from mockserver.client.verdict.as_github import as_github
from mockserver.client.verdict.as_junit import as_junit
from mockserver.client.verdict.as_sarif import as_sarif
from mockserver.client.verdict.as_text import as_json, as_text
from mockserver.client.verdict.told import SEVERITIES
from mockserver.commands.asking import asked, with_server
from mockserver.commands.journal import FILE, read, read_as
from mockserver.core.texts import escaped

if TYPE_CHECKING:
    from mockserver.client.verdict.told import Verdict

_FORMATS: Mapping[str, Callable[[Verdict, str], str]] = {
    "text": lambda verdict, _: as_text(verdict),
    "json": lambda verdict, _: as_json(verdict),
    "sarif": lambda verdict, _: as_sarif(verdict),
    "junit": as_junit,
    "github": lambda verdict, _: as_github(verdict),
}


def _ids(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> list[str]:
    """Ids of findings, that were given one by one or with commas between them."""
    from mockserver.core.judging.verdict import not_known

    ids = [one for text in given for one in text.replace(",", " ").split()]
    if why := not_known(ids):
        raise click.BadParameter(why)
    return ids


@with_server
@click.command()
@click.option(
    "--journal", "file", type=FILE, metavar="FILE", help="judge a saved one, and no server"
)
@click.option(
    "--findings", type=FILE, metavar="FILE", help="what pytest's --images-mock-verdict-file wrote"
)
@click.option("--format", "form", type=click.Choice([*_FORMATS]), default="text", show_default=True)
@click.option(
    "--ignore", multiple=True, callback=_ids, metavar="ID,…", help="findings to leave out"
)
@click.option(
    "--least",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="the least severity that makes the exit code 5",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="write that format here; the text is printed",
)
def verdict(
    file: Path | None,
    findings: Path | None,
    form: str,
    ignore: list[str],
    least: str,
    out: Path | None,
    **of_server: Any,
) -> None:
    """Judge the program that asked a running server, or whose journal was saved.

    Each finding comes with what was seen, why it matters, who says so, and how to mend it. Without
    a sandbox or a key, all are judged.

    Exit codes: 0 nothing is found (notes alone don't count, see --least), 5 something is; 2 usage,
    3 configuration, 4 no server.
    """
    found = _verdict(file, findings, ignore, of_server)
    shown = _FORMATS[form](found, least)
    if out is not None:
        try:
            journal_file.write_whole(out, shown.encode("utf-8", "replace"))
        except NoJournal as error:
            end(USAGE, f"{escaped(str(error))}.")
        shown = as_text(found)
    as_any_terminal_has_it(sys.stdout)
    click.echo(shown, nl=False)
    if found.has(least):
        sys.exit(FOUND)


def _verdict(
    file: Path | None, findings: Path | None, ignore: list[str], of_server: Mapping[str, Any]
) -> Verdict:
    """What is told: of a server as it is now, or of a file."""
    given = [f"--{name}" for name in ("url", "sandbox", "key") if of_server[name] is not None]
    if (file or findings) and given:
        named = "--journal" if file else "--findings"
        raise click.UsageError(f"{given[0]} is of a running server: leave it out with {named}.")
    if findings:
        if file:
            raise click.UsageError("Give --journal or --findings: what is found is judged already.")
        from mockserver.client.verdict.findings_file import verdict_in

        return read_as(verdict_in, findings).without(ignore)
    from mockserver.client.verdict.judge import verdict_of

    if file:
        return verdict_of(read(file), ignore)
    journal = asked(lambda of: journal_file.saved(*of[:2], key=of.key, token=of.token), **of_server)
    return verdict_of(journal, ignore)
