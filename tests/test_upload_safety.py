"""Uploads that mean harm: a server in a process of its own hardly notices."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mockserver.core.uploads import Header, header
from mockserver.pictures.decoding import Unreadable, decoded
from tests.conftest import Api, error
from tests.test_cli import serving
from tests.test_edits import chunk, opened, raw_png

STATUS = Path("/proc/self/status")
MIB = 1024 * 1024


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


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("disguise", [bytes, disguised], ids=["plain", "behind another header"])
def test_a_hundred_bombs_at_once_grow_the_server_by_less_than_100_mib(
    disguise: Callable[[bytes], bytes],
) -> None:
    data = disguise(bomb())
    assert 500_000 < len(data) < 900_000
    with serving("--port", "0", "--log-format", "none") as (process, line):
        url = f"{line.split()[1]}/v1/images/variations"
        headers = {"Authorization": "Bearer sk-mock-me"}

        def send(_: int) -> int:
            with httpx2.Client(timeout=60) as client:
                return client.post(url, files={"image": data}, headers=headers).status_code

        send(0)
        before = peak(process.pid)
        with ThreadPoolExecutor(100) as pool:
            assert set(pool.map(send, range(100))) == {400}
        grown = peak(process.pid) - before
    assert grown < 100 * MIB


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


@pytest.mark.slow
def test_many_allowed_giants_at_once_grow_the_server_by_what_two_of_them_take() -> None:
    """The largest pictures that are taken at all: 64 MiB each, once decoded."""
    data = bomb(4096)
    with serving("--port", "0", "--log-format", "none") as (process, line):
        url = f"{line.split()[1]}/v1/images/variations"
        headers = {"Authorization": "Bearer sk-mock-me"}

        def send(_: int) -> int:
            with httpx2.Client(timeout=60) as client:
                return client.post(url, files={"image": data}, headers=headers).status_code

        before = peak(process.pid)
        with ThreadPoolExecutor(20) as pool:
            assert set(pool.map(send, range(20))) == {200}
        assert peak(process.pid) - before < 300 * MIB


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


def test_a_jpeg_has_the_size_that_it_was_let_in_by() -> None:
    """A marker without a length leads past the frame to another one, in a comment."""
    file = io.BytesIO()
    Image.new("L", (600, 600)).save(file, "JPEG")
    whole = file.getvalue()
    small = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", 8, 8) + b"\1\1\x11\0"
    comment = bytearray(b"\xff\xfe" + struct.pack(">H", 65_535) + bytes(65_533))
    comment[0xFFFE : 0xFFFE + len(small)] = small  # its marker is taken for the other's length
    forged = whole[:2] + b"\xff\xd0" + comment + whole[2:]
    assert header(forged) == Header(8, 8, "L", "JPEG")
    with Image.open(io.BytesIO(forged)) as image:
        assert image.size == (600, 600)
    with pytest.raises(Unreadable, match="two sizes"):
        decoded(forged)
