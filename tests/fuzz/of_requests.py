"""Readers of what requests have: JSON, forms, URLs, pictures, lines of batches, headers, queries."""

from __future__ import annotations

import io
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Coroutine, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

from PIL import Image
from starlette.types import Message

from mockserver.api.middleware import HostRule
from mockserver.config import configured
from mockserver.control.request import ControlError, ControlRequest, body_of, query_of
from mockserver.core.batches import InputFile, asks, endpoints
from mockserver.core.blob_errors import BlobError
from mockserver.core.downloads import blob_of, check_conditions, wanted_part
from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import inline
from mockserver.core.links import LinkError, Links
from mockserver.core.picture import MEDIA, Picture
from mockserver.core.request import Source
from mockserver.core.uploads import Form, check_pictures, check_uploads, header
from mockserver.facts import load
from mockserver.request.bodies import FORM, JSON, form_value, json_bytes, json_value
from mockserver.request.world import World
from tests.fuzz.values import value_of
from tests.test_wire import form, part

_WORLD = World(configured(log_format="none"))

# -- bodies --------------------------------------------------------------------------------------

JSON_SEEDS = (
    b'{"prompt": "a fox", "n": 2, "size": "256x256", "user": null, "more": [true, {"a": 1.5e3}]}',
    b'{"n": 1, "n": 2, "o": {"a": 1, "a": 2}}',
    b'"\\ud800\\u00e9"',
    b"[" * 99 + b"]" * 99,
    b"1e400",
    b"-0.0",
)


def json_body(data: bytes) -> None:
    """A JSON body: refused, or a value that JSON can say again; and so by the control API."""
    try:
        found = json_value(data)
    except ApiError as refused:
        assert refused.reason is Reason.UNPARSABLE_JSON
    else:
        assert found == json.loads(data)
        if b"Infinity" not in (written := json_bytes(found)):  # 1e400 is refused where it is meant
            assert json_value(written) == found

    async def receive() -> Message:
        return {"type": "http.request", "body": data}

    try:
        told = _ended(body_of(JSON, receive, _WORLD.heavy))
    except ControlError as refused_there:
        assert refused_there.status == 400
    else:
        json.dumps(told, allow_nan=False)


def _ended(work: Coroutine[Any, Any, Any]) -> Any:
    """What comes of work that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


_PNG = b"\x89PNG\r\n\x1a\n\x00\r\n--x\xff"
FORM_SEEDS = (
    form(part('name="image"; filename="a.png"', _PNG, "image/png"), part('name="n"', b"2")),
    form(part('name="image[]"; filename="a"', b"1"), part('name="image[]"; filename="b"', b"2")),
    form(part('name="image[0]"', b"1"), part('name="image[1]"', b"2"), part('name="p"', b"x")),
    form(part("name=\"a\"; filename*=UTF-8''%C3%A9.png", b""), part('name="n"', b"2")),
    form(part('name="n"', b"Mg==", "text/plain\r\nContent-Transfer-Encoding: base64")),
    b"preamble\r\n" + form(part('name="n"', b"2")) + b"epilogue",
)


def form_body(data: bytes) -> None:
    """A form: refused, or parts that are all in the body; written anew, it is the same."""
    try:
        found = form_value(f"{FORM}; boundary=xx", data, bytes)
    except ApiError as refused:
        assert refused.reason in (Reason.UNPARSABLE_FORM, Reason.BODY_TOO_LARGE)
        return
    parts = [p for one in found.values() for p in one.all]
    assert all(p.data in data for p in parts)
    assert sum(len(p.data) for p in parts) <= len(data)
    if all(map(_SPELLED.fullmatch, found)):
        assert _files(form_value(f"{FORM}; boundary=zzzz", _written(found))) == _files(found)


_SPELLED = re.compile(r"[\w .-]+")


def _files(found: Form) -> dict[str, list[bytes]]:
    return {name: [p.data for p in one.all] for name, one in found.items()}


def _written(found: Form) -> bytes:
    pieces = []
    for name, one in found.items():
        told = f'name="{name}{"[]" * one.is_list}"; filename="a"'
        head = f"Content-Disposition: form-data; {told}\r\n\r\n".encode()
        pieces += [head + p.data for p in one.all]
    return form(*pieces, boundary="zzzz")


def content_type(data: bytes) -> None:
    """The content type of a form, whatever it says."""
    kind = data.decode("latin-1")
    try:
        form_value(kind, FORM_SEEDS[0])
    except ApiError as refused:
        assert refused.reason in (Reason.UNPARSABLE_FORM, Reason.NO_BOUNDARY)


CONTENT_TYPE_SEEDS = (b"multipart/form-data; boundary=xx", b'a/b;boundary="x x";c=\'*', b"a")

# -- URLs ----------------------------------------------------------------------------------------

_NOW = 1_700_000_000
_LINKS = Links(b"secret", load().link)
_OPTIONS = (("quality", "standard"), ("style", None))
_PICTURE = Picture("images.generate", "dall-e-2", "a fox", 256, 256, 0, 1, bytes(16), _OPTIONS)
_OTHER = _PICTURE._replace(format="WEBP", images=("a",), mask="b", download="c")
_URLS = [_LINKS.signed(one, "org-a", "user-b", _NOW) for one in (_PICTURE, _OTHER)]
URL_SEEDS = tuple(url.encode() for url in _URLS)


def url(data: bytes) -> None:
    """A picture's URL: refused, or it is the picture that was signed."""
    path, _, query = data.decode("latin-1").partition("?")
    try:
        found = _LINKS.read(path, query, _NOW + 60)
    except LinkError as refused:
        assert refused.why in ("malformed", "early", "expired", "altered")
        return
    assert found in (_PICTURE, _OTHER)


