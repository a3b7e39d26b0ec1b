"""`images-mock contract`: only parses and prints; each command's work is in a module of its own."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from time import time  # noqa: TID251 - a target's own clock is compared with this machine's
from typing import TYPE_CHECKING, Any

import click

from contracts.report.command import report_options, show
from contracts.target.options import on_terms

if TYPE_CHECKING:
    from contracts.target.opening import Terms


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


@contract.command()
@click.option("--target", default="mock", show_default=True, help="mock, real, or a base URL")
@click.option("--as-of", callback=_day, metavar="DATE", help="the day whose API it is held to")
@click.option("--quick", is_flag=True, help="some of the trials, in about 30 s")
@on_terms
@click.option("--dry-run", is_flag=True, help="show what would be paid for, and send nothing")
@report_options
def run(
    target: str, as_of: date | None, quick: bool, terms: Terms, dry_run: bool, **report: Any
) -> None:
    """Try a target with everything, and report what was observed."""
    from contracts.cases import trials
    from contracts.discretion import discreet
    from contracts.report.progress import Progress
    from contracts.report.summary import run_of
    from contracts.run import exit_code
    from contracts.run import run as tried
    from contracts.target import Lost
    from contracts.target.opening import Opening, rehearsed
    from contracts.traceless import traceless

    began, today = time(), datetime.fromtimestamp(time(), UTC).date()
    if target == "real":
        as_of = as_of or today
        terms = terms._replace(day=as_of)
    opening = Opening(os.environ, time)  # noqa: TID251 - it enters here
    planned = partial(trials, as_of, today=today, quick=quick)
    with ExitStack() as stack:
        stack.enter_context(traceless())
        if dry_run:
            for line in rehearsed(opening, target, terms, planned(costly=True)):
                click.echo(line)
            return
        try:
            judged = stack.enter_context(opening.target(target, terms))
        except Lost as reason:
            click.echo(discreet(str(reason), opening.keys), err=True)
            sys.exit(6)
        found = list(planned(costly=judged.is_costly))
        progress = stack.enter_context(Progress(sys.stderr, len(found)))
        book = tried(found, judged, tell=progress.tell)
    code = exit_code(book)
    show(book, run_of(judged, time() - began, code), opening.keys, **report)
    sys.exit(code)
