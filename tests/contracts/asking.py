"""An application of this process as a target, and a defect that its answers may have. Tests nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from time import time
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from starlette.testclient import TestClient

from contracts.exchange import Answer, Exchange, KeyKind, Request
from contracts.target import NotObserved
from mockserver.app import create_app
from mockserver.config import configured

Alter = Callable[[Answer], Answer]
KEYS: dict[KeyKind, str] = {"good": "sk-mock-contract", "bad": "sk-mock-revoked"}


class AppTarget:
    """An ASGI application, each of whose answers is altered on its way."""

    base_url = "http://testserver/v1"
    name = "an application"
    has: frozenset[str] = frozenset()
    spent = Decimal(0)

    def __init__(
        self, app: Any, day: date | None = None, alter: Alter = lambda answer: answer
    ) -> None:
        self.day, self._alter = day, alter
        self._client = TestClient(app, self.base_url, raise_server_exceptions=False)

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request."""
        return self._sent(request, self.base_url + request.path)

    def fetch(self, url: str) -> Exchange:
        """Download a picture of its own."""
        if urlsplit(url).netloc != "testserver":
            raise NotObserved("its pictures lie on another host")
        return self._sent(Request("GET", urlsplit(url).path, key="none"), url)

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """It has none."""
        raise NotObserved("its clock can't be moved")

    def _sent(self, request: Request, url: str) -> Exchange:
        told, began = dict(request.headers), time()
        if request.key in KEYS:
            told["authorization"] = f"Bearer {KEYS[request.key]}"
        found = self._client.request(request.method, url, headers=told, content=request.body)
        headers = tuple((name.lower(), value) for name, value in found.headers.items())
        answer = self._alter(Answer(found.status_code, headers, found.content))
        return Exchange(request, answer, began, time())


def mock(day: date | None = None, alter: Alter = lambda answer: answer, **more: Any) -> AppTarget:
    """The mock, without limits."""
    dated = {"as_of": str(day)} if day else {}
    app = create_app(configured(tier="off", log_format="none", **dated, **more))
    return AppTarget(app, day, alter)


def of_body(change: Callable[[Any], object]) -> Alter:
    """An alteration of the decoded body, which stays laid out as it was."""

    def alter(answer: Answer) -> Answer:
        body = json.loads(answer.body)
        change(body)
        end = "\n" * answer.body.endswith(b"\n")
        return answer._replace(body=(json.dumps(body, indent=2) + end).encode())

    return alter


def with_headers(**values: str) -> Alter:
    """An alteration of headers; a value of "" takes one away."""
    named = {name.replace("_", "-"): value for name, value in values.items()}

    def alter(answer: Answer) -> Answer:
        kept = [(n, v) for n, v in answer.headers if n not in named]
        return answer._replace(headers=(*kept, *((n, v) for n, v in named.items() if v)))

    return alter


def png(mode: str = "RGB", size: tuple[int, int] = (256, 256)) -> bytes:
    """A file of two colours."""
    made, out = Image.new(mode, size), BytesIO()
    made.putpixel((0, 0), 1 if mode == "P" else (255,) * len(made.getbands()))
    made.save(out, "PNG")
    return out.getvalue()


def showing(picture: bytes) -> Alter:
    """Another picture in the place of the first."""
    text = b64encode(picture).decode()
    return of_body(lambda body: body["data"][0].update(b64_json=text))
