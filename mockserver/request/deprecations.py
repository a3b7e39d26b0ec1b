"""What a request of another day would meet today: a header with each answer, a line a sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.core.error_bodies import message
from mockserver.core.errors import ApiError, Reason
from mockserver.facts import Model
from mockserver.request.era import Era
from mockserver.request.exchange import Exchange
from mockserver.request.log import notice_of


class Deprecations:
    """Compares the answers of an era with what the real API would say on the clock's day."""

    def __init__(self, today: Callable[[], Era], log_format: str) -> None:
        self._today = today
        self._notice = notice_of(log_format) if log_format != "none" else None

    def warn(self, exchange: Exchange, operation: str, body: Any) -> None:
        """Of a request that was answered: what would be said of it today, and what to change."""
        today = self._today()
        if today is exchange.era or exchange.request is None or exchange.surface:
            return
        model = exchange.era.facts.models[exchange.request.model]
        if model.id in today.facts.models:
            text, name = _refused(operation, body, today)
        else:
            text, name = _ended(model, today), "model"
        if text:
            self._tell(exchange, text)
            exchange.record.noticed += (f"deprecated:{name}",) if name else ()

    def warn_of_model(self, exchange: Exchange, model: Model) -> None:
        """Of a model that was looked up: whether it is still there today."""
        if text := _ended(model, self._today()):
            self._tell(exchange, text)

    def _tell(self, exchange: Exchange, text: str) -> None:
        exchange.warnings.insert(0, text)  # before what the day's own API did with the request
        if self._notice and exchange.sandbox and exchange.sandbox.first_warning():
            sandbox = exchange.sandbox.name[:6]
            self._notice(f"WARNING sandbox={sandbox} the real API would refuse this today; {text}")


def _ended(model: Model, today: Era) -> str:
    """That a model is gone, and what the vendor says to use in its place; "" if it is not gone."""
    if model.shutdown is None or today.facts.day < model.shutdown:
        return ""
    advice = f": name {model.successor} instead" if model.successor else ""
    return f"{model.id} was shut down on {model.shutdown}{advice}"


def _refused(operation: str, body: Any, today: Era) -> tuple[str, str]:
    """The first thing that today's rules find wrong with a body, and what to do; "" if nothing.

    And the name of the parameter that is wrong, if one was sent; else "".
    """
    rules = today.facts.operations.get(operation)
    if rules is None:
        return "the real API no longer has this path", ""
    try:
        today.validators[operation].validated(body)
    except ApiError as error:
        said = message(error, today.words(rules.path))
        advice = _ADVICE.get(error.reason, "").format(**error.values)
        is_there = error.reason is not Reason.MISSING_PARAMETER
        return f"{said} {advice}".strip(), str(error.values.get("param", "")) if is_there else ""
    return "", ""


_ADVICE = {
    Reason.UNKNOWN_PARAMETER: "Leave out '{param}'.",
    Reason.MISSING_PARAMETER: "Send '{param}'.",
}
