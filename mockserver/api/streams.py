"""A stream: the events of pictures, sent as they become ready, or as a rule wants them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from mockserver.api.admission import Admission
from mockserver.api.faults import Altered
from mockserver.clock import SECOND
from mockserver.core.error_bodies import answer
from mockserver.core.errors import ApiError, Reason
from mockserver.core.events import Event, Events, own
from mockserver.core.journal import Record
from mockserver.core.picture import Picture
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import Effect
from mockserver.core.rules.streams import COMPLETED, Item, Stream, error_in, is_own
from mockserver.core.texts import shortened
from mockserver.request.bodies import ClientGone, Cut, has_left
from mockserver.request.parting import lose

_AS_ASKED = Stream()
#: What a trace says of the end that a rule wants.
_ENDS = {
    "break": "the line breaks",
    "stall": "then nothing more",
    "cut": "the last is cut",
    "no_blank_line": "the last without its blank line",
}
_SHOWN = 500  # characters of all events in a trace


def is_streamed(request: ImageRequest, effect: Effect) -> bool:
    """Whether the answer is a stream: the request asked for one, and no rule withholds it."""
    return bool(request.options.get("stream")) and not (effect.stream and effect.stream.as_json)


@dataclass(slots=True)
class EventStream:
    """One request's stream, on its way."""

    admission: Admission  # of the request
    effect: Effect
    latency: float  # seconds from the beginning to the last event
    scope: Scope
    receive: Receive

    @property
    def rule(self) -> Stream:
        """What is other than asked."""
        return self.effect.stream or _AS_ASKED

    async def send(
        self, send: Send, planned: Sequence[Picture], maker: Maker | None = None
    ) -> None:
        """Send the events of these pictures, as a maker makes them: by default those of images.

        Raises:
            ClientGone: the client has left, or a rule breaks the line.
        """
        maker = maker or _OfImages(self.admission, self.receive, bad_json=self.effect.bad_json)
        partials = self.admission.request.options.get("partial_images") or 0
        steps = [(p, item) for p in planned for item in self.rule.items(partials)]
        record = self.admission.exchange.record
        log = _Log(record, [item for _, item in steps], self.rule.end)
        try:
            await self._send(send, steps, log, maker)
        except ClientGone as gone:
            log.broken(_ENDS["break"] if isinstance(gone, Cut) else "the client left")
            gone.received = log.has_picture(last_too=gone.received)
            raise

    async def _send(
        self, send: Send, steps: Sequence[tuple[Picture, Item]], log: _Log, maker: Maker
    ) -> None:
        rule, latency = self.rule, self.latency / max(1, len(steps))
        line = Altered(self.effect, self.scope, self.receive, self.admission.world.holds)
        await line.begin(send, 200, [(b"content-type", maker.content_type)])
        if opening := maker.opening():
            await line.write(send, opening, more=True, picture=False)
        is_open = rule.end in ("break", "stall")
        for number, (picture, item) in enumerate(steps, 1):
            await self._wait(latency + (rule.pause or 0 if number > 1 else 0))
            try:
                frame = await maker.frame(picture, item)
            except ClientGone:
                raise
            except Exception:
                log.broken("it failed")
                await self._correct(is_lost=not log.has_picture())
                await line.write(send, await maker.error(Reason.GENERATION_FAILED), picture=False)
                raise
            log.sent(number)
            if is_last := number == len(steps):
                await self._correct(is_lost=rule.end == "cut" and not log.has_picture())
            frame = _ended(frame, rule.end) if is_last else frame
            is_picture = item == COMPLETED
            await line.write(send, frame, more=is_open or not is_last, picture=is_picture)
            log.written()
        if is_open:
            await line.end(stalls=rule.end == "stall")
        if not steps:
            await line.write(send, b"")

    async def _correct(self, *, is_lost: bool) -> None:
        """Let the journal tell how far the stream is now, before the client knows."""
        exchange = self.admission.exchange
        if is_lost:
            await lose(exchange)
        await self.admission.world.store.corrected(exchange.record)

    async def _wait(self, seconds: float) -> None:
        """Wait, if at all; raises ClientGone if the client leaves meanwhile."""
        if seconds:
            world, exchange = self.admission.world, self.admission.exchange
            await world.holds.hold(exchange, seconds, self.receive)


