"""What a shell offers while somebody types: values of settings, days, files. Reads no setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mockserver.settings import Setting

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

Offer = Callable[["click.Context", "click.Parameter", str], "list[CompletionItem]"]
_NO_VALUE = "\n"  # of any setting that has a choice


def values_of(setting: Setting) -> Offer:
    """What is offered behind the flag of a setting."""
    if setting.metavar == "DATE":
        return days

    def offer(_context: click.Context, _flag: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        if setting.metavar in ("FILE", "DIR"):
            return [CompletionItem(begun, type=setting.metavar.lower())]
        return _beginning(begun, _choices(setting))

    return offer


def days(_context: click.Context, _flag: click.Parameter, begun: str) -> list[CompletionItem]:
    """Today, and the days on which something changed."""
    from mockserver.facts import periods

    return _beginning(begun, ["today", *map(str, periods())])


def _choices(setting: Setting) -> list[str]:
    """The values that its refusal of another one lists: a list of them here could be another."""
    try:
        setting.parse(_NO_VALUE)
    except ValueError as refusal:
        _, is_choice, listed = str(refusal).partition("one of ")
        if is_choice:
            return listed.split(", or ")[0].split(", ")
    return []


def _beginning(begun: str, values: list[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value) for value in values if value.startswith(begun)]
