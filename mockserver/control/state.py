"""What the control API changes: rules, clock, limits, ledger, sandboxes. Journal: see `journal`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver import settings
from mockserver.clock import SECOND
from mockserver.control.journal import aftermath
from mockserver.control.request import (
    ControlError,
    ControlRequest,
    instead,
    not_found,
    refuse,
    seconds_of,
)
from mockserver.control.shown_settings import shown
from mockserver.core.decoding import MOST_USD, is_number
from mockserver.core.journal import LOST, RECEIVED
from mockserver.core.keys import Caller
from mockserver.core.limits import admit
from mockserver.core.rules.effects import PLAIN, Effect
from mockserver.core.rules.files import told_image
from mockserver.core.rules.parser import RuleError, rule_of, told
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import FARTHEST, MICRO, Options
from mockserver.core.sandbox.account import Account
from mockserver.core.sandbox.state import EMPTIED
from mockserver.core.shapes import SWITCH, TEXT, USD, Schema, Shape, or_null, whole
from mockserver.facts.costs import IMAGES
from mockserver.store import Sandbox

PARTS = tuple(EMPTIED)
BUDGETS = ("budget_usd", "budget_day_usd", "budget_month_usd")
_OF_BILL = ("id", "model", "size", "n", "usd")
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_OF_ANSWERS = ("id", "fired", "origin", "sandbox")  # what a rule is told with, and not asked with
Told = dict[str, Any]


# -- rules -------------------------------------------------------------------------------------


async def rules(request: ControlRequest) -> Told:
    """The rules, in the order in which they are tried."""
    return {"rules": [_told(s, r) for s, r in await _tried(request)]}


async def add_rule(request: ControlRequest) -> Told:
    """A further rule."""
    sandbox, rule = await request.ruled(), _rule(request)
    if request.is_of_all:
        rule = rule._replace(origin="all")
    return _told(sandbox, await sandbox.add(rule))


async def remove_rules(request: ControlRequest) -> Told:
    """Take away all but the configuration file's."""
    sandbox = await request.ruled()
    for rule in [r for r in sandbox.rules if r.origin != "file"]:
        await sandbox.remove(rule.id)
    return {}


async def rule(request: ControlRequest) -> Told:
    """One rule."""
    return _told(*await _found(request))


async def put_rule(request: ControlRequest) -> Told:
    """Another rule in its place."""
    sandbox, old = await _named(request)
    new = _rule(request, old.then)._replace(id=old.id, origin=old.origin)
    await sandbox.put(new)
    return _told(sandbox, new)


async def remove_rule(request: ControlRequest) -> Told:
    """Take one rule away.

    One of the configuration file comes back with a reset.
    """
    sandbox, old = await _named(request)
    await sandbox.remove(old.id)
    return {}


def _rule(request: ControlRequest, there: Effect = PLAIN) -> Rule:
    """The rule in a body, which may have been told so before; files are those that are there."""
    body = request.body
    if isinstance(body, dict):
        body = {k: v for k, v in body.items() if k not in _OF_ANSWERS}
        if isinstance(then := body.get("then"), dict):
            body["then"] = then | _kept_files(then, there)
    return rule_of(body)


def _kept_files(then: Mapping[str, Any], there: Effect) -> dict[str, Any]:
    found, kept = {}, dict(there.addresses)
    if "image" in then:
        found["image"] = _kept(then["image"], there.image)
    if isinstance(told := then.get("addresses"), dict):
        found["addresses"] = {k: _kept(file, kept.get(k)) for k, file in told.items()}
    return found


def _kept(told: Any, file: Any) -> Any:
    """A rule's file, where it is told as the one that is there."""
    return file if isinstance(file, str) and told == told_image(file) else told


async def _tried(request: ControlRequest) -> list[tuple[Sandbox, Rule]]:
    """The rules that are meant, of all sandboxes each once; each with the sandbox that it is of."""
    everyone = await request.world.store.everyone()
    if request.is_of_all:
        return [(everyone, r) for r in everyone.rules]
    sandboxes = await request.sandboxes()
    tried = [(everyone if r.origin == "all" else s, r) for s in sandboxes for r in s.rules]
    tried += [(everyone, r) for r in everyone.rules if request.is_general]
    return list({(s.name, r.id): (s, r) for s, r in tried}.values())


async def _named(request: ControlRequest) -> tuple[Sandbox, Rule]:
    """A rule that shall change: one of all sandboxes only where all are named."""
    await request.ruled()  # which refuses where none is named
    sandbox, rule = await _found(request)
    if rule.origin == "all" and not request.is_of_all:
        refuse(f"Rule {rule.id} is of all sandboxes: change it with ?sandbox=*.", "sandbox")
    return sandbox, rule