def _ended(frame: bytes, end: str | None) -> bytes:
    """The last thing of a stream, as a rule wants it to end."""
    match end:
        case "cut":
            return frame[: len(frame) // 2]
        case "no_blank_line":
            return frame[:-1]
        case _:
            return frame


def framed(events: Sequence[Event], *, bad_json: bool) -> bytes:
    """Events on the wire; with `bad_json` the data of each breaks off."""
    return b"".join([_broken(e).frame() if bad_json else e.frame() for e in events])


def _broken(event: Event) -> Event:
    data = b"".join(event.data)
    return event._replace(data=[data[: len(data) * 2 // 3]])


class Maker(ABC):
    """Makes what a stream consists of, once it is wanted."""

    content_type: bytes

    def __init__(self, admission: Admission, receive: Receive, *, bad_json: bool) -> None:
        self._admission = admission
        self._receive = receive
        self._bad_json = bad_json

    @abstractmethod
    def partial(self, index: int, file: bytes) -> Event:
        """A partial picture, by its 0-based index; the file is base64 as JSON, quotes included."""

    @abstractmethod
    async def completed(self, file: bytes) -> Sequence[Event]:
        """The whole picture, and all that comes with it; the file as in `partial`."""

    @abstractmethod
    def failed(self, body: bytes) -> Sequence[Event]:
        """An error that comes when the stream has begun, by the body that it would have had."""

    def opening(self) -> bytes:
        """What is sent before anything is drawn."""
        return b""

    async def frame(self, picture: Picture, item: Item) -> bytes:
        """One thing of a stream on the wire."""
        match item:
            case int():
                file = await self._file(picture._replace(partial=item))
                return self.framed([self.partial(item, file)])
            case _ if item == COMPLETED:
                return self.framed(await self.completed(await self._file(picture)))
            case _ if is_own(item):
                return self.framed([own(item)])
            case _ if reason := error_in(item):
                return await self.error(reason)
            case _:
                return item.encode("utf-8", "surrogatepass") + b"\n\n"

    async def error(self, reason: Reason) -> bytes:
        """An error of the API as an event."""
        exchange = self._admission.exchange
        error: ApiError = await self._admission.refusal(reason)
        body = answer(error, exchange.words(error), exchange.record.id).body
        return self.framed(self.failed(body))

    def framed(self, events: Sequence[Event]) -> bytes:
        """Events on the wire."""
        return framed(events, bad_json=self._bad_json)

    async def _file(self, picture: Picture) -> bytes:
        request, files = self._admission.request, self._admission.world.files
        found = files.at_hand(picture)
        if found is None:
            if await has_left(self._receive):  # meanwhile what is ready goes out
                raise ClientGone
            found = await files.in_json(picture, request.images, request.mask)
        return found


class _OfImages(Maker):
    """The events of a stream of pictures."""

    def __init__(self, admission: Admission, receive: Receive, *, bad_json: bool) -> None:
        super().__init__(admission, receive, bad_json=bad_json)
        request = admission.request
        streamed = request.offer.streamed
        if streamed is None:
            raise ValueError(f"{request.model} takes `stream`, but its facts have no events")
        self.content_type = streamed.content_type.encode()
        tokens = request.offer.usage(request.options, 1, request.prompt, request.sides)
        self._events = Events(streamed, request.options, tokens)

    @property
    def _created(self) -> int:
        exchange, world = self._admission.exchange, self._admission.world
        return exchange.now(world.clock.now()) // SECOND

    def partial(self, index: int, file: bytes) -> Event:
        return self._events.partial(index, file, self._created)

    async def completed(self, file: bytes) -> Sequence[Event]:
        return [self._events.completed(file, self._created)]

    def failed(self, body: bytes) -> Sequence[Event]:
        return [self._events.error(body)]


class _Log:
    """The line of a trace that tells what was sent: written before the client can know it.

    The record is weighed when the stream begins, so the line is then as long as it will be.
    """

    def __init__(self, record: Record, items: Sequence[Item], end: str | None) -> None:
        self._record = record
        self._place = len(record.trace)
        self._items = items
        self._names = [*map(_name, items)]
        self._end = f"; {_ENDS[end]}" if end else ""
        self._number = 0
        self._whole = 0  # of these, those that were sent to their end
        record.trace.append(f"stream, to come: {_listed(self._names)}{self._end}")
        if not items:
            self.sent(0)

    def sent(self, number: int) -> None:
        """Note that so many are sent now."""
        self._number = number
        self._write(self._end if number == len(self._names) else "")

    def written(self) -> None:
        """Note that the last of them was sent to its end."""
        self._whole = self._number

    def has_picture(self, *, last_too: bool = False) -> bool:
        """Whether a whole picture was sent, to its end; the last thing was if `last_too`."""
        return COMPLETED in self._items[: self._number if last_too else self._whole]

    def broken(self, why: str) -> None:
        """Note why the rest was not sent, if that was not what a rule wanted."""
        if self._number < len(self._names) or not self._end:
            self._write(f"; {why}")

    def _write(self, end: str) -> None:
        told = _listed(self._names[: self._number])
        self._record.trace[self._place] = f"stream: {told}{end}"


def _listed(names: Sequence[str]) -> str:
    return shortened(", ".join(names), _SHOWN) or "no event"


def _name(item: Item) -> str:
    if isinstance(item, int):
        return f"partial {item}"
    if is_own(item):
        return own(item).name or "no type"
    return repr(item) if ":" in item else item
