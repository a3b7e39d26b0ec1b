"""Answers out of recordings: what was kept as it was, and stand-ins for what was not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from contracts.compare.layout import laid_out
from contracts.compare.pictures import encoded, stand_in
from contracts.compare.references import TOKEN, filled
from contracts.exchange import Answer

Value = Any
_TOKENS: dict[str, Any] = {
    "<unknown text>": "x",
    "<unknown number>": 1,
    "<unknown truth>": True,
    "<text>": "x",
    "<not base64>": "not base64",
}
_MOMENT = re.compile(r"<Unix (?P<unit>\w+) (?P<far>long )?(?P<side>within|before|after) the call>")
_SIDES = {"within": 0, "before": -1, "after": 1}
_HOUR, _MONTH = 3600, 30 * 86_400
#: Letters of what a URL is signed with, so that it is as long as one.
_FILLING = "x" * 24


def _lines(value: Value) -> list[str]:
    return value if isinstance(value, list) else [value]


class Restorer:
    """Makes the answers of one case."""

    def __init__(self, name: str, base_url: str, shapes: Mapping[str, str], began: float) -> None:
        """Take what the case is.

        Args:
            name: of the case: other ids and pictures for another one.
            base_url: where URLs of the target's own host lead.
            shapes: of the ids, by their name.
            began: Unix seconds at which each call is said to have begun.
        """
        self._name, self._shapes, self._began = name, shapes, began
        self._host = urlsplit(base_url).netloc
        self.urls: dict[str, str] = {}  # by what they are restored to, their name

    def answer(self, told: Value) -> Answer:
        """The answer that a value tells of."""
        body = self._content(told)
        headers = ((n, v) for n, lines in told["headers"].items() for v in _lines(lines))
        return Answer(told["status"], tuple((n, self._header(v, body)) for n, v in headers), body)

    def _header(self, value: str, body: bytes) -> str:
        match value:
            case "<length of the body>":
                return str(len(body))
            case "<another length>":
                return str(len(body) + 1)
            case "<milliseconds>" | "<seconds>" | "<count>" | "<unknown>":
                return "1"
            case _:
                return str(self._of(value))

    def _content(self, told: Value) -> bytes:
        if "events" in told:
            return b"".join(map(self._event, told["events"]))
        match told["body"]:
            case "":
                return b""
            case {"<picture>": _}:
                return self._file(told["body"])
            case {"<xml>": {"code": code, "message": message}}:
                return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            case {"<bytes>": _}:
                return b"what was here, was not kept"
            case value:
                return laid_out(self._of(value), told["layout"])

    def _event(self, event: Value) -> bytes:
        named = f"event: {event['event']}\n".encode() if "event" in event else b""
        layout = event.get("layout", {"way": "compact", "end": "", "order": {}})
        return named + b"data: " + laid_out(self._of(event["data"]), layout) + b"\n\n"

    def _of(self, value: Value) -> Value:
        match value:
            case {"<picture>": _}:
                return encoded(self._file(value))
            case {"<url>": str(name)}:
                return self._url(name, value)
            case dict():
                return {name: self._of(inner) for name, inner in value.items()}
            case list():
                return [self._of(item) for item in value]
            case str():
                return self._text(value)
            case _:
                return value

    def _text(self, text: str) -> Value:
        if found := _MOMENT.fullmatch(text):
            seconds = int(self._began) + _SIDES[found["side"]] * (_MONTH if found["far"] else _HOUR)
            return seconds * 1000 if found["unit"] == "milliseconds" else seconds
        return _TOKENS[text] if text in _TOKENS else TOKEN.sub(self._id, text)

    def _id(self, found: re.Match[str]) -> str:
        return filled(self._shapes.get(found[0], "{lower 24}"), f"{self._name} {found[0]}")

    def _file(self, description: Value) -> bytes:
        return stand_in(description, f"{self._name} {description['<picture>']}")

    def _url(self, name: str, told: Value) -> str:
        if "host" not in told:
            return f"{told['scheme']}:x"
        base = f"{told['scheme']}://{self._host if told['host'] == '<target>' else told['host']}"
        path = quote(filled(told["path"], f"{self._name} {name}"))
        values = dict.fromkeys(told["parameters"], _FILLING) | told["values"]
        if told["minutes"]:
            begins, ends = map(self._minute, told["minutes"])
            values |= {"st": begins, "se": ends}
        url = f"{base}{path}" + (f"?{urlencode(values)}" if values else "")
        self.urls[url] = name
        return url

    def _minute(self, minutes: int) -> str:
        moment = datetime.fromtimestamp(self._began, UTC) + timedelta(minutes=minutes)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
