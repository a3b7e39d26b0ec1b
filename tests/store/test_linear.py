"""Any calls of several views, one by one or at once: as one memory that has them in the log's order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from itertools import count, cycle
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.errors import ApiError
from mockserver.core.files import File
from mockserver.core.journal import Attempt, Record
from mockserver.core.rules.parser import RuleError, rule_of
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.items import Item
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import Limit
from mockserver.store import Sandbox, codec
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import EVERYONE
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.shared import SharedStore
from tests.store.replicas import differing
from tests.store.steps import FakeLog, FakeSteps
from tests.store.views import FORM, SECOND, START

BOUNDS: dict[str, Any] = {"sandboxes": 3, "state_bytes": 60_000}
NAMES = ("a", "b", "c", "d")
VIEWS = 3
TIMES: ContextVar[list[int]] = ContextVar("TIMES")  # at which whoever asks looked at the clock


# -- calls -------------------------------------------------------------------------------------


class Call(NamedTuple):
    """One call of a view."""

    view: int
    sandbox: str
    method: str  # "look" only looks
    given: tuple[Any, ...] = ()
    is_kept: bool = False  # it goes by the handle of an earlier call, whose life may be over


LIMITS = st.lists(
    st.builds(Limit, st.sampled_from(["images", "tokens"]), st.integers(0, 3)), max_size=2
)
AT = st.integers(START, START + 90 * SECOND)


def _rule(times: int, is_next: bool, size: int, delay: bool) -> Any:
    then = {"delay": 1} if delay else {"respond": {"body": "x" * size}}
    return rule_of({"then": then, "next": is_next} | ({"times": times} if times else {}))


RULES = st.builds(
    _rule,
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([1, 9_000, 20_000]),
    st.booleans(),
)
IDS = st.sampled_from(["r1", "r2", "r3", "a1", "a2"])
BODIES = st.sampled_from([b"x", b"y"])
BILLS = st.integers(0, 9).map(lambda micro: Bill("b", START, "m", "s", 1, micro, "o", {"x": 2}))
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "budget": st.integers(0, 20),
        "tier": st.none() | st.just("2"),
        "standing": st.booleans(),
    },
)
FILE = File("vision", "x", 0)
ITEMS = st.tuples(st.sampled_from("ij"), AT, st.integers(1, 9_000)).map(
    lambda told: Item(told[0], told[1], FILE, told[2], None)
)
CALLS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "look": st.just(()),
    "advance": st.tuples(st.integers(0, 9 * SECOND)),
    "configure": st.tuples(CHANGES),
    "add": st.tuples(RULES),
    "remove": st.tuples(IDS),
    "put": st.tuples(st.builds(lambda rule, name: rule._replace(id=name), RULES, IDS)),
    "claim": st.just(()),
    "admit": st.tuples(LIMITS, AT, st.none() | BILLS),
    "refill": st.just(()),
    "tell_wait": st.tuples(st.builds(Wait, BODIES, AT, st.integers(1, 99_000), AT)),
    "serve_wait": st.tuples(BODIES, AT),
    "repeat": st.tuples(BODIES),
    "take_back": st.tuples(BODIES, st.integers(0, 3)),
    "next_number": st.just(()),
    "lead": st.tuples(st.just("w"), AT, AT),
    "save": st.tuples(st.just("files"), ITEMS),
    "drop": st.tuples(st.just("files"), st.sampled_from("ij")),
    "forget": st.lists(
        st.sampled_from(["requests", "rules", "limits", "ledger", "clock", "files"]), max_size=3
    ).map(tuple),
    "renew": st.tuples(st.booleans().map(lambda stands: Options(standing=stands))),
    "write_down": st.tuples(
        st.integers(1, 20_000), st.integers(0, 4), st.none() | st.integers(0, 2)
    ),
}


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """A call of any view."""
    method = draw(st.sampled_from([*CALLS, *["add", "renew"] * 3]))
    names = [*NAMES, EVERYONE] if method in ("add", "remove", "put", "look", "forget") else NAMES
    name, view = draw(st.sampled_from(names)), draw(st.integers(0, VIEWS - 1))
    return Call(view, name, method, draw(CALLS[method]), is_kept=draw(st.booleans()))


class Seen(NamedTuple):
    """What a sandbox is like, as whoever looks at it is told at once."""

    number: int
    offset: int
    options: Options
    rules: tuple[tuple[str, int], ...]  # how often each was met


def seen(box: Sandbox | None) -> Seen | None:
    """A sandbox as it is now."""
    if box is None:
        return None
    rules = tuple((rule.id, box.counted(rule.id).seen) for rule in box.rules)
    return Seen(box.number, box.offset, box.options, rules)


class Told(NamedTuple):
    """What became of a call."""

    call: Call
    answer: Any
    times: list[int]
    began: int  # in the order of all beginnings and ends
    ended: int
    known: int  # steps in the log when it began
    last: int  # when it ended
    is_dead: bool  # the life that it was for may be over


# -- a run -------------------------------------------------------------------------------------


class Run:
    """Views, and what they were told."""

    def __init__(self, turns: Sequence[int]) -> None:
        self.log = FakeLog()
        self.log.turns = cycle(turns)
        self.clock, self.order = count(START, 1_000_000), count()
        self.views = [self.view() for _ in range(VIEWS)]
        self.kept: dict[tuple[int, str], Sandbox] = {}
        self.told: list[Told] = []

    def view(self) -> SharedStore:
        return SharedStore(FakeSteps(self.log), self.empty, self.now, FORM)

    def now(self) -> int:
        at = next(self.clock)
        with suppress(LookupError):
            TIMES.get().append(at)
        return at

    @staticmethod
    def empty(now: Any) -> MemoryStore:
        return MemoryStore(now=now, **BOUNDS)

    async def all_of(self, batches: Sequence[Sequence[Call]]) -> None:
        for batch in batches:
            async with asyncio.TaskGroup() as group:
                for call in batch:
                    group.create_task(self.one(call))
        for view in self.views:
            while saving := view._saving:
                await saving
            await view.sync()

    async def one(self, call: Call) -> None:
        times: list[int] = []
        TIMES.set(times)
        began, known = next(self.order), len(self.log.ever)
        kept = self.kept.get((call.view, call.sandbox)) if call.is_kept else None
        try:
            answer = await self._answer(self.views[call.view], call, kept)
        except (ApiError, RuleError) as refusal:
            answer = repr(refusal)
        last = len(self.log.ever)
        self.told.append(
            Told(call, answer, times, began, next(self.order), known, last, kept is not None)
        )

    async def _answer(self, view: SharedStore, call: Call, kept: Sandbox | None) -> Any:
        store: Any = view
        name, given = call.sandbox, call.given
        if call.method == "write_down":
            size, life, attempt = given
            tried = Attempt(b"x", "c", attempt)
            made = Record("r", START, "POST", "/v1/x", sandbox=name, attempt=tried, status=429)
            made.fields = {"prompt": "x" * size}
            made.close()
            return await store.write_down(made, life=life)
        if call.method == "renew":
            made = await store.renew(name, *given)
            return seen(self._remember(call, made))
        everyone = name == EVERYONE
        box: Any = kept or (await store.everyone() if everyone else await store.sandbox(name))
        looked = seen(self._remember(call, box))
        match call.method:
            case "look":
                return looked
            case "claim":
                return await box.claim(box.rules)
            case "admit":
                limits, at, bill = given
                charge = {"images": 1}
                return await box.admit("m", limits=limits, charge=charge, now=at, bill=bill)
            case "forget":
                return await box.forget(only=given)
            case method:
                return await getattr(box, method)(*given)

    def _remember(self, call: Call, box: Sandbox) -> Sandbox:
        if call.method in ("look", "renew"):
            self.kept[call.view, call.sandbox] = box
        self.kept.setdefault((call.view, call.sandbox), box)
        return box


# -- what is held against it -------------------------------------------------------------------


class Model:
    """One memory that takes the log's steps, and what it answered to each."""

    def __init__(self, log: FakeLog) -> None:
        self.at, self.answers = 0, dict[int, Any]()
        self.place = dict[int, int]()  # of a step in the log, by its time
        self.memory = Run.empty(lambda: self.at)
        self.looks: list[dict[str, Seen | None]] = [self.look()]
        for number, data in enumerate(log.ever):
            step, given = codec.read(data)
            self.at, self.place[step.at] = step.at, number
            self.answers[step.at] = self.answer(step, given)
            self.looks.append(self.look())

    def look(self) -> dict[str, Seen | None]:
        return {name: seen(self.memory.peek(name)) for name in (*NAMES, EVERYONE)}

    def answer(self, step: codec.Step, given: dict[str, Any]) -> Any:
        owner: Any = self.memory if step.sandbox is None else self.memory.peek(step.sandbox)
        if owner is None or (step.sandbox is not None and owner.number != step.life):
            return DEAD
        if isinstance(owner, MemorySandbox):
            self.memory.touch(owner)
        if step.method == "save":
            given["item"] = codec.unpacked_item(given["kind"], given["item"], _never)
        try:
            answer = getattr(owner, step.method)(**given)
            if asyncio.iscoroutine(answer):
                answer.send(None)
        except StopIteration as done:
            answer = done.value
        except (ApiError, RuleError) as refusal:
            return repr(refusal)
        return seen(answer) if isinstance(answer, MemorySandbox) else answer


