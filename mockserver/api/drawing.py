"""From a valid request to its pictures, whoever asks for them: decided, planned, drawn."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from starlette.types import Receive, Scope

from mockserver.api.admission import Admission
from mockserver.api.revised_prompt import get_ready, revised_prompt
from mockserver.api.streams import is_streamed
from mockserver.clock import SECOND
from mockserver.core.keys import Caller
from mockserver.core.picture import Picture
from mockserver.core.planning import GIVEN, Seen, address, pictures, request_digest
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import PLAIN, Effect
from mockserver.core.uploads import unreadable
from mockserver.pictures.files import UnreadableUpload, as_json
from mockserver.request.bodies import ClientGone, has_left
from mockserver.request.exchange import Exchange
from mockserver.request.reading import Asked
from mockserver.request.world import World
from mockserver.settings import VARY
from mockserver.store import Sandbox

if TYPE_CHECKING:
    from mockserver.request.capacity import Capacity


class Drawing(NamedTuple):
    """The pictures that are planned, and what they were counted as."""

    pictures: Sequence[Picture]
    digest: bytes
    repeat: int | None  # None: not counted


@dataclass(slots=True)
class Job:
    """What a caller asks for, on its way to pictures."""

    world: World
    exchange: Exchange
    caller: Caller
    sandbox: Sandbox
    scope: Scope
    receive: Receive

    # -- decide --------------------------------------------------------------------------------

    async def decide(self, request: ImageRequest) -> tuple[Effect, Seen | None]:
        """What happens to the answer, once it may be given; and what follows from its uploads.

        Raises:
            ApiError: an upload can't be decoded, or the request is not admitted.
            ClientGone: the client left while the answer was held back.
        """
        seen = await self._seen(request) if request.images else None
        # The lines of a batch take no time each; the batch takes its own.
        capacity = None if self.exchange.line else self.world.capacity
        if capacity:
            capacity.check(self.exchange, _size(request))
        effect = await self.admission(request).admitted(self.receive)
        if capacity and not effect.reply:
            await self._begin_work(capacity, _size(request))
        if effect is not PLAIN or self.latency(request):
            self.world.heavy.give_back(self.exchange)
        is_whole = not effect.reply and not is_streamed(request, effect)
        if is_whole and (seconds := self.latency(request)):
            await self.world.holds.hold(self.exchange, seconds, self.receive)
        return effect, seen

    async def _begin_work(self, capacity: Capacity, size: int) -> None:
        """Wait in line until this request may be worked on; raises ClientGone as a hold does."""
        exchange, clock = self.exchange, self.world.clock
        turn = capacity.line_up(exchange, size)
        if turn.granted.is_set():
            return
        self.world.heavy.give_back(exchange)
        begun, came_to = clock.now(), "left the line after"
        try:
            await self.world.holds.until(turn.granted.wait(), self.exchange, self.receive)
            came_to = "waited in line"
        finally:
            seconds = round((clock.now() - begun) / SECOND, 3)
            exchange.record.trace.append(f"{came_to} {seconds:g} s behind {turn.ahead}")

    def end_work(self) -> None:
        """Let the next in line be worked on."""
        if self.world.capacity:
            self.world.capacity.give_back(self.exchange)

    def admission(self, request: ImageRequest) -> Admission:
        return Admission(self.world, self.exchange, self.sandbox, self.caller, request)

    async def _seen(self, request: ImageRequest) -> Seen:
        """What follows from the uploads; ApiError if one can't be decoded."""
        try:
            return await self.world.files.seen(request.images, request.mask, self.check_client)
        except UnreadableUpload as broken:
            params = [source.param for source in request.sources]
            raise unreadable(request.offer.upload, broken.place, params) from None

    def latency(self, request: ImageRequest) -> float:
        """Seconds that an answer takes, as the sandbox's latency says, or the server's."""
        if self.exchange.line:  # of a batch the whole takes its time, and no line of it
            return 0.0
        latency = self.sandbox.options.latency or self.world.config.latency
        seconds, surface = latency.seconds, self.exchange.surface
        if latency.measured:
            seconds = latency.measured * self._measured(request)
        return surface.wait(seconds) if surface else seconds

    def _measured(self, request: ImageRequest) -> float:
        """Seconds that the real model took: a place in the recorded range, by the request."""
        shortest, longest = request.offer.processing(request.options)
        place = request_digest(request, self.world.config.seed)[0] / 255
        return (shortest + place * (longest - shortest)) / 1000

    # -- draw ----------------------------------------------------------------------------------

    async def draw(
        self,
        request: ImageRequest,
        effect: Effect,
        seen: Seen | None,
        asked: Asked | None = None,
    ) -> Drawing:
        """The pictures of the answer, with what rules want of them. No pixel is drawn yet.

        `asked` has them planned already, if an equal body asked for them before.
        """
        sandbox, config = self.sandbox, self.world.config
        seed = sandbox.options.seed or config.seed
        is_varied = (sandbox.options.repeats or config.repeats) == VARY
        if asked is None or seen or is_varied:
            digest = request_digest(request, seed, seen.pixels if seen else ())
            repeat = await sandbox.repeat(digest) if is_varied else None
            planned: Sequence[Picture] = pictures(request, digest, repeat or 0, seen)
        else:
            (digest, planned), repeat = asked.plan(seed), None
        if effect is not PLAIN:
            planned = await self._altered(planned[: effect.pictures], effect)
        self.exchange.record.drawn = planned
        if self.world.is_looked_at and planned and planned[0].fault != GIVEN:
            await self.keep_uploads(request, planned)
        return Drawing(planned, digest, repeat)

    async def take_back(self, drawing: Drawing) -> None:
        """Count pictures no longer that nobody got."""
        if drawing.repeat is not None:
            await self.sandbox.take_back(drawing.digest, drawing.repeat)

    async def _altered(self, planned: Sequence[Picture], effect: Effect) -> Sequence[Picture]:
        """The planned pictures, with the fault that a rule wants; or a file that it gives."""
        if effect.picture:
            return tuple([p._replace(fault=effect.picture) for p in planned])
        if not effect.image:
            return planned
        place = await self.keep(b64decode(effect.image))
        return tuple([p._replace(fault=GIVEN, images=(place,), mask=None) for p in planned])

    async def keep_uploads(self, request: ImageRequest, planned: Sequence[Picture]) -> None:
        """Keep what pictures are made from, all of them from the same."""
        places = *planned[0].images, planned[0].mask
        for upload, place in zip((*request.images, request.mask), places, strict=True):
            if upload:
                await self.keep(upload, place)

    async def keep(self, upload: bytes, place: str | None = None) -> str:
        """Keep what downloads will need, for as long as URLs are good; the address of it.

        `place` is that address, where it is known.
        """
        # By the machine's clock: one sandbox's, moved on, would clear away what others need.
        now, place = self.world.clock.now(), place or address(upload)
        until = now + self.exchange.era.facts.link.seconds_after * SECOND
        await self.world.store.keep(place, upload, until=until, now=now)
        return place

    async def check_client(self) -> None:
        """Raise ClientGone if nobody waits for the answer any more."""
        if await has_left(self.receive):
            raise ClientGone

    async def base64(self, request: ImageRequest, picture: Picture) -> bytes:
        await self.check_client()
        return as_json(await self.world.files.file(picture, request.images, request.mask) or b"")


def _size(request: ImageRequest) -> int:
    """Bytes of the uploads."""
    return sum(map(len, request.images)) + len(request.mask or b"")


async def revised_prompts(request: ImageRequest, planned: Sequence[Picture]) -> tuple[bytes, ...]:
    """The revised prompts of pictures as JSON."""
    await get_ready()
    texts = [revised_prompt(request.prompt, p.digest) for p in planned]
    return tuple([json.dumps(text).encode() for text in texts])
