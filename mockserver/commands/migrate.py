"""`images-mock migrate`: what a journal would meet with another model. Only parses and prints."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from mockserver.cli import day
from mockserver.cli_group import USAGE, end
from mockserver.client.connection import Remote
from mockserver.client.follow import as_any_terminal_has_it
from mockserver.client.journal_file import NoJournal
from mockserver.client.migration import NoSuchModel, of_file, of_server
from mockserver.commands.asking import asked, with_server
from mockserver.commands.journal import FILE, read
from mockserver.core.judging.migration_text import as_json, lines
from mockserver.core.texts import escaped


@with_server
@click.command()
@click.option("--to", required=True, metavar="MODEL", help="the model that is moved to")
@click.option("--journal", "file", type=FILE, metavar="FILE", help="a saved one, of no server")
@click.option("--as-of", callback=day, metavar="DATE", help="the day whose rules count, or today")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def migrate(
    to: str, file: Path | None, as_of: date | None, form: str, **of_server_there: Any
) -> None:
    """Tell what would become of a journal's requests with another model.

    Which would be refused with which error, and what to do about it; which default would be
    another; what they would cost, and what of the answer would be missing. Without --journal a
    running server is asked. Without --as-of the day is the server's, if the model is there then.
    """
    if file is None:
        found = asked(
            lambda of: of_server(
                Remote(of.address, of.key, of.token),
                to=to,
                as_of=str(as_of) if as_of else None,
                sandbox=of.sandbox,
            ),
            **of_server_there,
        )
    else:
        for name in ("url", "sandbox", "key"):
            if of_server_there[name] is not None:
                raise click.UsageError(
                    f"--{name} is of a running server: leave it out with --journal."
                )
        try:
            found = of_file(read(file), to, as_of)
        except (NoSuchModel, NoJournal) as error:
            end(USAGE, escaped(str(error)))
    as_any_terminal_has_it(sys.stdout)
    if form == "json":
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        click.echo("\n".join(lines(found)))