def forged_url(data: bytes) -> None:
    """What somebody signed who knows the seed, or another version of this package."""
    payload = urlsafe_b64encode(data).rstrip(b"=").decode()
    unsigned = (
        f"/private/o/u/i.png?{urlsplit(_URLS[0]).query.partition('&mock=')[0]}&mock={payload}"
    )
    signature = quote(_LINKS._signature(unsigned), safe="")
    try:
        path, _, query = f"{unsigned}&sig={signature}".partition("?")
        found = _LINKS.read(path, query, _NOW + 60)
    except LinkError as refused:
        assert refused.why in ("malformed", "altered")
        return
    assert found.format in MEDIA
    assert found.is_drawable
    hash(found)


FORGED_SEEDS = tuple(
    b"".join((json.dumps(value).encode(),))
    for value in (
        {"v": 2, **_OTHER._asdict(), "digest": "00" * 16, "options": dict(_OPTIONS)},
        [
            "images.generate",
            "dall-e-2",
            "a",
            256,
            256,
            0,
            1,
            "standard",
            None,
            "00" * 16,
            None,
            None,
        ],
        [],
    )
)


def data_url(data: bytes) -> None:
    """The address of a picture in a JSON body: bytes no larger than it, another's, or refused."""
    address = data.decode("utf-8", "replace")
    try:
        found = inline(Source("images[0].image_url", address))
    except ApiError as refused:
        assert refused.reason is Reason.IMAGE_DATA
        return
    assert (found is None) == (not address.partition(",")[0].lower().startswith("data:"))
    assert len(found or b"") <= len(address.encode())


DATA_URL_SEEDS = (b"data:image/png;base64,iVBORw0KGgo=", b"data:,%41%zz", b"https://a.test/x.png")

# -- headers and queries -------------------------------------------------------------------------

_BLOB = blob_of(bytes(range(100)), _NOW)


def ranges(data: bytes) -> None:
    """Conditions and a range of a download: a part of the file, the whole, or refused."""
    lines = [line.partition(b":") for line in data.split(b"\n")]
    asked = {name: value.strip().decode("latin-1") for name, _, value in lines if value}
    try:
        check_conditions(asked.get, _BLOB)
        part = wanted_part(asked.get, _BLOB)
    except BlobError as refused:
        assert refused.words.status in (304, 412, 416)
        return
    if part is not None:
        assert part.step == 1
        assert 0 <= part.start < part.stop <= 100


RANGE_SEEDS = (
    b"range: bytes=1-5\nif-none-match: *",
    b"x-ms-range: bytes=-5\nrange: bytes=0-",
    b"if-modified-since: Tue, 14 Nov 2023 22:13:20 GMT\nif-match: " + _BLOB.etag.encode(),
    b"range: bytes=99-\nif-range: " + _BLOB.last_modified.encode(),
)

_HOSTS = HostRule(configured(allowed_host=["images.test", "*.b.test"]))