async def _found(request: ControlRequest) -> tuple[Sandbox, Rule]:
    found = [(s, r) for s, r in await _tried(request) if r.id == request.id]
    if not found:
        not_found(f"There is no rule {request.id!r} here.")
    if len(found) > 1:
        await request.sandbox()  # which refuses
    return found[0]


def _told(sandbox: Sandbox, rule: Rule) -> Told:
    fired = sandbox.counted(rule.id).fired
    return told(rule) | {"fired": fired, "origin": rule.origin, "sandbox": sandbox.name}


# -- clock -------------------------------------------------------------------------------------


async def clock(request: ControlRequest) -> Told:
    """The time.

    It is the sandbox's, or the server's where none is named.
    """
    real = request.world.clock.now()
    if request.is_general:
        return {"now": real / SECOND, "moved": 0.0, "standing": False}
    sandbox = await request.sandbox()
    standing, moved = sandbox.options.standing, sandbox.offset / SECOND
    return {"now": sandbox.now(real) / SECOND, "moved": moved, "standing": standing}


async def advance(request: ControlRequest) -> Told:
    """Move the clock on."""
    sandbox, asked = await request.sandbox(), request.fields(*UNITS)
    if not asked:
        refuse(f"Say how far, by {', '.join(UNITS)}: numbers; or a text, as 90s or 2h, as seconds.")
    seconds = sum(_in_seconds(unit, value) for unit, value in asked.items())
    if sandbox.offset / SECOND + seconds > FARTHEST:
        refuse(f"A clock can be moved on by {FARTHEST} seconds in all.", "seconds")
    await sandbox.advance(round(seconds * SECOND))
    return await clock(request)


def _in_seconds(unit: str, value: Any) -> float:
    """So many of a unit, in seconds. A text has a unit of its own, and so goes with seconds."""
    if unit == "seconds":
        return seconds_of(unit, value, FARTHEST)
    if not is_number(value) or not 0 <= value <= FARTHEST:
        raise RuleError(f"{unit} must be a number from 0 to {FARTHEST}")
    return value * UNITS[unit]


# -- limits ------------------------------------------------------------------------------------


async def limits(request: ControlRequest) -> Told:
    """Images a minute.

    Each model's, or its family's that shares them, and how many are used; a further bucket has a
    row of its own.
    """
    world = request.world
    options, caller = Options(), request.caller or Caller("")
    if not request.is_general:
        sandbox = await request.sandbox()
        options, caller = sandbox.options, request.caller or world.keyring.of(sandbox.name)
    accounts = [(await s.account(), s.now(world.clock.now())) for s in await request.sandboxes()]
    rows: list[Told] = []
    for model, one in {world.costs.bucket_of(m): m for m in world.costs.limits}.items():
        limits = world.costs.limits_of(caller, options, one)
        rows += [] if limits else [{"model": model, "per_minute": None, "used": 0}]
        for limit in limits:
            held = [(account.buckets.get((model, limit.unit)), now) for account, now in accounts]
            used = sum(admit(b, limit, 0, now)[1].used for b, now in held)
            unit = {} if limit.unit == IMAGES else {"unit": limit.unit}
            rows.append({"model": model, "per_minute": limit.per_minute, "used": used} | unit)
    return {"limits": rows}


async def put_limits(request: ControlRequest) -> Told:
    """Another limit or tier, with a full minute.

    The limit is every model's; null is the server's own. What is left of another limit's says
    nothing about it.
    """
    sandbox, asked = await request.sandbox(), request.fields("per_minute", "tier")
    await sandbox.configure(_settled(asked))
    await sandbox.refill()
    return await limits(request)


async def refill(request: ControlRequest) -> Told:
    """Let the minute be over."""
    await (await request.sandbox()).refill()
    return await limits(request)


# -- ledger ------------------------------------------------------------------------------------


async def ledger(request: ControlRequest) -> Told:
    """What was spent."""
    sandboxes = await request.sandboxes()
    options = Options() if request.is_general else sandboxes[0].options
    accounts = [(await s.account(), s.now(request.world.clock.now())) for s in sandboxes]
    budget = options.budget
    spent = sum([account.spent for account, _ in accounts])
    lost = sum([account.money.lost for account, _ in accounts])
    billed = [b for s in sandboxes for b in await s.billed()]
    return {
        "spent_usd": spent / MICRO,
        "received_usd": (spent - lost) / MICRO,
        "lost_usd": lost / MICRO,
        "budget_usd": None if budget is None else budget / MICRO,
        **_of_times(options, *accounts[0] if accounts else (Account(), 0)),
        "prices": options.prices or request.world.config.prices,
        "requests": [
            {name: getattr(b, name) for name in _OF_BILL} | {"paid": LOST if b.lost else RECEIVED}
            for b in sorted(billed, key=lambda b: b.at)
        ],
    }


