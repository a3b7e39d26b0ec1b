"""Uploads that mean harm: a server in a process of its own hardly notices."""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bench.stalls import JSON, Sent, form, watched
from mockserver.core.picture import Picture
from mockserver.core.uploads import Header, header
from mockserver.pictures.decoding import Unreadable, decoded
from mockserver.pictures.edits import edited
from mockserver.pictures.pure.png import SIGNATURE
from tests.conftest import Api, error
from tests.test_edits import chunk, opened, raw_png

MIB = 1024 * 1024


@cache
def bomb(side: int = 13_000) -> bytes:
    """A small file that would decode to half a gigabyte."""
    file = io.BytesIO()
    with Image.new("RGBA", (side, side)) as image:
        image.save(file, "PNG")
    return file.getvalue()


def disguised(data: bytes) -> bytes:
    """The same behind a header of its own that says 256x256."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 256, 256, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return data[:8] + chunk + data[8:]


def test_a_bomb_of_text_is_refused(api: Api) -> None:
    """Fifty megabytes of text in fifty kilobytes, beside a picture of one pixel."""
    text = PngInfo()
    text.add_text("Comment", "x" * 50 * MIB, zip=True)
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG", pnginfo=text)
    refused = api().post("/v1/images/variations", files={"image": file.getvalue()})
    assert refused.status_code == 400
    assert error(refused)["code"] == "invalid_image_format"


def deflated(kind: bytes, before: bytes, size: int) -> bytes:
    return chunk(kind, before + zlib.compress(bytes([120]) * size))


TEXTS = {
    "a workflow of three megabytes": (chunk(b"tEXt", b"a\0" + b"x" * (3 << 20)), True),
    "the same beyond Latin-1": (chunk(b"iTXt", b"a\0\0\0\0\0" + b"x" * (3 << 20)), True),
    "deflated texts": (deflated(b"zTXt", b"a\0\0", 1 << 20) * 63, True),
    "a deflated iTXt": (deflated(b"iTXt", b"a\0\1\0\0\0", 1 << 20), True),
    "a profile": (deflated(b"iCCP", b"a\0\0", 1 << 20), True),
    "one text too long": (deflated(b"zTXt", b"a\0\0", 1 << 20 | 1), False),
    "one iTXt too long": (deflated(b"iTXt", b"a\0\1\0\0\0", 1 << 20 | 1), False),
    "one profile too long": (deflated(b"iCCP", b"a\0\0", 1 << 20 | 1), False),
    "too many texts": (deflated(b"zTXt", b"a\0\0", 1 << 20) * 65, False),
}


@pytest.mark.parametrize("named", TEXTS)
def test_texts_are_bounded_by_what_is_inflated_as_in_pillow(named: str) -> None:
    texts, is_taken = TEXTS[named]
    file = raw_png(1, 8, 0, b"\7", texts)
    for read in (decoded, opened):
        with nullcontext() if is_taken else pytest.raises((Unreadable, ValueError)):
            assert read(file).tobytes() == b"\7"


def test_frames_beyond_the_first_do_not_count(api: Api) -> None:
    frames = [Image.new("RGB", (64, 64), (shade, 0, 0)) for shade in range(40)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    moving, still = file.getvalue(), io.BytesIO()
    frames[0].save(still, "PNG")
    asked = {"size": "256x256", "response_format": "b64_json"}
    answers = [
        api().post("/v1/images/variations", files={"image": upload}, data=asked).json()["data"]
        for upload in (moving, still.getvalue())
    ]
    assert answers[0] == answers[1]


def jpeg(side: int = 64, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(file, "JPEG", **how)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def with_segments(data: bytes, *more: bytes) -> bytes:
    """A JPEG with segments before all others."""
    return data[:2] + b"".join(more) + data[2:]


def with_scans(data: bytes, more: int) -> bytes:
    """A progressive JPEG whose last scan comes again."""
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * more + data[-2:]


def webp(*more: bytes) -> bytes:
    """A WebP with further chunks behind its picture."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "WEBP", lossless=True, exif=b"Exif\0\0x")
    data = file.getvalue()[12:] + b"".join(more)
    return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data


