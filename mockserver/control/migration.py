"""The journal as another model would have it, as the control API tells it. Judges in the core."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from mockserver.clock import SECOND
from mockserver.control.judging import seen_in
from mockserver.control.request import ControlRequest, not_found, refuse
from mockserver.core.judging.migration import Migration, joined, moved
from mockserver.core.judging.migration_text import as_json
from mockserver.core.judging.model_days import NoSuchModel
from mockserver.facts import load
from mockserver.request.lint import day_of, terms_of
from mockserver.settings import as_of
from mockserver.store import Sandbox

_WHICH = (
    "to must be the name of a model, as ?to=MODEL; a server with --lint-against needs none, for "
    "it has one."
)


async def migration_of(request: ControlRequest) -> dict[str, Any]:
    """What would become of the requests of sandboxes with another model.

    Raises:
        ControlError: there is no such model, or no such request.
    """
    to = request.query.get("to") or request.world.config.lint_against
    if not to:
        refuse(_WHICH, "to")
    said, sandboxes = _day(request), await request.sandboxes()
    await _check_there(request, sandboxes)
    try:
        day = day_of(request.world, to, sandboxes[0] if len(sandboxes) == 1 else None, said)
        parts = [await _part(request, sandbox, to, said) for sandbox in sandboxes]
    except NoSuchModel as error:
        refuse(str(error), "to")
    return await request.world.heavy.run(lambda: as_json(joined([Migration(to, day, ()), *parts])))


def _day(request: ControlRequest) -> date | None:
    """The day of the query."""
    text = request.query.get("as_of")
    try:
        found = as_of(text) if text is not None else None
    except ValueError as error:
        refuse(f"as_of {error}.", "as_of")
    if found != "today":
        return found
    return datetime.fromtimestamp(request.world.clock.now() // SECOND, UTC).date()


async def _check_there(request: ControlRequest, sandboxes: Iterable[Sandbox]) -> None:
    only = request.query.get("request")
    ids = [r.id for sandbox in sandboxes for r in await sandbox.requests()]
    if only is not None and only not in ids:
        not_found(f"The journal has no request {only!r}, or no longer.")


async def _part(request: ControlRequest, sandbox: Sandbox, to: str, said: date | None) -> Migration:
    """What would become of a sandbox's requests, or of the one that is meant."""
    world, only = request.world, request.query.get("request")
    records = [r for r in await sandbox.requests() if only in (None, r.id)]
    day = day_of(world, to, sandbox, said)
    terms, downloads = terms_of(world, to, sandbox), await sandbox.downloads()
    return await world.heavy.run(
        lambda: moved(seen_in(records, downloads), load(day), to, day, terms)
    )
