"""`images-mock doctor`: what of an openai package the mock knows. Only parses and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mockserver.cli import directory
from mockserver.cli_group import UNKNOWN, USAGE, end
from mockserver.evidence.doctor import State, as_json, examined, table
from mockserver.evidence.sdk import NoPackage, package_in
from mockserver.facts import read_from


@click.command()
@click.option(
    "--package",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="another openai package: its directory, or the site-packages around it",
)
@click.option(
    "--facts", callback=directory, metavar="DIR", help="with the facts of a directory, too"
)
@click.option("--json", "wants_json", is_flag=True, help="print everything, as JSON")
def doctor(package: Path | None, facts: Path | None, wants_json: bool) -> None:
    """Tell what of the openai package beside it the mock knows.

    Parameters, their values, fields of answers and events, of any openai package since 1.0: each is
    handled, taken but unread, left out for a reason, or unknown. The package is read, not run.

    Exit codes: 0 nothing is unknown, 1 something is, 2 there is no openai package.
    """
    read_from(facts)  # of the package alone, unless it was given
    try:
        found = package_in(package)
        findings = examined(found.things())
    except NoPackage as error:
        end(USAGE, f"{error}.")
    if wants_json:
        click.echo(json.dumps(as_json(found, findings), indent=2))
    else:
        click.echo(table(found, findings))
    if any(finding.state == State.UNKNOWN for finding in findings):
        sys.exit(UNKNOWN)
