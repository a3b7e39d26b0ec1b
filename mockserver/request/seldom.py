"""What few servers want: loaded where one does, and never else. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.facts import Facts
    from mockserver.request.capacity import Capacity
    from mockserver.request.lint import Lint
    from mockserver.request.world import World


def capacity(places: int | None) -> Capacity | None:
    """How many requests are worked on at once; None is no bound."""
    if places is None:
        return None
    from mockserver.request.capacity import Capacity

    return Capacity(places)


def schema_facts() -> Facts:
    """The facts of `--validation schema`."""
    from mockserver.facts.schema import schema_facts

    return schema_facts()


def lint(world: World) -> Lint:
    """What judges each request by another model, too."""
    from mockserver.request.lint import Lint

    return Lint(world)