def _of_times(options: Options, account: Account, now: int) -> Told:
    """The budgets of a day and of a month, where there is one, and what was spent of them."""
    today, found = now // (86_400 * SECOND), Told()
    for time, budget, spent_in in (
        ("day", options.budget_day, account.money.spent_on),
        ("month", options.budget_month, account.money.spent_in_month_of),
    ):
        if budget is not None:
            found[f"spent_{time}_usd"] = spent_in(today) / MICRO
            found[f"budget_{time}_usd"] = budget / MICRO
    return found


async def put_ledger(request: ControlRequest) -> Told:
    """Other budgets.

    In all, by day, by month; those that are not named stay.
    """
    sandbox, asked = await request.sandbox(), request.fields(*BUDGETS)
    await sandbox.configure(_settled(asked))
    return await ledger(request)


# -- sandboxes ---------------------------------------------------------------------------------


async def reset(request: ControlRequest) -> Told:
    """Empty a sandbox or parts of it; all sandboxes where none is named."""
    only = request.fields("only").get("only", list(PARTS))
    if not isinstance(only, list):
        raise RuleError(f"only must be a list of {', '.join(PARTS)}")
    for part in only:
        if part not in PARTS:
            refuse(f"only can't have {part!r}; {instead(str(part), PARTS)}", "only")
    is_all = request.is_general and not request.team
    everyone = [await request.world.store.everyone()] if is_all else []
    for sandbox in [*await request.sandboxes(), *everyone]:
        await sandbox.forget(only=only)
    return {}


async def renew(request: ControlRequest) -> Told:
    """Begin a sandbox anew; `late` is what its life that ends saw late.

    `ended` is what that life came to.
    """
    old = await request.sandbox()
    begun = request.world.clock.now()
    asked = request.fields(*OPTIONS)
    if asked.get("as_of") is not None and request.world.config.validation == settings.SCHEMA:
        refuse(_NO_DAY, "as_of")
    options = Options(begun=begun, **_settled(asked))
    sandbox = await request.world.renew(old.name, options)
    ended = await aftermath(old)  # which nothing comes to any more
    return {"sandbox": sandbox.name, "late": len(ended["late"]), "ended": ended}


_NO_DAY = (
    "as_of goes with --validation real alone: a schema has no day. Leave it out, or start the "
    "server without --validation schema."
)


async def sandboxes(request: ControlRequest) -> Told:
    """All sandboxes, the longest idle first."""
    return {"sandboxes": [await _summary(s) for s in await request.sandboxes()]}


async def _summary(sandbox: Sandbox) -> Told:
    return {
        "name": sandbox.name,
        "requests": len(await sandbox.requests()),
        "rules": len(sandbox.rules),
        "spent_usd": (await sandbox.account()).spent / MICRO,
    }


async def config(request: ControlRequest) -> Told:
    """The settings; what is secret is hidden."""
    return {"settings": shown(request.world.config)}


def _settled(asked: Told) -> Told:
    """Options as a sandbox has them, from their names and values in JSON."""
    found = {name: OPTIONS[name].read(name, value) for name, value in asked.items()}
    return {name.removesuffix("_usd"): v for name, v in found.items()}


def _setting(parse: Callable[[str], Any], schema: Schema) -> Shape[Any]:
    def read(name: str, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str) and not is_number(value):
            raise RuleError(f"{name} must be a text, a number or null")
        is_whole = isinstance(value, float) and value.is_integer()
        try:
            return parse(str(int(value) if is_whole else value))
        except ValueError as error:
            raise ControlError(400, f"{name} {error}.", "invalid_request", param=name) from None

    return Shape(read, schema)


def _micro(name: str, value: Any) -> int:
    if not is_number(value) or not 0 <= value <= MOST_USD:
        raise RuleError(f"{name} must be an amount in USD from 0 to {MOST_USD}, or null for none")
    return round(float(value) * MICRO)


#: What a sandbox can be set to.
OPTIONS: Mapping[str, Shape[Any]] = {
    "tier": _setting(settings.tier, {"enum": ["free", *"12345", "off", *range(1, 6), None]}),
    "as_of": _setting(lambda value: str(settings.as_of(value)), or_null(TEXT)),
    "seed": _setting(settings.text, or_null({"type": ["string", "number"], "pattern": r"\S"})),
    "sizes": _setting(settings.sizes, or_null(TEXT)),
    "prices": _setting(settings.prices, or_null(TEXT)),
    "latency": _setting(settings.latency, or_null(TEXT)),
    "batch_time": _setting(settings.seconds, or_null(TEXT)),
    "shortest_wait": _setting(settings.seconds, or_null(TEXT)),
    "abandoned": _setting(
        settings.one_of(*settings.ABANDONED), {"enum": [*settings.ABANDONED, None]}
    ),
    "repeats": _setting(settings.repeats, {"enum": ["same", "vary", None]}),
    "per_minute": whole(0).or_null(),
    **dict.fromkeys(BUDGETS, Shape(_micro, USD | {"maximum": MOST_USD}).or_null()),
    "standing": SWITCH,
}