EXIF = segment(0xE1, b"Exif\0\0" + bytes(65_000))
PROFILE = segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000))
PIXEL = b"\7\7\7\7"  # in RGBA
EMPTY, MANY = chunk(b"aaAa", b""), 1 << 14
#: Small files that would cost much: seconds of Pillow's, or hundreds of megabytes.
COSTLY: dict[str, Callable[[], bytes]] = {
    "pixels": bomb,
    "pixels behind another header": lambda: disguised(bomb()),
    "a text": lambda: raw_png(1, 8, 6, PIXEL, deflated(b"zTXt", b"a\0\0", 50 * MIB)),
    "a text of another kind": lambda: raw_png(
        1, 8, 6, PIXEL, deflated(b"iTXt", b"a\0\1\0\0\0", 50 * MIB)
    ),
    "a profile": lambda: raw_png(1, 8, 6, PIXEL, deflated(b"iCCP", b"a\0\0", 50 * MIB)),
    "many texts": lambda: raw_png(1, 8, 6, PIXEL, deflated(b"zTXt", b"a\0\0", MIB) * 100),
    "many empty chunks": lambda: raw_png(1, 8, 6, PIXEL, EMPTY * MANY),
    "many empty pixels": lambda: raw_png(1, 8, 6, PIXEL, chunk(b"IDAT", b"") * MANY),
}
#: The same of formats that GPT image models alone take.
COSTLY_PHOTOS: dict[str, Callable[[], bytes]] = {
    "scans": lambda: with_scans(jpeg(4096, progressive=True), 1000),
    "many empty segments": lambda: with_segments(jpeg(), *[segment(0xE5, b"")] * MANY),
    "many chunks of a WebP": lambda: webp(b"aaaa\0\0\0\0" * MANY),
    "pixels of a JPEG": lambda: jpeg(9000),
}


#: Cheaper to make, and as costly to decode.
SMALLER: dict[str, Callable[[], bytes]] = {
    "pixels": lambda: raw_png(13_000, 8, 6, b""),
    "pixels of a JPEG": lambda: jpeg(64).replace(struct.pack(">HH", 64, 64), b"\x23\x28" * 2, 1),
    "pixels behind another header": lambda: disguised(raw_png(13_000, 8, 6, b"")),
    "scans": lambda: with_scans(jpeg(progressive=True), 100),
}


@pytest.mark.parametrize("named", COSTLY | COSTLY_PHOTOS)
def test_a_costly_file_is_refused_before_pillow_sees_it(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    data = (COSTLY | COSTLY_PHOTOS | SMALLER)[named]()
    found = header(data)
    if found and max(found.width, found.height) <= 8192:  # the side that is taken at most
        with pytest.raises(Unreadable):
            decoded(data)


@pytest.mark.parametrize(
    "more", [[EXIF] * 20, [PROFILE] * 20, [segment(0xFE, b"x")], [segment(0xE2, b"MPF\0II*\0")]]
)
def test_what_makes_no_pixels_of_a_jpeg_is_kept_from_pillow(
    more: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    opened, data = Image.open, jpeg(progressive=True)

    def noted(file: io.BytesIO, **how: Any) -> Image.Image:
        seen.append(len(file.getvalue()))
        return opened(file, **how)

    monkeypatch.setattr(Image, "open", noted)
    assert decoded(with_segments(data, *more)).tobytes() == decoded(data).tobytes()
    assert seen[0] == seen[1] <= len(data)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"optimize": True}, {"keep_rgb": True}])
def test_a_jpeg_has_the_pixels_that_it_has_in_pillow(mode: str, how: dict[str, Any]) -> None:
    file = io.BytesIO()
    grey = Image.linear_gradient("L")
    image = Image.merge("RGB", (grey, grey.rotate(90), grey.rotate(180))).convert(mode)
    image.save(file, "JPEG", exif=b"Exif\0\0x", comment=b"x", icc_profile=b"x" * 99_999, **how)
    data = file.getvalue()
    whole = opened(data)
    expected = whole if mode != "CMYK" else whole.convert("RGB")
    assert decoded(data).tobytes() == expected.tobytes()


def test_no_upload_is_kept_beside_what_was_made_of_it() -> None:
    picture = Picture("images.edit", "gpt-image-2", "x", 64, 64, 0, 1, bytes(16))
    file = io.BytesIO()
    Image.new("RGBA", (64, 64)).save(file, "PNG")
    uploads = [file.getvalue() + bytes([n]) for n in range(3)]
    before = [*map(sys.getrefcount, uploads)]
    edited(picture, uploads[0], None, uploads[1:])
    assert [*map(sys.getrefcount, uploads)] == before


def test_a_jpeg_has_the_size_that_it_was_let_in_by() -> None:
    """A marker without a length leads past the frame to another one, in a comment."""
    whole = jpeg(600)
    small = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", 8, 8) + b"\1\1\x11\0"
    comment = bytearray(b"\xff\xfe" + struct.pack(">H", 65_535) + bytes(65_533))
    comment[0xFFFE : 0xFFFE + len(small)] = small  # its marker is taken for the other's length
    forged = whole[:2] + b"\xff\xd0" + comment + whole[2:]
    assert header(forged) == Header(8, 8, "L", "JPEG")
    with Image.open(io.BytesIO(forged)) as image:
        assert image.size == (600, 600)
    with pytest.raises(Unreadable, match="two sizes"):
        decoded(forged)


# -- a server in a process of its own


