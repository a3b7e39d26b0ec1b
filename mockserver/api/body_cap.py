"""How large a body may be, and how many large ones are read at a time."""

from __future__ import annotations

import asyncio
from io import BytesIO

from starlette.types import Message, Receive

from mockserver.core.errors import ApiError, Reason
from mockserver.core.pieces import LARGE
from mockserver.request.bodies import FORM, ClientGone
from mockserver.request.exchange import Exchange
from mockserver.request.forms import HOW_TO_SEND
from mockserver.request.heavy import Heavy

_READ = 3  # times its size: as it was sent, as text, and as it was read
BEGUN = 32 << 10  # bytes of a body that is known to be large: more of it needs room
SOON = 0.5  # seconds in which a body is there; one that is not makes way
SLOW = 32 << 20  # bytes there may be of those that made way


class BodyCap:
    """Refuses a request body beyond `limit` bytes, and has large ones wait until there is room."""

    def __init__(self, limit: int, heavy: Heavy) -> None:
        self._limit = limit
        self._small = min(limit, LARGE)
        self._heavy = heavy

    async def held_to(self, exchange: Exchange, receive: Receive) -> Receive:
        """Receives a body within the bounds; what is refused unread needs no room.

        Raises:
            ApiError: it is too large.
            ClientGone: it will never come.
        """
        length = exchange.length
        if length is None and b"transfer-encoding" in exchange.headers:
            return await self._whole(exchange, receive)
        if length is None or length <= self._small:
            return receive
        if length > self._limit:  # the HTTP parser holds clients to the length that they told
            raise self._refusal(exchange, length)
        return _Arrival(self._heavy, exchange, receive, length, BEGUN)

    async def _whole(self, exchange: Exchange, receive: Receive) -> Receive:
        """Receives a body without a length, read before it is asked for, where nobody may ask."""
        body, more = BytesIO(), True
        arrival = _Arrival(self._heavy, exchange, receive, self._limit)
        while more:
            message = await arrival()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body.write(message.get("body", b""))
            more = message.get("more_body", False)
            if body.tell() > self._limit:
                raise self._refusal(exchange, body.tell())
        if exchange.held:
            self._heavy.give_back(exchange, _READ * body.tell())
        return replayed(body.getvalue(), receive)

    def _refusal(self, exchange: Exchange, read: int) -> ApiError:
        hint = "--max-body sets this bound"
        if (exchange.header(b"content-type") or "").lower().startswith(FORM):
            hint += f"; {HOW_TO_SEND}"
        return ApiError(Reason.BODY_TOO_LARGE, limit=self._limit, read=read, hint=hint)


class _Arrival:
    """Receives a body that may be large: it has room from when it is, unless it comes slowly.

    Others would wait as long as its client likes. It gets room again once it is there.

    Args:
        most: bytes that it can have.
        free: bytes of it that need no room.
    """

    def __init__(
        self, heavy: Heavy, exchange: Exchange, receive: Receive, most: int, free: int = LARGE
    ) -> None:
        self._heavy, self._exchange, self._receive = heavy, exchange, receive
        self._most, self._free = most, free
        self._had_room = self._is_there = False
        self._timer: asyncio.TimerHandle | None = None
        self.read = 0  # bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        if self._is_there:  # it was asked whether the client is gone
            return message
        self.read += len(message.get("body", b""))
        self._is_there = not message.get("more_body")
        if self._is_there:
            self._heavy.slow.discard(self)
            if self._timer:
                self._timer.cancel()  # it would keep the request, and its files, until it rings
        if message["type"] == "http.disconnect":
            return message
        is_needed = self._is_there or not self._had_room
        if self._free < self.read <= self._most and is_needed and not self._exchange.held:
            await self._heavy.make_room(self._exchange, _READ * self._most)
            if not self._is_there:
                self._had_room = True
                self._look_again()
        return message

    def _look_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(SOON, self._make_way)

    def _make_way(self) -> None:
        """Give the room to others, unless too much is in memory of those that did so."""
        if self._is_there or not self._exchange.held:
            return
        if sum(one.read for one in self._heavy.slow) + self.read <= SLOW:
            self._heavy.slow.add(self)
            self._heavy.give_back(self._exchange)
        else:
            self._look_again()


def replayed(body: bytes, receive: Receive) -> Receive:
    """Receives `body` in one piece, and then what else there is."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        return messages.pop() if messages else await receive()

    return receive_replayed
