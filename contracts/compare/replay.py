"""A recording as a target: answers come out of its files, and no request leaves this machine."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from contracts.compare.recording import NOT_RECORDED, Case
from contracts.compare.restored import Restorer
from contracts.compare.sanitised import digest
from contracts.exchange import Exchange, KeyKind, Request
from contracts.target import Lost, NotObserved
from contracts.trials import Trial

WARN, FAIL = 90, 180  # days
BASE = "https://recording.invalid/v1"


class Replay:
    """What was recorded answers once more, to the case that asked for it, or to another alike.

    It is no "stand-in": what a picture shows, nobody wrote down.
    """

    spent = Decimal(0)

    def __init__(self, cases: Iterable[Case], name: str) -> None:
        cases = list(cases)
        self.name, self.base_url = name, BASE
        self.day, self.recorded = cases[0].origin.day, cases[0].origin.recorded
        self.has: frozenset[str] = frozenset()
        self._cases = {case.id: case for case in cases}
        self._by_request: dict[str, list[Case]] = defaultdict(list)
        for case in cases:
            for exchange in case.exchanges:
                if "sha256" in exchange["request"]:
                    self._by_request[exchange["request"]["sha256"]].append(case)
        self._players: dict[str, _Player] = {}
        self._current = ""

    def begin(self, trial: Trial) -> None:
        """Say who asks next: a case is answered first out of its own recording."""
        self._current = trial.id
        self._players.pop(trial.id, None)

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:  # noqa: ARG002
        """The answer to the same request, when it was recorded."""
        asked = digest(request)
        for case in (self._cases.get(self._current), *self._by_request[asked]):
            if case and (exchange := self._player(case).next("sha256", asked)):
                return exchange._replace(request=request)
        here = self._cases.get(self._current)
        raise NotObserved((here and here.unseen) or NOT_RECORDED)

    def fetch(self, url: str) -> Exchange:
        """The description of a picture that was downloaded, as a file that it fits."""
        for player in self._players.values():
            name = player.restorer.urls.get(url)
            if name and (exchange := player.next("url", name)):
                return exchange
        raise NotObserved("this picture was not downloaded when it was recorded")

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:  # noqa: ARG002 - the protocol's
        """What was, has no clock."""
        raise NotObserved("a recording has no clock")

    def _player(self, case: Case) -> _Player:
        return self._players.setdefault(case.id, _Player(case))


class _Player:
    """Gives the answers of one case, the same request's in their order."""

    def __init__(self, case: Case) -> None:
        noon = datetime.combine(case.origin.recorded, time(12), UTC).timestamp()
        self.restorer = Restorer(case.id, BASE, case.references, noon)
        self._noon = noon
        self._left: dict[tuple[str, str], deque[Any]] = defaultdict(deque)
        for exchange in case.exchanges:
            request = exchange["request"]
            kind = "url" if "url" in request else "sha256"
            self._left[kind, request[kind]].append(exchange["answer"])

    def next(self, kind: str, name: str) -> Exchange | None:
        """The next answer to a request; None if there is none left."""
        left = self._left[kind, name]
        if not left:
            return None
        answer = self.restorer.answer(left.popleft())
        return Exchange(Request("GET", "", key="none"), answer, self._noon, self._noon + 1)


def checked_age(cases: Iterable[Case], today: date, *, allow_stale: bool = False) -> str:
    """A warning for recordings that are old; "" for fresh ones.

    Raises:
        Lost: they are too old, and that is not allowed.
    """
    oldest = min(cases, key=lambda case: case.origin.recorded)
    age = (today - oldest.origin.recorded).days
    told = f"{oldest.id} was recorded {age} days ago, on {oldest.origin.recorded}"
    if age > FAIL and not allow_stale:
        raise Lost(
            f"{told}: after {FAIL} days a recording says nothing. Record it anew, or say "
            "--allow-stale"
        )
    return f"{told}: record it anew" if age > WARN else ""
