"""The options of commands that ask a target: how long, with whose money, trusting whom."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import click

if TYPE_CHECKING:
    from contracts.target.opening import Terms

_MICRO = 1_000_000  # in a dollar; `contracts.target.ledger` has it too, and takes long to load


def on_terms(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that has `target` and `as_of` the options of a target, as its `terms`."""

    @wraps(command)
    def with_terms(*, target: str, as_of: Any, **options: Any) -> Any:
        own = {name: options.pop(name) for name in _NAMES}
        terms = _terms(target, as_of, **own)
        return command(target=target, as_of=as_of, terms=terms, **options)

    for option in reversed(_OPTIONS):
        with_terms = option(with_terms)
    return with_terms


def _amount(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    try:
        found = None if value is None else int(Decimal(value) * _MICRO)
    except (ArithmeticError, ValueError):
        found = 0
    if found is not None and found <= 0:
        _no_amount(value)
    return found


def _no_amount(value: str | None) -> Never:
    raise click.BadParameter(f"{value!r} is no amount of dollars, as 0.50")


_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--ca", type=_FILE, metavar="FILE", help="certificates to trust, too, in PEM"),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=1800,
        show_default=True,
        metavar="SECONDS",
        help="for the whole run",
    ),
    click.option("--paid", is_flag=True, help="ask for what costs money, at a base URL"),
    click.option(
        "--max-usd",
        callback=_amount,
        metavar="X",
        help="the most that this key may spend there, over all runs",
    ),
    click.option(
        "--ledger",
        type=_FILE,
        metavar="FILE",
        envvar="IMAGES_MOCK_LEDGER",
        default=Path(click.get_app_dir("images-mock")) / "ledger.sqlite",
        help="keeps what was spent, in place of one in your home",
    ),
    click.option("--no-downloads", is_flag=True, help="leave pictures on other hosts alone"),
)
_NAMES = ("ca", "timeout", "paid", "max_usd", "ledger", "no_downloads")


def _terms(
    target: str,
    as_of: Any,
    *,
    ca: Path | None,
    timeout: float,
    paid: bool,
    max_usd: int | None,
    ledger: Path,
    no_downloads: bool,
) -> Terms:
    from contracts.target.http import Patience
    from contracts.target.opening import Terms

    if "://" in target and paid != (max_usd is not None):
        raise click.UsageError("at a base URL, --paid and --max-usd X go together")
    patience = Patience(run=timeout)
    return Terms(as_of, ca, patience, max_usd, ledger, downloads=not no_downloads)
