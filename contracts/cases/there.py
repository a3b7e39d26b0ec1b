"""Whether a target has a service beside images at all. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.exchange import Request, json_request
from contracts.run import LACKING
from contracts.target import NotObserved, Target
from contracts.trials import NOT_THERE

#: What each service answers, whoever asks, if it is there; none of it costs anything.
_PROBES: Mapping[str, Request] = {
    "files": Request("GET", "/files?limit=1"),
    "batches": Request("GET", "/batches?limit=1"),
    "organization": Request("GET", "/organization/costs?start_time=1700000000", key="admin"),
    "responses": json_request("POST", "/responses", {}),
}


class There:
    """The services of one target, each looked for once."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def check(self, service: str, target: Target) -> None:
        """Return if a target has a service, or is a stand-in, which should have all.

        Raises:
            NotObserved: it has not. Many servers make pictures and nothing else.
        """
        if "stand-in" in target.has or service not in _PROBES:
            return
        if service not in self._known:
            self._known[service] = target.ask(_PROBES[service]).answer.status not in NOT_THERE
        if not self._known[service]:
            raise NotObserved(LACKING[service])
