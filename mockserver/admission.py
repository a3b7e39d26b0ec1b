"""Whether a valid request gets its pictures: scripted rule, key's effect, limit, budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.types import Receive

from mockserver.core.clients import client_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import Caller
from mockserver.core.rules import Effect, Rule, effect_name
from mockserver.core.sandbox import MICRO, Wait, scaled
from mockserver.core.validation import ImageRequest
from mockserver.exchange import Exchange
from mockserver.holds import NEVER
from mockserver.store import Sandbox
from mockserver.wire import ClientGone
from mockserver.world import World

PLAIN = Effect()
_MINUTE = 60_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Admission:
    """One valid request at the door."""

    world: World
    exchange: Exchange
    sandbox: Sandbox
    caller: Caller
    request: ImageRequest

    async def admitted(self, receive: Receive) -> Effect:
        """Let the request through, and say what shall happen to its answer.

        Raises:
            ApiError: a rule, the key, the limit or the budget refuses it.
            ClientGone: the client left while a rule held the answer back.
        """
        await self._serve_wait()
        effect = await self._scripted()
        if effect.delay or effect.stall:
            seconds = NEVER if effect.stall else effect.delay
            await self.world.holds.hold(self.sandbox.name, seconds, receive)
            if effect.stall:  # the server stops: this one never answers
                raise ClientGone
        if effect.error:
            raise await self._refusal(effect.error, effect.retry_after)
        if self.caller.refusal:
            self.exchange.scripted = True
            raise ApiError(self.caller.refusal, model=self.request.model)
        spent = await self._spend()
        try:
            await self._admit()
        except ApiError:
            await self.sandbox.spend(-spent)  # what is refused costs nothing
            self.exchange.usd = 0.0
            raise
        return effect

    async def _serve_wait(self) -> None:
        """A retry that has served the scaled wait finds the clock moved on by the full one."""
        attempt = self.exchange.attempt
        if self.sandbox.options.standing and attempt:
            served = await self.sandbox.serve_wait(attempt.body, self.world.clock.now())
            if served:
                self._trace(f"clock moved on by {served / 1000:g} s, a wait that was served")

    async def _scripted(self) -> Effect:
        """The effect of the first rule that matches and is not used up, else of a magic word."""
        rules, matching = self.sandbox.rules, []
        if rules:
            fields = self.exchange.told_fields()
            matching = [r for r in rules if r.when.matches(fields)]
            if not matching:
                self.exchange.missed = [r for r in rules if r.origin == "call"]
        magic = self.world.magic.rule(self.request.prompt) if self.world.magic else None
        if magic:
            matching.append(magic)
        claimed = await self.sandbox.claim(matching) if matching else None
        return self._fired(*claimed) if claimed else PLAIN

    def _fired(self, rule: Rule, number: int) -> Effect:
        of = f" of {rule.times}" if rule.times else ""
        called = rule.name if rule.origin == "magic" else str(rule)
        self._trace(f"rule {called}: {effect_name(rule.then)} (time {number}{of})")
        self.exchange.scripted, self.exchange.rule = True, rule.id
        return rule.then

    async def _refusal(self, reason: Reason, retry_after: float | None) -> ApiError:
        """The error of a rule, with a value for whatever its words mention."""
        limit = self._limit() or 1
        if reason is Reason.RATE_LIMITED:
            wait = _MINUTE // limit if retry_after is None else round(retry_after * 1000)
            return await self._rate_limited(limit, limit, wait)
        operation = self.exchange.era.facts.operations[self.request.operation]
        examples = _EXAMPLES | {
            "parameter": operation.parameters[0],
            "param": operation.parameters[0].name,
            "value": self.request.prompt,
            "method": self.exchange.method,
            "path": self.exchange.path,
        }
        return ApiError(reason, **examples | self._told(limit, limit))

    async def _admit(self) -> None:
        limit, request = self._limit(), self.request
        if limit is None:
            return
        now = self.sandbox.now(self.world.clock.now())
        verdict = await self.sandbox.admit(request.model, limit=limit, cost=request.n, now=now)
        if verdict.admitted:
            self._trace(f"limit {limit} a minute: {verdict.used} used")
            return
        self.exchange.scripted = True
        self._trace(f"limit {limit} a minute: {verdict.used} used, {request.n} more is too many")
        if verdict.wait_ms is None:
            reason = Reason.OVER_LIMIT if limit else Reason.NOT_OF_TIER
            raise ApiError(reason, **self._told(limit, verdict.used))
        raise await self._rate_limited(limit, verdict.used, verdict.wait_ms)

    async def _rate_limited(self, limit: int, used: int, wait_ms: int) -> ApiError:
        """The 429 of a limit; where the clock stands still its wait is told in thousandths.

        Not so one that this client would not serve: it shall see what it would see elsewhere.
        """
        told_ms, attempt = wait_ms, self.exchange.attempt
        if self.sandbox.options.standing and self._would_serve(wait_ms):
            told_ms = scaled(wait_ms)
            if attempt:
                real = self.world.clock.now()
                until = self.sandbox.now(real) + wait_ms * 1_000_000
                await self.sandbox.tell_wait(Wait(attempt.body, real, wait_ms, until))
        return ApiError(
            Reason.RATE_LIMITED,
            **self._told(limit, used),
            wait=f"{wait_ms}ms" if wait_ms < 1000 else f"{wait_ms / 1000:g}s",
            retry_after=-(-wait_ms // 1000),
            retry_after_ms=told_ms,
        )

    def _would_serve(self, wait_ms: int) -> bool:
        """Whether the client's own retry would wait so long; of one that is not known it is so."""
        client = client_of(self.exchange.header, self.world.clients)
        if client is None or wait_ms <= client.longest_ms:
            return True
        longest = client.longest_ms / 1000
        self._trace(
            f"the wait of {wait_ms / 1000:g} s is told in full: {client.name} serves none above "
            f"{longest:g} s, and {client.beyond}"
        )
        return False

    async def _spend(self) -> int:
        """Write the price into the ledger, unless the budget forbids it; in micro-dollars."""
        request = self.request
        options = self.sandbox.options
        price = self.world.price(options, request.model, request.size, request.quality)
        amount = round(request.n * price * MICRO)
        usd = amount / MICRO
        if not await self.sandbox.spend(amount):
            self.exchange.scripted = True
            self._trace(f"budget: ${usd:g} more would exceed it")
            raise ApiError(Reason.HARD_LIMIT)
        self.exchange.usd = usd
        return amount

    def _limit(self) -> int | None:
        return self.world.limit(self.caller, self.sandbox.options, self.request.model)

    def _told(self, limit: int, used: int) -> dict[str, str | int]:
        return {
            "model": self.request.model,
            "organization": self.caller.organization,
            "limit": limit,
            "used": used,
            "requested": self.request.n,
            "current": used + self.request.n,
        }

    def _trace(self, decision: str) -> None:
        self.exchange.trace.append(decision)


#: What the words of an error mention, where a rule asks for one that nothing caused.
_EXAMPLES: dict[str, Any] = {
    "allowed": ["x"],
    "bound": 1,
    "content_type": "text/plain",
    "expected": "x",
    "height": 2,
    "host": "x",
    "key": "x",
    "length": 2,
    "media": "text/plain",
    "mode": "RGB",
    "read": 1,
    "type": "text/plain",
    "unexpected": "'x' was",
    "width": 1,
}
