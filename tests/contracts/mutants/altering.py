"""Ways to alter what passes between a client and a server. Knows no defect, and sends nothing.

A defect is what a bad server does with one request: it may ask the honest one behind it, with this
request or another, as often as it likes, and answers as it likes. Downloads of pictures pass it, too.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from contracts.document.beside import service_of
from contracts.exchange import Answer, Headers, Request
from contracts.forms import fields_in

Ask = Callable[[Request], Answer]
Defect = Callable[[Request, Ask], Answer]
When = Callable[[Request, Answer], bool]
Body = dict[str, Any]
Event = tuple[str, Body]  # its name, its data

EVENTS = "text/event-stream"
#: How the bodies of this API are spelled: indentation, what stands between, the end.
_STYLES = [(indent, end) for indent in (2, 4, None) for end in ("\n", "")]


def honest(request: Request, ask: Ask) -> Answer:
    """What a server without a defect does."""
    return ask(request)


def one_after_another(first: Defect, then: Defect) -> Defect:
    """Two alterations of answers as one."""
    return lambda request, ask: then(request, lambda asked: first(asked, ask))


# When


def anything(_request: Request, _answer: Answer) -> bool:
    """Whatever was asked and answered."""
    return True


def refused(_request: Request, answer: Answer) -> bool:
    """An answer that says no."""
    return answer.status >= 400


def with_status(*statuses: int) -> When:
    """An answer with one of these statuses."""
    return lambda _, answer: answer.status in statuses


def made(request: Request, answer: Answer) -> bool:
    """An answer with pictures, all at once or in events."""
    return answer.status == 200 and request.path.startswith("/images/")


def made_at_once(request: Request, answer: Answer) -> bool:
    """An answer with all pictures in one body."""
    return made(request, answer) and answer.media == "application/json"


def streamed(request: Request, answer: Answer) -> bool:
    """An answer with pictures in events."""
    return made(request, answer) and answer.media == EVENTS


def downloaded(request: Request, answer: Answer) -> bool:
    """The file of a picture."""
    return answer.status == 200 and is_download(request)


def is_download(request: Request) -> bool:
    """Whether a request is for a picture's file."""
    is_of_api = request.path.startswith("/models") or service_of(request.path)
    return request.method == "GET" and not is_of_api


def at(path: str) -> When:
    """A good answer to requests whose path begins so."""
    return lambda request, answer: answer.status == 200 and request.path.startswith(path)


# What is answered


def of_answers(change: Callable[[Answer], Answer], when: When = anything) -> Defect:
    """A defect that alters answers."""

    def defect(request: Request, ask: Ask) -> Answer:
        answer = ask(request)
        return change(answer) if when(request, answer) else answer

    return defect


def of_headers(change: Callable[[Headers], Headers], when: When = anything) -> Defect:
    """A defect that alters the headers of answers."""
    return of_answers(lambda answer: answer._replace(headers=change(answer.headers)), when)


def without_header(name: str, when: When = anything) -> Defect:
    """A defect: a header is missing."""
    return of_headers(lambda told: tuple(one for one in told if one[0] != name), when)


def with_header(name: str, change: Callable[[str], str], when: When = anything) -> Defect:
    """A defect: a header that there is has another value."""
    return of_headers(
        lambda told: tuple((n, change(value) if n == name else value) for n, value in told), when
    )


def of_bodies(change: Callable[[Any], object], when: When = anything) -> Defect:
    """A defect that alters the value of JSON bodies in its place, spelled as it was."""

    def apply(answer: Answer) -> Answer:
        value = answer.json()
        if value is None:
            return answer
        spelled = spelling(answer.body, value)
        change(value)
        return answer._replace(body=spelled(value))

    return of_answers(apply, when)


def of_errors(change: Callable[[Body], object], when: When = refused) -> Defect:
    """A defect that alters the error in a refusal."""
    return of_bodies(lambda body: change(body["error"]), when)


def spelling(body: bytes, value: Any) -> Callable[[Any], bytes]:
    """What spells a value as it is spelled in `body`."""
    for indent, end in _STYLES:
        for ascii_only in (True, False):

            def spell(
                told: Any, indent: int | None = indent, end: str = end, only: bool = ascii_only
            ) -> bytes:
                between = None if indent else (",", ":")
                text = json.dumps(told, indent=indent, separators=between, ensure_ascii=only)
                return (text + end).encode()

            if spell(value) == body:
                return spell
    raise ValueError(f"a spelling that is not known: {body[:80]!r}")