DEAD = object()


async def _never(name: str, offset: int, length: int) -> bytes:
    raise AssertionError


def check(run: Run) -> None:
    """All that was told is what one memory would have told, in the order of the log."""
    model = Model(run.log)
    for told in run.told:
        steps = [at for at in told.times if at in model.place]
        _check_answer(told, steps, model)
    _check_order(run, model)
    late = run.view()
    asyncio.run(late.sync())
    for view in (*run.views, late):
        found = differing(model.memory, view.memory)
        assert not found, found


def _check_answer(told: Told, steps: list[int], model: Model) -> None:
    if isinstance(told.answer, Seen):  # which may be newer than what made it
        first = model.place[steps[-1]] + 1 if told.call.method == "renew" else told.known
        looks = [look[told.call.sandbox] for look in model.looks[first : told.last + 1]]
        assert told.is_dead or told.answer in looks, told
        return
    expected = model.answers[steps[-1]]
    if expected is not DEAD:
        assert codec.as_bytes(told.answer) == codec.as_bytes(expected), told


def _check_order(run: Run, model: Model) -> None:
    """Who began after another one's end has his step behind it."""
    places = [
        (told.began, told.ended, [model.place[at] for at in told.times if at in model.place])
        for told in run.told
    ]
    events = sorted(
        [(began, min(p, default=None)) for began, _, p in places]
        + [(ended, ~max(p)) for _, ended, p in places if p],
        key=lambda event: event[0],
    )
    behind = -1
    for _, at in events:
        if at is None:
            continue
        if at < 0:
            behind = max(behind, ~at)
        else:
            assert at > behind


