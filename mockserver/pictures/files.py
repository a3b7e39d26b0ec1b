"""The bytes of every picture: drawn, made from uploads, a rule's own, or broken as a rule wants.

Drawing is quick, and is done at once; Pillow's work is done in threads, a few at a time.
"""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from anyio import CapacityLimiter, Event, to_thread

from mockserver.core.answer import data_of
from mockserver.core.picture import Picture
from mockserver.core.planning import GIVEN, Seen, address
from mockserver.core.uploads import header
from mockserver.store import Store

T = TypeVar("T")
Wanted = Callable[[], Awaitable[None]]  # raises where nobody waits for the work any more
DRAWN = 256  # pictures that are kept, of some 100 KB at most
ANSWERED = 32  # answers with pictures in them that are kept, of some 1 MB at most
MADE = 8  # of Pillow's, of some MB at most, for clients that ask for one in pieces
LARGE = 1024 * 1024 + 1  # bytes of a file that a rule wants large
AT_HAND = 32  # of those that were streamed: eight streams of them
AT_A_TIME = 2  # decoded pictures are large
GIANT = 1 << 24  # pixels; what has more takes a gigabyte, and is worked on alone
ROOM = 64 << 20  # bytes of what is kept, of each kind
AT_ONCE = ("PNG", "SVG")  # formats that are drawn without Pillow


def is_drawn_at_once(picture: Picture) -> bool:
    """Whether `drawn` has a picture's file: no upload, no fault and no Pillow is in it."""
    return not picture.images and picture.fault is None and picture.format in AT_ONCE


@lru_cache(maxsize=DRAWN)
def drawn(picture: Picture) -> bytes:
    """A generated picture as a PNG or SVG file."""
    # Imported at the first picture: a server is up 10 ms sooner.
    from mockserver.pictures.pure import drawing

    return drawing.draw_svg(picture) if picture.format == "SVG" else drawing.draw(picture)


@lru_cache(maxsize=ANSWERED)
def drawn_as_data(pictures: Sequence[Picture], revised: Sequence[bytes]) -> bytes:
    """Generated pictures in base64 as the `data` of an answer, with their revised prompts."""
    return data_of("b64_json", [as_json(drawn(picture)) for picture in pictures], revised)


def as_json(file: bytes) -> bytes:
    """A file as a JSON string in base64."""
    return b'"%b"' % b64encode(file)


class UnreadableUpload(Exception):
    """An upload that can't be decoded: its place among the pictures; None is the mask."""

    def __init__(self, place: int | None) -> None:
        super().__init__(place)
        self.place = place