def host(data: bytes) -> None:
    """A Host header: what is let in no other site can make its own, as URLs read it, too."""
    try:
        _HOSTS._check.__wrapped__(data)
    except ApiError as refused:
        assert refused.reason is Reason.WRONG_HOST
        return
    name = urlsplit(f"http://{data.decode('ascii')}").hostname
    assert name
    name = name.rstrip(".")
    dotted = "." in name or ":" in name
    is_number = set(name) <= set("0123456789abcdef.:")
    known = name in ("images.test", "host.docker.internal")
    assert not dotted or is_number or known or name.endswith((".localhost", ".b.test")), name


HOST_SEEDS = (
    *(b"localhost:6780", b"127.0.0.1", b"[::1]:1", b"IMAGES.test.", b"a.b.test", b"evil.test"),
    *(b"images-mock", b"127.0.0.1.evil.test", b"localhost.evil.test", b"x.localhost:99999"),
)

_QUERIES = ("sandbox", "status", "since", "limit", "raw")


def query(data: bytes) -> None:
    """The query and the key of a request to the control API."""
    raw, _, key = data.partition(b"\n")
    try:
        asked = query_of(raw)
        request = ControlRequest(_WORLD, _never, key.decode("latin-1") or None, asked)
        request.check_query(_QUERIES)
        number, flag = request.number("limit"), request.flag("raw")
    except ControlError as refused:
        assert refused.status == 400
        json_bytes(refused.told)
        return
    assert number is None or 0 <= number < 10**9
    assert flag in (True, False)


async def _never() -> Message:
    return {"type": "http.disconnect"}


QUERY_SEEDS = (b"sandbox=abcdef&limit=5&raw=true\nsk-mock-a", b"raw&since=%ff%00\nBearer sk-mock-a")

# -- files ---------------------------------------------------------------------------------------


def _saved(format: str, mode: str = "RGBA", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (16, 16)).save(file, format, **options)
    return file.getvalue()


PICTURE_SEEDS = (
    *(_saved("PNG", mode) for mode in ("RGBA", "RGB", "L", "P", "I;16")),
    _saved("PNG", "RGB", transparency=(0, 0, 0)),
    *(_saved("JPEG", "RGB"), _saved("GIF", "P"), _saved("WEBP"), _saved("WEBP", lossless=True)),
)
_RULES = [
    offer.upload
    for day in (None, "2026-11-28")
    for model in load(day and load().day.fromisoformat(day)).models.values()
    for offer in model.offers.values()
    if offer.upload
]


def picture(data: bytes) -> None:
    """A picture's header: none, or sides of a picture; the rules of uploads refuse or take it."""
    found = header(data)
    assert found is None or min(found.width, found.height) > 0
    for rules in _RULES:
        try:
            if rules.formats:
                check_pictures(rules, [data], data)
            else:
                check_uploads(rules, data, data)
        except ApiError as refused:
            assert isinstance(refused.reason, Reason)
        else:
            assert found


BATCH_WORDS = (
    *("custom_id", "method", "url", "body", "POST", "/v1/images/generations", "model", "prompt"),
    *("gpt-image-2", "a", "stream", "n"),
)
_LINE: Mapping[str, Any] = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/images/generations",
    "body": {"model": "gpt-image-2", "prompt": "a fox", "n": 1},
}
BATCH_SEEDS = (
    json.dumps(_LINE).encode(),
    b"\n".join(json.dumps({**_LINE, "custom_id": name}).encode() for name in "abb"),
    b"\xef\xbb\xbf" + json.dumps(_LINE).encode(),
    json.dumps(_LINE).replace(": 1}", ": 1e400}").encode(),
)


def batch(data: bytes) -> None:
    """Lines of a batch's file: each refused, or what is asked of it JSON can say."""
    for endpoint in endpoints()["served"]:
        checked = InputFile(endpoint)
        for text in islice(_lines(data), 9):
            try:
                model = checked.check(text)
            except ApiError as refused:
                assert isinstance(refused.reason, Reason)
                continue
            found = asks(text)
            assert isinstance(found.custom_id, str)
            assert found.body["model"] == model
            json.dumps(found.body, allow_nan=False)


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if lines[0][:1] in (b"{", b"\xef"):
        return lines
    return [json.dumps(value_of(line, BATCH_WORDS)).encode() for line in lines]
