"""What a scripted effect does to an answer: late, cut, slow, mislabelled, or a broken picture."""

from __future__ import annotations

from dataclasses import replace

from starlette.types import Receive, Scope, Send

from mockserver import gallery
from mockserver.core.picture import Picture
from mockserver.core.rules import Effect
from mockserver.holds import Holds
from mockserver.wire import ClientGone, send_bytes
from mockserver.world import World

_TICKS = 10  # pieces a second of a body that drips


class Altered:
    """Sends one answer as an effect wants it."""

    def __init__(self, effect: Effect, scope: Scope, receive: Receive, holds: Holds) -> None:
        self._effect = effect
        self._scope = scope
        self._receive = receive
        self._holds = holds

    async def send(self, send: Send, body: bytes, content_type: str) -> None:
        """Send a 200, or what is to be seen of it.

        Raises:
            ClientGone: the line shall break here.
        """
        effect = self._effect
        kind = effect.content_type or content_type
        if effect.bad_json:
            body = body[: len(body) * 2 // 3]
        if effect.disconnect is None and effect.drip is None:
            await send_bytes(send, 200, body, kind)
            return
        start = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        if effect.disconnect == 0:
            raise ClientGone
        await send({"type": "http.response.start", "status": 200, "headers": start})
        if effect.disconnect is not None:
            piece = body[: effect.disconnect]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            raise ClientGone
        await self._drip(send, body, max(1, (effect.drip or 1) // _TICKS))

    async def _drip(self, send: Send, body: bytes, piece: int) -> None:
        pause = piece / (self._effect.drip or 1)
        sandbox = self._scope["exchange"].caller.sandbox
        while body:
            part, body = (body, b"") if self._holds.ended else (body[:piece], body[piece:])
            await send({"type": "http.response.body", "body": part, "more_body": bool(body)})
            if body:
                await self._holds.hold(sandbox, pause, self._receive)


async def developed(
    world: World, picture: Picture, image: bytes | None, mask: bytes | None
) -> bytes:
    """A picture's file, with the fault that a rule wants; `image` and `mask` are its uploads."""
    if picture.fault == "given":
        return await world.store.kept(picture.image or "") or b""
    if picture.fault == "wrong_size":
        picture = replace(picture, width=picture.width // 2)
    made = await world.darkroom.made(picture, image, mask) if image else gallery.png(picture)
    if picture.fault == "truncated":
        return made[: len(made) // 2]
    return await world.darkroom.jpeg(made) if picture.fault == "wrong_format" else made