def tried(batches: Sequence[Sequence[Call]], turns: Sequence[int], snapshot: int) -> None:
    run = Run(turns)
    often = patch("mockserver.store.shared.SNAPSHOT_STEPS", snapshot)
    with often, patch("mockserver.store.memory.MemoryStore.size", 0):
        asyncio.run(run.all_of(batches))
    check(run)


TURNS = st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any)
SNAPSHOTS = st.sampled_from([3, 7, 1_000])
one_by_one = given(st.lists(calls().map(lambda c: [c]), max_size=30), TURNS, SNAPSHOTS)
at_once = given(st.lists(st.lists(calls(), min_size=1, max_size=8), max_size=5), TURNS, SNAPSHOTS)


@at_once
@settings(max_examples=20)
def test_calls_are_answered_as_one_memory_would_in_the_order_of_the_log(
    batches: list[list[Call]], turns: list[int], snapshot: int
) -> None:
    tried(batches, turns, snapshot)


@pytest.mark.slow
@one_by_one
@settings(max_examples=500)
def test_the_same_of_many_calls_one_by_one(
    batches: list[list[Call]], turns: list[int], snapshot: int
) -> None:
    tried(batches, turns, snapshot)


@pytest.mark.slow
@at_once
@settings(max_examples=500)
def test_the_same_of_many_calls_at_once(
    batches: list[list[Call]], turns: list[int], snapshot: int
) -> None:
    tried(batches, turns, snapshot)
