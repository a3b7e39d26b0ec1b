"""Defects of pictures: what they are, what they show, where they lie. Tests nothing."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from itertools import count

from PIL import Image

from contracts.cases.uploads import padded
from contracts.exchange import Answer, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    downloaded,
    encoded,
    fields_of,
    is_download,
    made_at_once,
    of_b64,
    of_bodies,
    of_files,
    of_pictures,
    text_of,
)


def _cut(side: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.crop((0, 0, picture.width, picture.height - side))


def _black(picture: Image.Image) -> Image.Image:
    return Image.new("RGB", picture.size)


_asked = count(1)


def _marked(picture: Image.Image) -> Image.Image:
    """With one pixel that is never the same twice."""
    number = next(_asked)
    picture = picture.copy() if picture.mode == "RGBA" else picture.convert("RGB")
    mark = (number % 256, number // 256, 255 - number % 256, 255)
    picture.paste(mark[: len(picture.getbands())], (0, 0, 8, 8))
    return picture


def _equal(request: Request, ask: Ask) -> Answer:
    """All pictures of an answer are its first one."""

    def apply(body: Body) -> None:
        body["data"] = [dict(body["data"][0]) for _ in body["data"]]

    return of_bodies(apply, made_at_once)(request, ask)


def _equal_to_see(request: Request, ask: Ask) -> Answer:
    """All pictures of an answer show the same; their files differ in a comment."""

    def apply(body: Body) -> None:
        inline = [item for item in body["data"] if "b64_json" in item]
        for number, item in enumerate(inline):
            file = b64decode(inline[0]["b64_json"])
            item["b64_json"] = b64encode(_commented(file, number)).decode()

    return of_bodies(apply, made_at_once)(request, ask)


def _commented(file: bytes, number: int) -> bytes:
    """A PNG file with a comment; another one as it is."""
    return padded(file, len(file) + 12 + number) if file.startswith(b"\x89PNG") else file


_only: dict[bytes, bytes] = {}


def _one_for_all(file: bytes) -> bytes:
    """The same picture, whatever was asked for: of each size and format the first that was made."""
    picture = Image.open(BytesIO(file)) if b"<svg" not in file[:200] else None
    kind = repr(picture and (picture.size, picture.format, picture.mode)).encode()
    return _only.setdefault(kind, file)


def _of_uploads(change: Callable[[Image.Image, Image.Image], Image.Image]) -> Defect:
    """A defect of edits and variations, given the picture and the upload in its size."""

    def defect(request: Request, ask: Ask) -> Answer:
        answer = ask(request)
        image = fields_of(request).get("image")
        if request.path not in ("/images/edits", "/images/variations"):
            return answer
        if answer.status != 200 or not isinstance(image, bytes):
            return answer
        upload = Image.open(BytesIO(image))
        changed = of_pictures(lambda made: change(made, upload.resize(made.size, 0)))
        return changed(request, lambda _: answer)

    return defect


def _moved(made: Image.Image, upload: Image.Image) -> Image.Image:
    """Each pixel is another one than the upload's."""
    return made.convert("RGB").point(lambda value: (value + 16) % 256)


def _kept(made: Image.Image, upload: Image.Image) -> Image.Image:
    """The upload itself, whatever the mask says."""
    return upload.convert(made.mode)


_links: dict[str, Answer] = {}


def _never_ends(request: Request, ask: Ask) -> Answer:
    """What was downloaded once can be downloaded for ever."""
    answer = ask(request)
    if not is_download(request):
        return answer
    if answer.status == 200:
        _links[request.path] = answer
    return _links.get(request.path, answer)


def _dead(request: Request, ask: Ask) -> Answer:
    answer = ask(request)
    if not downloaded(request, answer):
        return answer
    return answer._replace(status=404, body=b"")


def _in_data_url(text: str) -> str:
    return f"data:image/png;base64,{text}"


