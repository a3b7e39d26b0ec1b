"""The group of commands: which is meant where none is named; some are loaded later. Runs none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from mockserver.core.exit_codes import CONFIGURATION as CONFIGURATION
from mockserver.core.exit_codes import FOUND as FOUND
from mockserver.core.exit_codes import INTERNAL as INTERNAL
from mockserver.core.exit_codes import NOT_READY as NOT_READY
from mockserver.core.exit_codes import UNKNOWN as UNKNOWN
from mockserver.core.exit_codes import USAGE as USAGE
from mockserver.core.texts import escaped, likely_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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


class _Elsewhere(NamedTuple):
    """A command that is in a module of its own."""

    load: Callable[[], click.Command]
    help: str
    is_group: bool = False


def _of(module: str) -> Callable[[], click.Command]:
    """What loads the command of a module below `commands`, which has the module's name."""

    def load() -> click.Command:
        found: click.Command = getattr(import_module(f"mockserver.commands.{module}"), module)
        return found

    return load


_ELSEWHERE_ARE: Mapping[str, _Elsewhere] = {
    _CONTRACT: _Elsewhere(_contract, "Hold a server to the contract of the Images API.", True),
    "certificate": _Elsewhere(_of("certificate"), "Write what programs shall trust with --tls."),
    "completion": _Elsewhere(_of("completion"), "Print what makes a shell complete the command."),
    "doctor": _Elsewhere(_of("doctor"), "Tell what the mock knows of the openai package."),
    "env": _Elsewhere(_of("env"), "Print variables that lead a shell's programs to a server."),
    "journal": _Elsewhere(_of("journal"), "Keep a server's journal as a file.", True),
    "migrate": _Elsewhere(_of("migrate"), "Tell what a journal would meet with another model."),
    "verdict": _Elsewhere(_of("verdict"), "Judge the program that asked; 5 if it has faults."),
}


class _Later(click.Command):
    """A command that is loaded when it is called, and not to be listed."""

    def __init__(self, name: str, elsewhere: _Elsewhere) -> None:
        super().__init__(name, short_help=elsewhere.help)
        self.load, self.is_group = elsewhere.load, elsewhere.is_group

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of what is loaded."""
        return self.load().make_context(info_name, args, parent, **extra)


class ServeByDefault(click.Group):
    """A group whose flags belong to `serve` when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` in front, unless a command or the group's own flag stands there."""
        if not args and ctx.resilient_parsing:  # a shell asks what there is
            return super().parse_args(ctx, args)
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            self._check_order(ctx, args)
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called. Click's own guesses know none that is loaded later."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            guess = likely_name(args[0], self.list_commands(ctx))
            hint = f" Did you mean '{guess}'?" if guess else ""
            raise click.UsageError(f"No such command '{escaped(args[0])}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands here, and those that are loaded later."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE_ARE])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, and the flags of `serve`, which need not be named."""
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return found
        serve = self.commands["serve"]
        own = {item.value for item in found}
        with serve.make_context("serve", [], parent=ctx, resilient_parsing=True) as context:
            offered = serve.shell_complete(context, incomplete)
        return found + [item for item in offered if item.value not in own]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command; what few call is loaded later."""
        if elsewhere := _ELSEWHERE_ARE.get(cmd_name):
            return _Later(cmd_name, elsewhere)
        return super().get_command(ctx, cmd_name)

    def _check_order(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse a command that stands behind flags, each of which has one value, or none."""
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] != "--":
            alone = "=" in args[place] or (
                args[place + 1 : place + 2] and args[place + 1][0:1] == "-"
            )
            place += 1 if alone else 2
        if place < len(args) and args[place] in self.list_commands(ctx):
            command = self.get_command(ctx, args[place])
            is_group = isinstance(command, click.Group) or getattr(command, "is_group", False)
            end = place + 1 + is_group
            right = [ctx.info_name or "", *args[place:end], *args[:place], *args[end:]]
            raise click.UsageError(f"Flags stand behind the command: {' '.join(right)}", ctx)
