"""`images-mock contract`: only parses and prints; each command's work is in a module of its own."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime
from time import time  # noqa: TID251 - a target's own clock is compared with this machine's
from typing import TYPE_CHECKING, Any

import click

from contracts.report.command import report_options, show

if TYPE_CHECKING:
    from contracts.target import Target


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
@click.option("--target", default="mock", show_default=True, help="mock, or a base URL")
@click.option("--as-of", callback=_day, metavar="DATE", help="the day whose API it is held to")
@click.option("--quick", is_flag=True, help="some of the trials, in about 30 s")
@report_options
def run(target: str, as_of: date | None, quick: bool, **report: Any) -> None:
    """Try a target with everything, and report what was observed."""
    from contracts.cases import trials
    from contracts.discretion import Key
    from contracts.report.progress import Progress
    from contracts.report.summary import run_of
    from contracts.run import exit_code
    from contracts.run import run as tried
    from contracts.target.http import HttpTarget
    from contracts.target.mock import KEY, MockTarget, served
    from contracts.traceless import traceless

    began, keys = time(), [Key(KEY)]
    with ExitStack() as stack:
        stack.enter_context(traceless())
        if target == "mock":
            judged: Target = MockTarget(stack.enter_context(served(as_of)), as_of, now=time)
        else:
            judged = HttpTarget(target, keys[0], as_of, now=time, name=target)
        today = datetime.fromtimestamp(time(), UTC).date()
        planned = list(trials(as_of, today=today, quick=quick))
        progress = stack.enter_context(Progress(sys.stderr, len(planned)))
        book = tried(planned, judged, tell=progress.tell)
    code = exit_code(book)
    show(book, run_of(judged, time() - began, code), keys, **report)
    sys.exit(code)