def _as_link(request: Request, ask: Ask) -> Answer:
    """A link where base64 was asked for, or is all that there is."""

    def apply(body: Body) -> None:
        for item in body["data"]:
            if item.pop("b64_json", None):
                item["url"] = "http://127.0.0.1:9/1.png"

    return of_bodies(apply, made_at_once)(request, ask)


def _as_base64(request: Request, ask: Ask) -> Answer:
    """Base64 where a link was asked for."""
    if text_of(request, "response_format") != "url":
        return ask(request)

    def apply(body: Body) -> None:
        for item in body["data"]:
            if item.pop("url", None):
                item["b64_json"] = "iVBORw0KGgo="

    return of_bodies(apply, made_at_once)(request, ask)


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"></svg>'
_PIXEL = encoded(Image.new("RGB", (1, 1)), "PNG")

MUTANTS: dict[str, tuple[Defect, str]] = {
    # What they are
    "a row too few": (of_pictures(_cut(1)), "the size that was asked for"),
    "half as large": (
        of_pictures(lambda p: p.resize((p.width // 2, p.height // 2))),
        "the size that was asked for",
    ),
    "turned": (
        of_pictures(lambda p: p.resize((p.width, p.width + 1))),
        "the size that was asked for",
    ),
    "one pixel": (of_files(lambda _: _PIXEL), "the size that was asked for"),
    "SVG for PNG": (of_files(lambda _: _SVG), "decodes whole"),
    "JPEG for PNG": (of_pictures(lambda p: p, "JPEG"), "decodes whole"),
    "PNG for all formats": (of_pictures(lambda p: p, "PNG"), "decodes whole"),
    "alpha where none was asked for": (
        of_pictures(lambda p: p.convert("RGBA")),
        "RGBA where it may be clear",
    ),
    "no alpha where it was asked for": (
        of_pictures(lambda p: p.convert("RGB")),
        "has alpha where",
    ),
    "greys": (of_pictures(lambda p: p.convert("L")), "A picture is RGB"),
    "a palette": (of_pictures(lambda p: p.convert("RGB").convert("P")), "A picture is RGB"),
    "cut files": (of_files(lambda file: file[:-40]), "decodes whole"),
    "empty files": (of_files(lambda _: b""), "decodes whole|is base64"),
    # How they are spelled
    "cut base64": (of_b64(lambda text: text[:-3]), "is base64"),
    "half of the base64": (of_b64(lambda text: text[: len(text) // 8 * 4]), "decodes whole"),
    "base64 with line ends": (of_b64(lambda text: f"{text[:76]}\n{text[76:]}"), "is base64"),
    "base64 for URLs": (of_b64(lambda t: t.replace("+", "-").replace("/", "_")), "is base64"),
    "base64 in a data URL": (of_b64(_in_data_url), "is base64"),
    "no base64": (of_b64(lambda _: "?"), "is base64"),
    # What they show
    "all black": (of_pictures(_black), "more than one colour"),
    "all of one colour": (
        of_pictures(lambda p: Image.new(p.mode, p.size, 90)),
        "more than one colour",
    ),
    "all clear": (of_pictures(lambda p: Image.new(p.mode, p.size)), "more than one colour"),
    "never the same": (of_pictures(_marked), "The same request gives the same"),
    "all of an answer the same": (_equal, "The pictures of one answer differ"),
    "all of an answer the same to see": (_equal_to_see, "The pictures of one answer differ"),
    "the same for all prompts": (of_files(_one_for_all), "Another prompt gives another"),
    "pixels outside of the mask altered": (_of_uploads(_moved), "that a mask keeps"),
    "the mask ignored": (_of_uploads(_kept), "that a mask gives free"),
    # Where they lie
    "dead URLs": (_dead, "leads to its file"),
    "URLs never end": (_never_ends, "ends after an hour"),
    "a URL where base64 was asked for": (_as_link, "A picture has the fields"),
    "base64 where a URL was asked for": (_as_base64, "A picture has the fields"),
}
