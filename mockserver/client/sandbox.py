"""A sandbox from Python: script what happens, move its time, look at what was sent. A client only.

images = ImagesMock().start().sandbox().begin()
images.next.rate_limit(retry_after=20)
...
images.assert_called_once(prompt="a red fox")
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import date
from threading import current_thread
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Never, Self, Unpack

from mockserver.client import assertions
from mockserver.client.assertions import Expectation, Names, Presence, sent_when
from mockserver.client.connection import ControlError, Remote, Way, by_socket
from mockserver.client.environment import variables
from mockserver.client.report import report as report_of
from mockserver.client.report import wait_line
from mockserver.client.requests import Refusal, Request, Upload, calls_of
from mockserver.client.rules import Asked, File, RuleHandle, Script, Sent, condition, content_of
from mockserver.core.addresses import API, address_of
from mockserver.core.masking import as_shown

if TYPE_CHECKING:
    from mockserver.client.events import Events

__all__ = [
    "Clock",
    "ControlError",
    "Refusal",
    "Request",
    "RuleHandle",
    "Sandbox",
    "Script",
    "Upload",
]
_SERVERS = "images-mock"  # what the names of a server's threads begin with
_SHORT = 0.25  # seconds; the SDK waits no longer for what is told in thousandths
_sleep = time.sleep  # itself, whatever is put in its place later
_TEXT = "assert_called() takes a number of calls, or keywords: say prompt={0!r} or contains={0!r}"
Part = Literal["requests", "rules", "limits", "ledger", "clock", "files", "batches", "responses"]


class Life(NamedTuple):
    """What a sandbox came to between two beginnings."""

    usd: float
    waited: float  # real seconds, as `Sandbox.waited`
    late: list[Request]  # as `Sandbox.late`

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The life that the control API tells of."""
        late = [*map(Request.of, told["late"])]
        return cls(float(told["spent_usd"]), float(told["waited"]), late)


