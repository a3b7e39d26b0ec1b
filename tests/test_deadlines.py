"""Who is late, who drips, who gives way: decisions by an injected clock, without a socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, count, pairwise
from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockserver.server.crowd import RESERVE, SPARE, Crowd, bound
from mockserver.server.deadlines import PROGRESS, Seen, Stage, Times, Watch, Watchman, watched
from mockserver.server.drips import Drips

TIMES = Times(head=10.0, body=30.0, send=30.0)
TIMED = [s for s in Stage if TIMES.of(s) < inf]
few = settings(max_examples=30)
looks = st.lists(st.floats(0.01, 2.0), min_size=1, max_size=80).map(
    lambda gaps: [*accumulate(gaps)]
)


def verdicts(stage: Stage, moments: list[tuple[float, int]], times: Times = TIMES) -> list[bool]:
    """Whether it is late at each moment, of a connection that begins at 0 with no bytes."""
    watch = watched(None, Seen(stage, 1, moments[0][1]), 0.0, times)
    late = []
    for now, amount in moments:
        watch = watched(watch, Seen(stage, 1, amount), now, times)
        late.append(watch.is_late(now, times))
    return late


@few
@given(stage=st.sampled_from(TIMED), moments=looks)
def test_without_progress_a_client_is_late_once_its_time_is_over_and_never_before(
    stage: Stage, moments: list[float]
) -> None:
    late = verdicts(stage, [(now, 500) for now in moments])
    assert late == [now >= TIMES.of(stage) for now in moments]


@few
@given(stage=st.sampled_from([Stage.BODY, Stage.REST]), gaps=looks, more=st.integers(0, 9_000))
def test_a_body_that_makes_ten_kilobytes_in_ten_seconds_may_take_as_long_as_it_likes(
    stage: Stage, gaps: list[float], more: int
) -> None:
    steady = [(float(now), (PROGRESS + more) * now // 9) for now in range(1, 400)]
    assert not any(verdicts(stage, steady))
    uneven = [(now, int(now * (PROGRESS + more) / 5)) for now in gaps]
    assert not any(verdicts(stage, uneven))


@few
@given(pace=st.integers(1, PROGRESS // 11))
def test_a_body_that_drips_is_late_however_long_it_drips(pace: int) -> None:
    late = verdicts(Stage.BODY, [(float(now), now * pace) for now in range(1, 60)])
    assert late.index(True) == 29


@pytest.mark.parametrize("stage", [Stage.HEAD, Stage.ASK])
def test_bytes_are_no_progress_where_a_whole_head_is_wanted(stage: Stage) -> None:
    late = verdicts(stage, [(float(now), now * 60_000) for now in range(1, 70)])
    assert late.index(True) == TIMES.of(stage) - 1


@few
@given(sizes=st.lists(st.integers(1, 1 << 20), min_size=2, max_size=60))
@example(sizes=[5] * 40)
def test_an_answer_that_gets_shorter_is_taken_and_one_that_grows_is_not(sizes: list[int]) -> None:
    last = 0.0
    for now, (before, size) in zip(count(1.0), pairwise([sizes[0], *sizes]), strict=False):
        last = now if size < before else last
        (*_, late) = verdicts(
            Stage.TAKE, [(float(n + 1), s) for n, s in enumerate(sizes[: int(now)])]
        )
        assert late is (now - last >= TIMES.send)


@few
@given(seen=st.lists(st.tuples(st.sampled_from(Stage), st.integers(0, 3)), min_size=1))
def test_another_stage_and_another_request_begin_anew(seen: list[tuple[Stage, int]]) -> None:
    watch: Watch | None = None
    before: tuple[Stage, int] | None = None
    since = 0.0
    for now, (stage, request) in enumerate(seen):
        since = since if (stage, request) == before else float(now)
        watch = watched(watch, Seen(stage, request), float(now), TIMES)
        assert watch.since == since
        before = (stage, request)


def test_without_a_bound_nobody_is_late() -> None:
    for stage in (Stage.HEAD, Stage.BODY, Stage.REST, Stage.TAKE):
        assert not any(verdicts(stage, [(1e9, 1), (2e9, 1)], Times(inf, inf, inf)))


@dataclass
class Client:
    """A connection that stays as it is."""

    stage: Stage
    watch: Watch | None = None
    ended: list[Stage] = field(default_factory=list)

    def seen(self) -> Seen:
        return Seen(self.stage)

    def end(self, stage: Stage) -> None:
        self.ended.append(stage)


def test_a_watchman_ends_the_late_with_the_stage_that_they_are_late_in() -> None:
    clients = [Client(stage) for stage in Stage]
    watchman = Watchman(TIMES)
    for now in range(1, 200):
        watchman.look(clients, float(now))
        for client in clients:
            assert bool(client.ended) == (now > TIMES.of(client.stage))
        if now > TIMES.head:
            clients = [c for c in clients if not c.ended]
    assert [c.stage for c in clients] == [Stage.NOTHING]


def test_whose_server_stood_still_is_not_late() -> None:
    client, watchman = Client(Stage.HEAD), Watchman(TIMES)
    for now in (1.0, 2.0, 3600.0, 7200.0, 90_000.0):
        watchman.look([client], now)
    assert not client.ended


def test_two_hundred_that_are_late_at_once_are_ended_a_few_at_a_time() -> None:
    clients, watchman = [Client(Stage.BODY) for _ in range(200)], Watchman(TIMES)
    now, pauses = 0.0, []
    while clients:
        pauses.append(watchman.look(clients, now))
        now += pauses[-1]
        ended = [c for c in clients if c.ended]
        assert len(ended) <= 8
        clients = [c for c in clients if not c.ended]
    assert now < TIMES.body + 3
    assert set(pauses) == {1.0, 0.02}


@pytest.mark.parametrize(
    ("times", "tick"),
    [(TIMES, 1.0), (Times(0.2, 30, 30), 0.05), (Times(inf, inf, inf), 1.0), (Times(0.001), 0.01)],
)
def test_a_watchman_looks_once_a_second_or_as_often_as_short_times_want_it(
    times: Times, tick: float
) -> None:
    assert Watchman(times).look([], 5.0) == tick


# -- who drips


def pauses(pieces: list[tuple[float, int]]) -> list[float]:
    """The pause after each piece, that is how many seconds after the last and has so many bytes."""
    drips, now, read, found = Drips(), 0.0, 0, []
    for gap, size in pieces:
        now, read = now + gap, read + size
        found.append(drips.pause(1, read, lambda at=now: at))  # type: ignore[misc]
    return found


def test_who_drips_is_read_less_and_less_but_at_least_every_second_or_so() -> None:
    found = pauses([(0.05, 1)] * 60)
    assert found[: Drips.MANY - 1] == [0.0] * (Drips.MANY - 1)
    assert all(0.2 <= pause <= 1.2 for pause in found[Drips.MANY :])
    assert found[-1] > found[Drips.MANY]


@few
@given(st.lists(st.tuples(st.floats(0, 0.001), st.integers(100, 1023)), max_size=300))
def test_an_upload_in_small_writes_never_waits(pieces: list[tuple[float, int]]) -> None:
    assert not any(pauses(pieces))


def test_who_stops_dripping_is_read_at_once_again() -> None:
    found = pauses([(0.05, 1)] * 40 + [(0.001, 1000)] * 5)
    assert found[-6] > 0
    assert found[-4:] == [0.0] * 4


def test_each_request_of_a_connection_is_judged_by_itself() -> None:
    drips = Drips()
    assert not any(drips.pause(number, number, lambda: 60.0) for number in range(500))


# -- who gives way


@dataclass(eq=False)
class Connection:
    """One that is idle until a time, or busy."""

    idle_until: float | None
    others: set[Connection]

    def close_idle(self) -> None:
        self.others.discard(self)


@few
@given(
    idle=st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=3, max_size=12),
    came=st.integers(1, 10),
)
def test_a_new_connection_takes_the_place_of_the_one_that_idles_longest(
    idle: list[float | None], came: int
) -> None:
    there: set[Connection] = set()
    there |= {Connection(until, there) for until in idle}
    crowd = Crowd(len(there))
    known = sorted(until for until in idle if until is not None)
    for number in range(1, came + 1):
        there.add(Connection(None, there))
        has_room = crowd.makes_room(there)
        assert has_room is (number <= len(known))
        left = sorted(c.idle_until for c in there if c.idle_until is not None)
        assert left == known[number:]
        beyond = max(0, number - len(known))
        assert crowd.has_reserve(there) is (beyond <= RESERVE)


def test_who_is_asked_meanwhile_keeps_its_place() -> None:
    there: set[Connection] = set()
    first, second = Connection(1.0, there), Connection(2.0, there)
    there |= {first, second, Connection(3.0, there), Connection(None, there)}
    crowd = Crowd(3)
    assert crowd.makes_room(there)
    assert first not in there
    second.idle_until = 9.0
    there.add(Connection(None, there))
    assert crowd.makes_room(there)
    assert second in there


def test_the_bound_leaves_room_for_what_else_is_opened() -> None:
    resource = pytest.importorskip("resource")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert bound(5) == 5
    if files != resource.RLIM_INFINITY:
        assert bound(10 * files) == files - SPARE - RESERVE
