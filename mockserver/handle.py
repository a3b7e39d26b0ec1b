"""A sandbox from Python: script what happens, move its time, look at what was sent. A client only.

images = ImagesMock().start().sandbox().begin()
images.next.rate_limit(retry_after=20)
...
images.assert_called_once(prompt="a red fox")
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, Self, Unpack

from mockserver import assertions
from mockserver.assertions import Expectation, sent_when
from mockserver.remote import ControlError, Remote
from mockserver.scripting import Asked, RuleHandle, Script, Sent, condition
from mockserver.seen import Refusal, Request, Upload, calls_of

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
_HERE = "127.0.0.1,localhost"  # requests to the mock shall not leave by a proxy
Part = Literal["requests", "rules", "limits", "ledger", "clock"]


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


class Sandbox:
    """One API key's own share of a server: its rules, its time, its limits, its journal.

    `address` is the server's. Nothing is asked of it before you do.
    """

    def __init__(self, address: str, api_key: str, *, control_token: str | None = None) -> None:
        self.address: str = address.rstrip("/").removesuffix("/v1")
        self.api_key = api_key
        self._remote = Remote(self.address, api_key, control_token)
        self.clock: Clock = Clock(self._remote)

    def __repr__(self) -> str:
        return f"Sandbox({self.address!r}, {self.api_key!r})"

    @property
    def url(self) -> str:
        """What to give as `base_url` or `OPENAI_BASE_URL`."""
        return f"{self.address}/v1"

    @property
    def env(self) -> dict[str, str]:
        """The variables that the official SDK reads, for a subprocess say."""
        known = ",".join(os.environ.get(name, "") for name in ("NO_PROXY", "no_proxy"))
        around = ",".join(dict.fromkeys(filter(None, f"{known},{_HERE}".split(","))))
        openai = {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.api_key}
        return openai | {"NO_PROXY": around, "no_proxy": around}

    def begin(
        self,
        *,
        tier: str | None = None,
        as_of: date | str | None = None,
        seed: str | int | None = None,
        repeats: Literal["same", "vary"] | None = None,
        per_minute: int | None = None,
        budget_usd: float | None = None,
        real_time: bool = False,
    ) -> Self:
        """Begin anew: nothing asked, nothing scripted, and a clock that stands still.

        A clock that stands moves by `clock.advance()`, and by waits that a 429 told and the client
        served (a thousandth of the time). With `real_time` it runs, and waits are as long as told.
        Equal requests get the same pictures; with `repeats="vary"` the second gets others.
        """
        options = {
            "tier": tier,
            "as_of": None if as_of is None else str(as_of),
            "seed": None if seed is None else str(seed),
            "repeats": repeats,
            "per_minute": per_minute,
            "budget_usd": budget_usd,
        }
        given: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
        self._remote.ask("POST", "sandbox", given | {"standing": not real_time})
        return self

    def reset(self, *only: Part) -> None:
        """Empty it, or these parts of it. The rules of the server's configuration file stay."""
        self._remote.ask("POST", "reset", {"only": list(only)} if only else {})

    # --- what shall happen

    @property
    def next(self) -> Script:
        """Script the next request, or the next `times` ones; goes before `on`."""
        return Script(self._remote, {}, True)

    def on(self, *, call: int | None = None, **fields: Unpack[Asked]) -> Script:
        """Script every request like this, or the `call`-th of them alone."""
        which = {} if call is None else {"call": call}
        return Script(self._remote, condition(fields) | which)

    def limits(self, *, per_minute: int | None = None, tier: str | None = None) -> None:
        """Set the images a minute; without a number, those of the tier."""
        given = {} if tier is None else {"tier": tier}
        self._remote.ask("PUT", "limits", {"per_minute": per_minute, **given})

    def refill(self) -> None:
        """Let every limit be as if nothing had been asked."""
        self._remote.ask("POST", "limits/refill")

    def budget(self, *, usd: float | None) -> None:
        """Refuse what would cost more than so much in all; None lifts that."""
        self._remote.ask("PUT", "ledger", {"budget_usd": usd})

    # --- what has happened

    @property
    def requests(self) -> list[Request]:
        """All requests under `/v1`, the oldest first. A retry is a request too."""
        return self._journal()[0]

    @property
    def calls(self) -> list[list[Request]]:
        """The requests by call: each with its retries behind it."""
        return calls_of(self.requests)

    @property
    def downloads(self) -> list[Request]:
        """All requests for pictures' files, the oldest first."""
        return [*map(Request.of, self._remote.ask("GET", "downloads")["downloads"])]

    @property
    def late(self) -> list[Request]:
        """What was asked before this sandbox began anew, and answered after."""
        told = self._remote.ask("GET", "requests?limit=0")  # of the others none
        return [*map(Request.of, told["late"])]

    @property
    def spent(self) -> float:
        """What all pictures would have cost, in USD."""
        return float(self._ledger()["spent_usd"])

    def unused_rules(self) -> list[str]:
        """The scripted rules that no request has met, each in a line."""
        return [*map(assertions.told_rule, assertions.unused(self._rules()))]

    def unexpected_errors(self) -> list[Request]:
        """The requests that failed, though no rule, limit, budget or magic value made them."""
        return [r for r in self.requests if r.status >= 400 and not r.scripted]

    def report(self) -> str:
        """What there is to know after a test that failed."""
        requests, late = self._journal()
        return assertions.report(requests, late, self._rules(), self._ledger())

    # --- what should have happened

    def assert_called(self, times: int | None = None, **fields: Unpack[Sent]) -> None:
        """There was a call like this, or exactly so many; retries are of the call they repeat."""
        __tracebackhide__ = True
        expected = Expectation(sent_when(fields), times)
        requests = self.requests
        if not expected.is_met(requests):
            raise AssertionError(expected.message(requests, self._rules(), self.url))

    def assert_called_once(self, **fields: Unpack[Sent]) -> None:
        """There was exactly one call like this."""
        __tracebackhide__ = True
        self.assert_called(1, **fields)

    def assert_not_called(self, **fields: Unpack[Sent]) -> None:
        """There was no call like this."""
        __tracebackhide__ = True
        self.assert_called(0, **fields)

    def assert_spent_at_most(self, usd: float) -> None:
        """All pictures would have cost no more than this."""
        __tracebackhide__ = True
        spent = self.spent
        if spent > usd:
            raise AssertionError(assertions.spending(self.requests, spent, usd))

    def assert_downloaded(self, times: int | None = None) -> None:
        """A picture's file was downloaded, or exactly so many times."""
        __tracebackhide__ = True
        downloads = self.downloads
        if not assertions.downloaded(downloads, times):
            raise AssertionError(assertions.downloading(downloads, times))

    def _journal(self) -> tuple[list[Request], list[Request]]:
        told = self._remote.ask("GET", "requests")
        return [*map(Request.of, told["requests"])], [*map(Request.of, told["late"])]

    def _rules(self) -> list[Mapping[str, Any]]:
        return list(self._remote.ask("GET", "rules")["rules"])

    def _ledger(self) -> dict[str, Any]:
        return self._remote.ask("GET", "ledger")
