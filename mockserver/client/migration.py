"""A journal as another model would have it: asked of a server, or judged from a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from mockserver import settings
from mockserver.client.connection import Remote
from mockserver.client.journal_file import NoJournal
from mockserver.clock import SECOND, SystemClock
from mockserver.core.charges import Costs
from mockserver.core.judging.migration import Migration, Terms, moved
from mockserver.core.judging.migration_text import from_json
from mockserver.core.judging.model_days import NoSuchModel, judged_day
from mockserver.core.judging.seen import Journal
from mockserver.core.keys import Caller
from mockserver.core.sandbox import Options
from mockserver.facts import ever_there, load

__all__ = ["NoSuchModel", "of_file", "of_server", "today"]


def of_server(remote: Remote, **asked: str | None) -> Migration:
    """What a server tells, asked with `to`, `as_of`, `request` or `sandbox`.

    Raises:
        ControlError: no server answers, or it refuses.
    """
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return from_json(remote.ask("GET", f"migration?{query}"))


def today() -> date:
    """The day by the machine's clock, in UTC."""
    return datetime.fromtimestamp(SystemClock().now() // SECOND, UTC).date()


def of_file(journal: Mapping[str, Any], to: str, said: date | None = None) -> Migration:
    """What becomes of a saved journal, by the settings that its server had.

    Raises:
        NoSuchModel: the model is not there on the day.
        NoJournal: the settings of its server are none of this version.
    """
    told = journal.get("settings") or {}
    if not isinstance(told, dict):
        raise NoJournal("the journal is broken: its settings are no table")
    servers = _set(told, "as-of") if told.get("as-of") else None
    servers = today() if servers == "today" else servers
    day = judged_day(to, today=today(), said=said, servers=servers)
    terms = _terms(told, to, has_day=bool(said or servers))
    return moved(Journal.of(journal), load(day), to, day, terms)


def _set(told: Mapping[str, Any], name: str) -> Any:
    known = settings.BY_NAME[name]
    text = str(told.get(name) or known.default)
    try:
        return known.parse(text)
    except ValueError as error:
        raise NoJournal(f"the journal's setting {name} ({text:.40}) {error}") from None


def _terms(told: Mapping[str, Any], to: str, *, has_day: bool) -> Terms:
    def setting(name: str) -> Any:
        return _set(told, name)

    facts, limits = load(), setting("limits")
    costs = Costs(
        facts.limits[limits.table],
        facts.prices,
        tier=setting("tier"),
        price_list=setting("prices"),
        per_minute=limits.per_minute,
        families={name: life.family for name, life in ever_there().items()},
    )
    sizes = setting("sizes") if "sizes" in told or not has_day else "api"
    return Terms(
        page_sizes=sizes == "page",
        prices=costs.price_list,
        limits=costs.limits_of(Caller(""), Options(), to),
        tier=costs.tier,
    )