# Events


def of_events(change: Callable[[list[Event]], list[Event]]) -> Defect:
    """A defect that alters the events of streams."""
    return of_answers(lambda a: a._replace(body=written(change(events_in(a.body)))), streamed)


def events_in(body: bytes) -> list[Event]:
    """The name and the data of each event."""
    frames = body.decode().removesuffix("\n\n").split("\n\n")
    lines = [frame.split("\n") for frame in frames]
    return [(name[7:], json.loads(data[6:])) for name, data in lines]


def written(events: list[Event]) -> bytes:
    """Events as the API writes them."""
    told = [(name, json.dumps(data, separators=(",", ":"))) for name, data in events]
    return "".join(f"event: {name}\ndata: {data}\n\n" for name, data in told).encode()


# Pictures


def of_b64(change: Callable[[str], str]) -> Defect:
    """A defect that alters the base64 of pictures, in bodies and in events."""

    def in_items(items: list[Body]) -> None:
        for item in items:
            if "b64_json" in item:
                item["b64_json"] = change(item["b64_json"])

    def in_events(events: list[Event]) -> list[Event]:
        in_items([data for _, data in events])
        return events

    at_once = of_bodies(lambda body: in_items(body["data"]), made_at_once)
    return one_after_another(at_once, of_events(in_events))


def of_files(change: Callable[[bytes], bytes]) -> Defect:
    """A defect that alters the file of each picture, wherever it is."""
    return one_after_another(
        of_b64(lambda text: b64encode(change(b64decode(text))).decode()),
        of_answers(lambda answer: answer._replace(body=change(answer.body)), downloaded),
    )


def of_pictures(change: Callable[[Image.Image], Image.Image], form: str = "") -> Defect:
    """A defect that alters what pictures show; in their own format unless another is given."""

    def altered(file: bytes) -> bytes:
        if b"<svg" in file[:200]:
            return file
        picture = Image.open(BytesIO(file))
        return encoded(change(picture), form or picture.format or "PNG")

    return of_files(altered)


def encoded(picture: Image.Image, form: str) -> bytes:
    """A picture's file, made fast."""
    file = BytesIO()
    fast: Body = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0}}.get(form, {})
    if form == "JPEG":
        picture = picture.convert("RGB")
    picture.save(file, form, **fast)
    return file.getvalue()


# What is asked


def of_requests(change: Callable[[Request], Request]) -> Defect:
    """A defect: the server reads requests as others."""
    return lambda request, ask: ask(request if is_download(request) else change(request))


def fields_of(request: Request) -> Body:
    """The fields of a request: of JSON their values, of a form their texts and files."""
    form = fields_in(request.header("content-type"), request.body)
    if form:
        return {name: field.data for name, field in form}
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def text_of(request: Request, name: str) -> str:
    """A field as a text; "" without it."""
    value = fields_of(request).get(name, "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def without(*names: str) -> Callable[[Request], Request]:
    """Reads requests as if these fields were not there."""

    def change(request: Request) -> Request:
        if request.header("content-type").startswith("multipart/"):
            return request._replace(body=_form_without(request, names))
        fields = fields_of(request)
        return with_fields(request, {name: None for name in names if name in fields})

    return change


def with_fields(request: Request, changed: Body) -> Request:
    """A JSON request with other values; None takes a field away."""
    if not changed or not request.header("content-type").startswith("application/json"):
        return request
    fields = fields_of(request) | changed
    told = {n: v for n, v in fields.items() if n not in changed or v is not None}
    return request._replace(body=json.dumps(told).encode())


def _form_without(request: Request, names: tuple[str, ...]) -> bytes:
    boundary = b"--" + request.header("content-type").partition("boundary=")[2].strip('"').encode()
    parts = (b"\r\n" + request.body).split(b"\r\n" + boundary)
    named = [f'name="{name}"'.encode() for name in names]
    left = [part for part in parts if not any(n in part.partition(b"\r\n\r\n")[0] for n in named)]
    return (b"\r\n" + boundary).join(left).removeprefix(b"\r\n")


def with_part(request: Request, name: str, data: bytes) -> Request:
    """A form with other bytes in its first field of this name."""
    pattern = rb'(name="%s(?:\[\])?"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n).*?(\r\n--)' % name.encode()
    body = re.sub(pattern, lambda m: m[1] + data + m[2], request.body, count=1, flags=re.S)
    return request._replace(body=body)
