"""Large bodies that come slowly, and those whose clients are listened to, hold up no other."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from mockserver.api import body_cap
from mockserver.api.body_cap import BodyCap
from mockserver.core import pieces
from mockserver.request import heavy
from mockserver.request.bodies import ClientGone, read_body
from mockserver.request.heavy import Heavy
from tests.test_large_bodies import done, exchange


def test_who_is_held_back_and_listened_to_takes_no_room_again() -> None:
    async def case() -> None:
        desk, one = Heavy(), exchange()
        one.length = 2 * pieces.LARGE
        messages: list[Message] = [{"type": "http.request", "body": bytes(one.length)}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        held = await BodyCap(heavy.ROOM, desk).held_to(one, receive)
        await held()
        assert one.held == desk._taken > 0
        desk.give_back(one)
        assert (await held())["type"] == "http.disconnect"
        assert (one.held, desk._taken) == (0, 0)

    done(case())


@pytest.mark.parametrize("is_told", [True, False], ids=["with a length", "in chunks"])
def test_a_body_that_comes_slowly_makes_way_and_has_room_again_once_it_is_there(
    monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    monkeypatch.setattr(body_cap, "SOON", 0)

    async def case() -> None:
        desk, slow, other = Heavy(), exchange(), exchange()
        slow.length = 4 * pieces.LARGE if is_told else None
        slow.headers = {} if is_told else {b"transfer-encoding": b"chunked"}
        rest, part = asyncio.Event(), bytes(2 * pieces.LARGE)
        messages: list[Message] = [
            {"type": "http.request", "body": part, "more_body": more} for more in (False, True)
        ]

        async def receive() -> Message:
            if len(messages) == 1:
                await rest.wait()
            return messages.pop()

        async def read() -> None:
            await read_body(await BodyCap(8 * pieces.LARGE, desk).held_to(slow, receive))

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        await asyncio.wait_for(desk.make_room(other, heavy.ROOM), 60)
        assert len(desk.slow) == 1
        rest.set()
        await asyncio.sleep(0)
        assert not reading.done()
        desk.give_back(other)
        await reading
        assert (slow.held, len(desk.slow)) == (12 * pieces.LARGE, 0)

    done(case())


@pytest.mark.parametrize("is_told", [True, False], ids=["with a length", "in chunks"])
def test_of_a_body_of_which_little_came_nobody_waits_for_the_rest(is_told: bool) -> None:
    async def case() -> None:
        desk, slow = Heavy(), exchange()
        slow.length = 4 * pieces.LARGE if is_told else None
        slow.headers = {} if is_told else {b"transfer-encoding": b"chunked"}
        messages: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> Message:
            assert desk._taken == 0
            return messages.pop() if messages else {"type": "http.disconnect"}

        with pytest.raises(ClientGone):
            await read_body(await BodyCap(8 * pieces.LARGE, desk).held_to(slow, receive))

    done(case())


def test_who_left_or_is_late_waits_for_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_cap, "SOON", 0)

    async def case() -> None:
        desk, slow, other, leaves = Heavy(), exchange(), exchange(), asyncio.Event()
        slow.length = 4 * pieces.LARGE
        part = bytes(2 * pieces.LARGE)
        messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await leaves.wait()
            return {"type": "http.disconnect"}

        held = await BodyCap(8 * pieces.LARGE, desk).held_to(slow, receive)
        reading = asyncio.ensure_future(read_body(held))
        await asyncio.sleep(0)
        await asyncio.wait_for(desk.make_room(other, heavy.ROOM), 60)
        leaves.set()
        with pytest.raises(ClientGone):
            await asyncio.wait_for(reading, 60)
        assert not desk.slow

    done(case())
