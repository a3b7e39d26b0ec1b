"""Requests of all kinds, as clients send them one after the other. Sends none, measures nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from io import BytesIO
from itertools import count, cycle
from typing import NamedTuple

from PIL import Image

from bench.servers import HOST, PATH

PROMPTS = 5_000  # different ones of the pictures that are drawn
UPLOADS = 50


class Asked(NamedTuple):
    """A request as it goes over the wire, and which answer is right."""

    kind: str
    data: bytes
    status: int = 200


Story = Generator[Asked, bytes, None]  # what one client does in a row; it is sent the answers


def request(
    method: str, path: str, key: str | None, body: bytes = b"", kind: str = "application/json"
) -> bytes:
    """One request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def generation(key: str | None, **fields: object) -> bytes:
    """A request for pictures."""
    return request("POST", PATH, key, json.dumps(fields).encode())


def form(fields: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """A body of multipart/form-data with the boundary `soak`."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ] + [
        f'Content-Disposition: form-data; name="{name}"; filename="{name}.png"\r\n'
        "Content-Type: image/png\r\n\r\n".encode()
        + content
        for name, content in files.items()
    ]
    return b"".join(b"--soak\r\n%b\r\n" % part for part in parts) + b"--soak--\r\n"


FORM = "multipart/form-data; boundary=soak"


def _upload(number: int) -> bytes:
    """A small picture with a clear half."""
    file, shade = BytesIO(), number * 5 % 256
    image = Image.new("RGBA", (64, 64), (shade, 255 - shade, 90, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    image.save(file, "PNG")
    return file.getvalue()


UPLOADED = [_upload(number) for number in range(UPLOADS)]


def by_url(key: str, number: int) -> Story:
    """A picture that is told by its address, and is fetched more than once."""
    prompt = f"a fox, number {number % PROMPTS}"
    told = yield Asked("url", generation(key, model="dall-e-2", prompt=prompt, size="256x256"))
    path = json.loads(told)["data"][0]["url"].partition(HOST)[2].partition("/")[2]
    for _ in range(4):  # as those do that look at it, show it, keep it
        yield Asked("download", request("GET", f"/{path}", None))


def several_urls(key: str, number: int) -> Story:
    """Four answers with the addresses of pictures that nobody fetches."""
    for place in range(4):
        prompt = f"a wolf, number {number % PROMPTS} of {place}"
        yield Asked("url", generation(key, model="dall-e-3", prompt=prompt))


def in_base64(key: str, number: int) -> Story:
    """Pictures of four models in base64, most of them drawn before."""
    whole = {"quality": "low", "size": "1024x1024"}
    of_dall_e = {"response_format": "b64_json"}
    few = f"a hare, number {number % 8}"
    yield Asked("b64", generation(key, model="dall-e-2", prompt=few, size="256x256", **of_dall_e))
    yield Asked("b64", generation(key, model="dall-e-3", prompt=few, **of_dall_e))
    yield Asked("b64", generation(key, model="gpt-image-2.5-flare", prompt=few, **whole))
    yield Asked("b64", generation(key, model="gpt-image-2", prompt=few, **whole))
    fresh = f"a hare among {number % PROMPTS}"
    drawn = generation(key, model="dall-e-2", prompt=fresh, size="256x256", **of_dall_e)
    yield Asked("b64, drawn", drawn)


def edited(key: str, number: int) -> Story:
    """An edit of a small upload, in base64."""
    fields = {"model": "dall-e-2", "prompt": f"a moon, number {number % 8}", "size": "256x256"}
    body = form(fields | {"response_format": "b64_json"}, {"image": UPLOADED[number % UPLOADS]})
    yield Asked("edit", request("POST", "/v1/images/edits", key, body, FORM))


def streamed(key: str, number: int) -> Story:
    """A stream of one partial picture and the whole."""
    fields = {"prompt": f"a stream, number {number % 4}", "quality": "low", "size": "1024x1024"}
    data = generation(key, model="gpt-image-2", stream=True, partial_images=1, **fields)
    yield Asked("stream", data)


def refused(key: str, number: int) -> Story:
    """What the API refuses: a size, a path, a request without a key, JSON that is none."""
    yield Asked("error", generation(key, prompt=f"a fox {number}", size="17x17"), 400)
    yield Asked("error", request("GET", f"/v1/images/{number % 100}", key), 404)
    yield Asked("error", generation(None, prompt="a fox"), 401)
    yield Asked("error", request("POST", PATH, key, b'{"prompt": '), 400)


def limited(key: str, number: int) -> Story:
    """A limit that is reached."""
    yield Asked("429", generation(key, prompt=f"mock:429 a fox, number {number % PROMPTS}"), 429)


def kept(key: str, number: int) -> Story:
    """A file that is kept, read, and deleted."""
    body = form({"purpose": "user_data"}, {"file": UPLOADED[number % UPLOADS]})
    told = yield Asked("file", request("POST", "/v1/files", key, body, FORM))
    path = f"/v1/files/{json.loads(told)['id']}"
    yield Asked("file", request("GET", path, key))
    yield Asked("file", request("DELETE", path, key))


def looked_at(key: str, number: int) -> Story:  # noqa: ARG001 - as the others
    """What a test or a probe asks of the control API."""
    yield Asked("control", request("GET", "/_mock/ready", None))
    asked = request("GET", "/_mock/requests?limit=5", None)
    yield Asked("control", asked.replace(b"\r\n", f"\r\nMock-Sandbox-Key: {key}\r\n".encode(), 1))


MIX: list[Callable[[str, int], Story]] = [
    *([by_url] * 3),
    *([several_urls] * 5),
    *([in_base64] * 2),
    *([refused] * 2),
    edited,
    streamed,
    limited,
    kept,
    looked_at,
]
_STRIDE = 7_919  # a prime: every key has every story


def stories(keys: int) -> Iterator[Story]:
    """The stories of all clients, in turns; the same in each run."""
    made = cycle(MIX)
    return (next(made)(f"sk-mock-soak-{n * _STRIDE % keys:05d}", n) for n in count())
