"""Whether a valid request gets its answer: rules, and for pictures key, limit and budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from starlette.types import Receive

from mockserver.clock import SECOND
from mockserver.core.charges import amount, charge
from mockserver.core.clients import client_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import Caller
from mockserver.core.limits import Verdict, whole_seconds
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import PLAIN, Effect, Lines
from mockserver.core.rules.error_examples import Examples, beside
from mockserver.core.rules.patterns import TOO_SLOW
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox.clock import Wait, scaled
from mockserver.core.sandbox.eviction import SANDBOXES
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import IMAGES, Limit
from mockserver.request.bodies import ClientGone, Released, host_in
from mockserver.request.exchange import Exchange
from mockserver.request.parting import is_unpaid
from mockserver.request.world import World
from mockserver.store import Sandbox

_MINUTE = 60_000  # milliseconds
_NAME = 200  # characters of a model or a size, where any is taken
_PER_MINUTE = 60  # requests, where only a rule ever refuses one for their number
_NANOSECONDS = 1_000_000  # of a millisecond
_NO_MATCH = f"{TOO_SLOW}, which counts as no match; write it without repeats of repeats"


@dataclass(slots=True)
class Door:
    """One valid request at the door of any endpoint: what rules want of it."""

    world: World
    exchange: Exchange
    sandbox: Sandbox
    caller: Caller

    async def passed(self, receive: Receive) -> Effect:
        """Do what rules want before there is an answer, and say what shall happen to that.

        Raises:
            ApiError: a rule refuses the request.
            ClientGone: the client left while a rule held the answer back.
        """
        if self.sandbox.options.standing:
            await self._serve_wait()
        effect = await self._scripted()
        if effect is not PLAIN:
            await self._obey(effect, receive)
        return effect

    def check_key(self, model: str) -> None:
        """Refuse a key that gets nothing which costs money, of whatever model."""
        if self.caller.refusal:
            self.exchange.record.scripted = True
            raise ApiError(self.caller.refusal, model=model)

    async def _serve_wait(self) -> None:
        """A retry that has served the scaled wait finds the clock moved on by the full one."""
        attempt = self.exchange.record.attempt
        if attempt:
            served = await self.sandbox.serve_wait(attempt.body, self.world.clock.now())
            if served:
                self._trace(f"clock moved on by {served / 1000:g} s, a wait that was served")

    async def _obey(self, effect: Effect, receive: Receive) -> None:
        """Hold the answer back or refuse it, as rules want it; or tell a wait with their reply."""
        if effect.delay or effect.stall:
            self.world.heavy.give_back(self.exchange)
        await self.world.holds.hold_back(self.exchange, receive)
        if effect.error:
            raise await self.refusal(effect.error, effect.retry_after)
        if effect.reply and effect.retry_after is not None:
            wait = round(effect.retry_after * 1000)
            self._add_wait(wait, await self._told_wait(wait))

    async def _scripted(self) -> Effect:
        """What the rules that match, and the magic word, do together."""
        rules, matching = self._rules(), []
        if rules:
            fields = self.exchange.record.fields
            matching = [r for r in rules if r.when.matches(fields)]
            undecided = [r for r in rules if r.when.is_undecided(fields)]
            self.exchange.hints += [f"rule {r}: {_NO_MATCH}" for r in undecided]
            if not matching:
                self.exchange.missed = [r for r in rules if r.origin != "file"]
        if magic := self._magic_rule():
            matching.append(magic)
        if fired := await self.sandbox.claim(matching) if matching else ():
            self.exchange.note_rules(fired)
        return self.exchange.effect

    def _rules(self) -> Sequence[Rule]:
        """Those that may be meant: beside images none that names no operation."""
        return [rule for rule in self.sandbox.rules if rule.when.names_operation]

    def _magic_rule(self) -> Rule | None:
        """That of a magic word."""
        return None

    async def refusal(self, reason: Reason, retry_after: float | None = None) -> ApiError:
        """The error of a rule, with a value for whatever its words mention."""
        told = beside(reason) | self._values()
        if reason is Reason.RATE_LIMITED:
            usual = _MINUTE // told["limit"] if retry_after is None else round(retry_after * 1000)
            return await self._rate_limited(told, usual)
        return ApiError(reason, **told | self._mentioned(reason))

    def _values(self) -> dict[str, Any]:
        """What the words of a limit mention, where a rule refuses."""
        return {
            "organization": self.caller.organization,
            "limit": _PER_MINUTE,
            "used": _PER_MINUTE,
            "requested": 1,
            "current": _PER_MINUTE + 1,
        }

    def _mentioned(self, reason: Reason) -> dict[str, Any]:
        """What else words mention, whatever was asked for."""
        config = self.world.config
        told: dict[str, Any] = {
            "method": self.exchange.record.method,
            "path": self.exchange.record.path,
            "key": self.exchange.record.key.replace("…", "*" * 8),
            "host": host_in(self.exchange.header(b"host") or "localhost"),
        }
        match reason:
            case Reason.BODY_TOO_LARGE:
                told |= {"limit": config.max_body, "read": config.max_body + 1}
            case Reason.NO_ROOM_FOR_BODY:
                told |= {"most": self.world.heavy.room}
            case Reason.SANDBOXES_FULL:
                told |= {"most": SANDBOXES}
            case Reason.CONNECTIONS_FULL:
                told |= {"most": config.max_connections}
        return told

    async def _rate_limited(self, told: Mapping[str, Any], wait_ms: int) -> ApiError:
        """The 429 of a limit, with the wait that it tells."""
        told_ms = await self._told_wait(wait_ms)
        if self.exchange.effect.as_date:
            self._add_wait(wait_ms, told_ms)
        wait = {
            "wait": f"{wait_ms}ms" if wait_ms < 1000 else f"{wait_ms / 1000:g}s",
            "seconds": f"{wait_ms / 1000:g}",
            "retry_after": whole_seconds(wait_ms),
            "retry_after_ms": told_ms,
        }
        return ApiError(Reason.RATE_LIMITED, **{**told, **wait})

    async def _told_wait(self, wait_ms: int) -> int:
        """The milliseconds that a client is told to wait: thousandths, where the clock stands.

        Not so if this client would not serve the wait: it shall see what it would see elsewhere.
        """
        if not (self.sandbox.options.standing and self._would_serve(wait_ms)):
            return wait_ms
        sent = scaled(wait_ms, round((self.sandbox.options.shortest_wait or 0) * 1000))
        if attempt := self.exchange.record.attempt:
            real = self.world.clock.now()
            until = self.sandbox.now(real) + wait_ms * _NANOSECONDS
            await self.sandbox.tell_wait(Wait(attempt.body, real, wait_ms, until, sent))
        return sent

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

    def _add_wait(self, wait_ms: int, told_ms: int) -> None:
        """Tell a wait in the answer's headers, as the rule wants it: in seconds or as a date.

        A date is by the machine's clock, wherever the sandbox's stands: clients hold it against
        their own. It knows whole seconds only, so thousandths of the wait are told beside it.
        """
        effect, after = self.exchange.effect, str(whole_seconds(wait_ms))
        if effect.as_date:
            end = self.world.clock.now() + wait_ms * _NANOSECONDS
            after = formatdate(-(-end // SECOND), usegmt=True)
        told: Lines = (("retry-after", after),)
        if self.sandbox.options.standing:
            told += (("retry-after-ms", str(told_ms)),)
        self.exchange.effect = replace(effect, headers=(*told, *effect.headers))

    def _trace(self, decision: str) -> None:
        self.exchange.record.trace.append(decision)


@dataclass(slots=True)
class Admission(Door):
    """One valid request for pictures at the door."""

    request: ImageRequest

    async def admitted(self, receive: Receive) -> Effect:
        """Let the request through, and say what shall happen to its answer.

        Raises:
            ApiError: a rule, the key, the limit or the budget refuses it.
            ClientGone: the client left while a rule held the answer back.
        """
        try:
            effect = await self.passed(receive)
        except ClientGone as gone:
            if not (isinstance(gone, Released) or self.exchange.line):  # no batch's
                await self._abandoned()
            raise
        if effect.reply:
            return effect
        self.check_key(self.request.model)
        await self._admit()
        return effect

    async def _abandoned(self) -> None:
        """Do for a client that left what would have been done for one that waited, if it would."""
        effect = self.exchange.effect
        if effect.error or effect.reply or is_unpaid(self.world, self.exchange):
            return
        with suppress(ApiError):  # which nobody hears
            self.check_key(self.request.model)
            await self._admit()

    def _rules(self) -> Sequence[Rule]:
        """Those that may be meant: all."""
        return self.sandbox.rules

    def _magic_rule(self) -> Rule | None:
        """That of a magic word in the prompt; what is misspelt the client is told."""
        words, prompt = self.world.magic, self.request.prompt
        if not words or ":" not in prompt:
            return None
        for text in words.misspelt(prompt):
            self.world.warn(self.exchange, text)
        return words.rule(prompt)

    def _values(self) -> dict[str, Any]:
        limits = {limit.unit: limit.per_minute for limit in self._limits()}
        limit = limits.get(IMAGES) or 1
        return self._told(Limit(IMAGES, limit), limit)

    def _mentioned(self, reason: Reason) -> dict[str, Any]:
        told, n = Door._mentioned(self, reason), self.request.n
        if reason in (Reason.OVER_LIMIT, Reason.NOT_OF_TIER):  # these never pass, however they wait
            most = n - 1 if reason is Reason.OVER_LIMIT else 0
            told |= {"limit": most, "used": 0, "current": n}
        return told | Examples(self.exchange.era.facts, self.request).of(reason)

    async def _admit(self) -> None:
        """Take the charge from the minute and pay the bill, or refuse."""
        bill, surface = self._bill(), self.exchange.surface
        verdict = await self.sandbox.admit(
            surface.bucket() if surface else self.world.costs.bucket_of(self.request.model),
            limits=self._limits(),
            charge=self._charge(),
            bill=bill,
            now=bill.at,
        )
        if surface:
            surface.admitted(verdict)
        limit = verdict.limit
        if verdict.admitted:
            self.exchange.record.usd += bill.usd
            if limit:
                self.world.counts.met(self.request.model, verdict.used, limit.per_minute)
                self._trace(f"limit {limit.told}: {verdict.used} used")
            return
        self.exchange.record.scripted = True
        if limit is None:
            of = f" of the {verdict.budget}" if verdict.budget != "all" else ""
            self._trace(f"budget{of}: ${bill.usd:g} more would exceed it")
            raise ApiError(self._over_budget(verdict.budget))
        raise await self._over(limit, verdict)

    async def _over(self, limit: Limit, verdict: Verdict) -> ApiError:
        """The refusal of a limit."""
        told = self._told(limit, verdict.used)
        more = told["requested"]
        self.world.counts.met(self.request.model, verdict.used + more, limit.per_minute)
        self._trace(f"limit {limit.told}: {verdict.used} used, {more} more is too many")
        if verdict.wait_ms is None:
            return ApiError(Reason.OVER_LIMIT if limit.per_minute else Reason.NOT_OF_TIER, **told)
        return await self._rate_limited(told, verdict.wait_ms)

    def _over_budget(self, budget: str) -> Reason:
        """Why a request is refused that would exceed a budget."""
        billing = self.exchange.era.facts.billing
        return Reason(billing.credit if budget == "all" else billing.limit)

    def _bill(self) -> Bill:
        """What the request costs, now."""
        request = self.request
        return Bill(
            self.exchange.record.id,
            self.sandbox.now(self.world.clock.now()),
            request.model[:_NAME],
            str(request.options.get("size") or "")[:_NAME],
            request.n,
            self._price(),
            request.operation,
            request.usage,
        )

    def _price(self) -> int:
        """The price of the request, in micro-dollars."""
        request, facts = self.request, self.exchange.era.facts
        # What answers for any model has sizes that the model has no price for.
        model = facts.stand_in or request.model
        price = self.world.costs.price(self.sandbox.options, model)
        found = amount(price, request.options, request.n, request.usage)
        line = self.exchange.line
        return round(found * line.share) if line else found

    def _charge(self) -> Mapping[str, int]:
        if self.exchange.surface:
            return self.exchange.surface.charge()
        return charge(self.request.charged, self.request.usage)

    def _limits(self) -> tuple[Limit, ...]:
        if self.exchange.line:  # a batch has limits of its own
            return ()
        if self.exchange.surface:
            return self.exchange.surface.limits(self.caller, self.sandbox.options)
        return self.world.costs.limits_of(self.caller, self.sandbox.options, self.request.model)

    def _told(self, limit: Limit, used: int) -> dict[str, Any]:
        """What the words of a limit mention."""
        requested = self._charge().get(limit.unit, 0)
        return {
            "model": self.request.model,
            "family": self.world.costs.bucket_of(self.request.model),
            "organization": self.caller.organization,
            "limit": limit.per_minute,
            "used": used,
            "requested": requested,
            "current": used + requested,
        }