class Clock:
    """A sandbox's time. Limits, expiry, `created` and the day of `as_of` follow it."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return float(self._remote.ask("GET", "clock")["now"])

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> float:
        """Move it on; returns what it shows then."""
        moved = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        return float(self._remote.ask("POST", "clock/advance", {"seconds": moved})["now"])

    def sleep(self, seconds: float, /) -> None:
        """What `time.sleep` does, on this clock: it moves on at once, and nobody waits.

        For a program that has a retry loop of its own, in the place of its `time.sleep`. What the
        SDK's own retries sleep, some thousandths, is slept besides: by that the server knows that
        a wait was served.
        """
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        _sleep(self._left(seconds))

    async def async_sleep(self, seconds: float, result: Any = None, /) -> Any:
        """The same in the place of `asyncio.sleep`."""
        from asyncio.tasks import sleep  # itself, whatever `asyncio.sleep` is now

        await sleep(self._left(seconds) if seconds > 0 else 0)
        return result

    def _left(self, seconds: float) -> float:
        """What must be waited for real once the clock has moved on."""
        if current_thread().name.startswith(_SERVERS):  # one that runs in this process
            return seconds
        self.advance(seconds)
        return seconds if seconds <= _SHORT else 0


class Sandbox:
    """One API key's own share of a server: its rules, its time, its limits, its journal.

    `address` is the server's. Nothing is asked of it before you do. A server of this process may
    tell a `way` that is shorter than a socket.
    """

    def __init__(
        self,
        address: str,
        api_key: str,
        *,
        control_token: str | None = None,
        way: Callable[[], Way | None] = by_socket,
    ) -> None:
        self.address: str = address_of(address)
        self.api_key = api_key
        self._remote = Remote(self.address, api_key, control_token, way)
        self.clock: Clock = Clock(self._remote)
        self.ended: Life | None = None  # what was before the last `begin`
        self._unfinished: list[Script] = []  # that no effect has followed yet

    def __repr__(self) -> str:
        return f"Sandbox({self.address!r}, {as_shown(self.api_key)!r})"

    @property
    def url(self) -> str:
        """What to give as `base_url` or `OPENAI_BASE_URL`."""
        return f"{self.address}{API}"

    @property
    def env(self) -> dict[str, str]:
        """The variables that the official SDK and others read, for a subprocess say."""
        return variables(self.url, self.api_key, os.environ)

    def begin(
        self,
        *,
        tier: str | int | None = None,
        as_of: date | str | None = None,
        seed: str | int | None = None,
        sizes: str | None = None,
        prices: str | None = None,
        latency: str | None = None,
        batch_time: str | None = None,
        repeats: Literal["same", "vary"] | None = None,
        abandoned: Literal["paid", "unpaid"] | None = None,
        shortest_wait: str | None = None,
        per_minute: int | None = None,
        budget_usd: float | None = None,
        budget_day_usd: float | None = None,
        budget_month_usd: float | None = None,
        real_time: bool = False,
    ) -> Self:
        """Begin anew: nothing asked, nothing scripted, and a clock that stands still.

        A clock that stands moves by `clock.advance()`, and by waits that a 429 told and the client
        served (a thousandth of the time, but at least `shortest_wait`, as "250ms", if it was as
        long). With `real_time` it runs, and waits are as long as told.
        Equal requests get the same pictures; with `repeats="vary"` the second gets others. A batch
        is done at the first look at it, or once this clock has moved on by `batch_time`, as "2h".
        """
        texts: dict[str, Any] = {"tier": tier, "as_of": as_of, "seed": seed, "sizes": sizes}
        texts |= {"prices": prices, "latency": latency, "repeats": repeats}
        texts |= {"batch_time": batch_time, "abandoned": abandoned}
        texts |= {"shortest_wait": shortest_wait}
        others = {"per_minute": per_minute, "budget_usd": budget_usd, "standing": not real_time}
        others |= {"budget_day_usd": budget_day_usd, "budget_month_usd": budget_month_usd}
        given: dict[str, Any] = {
            k: v if isinstance(v, int) else str(v) for k, v in texts.items() if v is not None
        }
        given |= {k: v for k, v in others.items() if v is not None}
        self.ended = Life.of(self._remote.ask("POST", "sandbox", given)["ended"])
        self._unfinished.clear()
        return self

    def reset(self, *only: Part) -> None:
        """Empty it, or these parts of it. The rules of the server's configuration file stay."""
        self._remote.ask("POST", "reset", {"only": list(only)} if only else {})

    # --- what shall happen

    @property
    def next(self) -> Script:
        """Script the next request, or the next `times` ones; goes before `on`.

        Several wait in a queue: two of them are for two requests.
        """
        return self._begun({}, is_next=True)

    def on(self, *text: Never, call: int | None = None, **fields: Unpack[Asked]) -> Script:
        """Script every request like this, or the `call`-th of them alone; the newest goes first."""
        if text:
            meant = f"on(prompt={text[0]!r}), or on(contains={text[0]!r}) for a part of it"
            raise TypeError(f"on() takes keywords: say {meant}")
        which = {} if call is None else {"call": call}
        return self._begun(condition(fields) | which)

    def _begun(self, when: Mapping[str, Any], *, is_next: bool = False) -> Script:
        """A script, which is unfinished until an effect follows."""
        script = Script(self._remote, when, is_next, self._unfinished)
        self._unfinished.append(script)
        return script

    def limits(self, per_minute: int | None = None, *, tier: str | int | None = None) -> None:
        """Set the images a minute; without a number, those of the tier."""
        given = {} if tier is None else {"tier": str(tier)}
        self._remote.ask("PUT", "limits", {"per_minute": per_minute, **given})

    def refill(self) -> None:
        """Let every limit be as if nothing had been asked."""
        self._remote.ask("POST", "limits/refill")

    def budget(
        self,
        usd: float | EllipsisType | None = ...,
        *,
        day: float | EllipsisType | None = ...,
        month: float | EllipsisType | None = ...,
    ) -> None:
        """Refuse what would cost more than so much: in all, in a day, in a month, both in UTC.

        None lifts that; what is left out stays.
        """
        given = {"budget_usd": usd, "budget_day_usd": day, "budget_month_usd": month}
        asked = {name: value for name, value in given.items() if value is not ...}
        self._remote.ask("PUT", "ledger", asked)

    # --- what has happened

    @property
    def requests(self) -> list[Request]:
        """All requests under `/v1`, the oldest first. A retry is a request too.

        Also those that a wrong base URL sent to a path beside it: they got a 404, and are no calls.
        """
        return [*map(Request.of, self._remote.ask("GET", "requests")["requests"])]

    @property
    def calls(self) -> list[list[Request]]:
        """The requests by call: each with its retries behind it."""
        return calls_of(r for r in self.requests if not r.is_outside)

    @property
    def downloads(self) -> list[Request]:
        """All requests for pictures' files, the oldest first."""
        return [*map(Request.of, self._remote.ask("GET", "downloads")["downloads"])]

    def events(self, *, since: str | None = None, timeout: float | None = None) -> Events:
        """What happens from now on, as it happens: requests, downloads, changes of the sandbox.

        It listens once this returns. `for event in images.events(timeout=5)` waits for the next;
        it ends with the server, or by `close` (or `with`).

        Args:
            since: the id of a request: what was written down after it comes first.
            timeout: seconds in which the next one must come, else TimeoutError; None is for ever.
        """
        from mockserver.client.events import Events  # few listen

        return Events(self.address, self._remote.headers, since=since, timeout=timeout)

    @property
    def late(self) -> list[Request]:
        """What was asked before this sandbox began anew, and answered after."""
        return self.life.late

    @property
    def others(self) -> list[dict[str, Any]]:
        """Sandboxes of other keys that were asked since this one began: name, key, requests.

        A key is told in part: its first 8 characters and its last 4.
        """
        return list(self._remote.ask("GET", "requests/elsewhere")["sandboxes"])

    @property
    def waited(self) -> float:
        """Real seconds between a refusal and the next try, where one wait was a second or more."""
        return self.life.waited

    @property
    def life(self) -> Life:
        """What it has come to since it began."""
        answer = self._remote.ask("GET", "requests?limit=0")  # of those in time none
        answer["spent_usd"] = self.spent
        return Life.of(answer)

    @property
    def spent(self) -> float:
        """What all pictures would have cost, in USD."""
        return float(self._ledger()["spent_usd"])

    def unused_rules(self) -> list[str]:
        """The scripted rules that no request has met, and scripts without an effect, in a line."""
        unused = map(assertions.rule_line, assertions.unused(self._rules()))
        return [*unused, *map(assertions.unfinished_line, self._unfinished)]

    def unexpected_errors(self) -> list[Request]:
        """The requests that failed, though no rule, limit, budget or magic value made them."""
        return [r for r in self.requests if r.status >= 400 and not r.scripted]

    def report(self) -> str:
        """What there is to know after a test that failed."""
        answer = self._remote.ask("GET", "requests")
        requests, late = ([*map(Request.of, answer[name])] for name in ("requests", "late"))
        others = [] if requests else self.others
        report = report_of(requests, late, self._rules(), self._ledger(), others)
        return f"{report}\n{wait_line(answer['waited'])}" if answer["waited"] else report

    # --- what should have happened

    def assert_called(
        self,
        times: int | None = None,
        *,
        sent: Names = (),
        not_sent: Names = (),
        own_retries: bool = False,
        **fields: Unpack[Sent],
    ) -> None:
        """There was a call like this, or exactly so many; retries are of the call they repeat.

        Args:
            times: how many; None is one or more.
            sent: fields that the client must have sent itself: what it leaves out is filled in.
            not_sent: fields that it must have left out.
            own_retries: count what a loop of the program's own repeats as one call, too.
            fields: what they must be, sent or filled in.
        """
        __tracebackhide__ = True
        if isinstance(times, str):
            raise TypeError(_TEXT.format(times))
        presence = Presence.of(sent, not_sent)
        expected = Expectation(sent_when(fields), times, presence, own_retries)
        requests = self.requests
        if not expected.is_met(requests):
            others = [] if requests else self.others
            raise AssertionError(expected.message(requests, self._rules(), self.url, others))

    def assert_called_once(
        self,
        *,
        sent: Names = (),
        not_sent: Names = (),
        own_retries: bool = False,
        **fields: Unpack[Sent],
    ) -> None:
        """There was exactly one call like this."""
        __tracebackhide__ = True
        self.assert_called(1, sent=sent, not_sent=not_sent, own_retries=own_retries, **fields)

    def assert_not_called(
        self, *, sent: Names = (), not_sent: Names = (), **fields: Unpack[Sent]
    ) -> None:
        """There was no call like this."""
        __tracebackhide__ = True
        self.assert_called(0, sent=sent, not_sent=not_sent, **fields)

    def assert_spent_at_most(self, usd: float) -> None:
        """All pictures would have cost no more than this."""
        __tracebackhide__ = True
        ledger = self._ledger()
        spent = float(ledger["spent_usd"])
        if not spent <= usd:  # not a number is no bound
            raise AssertionError(assertions.spending(self.requests, spent, usd, ledger["prices"]))

    def assert_nothing_paid_twice(self) -> None:
        """No call was paid for again whose answer was paid for, and lost."""
        __tracebackhide__ = True
        from mockserver.client.paid_twice import paid_twice  # few ask

        if message := paid_twice(self._remote.ask("GET", "requests")):
            raise AssertionError(message)

    def assert_downloaded(self, times: int | None = None) -> None:
        """A picture's file was downloaded, or exactly so many times."""
        __tracebackhide__ = True
        downloads = self.downloads
        if not assertions.downloaded(downloads, times):
            raise AssertionError(assertions.downloading(downloads, times))

    def assert_final(self, file: File) -> None:
        """A picture's file is the whole one, and none of a stream's partial pictures."""
        __tracebackhide__ = True
        if message := assertions.partial_picture(content_of(file)):
            raise AssertionError(message)

    def _rules(self) -> list[Mapping[str, Any]]:
        return list(self._remote.ask("GET", "rules")["rules"])

    def _ledger(self) -> dict[str, Any]:
        return self._remote.ask("GET", "ledger")
