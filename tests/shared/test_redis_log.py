"""The log in Redis: numbers without gaps, all or nothing, and nothing that comes too late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import redis
from redis.asyncio import Connection
from redis.crc import key_slot
from redis.exceptions import MovedError

from mockserver.store import redis_line
from mockserver.store.redis import RedisSteps
from mockserver.store.redis_scripts import PART
from mockserver.store.steps import Away, Gone, Lost, Reached, Snapshot
from tests.shared import RedisServer, steps_at

Use = Callable[[RedisSteps, RedisSteps], Awaitable[Any]]
SECOND = 1_000_000_000


def used(url: str, use: Use, form: str = "form") -> Any:
    """What a use of a log by two processes comes to."""
    one, other = steps_at(url), steps_at(url)
    assert one.open(form) != other.open(form)

    async def run() -> Any:
        try:
            return await use(one, other)
        finally:
            await one.close()
            await other.close()

    return asyncio.run(run())


# -- steps -------------------------------------------------------------------------------------


def test_who_appends_hears_what_others_have_appended_before(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        assert await one.take([b"1", b"\0\xff"], 0) == []
        assert await other.take([b"3"], 0) == [b"1", b"\0\xff"]
        assert await one.since(2) == [b"3"]
        assert await one.since(3) == []

    used(url, use)


def test_what_is_far_behind_hears_all_and_appends_once(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        steps = [b"%d" % number for number in range(2 * PART + 10)]
        await one.take(steps, 0)
        assert await other.take([b"last"], 0) == steps
        assert (await one.since(len(steps) - 1))[1:] == [b"last"]

    used(url, use)


def test_many_at_once_have_numbers_without_gaps(url: str) -> None:
    async def use(*logs: RedisSteps) -> None:
        async def fill(name: bytes, log: RedisSteps) -> list[bytes]:
            known: list[bytes] = []
            for _ in range(50):
                known += [*await log.take([name], len(known)), name]
            return known + await log.since(len(known))

        one, other = await asyncio.gather(*map(fill, (b"a", b"b"), logs))
        assert [(k.count(b"a"), k.count(b"b")) for k in (max(one, other, key=len),)] == [(50, 50)]
        assert one[: len(other)] == other[: len(one)]

    used(url, use)


def test_scripts_that_the_server_has_forgotten_it_is_told_again(
    url: str, standing: RedisServer
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        with standing.client() as client:
            client.script_flush()
        assert await one.take([b"2"], 1) == []
        assert await other.since(0) == [b"1", b"2"]

    used(url, use)


def test_a_connection_that_was_closed_while_nobody_used_it_is_made_anew(
    url: str, standing: RedisServer
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        with standing.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)
        assert await one.take([b"2"], 1) == []
        assert await other.since(0) == [b"1", b"2"]

    used(url, use)


def test_a_step_that_was_not_answered_in_time_is_not_carried_out_later(server: RedisServer) -> None:
    log = steps_at(server.url(), patience=1)
    log.open("form")

    async def use() -> None:
        await log.take([b"1"], 0)
        server.stop()
        with pytest.raises(Away, match=r"did not answer within 1 s"):
            await log.take([b"2"], 1)
        server.go_on()
        assert await once_it_answers(lambda: log.reach(1)) == Reached(is_in=False)
        assert await once_it_answers(lambda: log.reach(1)) == Reached(is_in=False)
        assert await once_it_answers(lambda: log.since(1)) == []
        await log.close()

    async def once_it_answers(ask: Callable[[], Awaitable[Any]]) -> Any:
        while True:  # this machine may be slow
            with suppress(Away):
                return await ask()

    asyncio.run(use())


def test_of_a_step_whose_answer_was_lost_it_is_told_that_it_was_taken(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Connection.read_response

    async def lose(line: Connection, *given: Any, **named: Any) -> Any:
        await read(line, *given, **named)
        monkeypatch.setattr(Connection, "read_response", read)
        await line.disconnect(nowait=True)
        raise redis.exceptions.ConnectionError("Connection closed by server.")

    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        monkeypatch.setattr(Connection, "read_response", lose)
        with pytest.raises(Away, match="closed"):
            await one.take([b"2"], 1)
        assert await one.reach(1) == Reached(is_in=True)
        assert await other.since(0) == [b"1", b"2"]

    used(url, use)


def test_another_time_of_the_server_takes_no_step_twice_and_loses_none(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        one._ahead -= 3600 * 1_000_000  # as if its clock had been put forward since
        await one.take([b"2"], 1)
        assert await other.since(0) == [b"1", b"2"]

    used(url, use)


# -- snapshots ---------------------------------------------------------------------------------


def test_a_snapshot_lets_go_of_what_the_one_before_it_has(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1", b"2", b"3", b"4"], 0)
        assert await one.snapshot() == Snapshot(0, [])
        pieces = [b"x" * 3_000_000, b"", b"y"]
        await one.replace(Snapshot(2, pieces))
        assert await other.since(0) == [b"1", b"2", b"3", b"4"]
        await other.replace(Snapshot(1, [b"older"]))
        assert await other.snapshot() == Snapshot(2, pieces)
        await one.replace(Snapshot(3, [b"z"]))
        assert await other.snapshot() == Snapshot(3, [b"z"])
        with pytest.raises(Gone):
            await other.take([b"never"], 1)
        assert await other.since(2) == [b"3", b"4"]

    used(url, use)


# -- what was lost -----------------------------------------------------------------------------


def flush(server: RedisServer) -> None:
    with server.client() as client:
        client.flushall()


def test_of_an_emptied_log_one_process_tells_what_it_knows_and_others_hear_how_much(
    server: RedisServer,
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1", b"2", b"3"], 0)
        flush(server)
        with pytest.raises(Lost):
            await one.take([b"4"], 3)
        with pytest.raises(Lost):
            await other.since(0)
        assert await one.reach(3) == await other.reach(2) == Reached(is_in=False, is_empty=True)
        assert await other.seed(Snapshot(2, [b"two"]))
        assert not await one.seed(Snapshot(3, [b"three"]))
        assert await other.reach(2) == Reached(is_in=False)
        assert await one.reach(3) == Reached(is_in=False, kept=2)
        assert await one.snapshot() == Snapshot(2, [b"two"])
        assert await one.take([b"3"], 2) == []
        assert await other.since(2) == [b"3"]

    used(server.url(), use)


def test_a_process_that_begins_with_an_emptied_log_has_no_number_that_was_there_before(
    server: RedisServer,
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        flush(server)
        third = await asyncio.to_thread(begin)
        assert third.keys[3] not in (one.keys[3], other.keys[3])
        await third.take([b"new"] * 2, 0)
        with pytest.raises(Lost):
            await one.since(1)
        assert await one.reach(1) == Reached(is_in=False, kept=1)
        await third.close()

    def begin() -> RedisSteps:
        made = steps_at(server.url())
        made.open("form")
        return made

    used(server.url(), use)


def test_a_server_that_was_started_anew_with_an_older_state_says_how_old(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1", b"2"], 0)
        assert await other.since(0) == [b"1", b"2"]
        async with one._server.large() as line:  # as a dump of before the second step
            await redis_line.asked(line, "RPOP", one.keys[1])
            await redis_line.asked(line, "HSET", one.keys[0], "run", "another")
        assert (await one.reach(2)).kept == 1
        with pytest.raises(Lost):
            await other.since(2)
        assert await other.reach(2) == Reached(is_in=False, kept=1)
        assert await one.take([b"again"], 1) == []

    used(url, use)


def test_a_log_of_another_form_is_refused(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        with pytest.raises(Away, match=r"is of another form under \{test-\d+\} \(form\)"):
            await asyncio.to_thread(steps_at(url).open, "another")

    used(url, use)


# -- the server --------------------------------------------------------------------------------


def test_all_keys_are_in_one_slot_of_a_cluster_and_last_for_a_month(
    url: str, standing: RedisServer
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        await one.keep("address", b"upload", until=60 * SECOND, now=0)
        await one.write("1-1", 0, b"content", now=0)
        await one.replace(Snapshot(1, [b"one"]))
        await one.take([b"2"], 1)

    used(url, use)
    prefix = "{" + url.rpartition("=")[2] + "}:"
    with standing.client() as client:
        keys = [key for key in client.scan_iter() if key.startswith(prefix.encode())]
        assert {key.rpartition(b":")[2] for key in keys} >= {b"log", b"steps", b"snapshot"}
        assert len({key_slot(key) for key in keys}) == 1
        lasting = {key for key in keys if client.ttl(key) < 0}
    of_uploads = {b"age", b"sizes", b"ends", b"taken"}
    assert {key.rpartition(b":")[2] for key in lasting} <= of_uploads


def test_a_node_of_a_cluster_that_has_not_the_slot_says_which_one_has() -> None:
    moved = MovedError("3999 127.0.0.1:6381")
    assert "127.0.0.1:6381: name that" in redis_line._said(moved)


def test_a_password_is_told_nowhere(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("requirepass", "correct")
    for user in (":hush%2Fhush@", "me:hush%2Fhush@"):
        log = steps_at(server.url(user))
        with pytest.raises(Away) as refused:
            log.open("form")
        assert "hush" not in str(refused.value)
        assert str(server.port) in str(refused.value)
    log = steps_at(server.url(":correct@", 3))
    assert log.open("form")
    asyncio.run(log.close())
    masked = redis_line.Server("redis://:hush%2Fhush@h/0")._away(OSError("hush/hush hush%2Fhush"))
    assert str(masked) == "redis://h/0: *** ***"


def test_a_full_server_is_a_clear_sentence_and_takes_nothing(server: RedisServer) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.take([b"1"], 0)
        with server.client() as client:
            client.config_set("maxmemory", 1)
            with pytest.raises(Away, match=r"127\.0\.0\.1:\d+/0: .*maxmemory"):
                await one.take([b"2"], 1)
            client.config_set("maxmemory", 0)
        assert await one.reach(1) == Reached(is_in=False)
        assert await other.since(0) == [b"1"]

    used(server.url(), use)


def test_who_is_not_there_is_named() -> None:
    with pytest.raises(Away, match=r"redis://127\.0\.0\.1:1/0: .*[Cc]onnect"):
        steps_at("redis://127.0.0.1:1/0").open("form")


@pytest.mark.parametrize(
    ("options", "said"),
    [("?prefix=a{b", "has a prefix"), ("?keep=1h", "has a keep"), ("?keep=later", "has a keep")],
)
def test_an_option_that_can_not_be_is_refused(options: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        steps_at(f"redis://h/0{options}")


# -- uploads and contents ----------------------------------------------------------------------


def test_uploads_have_a_room_and_the_oldest_go_first(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        for number in range(11):
            upload = bytes([number]) * 100_000
            await one.keep(f"u{number}", upload, until=60 * SECOND, now=0)
            await one.keep("u5", b"\5" * 100_000, until=60 * SECOND, now=0)  # which is used again
        assert [number for number in range(11) if await other.kept(f"u{number}")] == [*range(1, 11)]
        await one.keep("large", b"x" * 2_000_000, until=60 * SECOND, now=0)
        assert await other.kept("large") is None
        await one.keep("short", b"x", until=1_000_000, now=0)
        assert await other.kept("u5") == b"\5" * 100_000

    used(url, use)


def test_contents_are_read_in_parts_and_go_with_the_last_that_names_them(url: str) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        await one.write("1-1", 0, b"abc", now=SECOND)
        await one.write("1-1", 3, b"def", now=2 * SECOND)
        await one.write("1-2", 0, b"other", now=SECOND)
        await one.write("1-3", 0, b"new", now=9 * SECOND)
        assert await other.read("1-1", 2, 3) == b"cde"
        assert await other.read("1-1", 4, 9) == b"ef"
        await other.retain(["1-1"], before=5 * SECOND)
        assert [await one.read(f"1-{n}", 0, 9) for n in (1, 2, 3)] == [b"abcdef", b"", b"new"]

    used(url, use)


def test_a_content_grows_by_texts_of_their_own_which_the_server_never_copies(
    url: str, standing: RedisServer
) -> None:
    async def use(one: RedisSteps, other: RedisSteps) -> None:
        for start in range(0, 50, 5):
            await one.write("1-1", start, b"%05d" % start, now=SECOND)
        assert await other.read("1-1", 12, 5) == b"01000"
        key = one._server.key("content:1-1")
        client = standing.client()
        assert {client.hstrlen(key, str(start)) for start in range(0, 50, 5)} == {5}

    used(url, use)
