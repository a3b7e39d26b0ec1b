"""The group of commands: which is meant where none is named; one is loaded later. Runs none."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from mockserver.core.exit_codes import CONFIGURATION as CONFIGURATION
from mockserver.core.exit_codes import INTERNAL as INTERNAL
from mockserver.core.exit_codes import NOT_READY as NOT_READY
from mockserver.core.exit_codes import UNKNOWN as UNKNOWN
from mockserver.core.exit_codes import USAGE as USAGE


def end(code: int, message: str) -> NoReturn:
    """End the process with an exit code, and a line that says why."""
    click.echo(f"images-mock: {message}", err=True)
    sys.exit(code)


_CONTRACT = "contract"


def _contract() -> click.Command:
    """The command of the package beside this one, which judges servers and is no part of one."""
    try:
        found: click.Command = import_module("contracts.cli").contract
    except (ImportError, AttributeError):
        # `python -m` looks into the working directory first, as PYTHONPATH's may be looked into.
        return click.Command(
            _CONTRACT, callback=_hidden, context_settings=_ANY, short_help="Hidden here."
        )
    return found


_ANY = {"ignore_unknown_options": True, "allow_extra_args": True}


def _hidden() -> NoReturn:
    where = ", ".join(getattr(sys.modules.get("contracts"), "__path__", ["contracts"]))
    end(CONFIGURATION, f"{where} hides the package contracts of images-mock: {_ELSEWHERE}.")


_ELSEWHERE = "call it as images-mock, without PYTHONPATH, or from another folder"


class _Later(click.Command):
    """A command that is loaded when it is called, and not to be listed."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of what is loaded."""
        return _contract().make_context(info_name, args, parent, **extra)


class ServeByDefault(click.Group):
    """A group whose flags belong to `serve` when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` in front, unless a command or the group's own flag stands there."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            self._check_order(ctx, args)
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands here, and that of the contract."""
        return sorted([*super().list_commands(ctx), _CONTRACT])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command; that of the contract, which needs packages of its own, is loaded later."""
        if cmd_name == _CONTRACT:
            return _Later(_CONTRACT, short_help="Hold a server to the contract of the Images API.")
        return super().get_command(ctx, cmd_name)

    def _check_order(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse a command that stands behind flags, each of which has one value."""
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] != "--":
            place += 1 if "=" in args[place] else 2
        if place < len(args) and args[place] in self.list_commands(ctx):
            end = place + 1 + isinstance(self.get_command(ctx, args[place]), click.Group | _Later)
            right = [ctx.info_name or "", *args[place:end], *args[:place], *args[end:]]
            raise click.UsageError(f"Flags stand behind the command: {' '.join(right)}", ctx)
