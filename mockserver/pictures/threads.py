"""Where uploads are decoded and retouched: in threads, at most two at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, Event, to_thread

from mockserver.core.errors import ApiError, Reason
from mockserver.core.picture import Picture

T = TypeVar("T")
AT_A_TIME = 2  # decoded pictures are large
KEPT = 8  # finished pictures, for clients that ask for one in pieces


class Darkroom:
    """Pillow's work for one world. Pillow is imported with the first upload."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(AT_A_TIME)
        self._finished: OrderedDict[Picture, bytes] = OrderedDict()
        self._making: dict[Picture, Event] = {}

    async def pixels(self, *uploads: bytes | None) -> tuple[bytes, ...]:
        """A digest of each upload's pixels; an upload that is missing has an empty one.

        Raises:
            ApiError: one can't be decoded.
        """
        return tuple([await self._pixels(upload) if upload else b"" for upload in uploads])

    async def _pixels(self, upload: bytes) -> bytes:
        def digest() -> bytes:
            from mockserver.pictures import edits

            try:
                return edits.pixels_digest(edits.decoded(upload))
            except edits.Unreadable:
                raise ApiError(Reason.NOT_A_PNG) from None

        return await self._in_thread(digest)

    async def made(self, picture: Picture, image: bytes, mask: bytes | None) -> bytes:
        """The PNG of a picture that is made from uploads; made once for all who ask meanwhile."""
        while picture in self._making:
            await self._making[picture].wait()
        if picture not in self._finished:
            self._making[picture] = Event()
            try:
                png = await self._in_thread(lambda: _made(picture, image, mask))
            finally:
                self._making.pop(picture).set()
            self._finished[picture] = png
            if len(self._finished) > KEPT:
                self._finished.popitem(last=False)
        self._finished.move_to_end(picture)
        return self._finished[picture]

    async def jpeg(self, png: bytes) -> bytes:
        """A PNG as a JPEG."""

        def converted() -> bytes:
            from io import BytesIO

            from PIL import Image

            file = BytesIO()
            Image.open(BytesIO(png)).convert("RGB").save(file, "JPEG")
            return file.getvalue()

        return await self._in_thread(converted)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._limiter)


def _made(picture: Picture, image: bytes, mask: bytes | None) -> bytes:
    from mockserver.pictures import edits

    if picture.operation == "images.vary":
        return edits.varied(picture, image)
    return edits.edited(picture, image, mask)
