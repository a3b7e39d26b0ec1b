"""Options of commands that ask a running server, and the way to it. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from mockserver.cli import settings_of, with_address
from mockserver.cli_group import NOT_READY, end
from mockserver.client.connection import ControlError
from mockserver.client.wait import Awaited, NotReady
from mockserver.core.texts import escaped

T = TypeVar("T")
_OPTIONS = (
    click.Option(["--url"], help="the server's address"),
    click.Option(["--sandbox"], help="a sandbox's name, or its first letters; else all are meant"),
    click.Option(["--key"], help="the API key whose sandbox is meant"),
)


class Asked(NamedTuple):
    """Whose journal is meant."""

    address: str
    sandbox: str | None
    key: str | None
    token: str | None


def with_server(command: click.Command) -> click.Command:
    """Give a command the options that `asked` reads."""
    command.params += _OPTIONS
    return with_address(command)


def asked(
    ask: Callable[[Asked], T],
    url: str | None,
    sandbox: str | None,
    key: str | None,
    config: Path | None,
    **flags: Any,
) -> T:
    """What a running server answers; the process ends where there is none, or it refuses."""
    settings = settings_of(config, flags)
    try:
        return ask(Asked(Awaited(settings, url).address(), sandbox, key, settings.control_token))
    except (NotReady, ControlError) as error:
        end(NOT_READY, escaped(str(error)))
