"""What each team may have, and how long anything is kept: for all sequences of what is done."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.eviction import KEPT, Quota
from mockserver.core.teams import Teams
from mockserver.store.memory import MemoryStore
from mockserver.store.opening import Frame
from mockserver.store.shared import SharedStore
from tests.in_process import LOOP
from tests.store.replicas import born_again, differing
from tests.store.steps import FakeLog, FakeSteps

MIB = 1024 * 1024
DAY = 86_400 * 1_000_000_000
QUOTA = Quota(3, 8 * MIB)
TEAMS = ("", "art", "lab")

Do = tuple[Literal["use", "script", "ask", "wait"], str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["use", "use", "script", "ask", "ask", "wait"]),
        st.sampled_from(TEAMS),
        st.integers(0, 5),
    ),
    max_size=60,
)


def team_of(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


class Machine:
    """A store, and a clock that moves by hand."""

    def __init__(self, keep: float = float("inf")) -> None:
        self.now = 10 * DAY
        self.store = MemoryStore(
            sandboxes=4,
            state_bytes=QUOTA.state_bytes,
            now=lambda: self.now,
            team_of=team_of,
            of_team=QUOTA,
            keep=keep,
        )

    async def do(self, what: str, team: str, number: int) -> bool:
        """Take a step; whether there was room for it."""
        name = f"{team}.{number}" if team else f"s{number}"
        if what == "wait":
            self.now += KEPT // 2 * number
            return True
        try:
            box = await self.store.sandbox(name)
            if what == "script":
                await box.configure({"tier": "2"})
            if what == "ask":
                asked = Record(id="r", at=0, method="POST", path="/v1/x", sandbox=name)
                asked.size = MIB
                for _ in range(4):
                    await self.store.write_down(asked, life=0)
        except ApiError as error:
            assert error.reason is Reason.SANDBOXES_FULL
            return False
        return True

    def names(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {team: set() for team in TEAMS}
        for box in self.store.inside():
            found[team_of(box.name)].add(box.name)
        return found

    def journals(self, team: str) -> dict[str, int]:
        return {b.name: b.journal for b in self.store.inside() if team_of(b.name) == team}


@given(STEPS)
@settings(max_examples=60)
def test_no_team_exceeds_its_quota_and_nothing_of_another_goes_for_it(steps: list[Do]) -> None:
    machine = Machine()
    for what, team, number in steps:
        before = machine.names()
        journals = {t: machine.journals(t) for t in TEAMS}
        had_room = LOOP.run_until_complete(machine.do(what, team, number))
        after = machine.names()
        for other in TEAMS:
            if other != team:
                assert after[other] == before[other]
                assert machine.journals(other) == journals[other]
        for each in ("art", "lab"):
            assert len(after[each]) <= QUOTA.sandboxes
            assert sum(machine.journals(each).values()) <= QUOTA.state_bytes
        if not had_room:  # then all that the team has is set up and in use
            assert after == before
            boxes = [b for b in machine.store.inside() if team_of(b.name) == team]
            assert all(b.summary.is_set_up and b.used >= machine.now - KEPT for b in boxes)
        for each, room in machine.store.rooms.items():
            of_team = [b for b in machine.store.inside() if team_of(b.name) == each]
            assert room.number == len(of_team)
            everyones = LOOP.run_until_complete(machine.store.everyone()).size if not each else 0
            assert room.tally.taken == sum(b.size for b in of_team) + everyones


def test_a_team_whose_room_is_full_is_told_whose_room() -> None:
    machine = Machine()
    for number in range(3):
        LOOP.run_until_complete(machine.do("script", "art", number))
    with pytest.raises(ApiError) as refused:
        LOOP.run_until_complete(machine.store.sandbox("art.9"))
    assert refused.value.values["most"] == "3 of team art"


# -- how long ----------------------------------------------------------------------------------


@given(STEPS)
@settings(max_examples=30)
def test_what_nobody_used_for_so_long_is_there_for_nobody(steps: list[Do]) -> None:
    machine, used = Machine(keep=KEPT), dict[str, int]()
    for what, team, number in steps:
        if LOOP.run_until_complete(machine.do(what, team, number)) and what != "wait":
            used[f"{team}.{number}" if team else f"s{number}"] = machine.now
        there = {s.name for s in LOOP.run_until_complete(machine.store.sandboxes())}
        assert all(used[name] >= machine.now - KEPT for name in there)
        for name, at in used.items():
            found = LOOP.run_until_complete(machine.store.find(name))
            assert (found is None) == (name not in there)
            assert found is None or at >= machine.now - KEPT


class Pair:
    """Two processes that share a log."""

    def __init__(self, frame: Frame) -> None:
        self.now, self.frame, self.log = 10 * DAY, frame, FakeLog()
        self.stores = [self.begun() for _ in range(2)]

    def begun(self) -> SharedStore:
        return SharedStore(FakeSteps(self.log), self.frame.empty, lambda: self.now, self.frame.form)


@pytest.fixture
def teams() -> Teams:
    return Teams(("art", "lab"), b"secret", "sk-mock-")


def test_processes_agree_on_what_went_and_on_every_quota(teams: Teams) -> None:
    frame = Frame(MIB, MIB, (), "0", teams, Quota(2, MIB), 7.0 * DAY)
    names = [f"{letter * 16}{mark}" for mark in teams.marks.values() for letter in "abc"]

    async def check() -> None:
        pair = Pair(frame)
        one, other = pair.stores
        for day in range(12):
            pair.now += DAY
            name = names[day % len(names)]
            box = await pair.stores[day % 2].sandbox(name)
            if day < 4:
                await box.configure({"tier": "2"})
            await one.sync()
            await other.sync()
            assert not (apart := differing(one.memory, other.memory)), apart
            again = born_again(one.memory, frame.empty(lambda: pair.now))
            assert not (apart := differing(one.memory, again)), apart
        pair.now += 8 * DAY
        assert await other.find(names[-1]) is None
        await one.sync()
        assert one.memory.inside() == other.memory.inside() == []
        assert len(pair.log.steps) < 60  # nobody takes a step where nothing goes

    LOOP.run_until_complete(check())


def test_a_sandbox_whose_time_is_over_begins_anew_for_who_comes_back() -> None:
    async def check() -> None:
        pair = Pair(Frame(MIB, MIB, (), "0", keep=7.0 * DAY))
        one, other = pair.stores
        await (await one.sandbox("a")).advance(5)
        pair.now += 7 * DAY
        assert (await other.sandbox("a")).offset == 5
        await (await other.sandbox("a")).advance(1)
        pair.now += 7 * DAY + 1
        assert (await one.sandbox("a")).offset == 0
        assert [s.name for s in await other.sandboxes()] == ["a"]
        everyone = await one.everyone()
        assert everyone.rules == ()

    LOOP.run_until_complete(check())


def test_who_shares_a_log_has_the_same_teams_quotas_and_time_to_keep(teams: Teams) -> None:
    plain = Frame(MIB, MIB, (), "0")
    frames = [
        plain,
        plain._replace(keep=DAY),
        plain._replace(teams=teams, of_team=QUOTA),
        plain._replace(teams=teams, of_team=Quota(2, MIB)),
        plain._replace(teams=Teams(("art",), b"secret", "sk-mock-"), of_team=QUOTA),
    ]
    assert len({frame.form for frame in frames}) == len(frames)


def test_a_sandbox_that_begins_anew_has_nothing_of_what_it_was_set_to() -> None:
    async def check() -> None:
        machine = Machine(keep=KEPT)
        await machine.store.renew("a", Options(tier="2"))
        machine.now += KEPT + 1
        assert (await machine.store.sandbox("a")).options == Options()

    LOOP.run_until_complete(check())
