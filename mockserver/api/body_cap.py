"""How large a body may be, and how many large ones are read at a time."""

from __future__ import annotations

from io import BytesIO

from starlette.types import Message, Receive

from mockserver.core.errors import ApiError, Reason
from mockserver.core.pieces import LARGE
from mockserver.request.bodies import FORM, ClientGone
from mockserver.request.exchange import Exchange
from mockserver.request.forms import HOW_TO_SEND
from mockserver.request.heavy import Heavy

_READ = 3  # times its size: as it was sent, as text, and as it was read


class BodyCap:
    """Refuses a request body beyond `limit` bytes, and has large ones wait until there is room."""

    def __init__(self, limit: int, heavy: Heavy) -> None:
        self._limit = limit
        self._small = min(limit, LARGE)
        self._heavy = heavy

    async def held_to(self, exchange: Exchange, receive: Receive) -> Receive:
        """Receives a body within the bounds.

        Raises:
            ApiError: it is too large.
            ClientGone: it will never come.
        """
        if exchange.length is None and b"transfer-encoding" in exchange.headers:
            return await self._whole(exchange, receive)
        return self._checked(exchange, receive) if (exchange.length or 0) > self._small else receive

    def _checked(self, exchange: Exchange, receive: Receive) -> Receive:
        """Receives a large body, once there is room for it; what is refused unread needs none.

        The HTTP parser holds clients to the length that they told.
        """
        length = exchange.length or 0
        if length > self._limit:
            raise self._refusal(exchange, length)

        is_asked_for = False

        async def receive_with_room() -> Message:
            nonlocal is_asked_for
            if not is_asked_for:  # later it is asked whether the client is gone, which needs none
                await self._heavy.make_room(exchange, _READ * length)
                is_asked_for = True
            return await receive()

        return receive_with_room

    async def _whole(self, exchange: Exchange, receive: Receive) -> Receive:
        """Receives a body without a length, read before it is asked for, where nobody may ask."""
        body, more = BytesIO(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body.write(message.get("body", b""))
            more = message.get("more_body", False)
            if body.tell() > self._limit:
                raise self._refusal(exchange, body.tell())
            if body.tell() > LARGE and not exchange.held:
                await self._heavy.make_room(exchange, _READ * self._limit)
        if exchange.held:
            self._heavy.give_back(exchange, _READ * body.tell())
        return replayed(body.getvalue(), receive)

    def _refusal(self, exchange: Exchange, read: int) -> ApiError:
        hint = "--max-body sets this bound"
        if (exchange.header(b"content-type") or "").lower().startswith(FORM):
            hint += f"; {HOW_TO_SEND}"
        return ApiError(Reason.BODY_TOO_LARGE, limit=self._limit, read=read, hint=hint)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Receives `body` in one piece, and then what else there is."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        return messages.pop() if messages else await receive()

    return receive_replayed
