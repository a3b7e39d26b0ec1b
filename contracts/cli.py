"""`images-mock contract`: only parses and prints; each command's work is in a module of its own."""

from __future__ import annotations

import os
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import time  # noqa: TID251 - a target's own clock is compared with this machine's
from typing import Never

import click

UNKNOWN = 6  # as `contracts.run` has it, which takes long to load
MICRO = 1_000_000  # in a dollar


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    from contracts.document.build import day_in

    try:
        return None if value is None else day_in(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


@click.group()
def contract() -> None:
    """Hold a server to the contract of the Images API.

    Exit codes: 0 all that was observed holds, 5 a promise is broken, 6 something could not be
    learned (nobody there, a bad key, a cap).
    """


def _micro(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(Decimal(value) * MICRO) if Decimal(value) > 0 else _no_amount(value)
    except ArithmeticError:
        return _no_amount(value)


def _no_amount(value: str) -> Never:
    raise click.BadParameter(f"{value!r} is no amount of dollars, as 0.50")


@contract.command()
@click.option("--target", default="mock", show_default=True, help="mock, real, or a base URL")
@click.option("--as-of", callback=_day, metavar="DATE", help="the day whose API it is held to")
@click.option("--quick", is_flag=True, help="some of the trials, in about 30 s")
@click.option("--ca", type=click.Path(dir_okay=False, path_type=Path), help="trusted, in PEM")
@click.option("--timeout", default=1800.0, show_default=True, help="seconds for the whole run")
@click.option("--paid", is_flag=True, help="ask for what costs money, at a base URL")
@click.option("--max-usd", callback=_micro, metavar="X", help="the most that an account may spend")
@click.option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="IMAGES_MOCK_LEDGER",
    default=Path(click.get_app_dir("images-mock")) / "ledger.sqlite",
    help="the file that keeps what was spent, over all runs",
)
@click.option("--dry-run", is_flag=True, help="print what would be paid for, and send nothing")
@click.option("--no-downloads", is_flag=True, help="no pictures of other hosts")
def run(
    target: str,
    as_of: date | None,
    quick: bool,
    ca: Path | None,
    timeout: float,
    paid: bool,
    max_usd: int | None,
    ledger: Path,
    dry_run: bool,
    no_downloads: bool,
) -> None:
    """Try a target with everything, and report what was observed."""
    from contracts.cases import trials
    from contracts.discretion import discreet
    from contracts.report.terminal import lines
    from contracts.run import exit_code
    from contracts.run import run as tried
    from contracts.target import Lost
    from contracts.target.http import Patience
    from contracts.target.opening import Opening, Terms, rehearsed

    if target not in ("mock", "real") and paid != (max_usd is not None):
        raise click.UsageError("at a base URL, --paid and --max-usd X go together")
    patience = Patience(run=timeout)
    terms = Terms(as_of, ca, patience, max_usd, ledger, downloads=not no_downloads)
    opening, planned = Opening(os.environ, time), trials(as_of, quick=quick)  # noqa: TID251
    try:
        if dry_run:
            for line in rehearsed(opening, target, terms, planned):
                click.echo(line)
            return
        with opening.target(target, terms) as judged:
            book = tried(planned, judged)
            for line in lines(book):
                click.echo(discreet(line, opening.keys))
    except Lost as reason:
        click.echo(discreet(str(reason), opening.keys), err=True)
        sys.exit(UNKNOWN)
    sys.exit(exit_code(book))
