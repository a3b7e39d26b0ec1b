"""The value a picture is drawn from. Holds no pixels and draws nothing: see `drawing`."""

from base64 import b32encode
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
FRAMES = 64  # four times as many as any model has


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
