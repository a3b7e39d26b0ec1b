"""A server behind a base URL: sends what is asked, with the key that is named, as far as it may.

It keeps time, waits where it is told to, and asks a purse before it sends what could cost money.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from email.utils import parsedate_to_datetime
from math import isfinite
from threading import RLock
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

from contracts.discretion import Key
from contracts.exchange import Answer, Exchange, KeyKind, Request
from contracts.target import NO_ADMIN, Lost, NotObserved
from contracts.target.asked import buys
from contracts.target.control import Control
from contracts.target.downloads import Downloads
from contracts.target.greeting import refused_key, said
from contracts.target.ledger import MICRO
from contracts.target.line import MOST, Line, Silence, place_of, trusting
from contracts.target.money import Purse

BAD_KEY = "sk-mock-revoked-contract"
LIMITED_KEY = "sk-mock-limited-contract"
#: Errors after which an account answers nothing more, whatever their status.
EXHAUSTED = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_TIMES = 3  # that one request is sent, where each answer tells of a wait
_IN_A_ROW = 10  # answers 401 or 429, after which the server is not asked any more
_LATE_IN_A_ROW = 3


class Patience(NamedTuple):
    """How long a run waits, in seconds."""

    call: float = 60  # for the last byte of an answer
    told: float = 60  # that an answer may ask to wait
    run: float = 1800  # for all of it


@dataclass(slots=True)
class _Bad:
    """Answers in a row that say nothing."""

    refused: int = 0  # 401 or 429
    late: int = 0
    hasty: bool = False  # whether told waits have been of no use since


class HttpTarget:
    """Any server that speaks HTTP.

    Args:
        base_url: as clients write it.
        key: that requests with a good key have.
        day: whose API it is held to.
        now: the time, in Unix seconds.
        name: as a report names it.
        purse: what may be spent; without one everything is free.
        controls: the control API of our own mock, for the sandbox of each of its keys.
        is_watched: whether the mock is asked if it has made what would cost money elsewhere.
        line: the way there; without certificates of one's own unless given.
        downloads: what may be fetched; where the server is unless given.
        limited_key: of a low tier.
        admin_key: of the organization; without one what was used is not asked for.
        key_from: where the key is from, as a user would set another one.
        patience: how long it waits.
        sleep: waits.
    """

    def __init__(
        self,
        base_url: str,
        key: Key,
        day: date | None,
        *,
        now: Callable[[], float],
        name: str = "",
        purse: Purse | None = None,
        controls: Mapping[KeyKind, Control] | None = None,
        limited_key: str = LIMITED_KEY,
        admin_key: Key | None = None,
        is_watched: bool = False,
        line: Line | None = None,
        downloads: Downloads | None = None,
        key_from: str = "IMAGES_CONTRACT_API_KEY",
        patience: Patience = Patience(),  # noqa: B008 - it is a value
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.name = name or self.base_url
        self.day = day
        self.has = frozenset(("clock", "limits", "stand-in")) if controls else frozenset[str]()
        others = {"none": None, "bad": Key(BAD_KEY), "limited": Key(limited_key)}
        self._keys: dict[str, Key | None] = {"good": key, "admin": admin_key, **others}
        self._now, self._sleep, self._patience = now, sleep, patience
        self._place, self._root = place_of(self.base_url), urlsplit(self.base_url).path
        self._line = line or Line([key], lambda: trusting(None))
        self._downloads = downloads or Downloads(self._line, self._place)
        self._purse, self._controls, self._key_from = purse, controls or {}, key_from
        self._is_watched = is_watched
        self._ends, self._bad, self._one_at_a_time = monotonic() + patience.run, _Bad(), RLock()

    @property
    def spent(self) -> Decimal:
        """USD that this run has cost so far, or may have."""
        return Decimal(self._purse.spent if self._purse else 0) / MICRO

    @property
    def is_costly(self) -> bool:
        """Whether pictures may cost something here."""
        return self._purse is not None

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request, and wait where the answer says so."""
        self._left()  # before anything is set aside
        if request.key == "admin" and self._keys["admin"] is None:
            raise NotObserved(NO_ADMIN)
        if self._purse is None:
            exchange = self._patiently(request, anew=False)
            self._check_maker(exchange)
            return self._judged(exchange)
        with self._one_at_a_time:
            bill = self._purse.opened(request, pays=pays)
            try:
                exchange = self._patiently(request, anew=bill is not None)
            except _Unreached as lost:
                self._purse.settle(bill, None)
                reason = str(lost)
            else:
                self._purse.settle(bill, exchange.answer)
                return self._judged(exchange)
        raise Lost(reason)

    def fetch(self, url: str) -> Exchange:
        """Download a picture, wherever it lies, without the key."""
        began = self._now()
        answer = self._downloads.get(url, self._left())
        return Exchange(Request("GET", url, key="none"), answer, began, self._now())

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move its clock on, if it is our own mock."""
        if key not in self._controls:
            raise NotObserved("its clock can't be moved")
        self._controls[key].move_clock(seconds)

    def _check_maker(self, exchange: Exchange) -> None:
        """Look whether the mock made what would cost money elsewhere, or somebody behind it."""
        control = self._controls.get(exchange.request.key) if self._is_watched else None
        if control and buys(exchange.request) and 200 <= exchange.answer.status < 300:
            control.check_made(exchange.answer)

    def _left(self) -> float:
        """The seconds that a call may take."""
        left = self._ends - monotonic()
        if left <= 0:
            raise Lost(f"The time of the run is over after {self._patience.run:g} s (--timeout).")
        return min(self._patience.call, left)

    def _patiently(self, request: Request, *, anew: bool) -> Exchange:
        """The last exchange, once all waits that answers told of were served."""
        for _ in range(_TIMES - 1):
            exchange = self._once(request, anew=anew)
            wait = self._wait_told(exchange)
            if wait is None:
                return exchange
            self._sleep(wait)
        exchange = self._once(request, anew=anew)
        self._bad.hasty = self._wait_told(exchange) is not None
        return exchange

    def _wait_told(self, exchange: Exchange) -> float | None:
        """The seconds that an answer asks to wait, and that are waited."""
        answer = exchange.answer
        if answer.status not in (429, 503) or exchange.request.key != "good":
            self._bad.hasty = False
            return None
        told = wait_in(answer, self._now())
        if told is None or self._bad.hasty or _code(answer) in EXHAUSTED:
            return None
        return told if told <= min(self._patience.told, self._left()) else None

    def _once(self, request: Request, *, anew: bool) -> Exchange:
        patience, began = self._left(), self._now()
        on_the_way = request._replace(path=self._root + request.path)
        key = self._keys[request.key]
        found = self._line.send(self._place, on_the_way, key, patience, anew=anew, most=MOST)
        match found:
            case Silence("unreached" | "untrusted", why):
                raise _Unreached(f"Nobody answers at {self.base_url} any more: {why}.")
            case Silence("late"):
                raise self._late(f"no whole answer within {patience:g} s")
            case Silence("endless", why):
                raise self._late(why)
            case Silence():
                found = Answer(0, (), b"")
        self._bad.late = 0
        return Exchange(request, found, began, self._now())

    def _late(self, why: str) -> NotObserved | Lost:
        self._bad.late += 1
        self._left()  # the run's own end is another reason
        if self._bad.late < _LATE_IN_A_ROW:
            return NotObserved(why)
        return Lost(f"{self.base_url} hangs: {why}, {_LATE_IN_A_ROW} times in a row.")

    def _judged(self, exchange: Exchange) -> Exchange:
        """An exchange that says something of what was asked.

        Raises:
            NotObserved, Lost: it does not.
        """
        request, answer = exchange.request, exchange.answer
        is_of_admins = request.path.startswith("/organization/")
        if request.key != "good" or request.header("openai-organization") or is_of_admins:
            return exchange
        self._bad.refused += 1 if answer.status in (401, 429) else -self._bad.refused
        if _code(answer) in EXHAUSTED:
            raise Lost(f"{self.base_url} has no credit left for this key: {said(answer)}")
        match answer.status:
            case 401 if _code(answer) == "invalid_api_key" or self._is_refused():
                raise Lost(refused_key(self.base_url, answer, self._key_from))
            case 401 | 429 if self._bad.refused >= _IN_A_ROW:
                raise Lost(
                    f"{self.base_url} answers nothing but {answer.status}, {_IN_A_ROW} times in a "
                    f"row: {said(answer)}"
                )
            case 401 | 403 | 429:
                raise NotObserved(f"{answer.status}: {said(answer)}")
        return exchange

    def _is_refused(self) -> bool:
        """Whether a key is refused for all that is known: some refuse a model with 401."""
        return self._once(Request("GET", "/models"), anew=False).answer.status == 401


class _Unreached(Lost):
    """The request did not leave."""


def wait_in(answer: Answer, now: float) -> float | None:
    """The seconds that an answer asks to wait, told in milliseconds, seconds or as a date."""
    milliseconds, told = answer.header("retry-after-ms"), answer.header("retry-after")
    found: float | None = None
    with suppress(ValueError, TypeError):
        found = parsedate_to_datetime(told).timestamp() - now
    with suppress(ValueError):
        found = float(told)
    with suppress(ValueError):
        found = float(milliseconds) / 1000
    return max(0.0, found) if found is not None and isfinite(found) else None


def _code(answer: Answer) -> str:
    value = answer.json() if answer.status >= 400 else None
    error = value.get("error") if isinstance(value, dict) else None
    return str(error.get("code")) if isinstance(error, dict) else ""