class PictureFiles:
    """The files of one server's pictures. Pillow is imported when there is work for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limiter = CapacityLimiter(AT_A_TIME)
        self._of_giants = CapacityLimiter(1)
        self._made: OrderedDict[Picture, bytes] = OrderedDict()
        self._making: dict[Picture, Event] = {}
        self._at_hand: OrderedDict[Picture, bytes] = OrderedDict()

    async def seen(self, uploads: Sequence[bytes], mask: bytes | None, wanted: Wanted) -> Seen:
        """What follows from uploads, and from their mask if there is one.

        Raises:
            UnreadableUpload: one can't be decoded.
        """
        found = [
            await self._in_thread(partial(_seen, upload, place), [upload], wanted)
            for place, upload in enumerate(uploads)
        ]
        pixels, images = zip(*found, strict=True)
        if mask is None:
            return Seen((*pixels, b""), images)
        of_mask, place = await self._in_thread(partial(_seen, mask, None), [mask], wanted)
        return Seen((*pixels, of_mask), images, place)

    async def file(
        self, picture: Picture, uploads: Sequence[bytes] = (), mask: bytes | None = None
    ) -> bytes | None:
        """A picture's file; None if what it is made from is gone. Uploads may be at hand."""
        if picture.fault == GIVEN:
            return await self._store.kept(picture.images[0])
        if not uploads:
            places = (*picture.images, *((picture.mask,) if picture.mask else ()))
            kept = [await self._store.kept(place) for place in places]
            found = [upload for upload in kept if upload is not None]
            if len(found) < len(kept):
                return None
            uploads, mask = found[: len(picture.images)], found[-1] if picture.mask else None
        if picture.fault == "wrong_size":
            picture = picture._replace(width=picture.width // 2)
        is_other = picture.fault == "wrong_format"
        asked = picture._replace(format="PNG") if is_other else picture
        if uploads or asked.format not in AT_ONCE:
            made = await self._made_of(asked, uploads, mask)
        else:
            made = drawn(asked)
        if is_other and picture.format != "JPEG":
            return await self._in_thread(partial(_as_jpeg, made), [made])
        return _spoilt(made, picture.fault)

    def at_hand(self, picture: Picture) -> bytes | None:
        """A picture's file as `in_json` made it lately."""
        return self._at_hand.get(picture)

    async def in_json(
        self, picture: Picture, uploads: Sequence[bytes], mask: bytes | None
    ) -> bytes:
        """A picture's file as a JSON string, kept for who asks again; empty if there is none."""
        file = await self.file(picture, uploads, mask)
        if file is None:
            return as_json(b"")
        made = self._at_hand[picture] = as_json(file)
        _make_room(self._at_hand, AT_HAND)
        return made

    async def _made_of(
        self, picture: Picture, uploads: Sequence[bytes], mask: bytes | None
    ) -> bytes:
        """The file of a picture that is Pillow's work; made once for all who ask meanwhile."""
        while picture in self._making:
            await self._making[picture].wait()
        if picture not in self._made:
            self._making[picture] = Event()
            try:
                files = (*uploads, *([mask] if mask else ()))
                made = await self._in_thread(partial(_made, picture, uploads, mask), files)
            finally:
                self._making.pop(picture).set()
            self._made[picture] = made
            _make_room(self._made, MADE)
            return made
        self._made.move_to_end(picture)
        return self._made[picture]

    async def _in_thread(
        self, work: Callable[[], T], files: Sequence[bytes], wanted: Wanted | None = None
    ) -> T:
        """Do Pillow's work on these files; once its turn has come, if it is wanted still."""
        found = [one for one in map(header, files) if one]
        is_giant = any(one.width * one.height > GIANT for one in found)
        async with self._of_giants if is_giant else self._limiter:
            if wanted:
                await wanted()
            return await to_thread.run_sync(work)


def _make_room(kept: OrderedDict[Picture, bytes], most: int) -> None:
    """Drop what was kept first, beyond so many files or the room for them."""
    while len(kept) > most or sum(map(len, kept.values())) > ROOM:
        kept.popitem(last=False)


def _seen(upload: bytes, place: int | None) -> tuple[bytes, str]:
    """A digest of an upload's pixels, and the address of its file."""
    from mockserver.pictures import decoding

    try:
        return decoding.pixels_digest(decoding.decoded(upload)), address(upload)
    except decoding.Unreadable:
        raise UnreadableUpload(place) from None


def _spoilt(made: bytes, fault: str | None) -> bytes:
    """A file that breaks off or is too large, if that is its fault."""
    match fault:
        case "truncated":
            return made[: len(made) // 2]
        case "large":  # decoders stop before what is behind a picture's end, XML's take blanks
            return made.ljust(LARGE, b"\n")
        case _:
            return made


def _made(picture: Picture, uploads: Sequence[bytes], mask: bytes | None) -> bytes:
    if not uploads:
        from mockserver.pictures import formats

        return formats.drawn(picture)

    from mockserver.pictures import edits

    if picture.operation == "images.vary":
        return edits.varied(picture, uploads[0])
    return edits.edited(picture, uploads[0], mask, uploads[1:])


def _as_jpeg(png: bytes) -> bytes:
    from io import BytesIO

    from PIL import Image

    from mockserver.pictures.several import flattened

    file = BytesIO()
    flattened(Image.open(BytesIO(png))).save(file, "JPEG")
    return file.getvalue()
