"""The value a picture is drawn from. Holds no pixels and draws nothing: see `drawing`."""

from base64 import b32encode
from math import inf
from typing import Any, NamedTuple

from mockserver.facts.values import is_drawable

#: By a picture's format: its content type, and how the names of its files end.
MEDIA = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpeg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "SVG": ("image/svg+xml", "svg"),
}
#: Characters of the prompt that a picture shows, and that its URL carries.
SHOWN = 120
DIGEST = 16  # bytes
FRAMES = 64  # four times as many as any model has
#: Options that are numbers to whoever draws, and the largest that makes sense.
_NUMBERS = {"output_compression": 100, "frame_count": FRAMES, "frame_duration_ms": inf}
_SCALARS = (str, int, float, type(None))


class Picture(NamedTuple):  # which is made and looked up in a third of a dataclass' time
    """All that is needed to draw one generated image again, at any time and on any machine."""

    operation: str  # as in the facts, e.g. "images.generate"
    model: str
    prompt: str  # at most SHOWN characters, without lone surrogates
    width: int  # pixels
    height: int  # pixels
    place: int  # 0-based, among the images of one request
    n: int  # images of that request
    digest: bytes  # 16 bytes; differs as soon as the request, the index or the seed does
    options: tuple[tuple[str, Any], ...] = ()  # of the request, but for the size
    images: tuple[str, ...] = ()  # content addresses of the uploads that it is made from
    mask: str | None = None  # content address of their mask
    format: str = "PNG"  # or another of MEDIA
    fault: str | None = None  # what is wrong with its file, on purpose
    download: str | None = None  # content address of what a rule wants of its downloads
    partial: int | None = None  # 0-based number of a partial picture, which comes before the whole

    @property
    def size(self) -> str:
        """Width × height as the API writes it."""
        return f"{self.width}x{self.height}"

    @property
    def is_transparent(self) -> bool:
        """Whether its background has alpha 0; JPEG has no alpha, whatever was asked for."""
        return dict(self.options).get("background") == "transparent" and self.format != "JPEG"

    @property
    def frames(self) -> int:
        """How many pictures one after the other it is; 1 if it does not move."""
        return int(dict(self.options).get("frame_count") or 1) if self.format == "GIF" else 1

    @property
    def is_drawable(self) -> bool:
        """Whether it is one that was planned here, as far as its size tells."""
        return is_drawable(self.width, self.height) and 0 < self.frames <= FRAMES

    @property
    def code(self) -> str:
        """Eight letters and digits that tell two pictures apart at a glance."""
        return b32encode(self.digest[:5]).decode("ascii")


def shown(prompt: str) -> str:
    """The part of a prompt that a picture shows: at most `SHOWN` characters, always encodable."""
    text = prompt if len(prompt) <= SHOWN else prompt[: SHOWN - 1] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")


def is_possible(p: Picture) -> bool:
    """Whether somebody who asks for a picture can have made one with these values."""
    texts = (p.operation, p.model, p.prompt, p.format, *p.images, p.mask, p.fault, p.download)
    return (
        all(text is None or isinstance(text, str) for text in texts)
        and len(p.prompt) <= SHOWN
        and p.format in MEDIA
        and len(p.digest) == DIGEST
        and all(type(number) is int for number in (p.width, p.height, p.place, p.n))
        and min(p.place, p.n - 1) >= 0
        and (p.fault != "given" or bool(p.images))
        and all(isinstance(value, _SCALARS) for _, value in p.options)
        and all(_is_number(value, _NUMBERS[k]) for k, value in p.options if k in _NUMBERS)
        and p.is_drawable
    )


def _is_number(value: Any, most: float) -> bool:
    return value is None or (type(value) is int and 0 <= value <= most)
