"""Exchanges as JSON values that anybody may see: what `allowed` names, and shapes of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contracts.compare import allowed
from contracts.compare.allowed import Kept
from contracts.compare.layout import layout_of
from contracts.compare.pictures import decoded, described, magnitude
from contracts.compare.references import References, shape_of
from contracts.compare.sent import fields_of
from contracts.exchange import Answer, Exchange, Request

Value = Any  # what JSON can say
_LONG = 300  # characters of a text in a request that are shown
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,60}")
_DAY = 86_400
_XML = re.compile(rb"<Code>(?P<code>\w+)</Code><Message>(?P<message>[^<\n]*)")


class Sanitiser:
    """Makes values of the exchanges of one case."""

    def __init__(self, base_url: str, mask: Callable[[str], str] = str) -> None:
        """Take what the run knows.

        Args:
            base_url: of the target; a URL of its host is told as such.
            mask: takes the key out of a text.
        """
        self.references = References()
        self.unknown: list[str] = []  # what is kept as its shape, by its path
        self._host, self._mask = urlsplit(base_url).netloc, mask
        self._own = ""  # what was sent: nobody's secret

    def exchange(self, exchange: Exchange, *, url: str = "") -> Value:
        """A request and its answer.

        Args:
            exchange: what was sent and came.
            url: what was downloaded, where this is no request to the API.
        """
        self._own = exchange.request.body.decode("utf-8", "replace")
        told = {"url": self.references.of("url", url)} if url else self._request(exchange.request)
        answer = {
            "status": exchange.answer.status,
            "headers": _gathered(self._headers(exchange.answer, exchange.request)),
        }
        answer |= self._content(exchange)
        masked: Value = json.loads(self._mask(json.dumps({"request": told, "answer": answer})))
        return masked

    def _request(self, request: Request) -> Value:
        told: dict[str, Value] = {
            "method": request.method,
            "path": self.references.in_text(request.path),
            "key": request.key,
            "sha256": digest(request),
        }
        if kind := request.header("content-type").partition(";")[0]:
            told["content-type"] = kind
        if request.body:
            fields = fields_of(request)
            told["body"] = (
                {"<bytes>": magnitude(len(request.body))}
                if fields is None
                else [{"name": f.name, "value": _shown(f.value)} for f in fields]
            )
        return told

    # Headers

    def _headers(self, answer: Answer, request: Request) -> Iterator[tuple[str, Value]]:
        for name, value in answer.headers:
            name = name.lower()
            if allowed.is_road(name):
                continue
            if name.startswith(allowed.RATES):
                yield name, "<count>"
            elif name not in allowed.HEADERS:
                yield self._unknown(f"header {name}", name), "<unknown>"
            else:
                yield name, self._header(name, value, answer, request)

    def _header(self, name: str, value: str, answer: Answer, request: Request) -> Value:
        kept, kind = allowed.HEADERS[name]
        match kept:
            case Kept.ID:
                return self.references.shaped(kind, value) if value else ""
            case Kept.LENGTH:
                fits = value == str(len(answer.body)) or request.method == "HEAD"
                return "<length of the body>" if fits else "<another length>"
            case Kept.COUNT:
                return f"<{kind}>" if value.isdecimal() else f"<{kind}, {shape_of(value)}>"
            case Kept.TEXT:
                return "<text>" if value else ""
            case _:
                return self.references.in_text(value)

    def _unknown(self, path: str, name: str) -> str:
        self.unknown.append(path)
        return name

    # Bodies

    def _content(self, exchange: Exchange) -> Value:
        """Body and layout; of a stream its events."""
        answer = exchange.answer
        if answer.media == "text/event-stream":
            return {"events": list(self._events(exchange))}
        value = answer.json()
        if answer.body and value is None:
            return {"body": self._no_json(answer)}
        if not answer.body:
            return {"body": ""}
        kept = self._body(value, exchange)
        return {"body": kept, "layout": layout_of(answer.body, value, kept)}

    def _body(self, value: Any, exchange: Exchange) -> Value:
        of_models = exchange.request.path.startswith("/models")
        fields = allowed.MODELS if of_models else allowed.IMAGES
        if of_models and isinstance(value, dict):
            value = _public(value)
        return self._kept(value, "", fields, exchange)

    def _events(self, exchange: Exchange) -> Iterator[Value]:
        for frame in filter(None, re.split(rb"\r?\n\r?\n", exchange.answer.body)):
            lines = [line.partition(b":")[::2] for line in frame.splitlines()]
            named = {name: value.strip() for name, value in lines if name}
            try:
                value = json.loads(named.get(b"data", b""))
            except ValueError:
                yield {"data": self._shape(named.get(b"data", b"").decode("latin-1"))}
                continue
            name = named.get(b"event", b"").decode("latin-1")
            told = {"event": name} if _NAME.fullmatch(name) else {}
            kept = self._body(value, exchange)
            yield told | {"data": kept, "layout": layout_of(named[b"data"], value, kept)}

    def _no_json(self, answer: Answer) -> Value:
        if answer.media.startswith("image/"):
            return self._picture(answer.body)
        if answer.media.endswith("xml") and (found := _XML.search(answer.body)):
            texts = {k: v.decode("utf-8", "replace") for k, v in found.groupdict().items()}
            return {"<xml>": {k: self.references.in_text(v) for k, v in texts.items()}}
        return {"<bytes>": magnitude(len(answer.body)), "media": answer.media}

    def _kept(self, value: Any, path: str, fields: Mapping[str, Kept], exchange: Exchange) -> Value:
        """A value with each of its leaves as the list has it."""
        match value:
            case dict() if value and path not in fields and _leads(path, fields):
                inner = {name: f"{path}.{name}".lstrip(".") for name in value}
                return {
                    self._name(name): self._kept(value[name], inner[name], fields, exchange)
                    for name in value
                }
            case list() if _leads(f"{path}[]", fields):
                return [self._kept(item, f"{path}[]", fields, exchange) for item in value]
            case dict() | list() | None if not value and _leads(path, fields):
                return value
            case _ if path not in fields or isinstance(value, dict | list):
                self.unknown.append(self._mask(self.references.in_text(path)) or "the body")
                return self._shape(value)
            case str():
                return self._leaf(value, fields[path], exchange)
            case int() if fields[path] is Kept.MOMENT:
                return _moment(value, exchange)
            case int() | float() | None:
                return value

    def _name(self, name: str) -> str:
        return self.references.in_text(name) if _NAME.fullmatch(name) else "<name>"

    def _leaf(self, text: str, kept: Kept, exchange: Exchange) -> Value:
        match kept:
            case Kept.PICTURE:
                file = decoded(text)
                return text and ("<not base64>" if file is None else self._picture(file))
            case Kept.URL:
                return text and self._url(text, exchange)
            case Kept.TEXT | Kept.MOMENT:
                return text if text in self._own else "<text>"
            case _:  # the bad key is nobody's: how a refusal repeats it, is worth keeping
                is_bad = exchange.request.key == "bad"
                return self.references.in_text(text, own=self._own, keys=is_bad)

    def _picture(self, file: bytes) -> Value:
        name = self.references.of("picture", sha256(file).hexdigest())
        return {"<picture>": name} | described(file)

    def _url(self, text: str, exchange: Exchange) -> Value:
        name, url = self.references.of("url", text), urlsplit(text)
        if url.scheme not in ("http", "https"):
            return {"<url>": name, "scheme": _shape_of_scheme(url.scheme)}
        told: dict[str, Value] = {
            "<url>": name,
            "scheme": url.scheme,
            "host": "<target>" if url.netloc == self._host else url.hostname or "",
            "path": "/".join(map(shape_of, url.path.split("/"))),
        }
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        told["parameters"] = sorted(filter(_NAME.fullmatch, parameters))
        public = {n: parameters[n] for n in allowed.PUBLIC_PARAMETERS if n in parameters}
        told["values"] = {n: self.references.in_text(value[:40]) for n, value in public.items()}
        return told | {"minutes": _minutes(parameters, exchange.began)}

    def _shape(self, value: Any) -> Value:
        match value:
            case dict():
                return {self._name(name): self._shape(inner) for name, inner in value.items()}
            case list():
                return [self._shape(item) for item in value[:1]]
            case None | bool():
                return value if value is None else "<unknown truth>"
            case int() | float():
                return "<unknown number>"
            case _:
                return "<unknown text>"


def digest(request: Request) -> str:
    """Tells a request from others: method, path, whose key, content type, body."""
    kind = request.header("content-type")
    head = "\n".join((request.method, request.path, request.key, kind))
    return sha256(head.encode() + b"\n" + request.body).hexdigest()


def _gathered(headers: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Headers by name; of one that comes in several lines all of these."""
    found: dict[str, list[Value]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return {name: lines if len(lines) > 1 else lines[0] for name, lines in sorted(found.items())}


def _leads(path: str, fields: Mapping[str, Kept]) -> bool:
    """Whether a field that may be kept lies below a path."""
    return not path or any(name.startswith((f"{path}.", f"{path}[")) for name in fields)


def _public(value: dict[str, Any]) -> dict[str, Any]:
    """Of a list of models those that are nobody's own."""
    match value:
        case {"data": [*models]}:
            return value | {"data": [_owned(m) for m in models if _is_public(m)]}
        case _:
            return _owned(value)


def _is_public(model: Any) -> bool:
    return isinstance(model, dict) and str(model.get("id", "")).startswith(allowed.PUBLIC_MODELS)


def _owned(model: dict[str, Any]) -> dict[str, Any]:
    owner = model.get("owned_by")
    is_public = owner is None or owner in allowed.PUBLIC_OWNERS
    return model if is_public else model | {"owned_by": "<owner>"}


def _shown(value: Any) -> Value:
    """A field that was sent: texts as they are, but for long ones; files in words."""
    match value:
        case bytes():
            return described(value)
        case str() if len(value) > _LONG or value.startswith("data:"):
            return f"<text of {magnitude(len(value))} characters>"
        case list():
            return [_shown(item) for item in value[:10]]
        case dict():
            return {name: _shown(inner) for name, inner in value.items()}
        case _:
            return value


def _moment(value: int, exchange: Exchange) -> Value:
    """A time by its relation to the call, in seconds or in milliseconds."""
    if not value:
        return 0
    unit, seconds = ("milliseconds", value / 1000) if value > 10**11 else ("seconds", value)
    within = int(exchange.began) - 1 <= seconds <= exchange.ended + 1
    side = "before" if seconds < exchange.began else "after"
    far = "long " if abs(seconds - exchange.began) > _DAY else ""
    return f"<Unix {unit} {'within' if within else far + side} the call>"


def _minutes(parameters: Mapping[str, str], began: float) -> list[int] | None:
    """When a signed URL begins and ends, in minutes after the call."""
    try:
        times = [datetime.fromisoformat(parameters[name]).timestamp() for name in ("st", "se")]
    except (KeyError, ValueError):
        return None
    return [round((time - began) / 60) for time in times]


def _shape_of_scheme(scheme: str) -> str:
    return scheme if scheme in ("data", "file", "blob") else "<scheme>"