needs_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)
VARIATIONS, EDITS = "/v1/images/variations", "/v1/images/edits"
EDIT = {"model": "gpt-image-2", "prompt": "x"}


def sent(path: str, *data: bytes, mask: bytes | None = None) -> Sent:
    if path == VARIATIONS:
        return path, *form(("image", data[0]))
    files = [("image[]", one) for one in data]
    return path, *form(*files, *([("mask", mask)] if mask else []), **EDIT)


def like(data: bytes) -> bytes:
    """A harmless picture of the size that another file says."""
    found, file = header(data), io.BytesIO()
    assert found
    Image.new("RGBA", (found.width, found.height)).save(file, "PNG")
    return file.getvalue()


def as_json(data: bytes, path: str = EDITS) -> Sent:
    picture = {"image_url": "data:image/png;base64," + b64encode(data).decode()}
    body: dict[str, Any] = {**EDIT, "images": [picture]}
    if path != EDITS:
        content = [{"type": "input_image", **picture}]
        tool = {"type": "image_generation"}
        body = {"model": "gpt-5", "tools": [tool], "input": [{"role": "user", "content": content}]}
    return path, json.dumps(body).encode(), JSON


#: Where a picture comes in.
WAYS: dict[str, Callable[[bytes], Sent]] = {
    "a variation": lambda data: sent(VARIATIONS, data),
    "an edit": lambda data: sent(EDITS, data),
    "a mask": lambda data: sent(EDITS, like(data), mask=data),
    "the last of three": lambda data: sent(EDITS, *[like(data)] * 2, data),
    "a data: URL": as_json,
    "an answer's input": lambda data: as_json(data, "/v1/responses"),
}
IN_BASE64 = ("a data: URL", "an answer's input")
ASKED = [
    *[(way, named) for way in ("a variation", "an edit") for named in COSTLY],
    *[("an edit", named) for named in COSTLY_PHOTOS],
    *[(way, "pixels behind another header") for way in WAYS],
    *[(way, "many texts") for way in WAYS],
]


#: What a refusal says that has nothing to do with what is costly.
OTHERWISE = (b"mimetype", b"must be in", b"mask size", b"Invalid URL")


@pytest.mark.slow
@needs_linux
@pytest.mark.parametrize(("way", "named"), dict.fromkeys(ASKED))
def test_a_hundred_costly_files_at_once_hold_nobody_and_take_little_memory(
    way: str, named: str
) -> None:
    request = WAYS[way]((COSTLY | COSTLY_PHOTOS)[named]())
    with watched() as server:
        status, told = server.ask(*request)
        assert status == 400
        assert not any(other in told for other in OTHERWISE)
        before = server.figures()
        assert server.ask_at_once(100, request) == {400}
        found = server.figures()
    # In base64 it is there three times, and a hundred clients of a busy machine are slow ones,
    # whose bodies give their room away.
    assert found.peak - before.resident < (100 if way not in IN_BASE64 else 160)
    assert found.own < 0.4  # seconds; what is looked for is many times that, on a slow machine too


@pytest.mark.slow
@needs_linux
def test_many_allowed_giants_at_once_grow_the_server_by_what_two_of_them_take() -> None:
    """The largest pictures that DALL·E 2 takes at all: 64 MiB each, once decoded."""
    request = sent(VARIATIONS, bomb(4096))
    with watched() as server:
        server.ask(*sent(VARIATIONS, bomb(64)))
        before = server.figures()
        assert server.ask_at_once(20, request) == {200}
        assert server.figures().peak - before.resident < 300


@pytest.mark.slow
@needs_linux
def test_thirty_forms_of_sixty_megabytes_at_once_take_the_memory_of_a_few() -> None:
    request = EDITS, *form(("image", bytes(60_000_000)), **EDIT)
    with watched() as server:
        server.ask(*sent(EDITS, b"x"))
        before = server.figures()
        assert server.ask_at_once(30, request) == {400}
        found = server.figures()
    assert found.peak - before.resident < 800  # 1800 MB were sent
    assert found.own < 0.4


@pytest.mark.slow
@needs_linux
def test_sixteen_pictures_of_fifty_megabytes_are_taken() -> None:
    """As many and as large as the API documents, in one request."""
    grey = chunk(b"IDAT", zlib.compress(b"\0" * 4 * 10, 0))
    size = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 10, 8, 0, 0, 0, 0))
    note = chunk(b"aaAa", bytes((50 << 20) - 200))
    picture = SIGNATURE + size + note + grey + chunk(b"IEND", b"")
    assert (50 << 20) - 200 < len(picture) < 50 << 20
    with watched("--max-body", "900MiB") as server:
        server.ask(*sent(EDITS, b"x"))
        before = server.figures()
        assert server.ask_at_once(1, sent(EDITS, *[picture] * 16)) == {200}
        assert server.figures().peak - before.resident < 2.6 * 800
