"""Defects of what an answer tells beside its pictures, and of lists of models. Tests nothing."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Any

from contracts.exchange import Answer, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    at,
    made,
    made_at_once,
    of_answers,
    of_bodies,
    of_events,
    one_after_another,
    refused,
)


def _of_items(change: Callable[[Body], object]) -> Defect:
    return of_bodies(lambda body: [change(item) for item in body["data"]], made_at_once)


def _of_told(change: Callable[[Body], object]) -> Defect:
    """Of an answer's own fields, and those of each event."""
    at_once = of_bodies(change, made_at_once)
    in_stream = of_events(lambda told: [(name, _changed(change, data)) for name, data in told])
    return one_after_another(at_once, in_stream)


def _changed(change: Callable[[Body], object], data: Body) -> Body:
    change(data)
    return data


def _created(change: Callable[[int], Any]) -> Defect:
    def apply(body: Body) -> None:
        for name in {"created", "created_at"} & body.keys():
            body[name] = change(body[name])

    return _of_told(apply)


def _usage(change: Callable[[Body], object]) -> Defect:
    return _of_told(lambda body: change(body["usage"]) if "usage" in body else None)


def _one_more(*names: str) -> Callable[[Body], object]:
    return lambda usage: usage.update({name: usage[name] + 1 for name in names})


def _says(name: str, **other: str) -> Defect:
    """An answer that calls its pictures something else than they are."""

    def apply(body: Body) -> None:
        if name in body:
            body[name] = other.get(body[name].replace("-", "_"), other["else_"])

    return _of_told(apply)


def _minified(answer: Answer) -> Answer:
    value = answer.json()
    if value is None:
        return answer
    return answer._replace(body=json.dumps(value, separators=(",", ":")).encode())


def _unlisted(model: str) -> Defect:
    def apply(body: Body) -> None:
        body["data"] = [one for one in body["data"] if one["id"] != model]

    return of_bodies(apply, _listing)


def _listing(request: Request, answer: Answer) -> bool:
    return at("/models")(request, answer) and request.path.rstrip("/") == "/models"


def _retrieving(request: Request, answer: Answer) -> bool:
    return at("/models/")(request, answer) and request.method == "GET"


def _deletes(request: Request, ask: Ask) -> Answer:
    answer = ask(request)
    if request.method != "DELETE" or not request.path.startswith("/models/"):
        return answer
    told = {"id": request.path[8:], "object": "model", "deleted": True}
    return answer._replace(status=200, body=json.dumps(told, indent=2).encode() + b"\n")


def _everyone_there(request: Request, ask: Ask) -> Answer:
    answer = ask(request)
    if answer.status != 404 or request.method != "GET" or not request.path.startswith("/models/"):
        return answer
    told = {"id": request.path[8:], "object": "model", "created": 1, "owned_by": "system"}
    return answer._replace(status=200, body=json.dumps(told, indent=2).encode() + b"\n")


MUTANTS: dict[str, tuple[Defect, str]] = {
    # The body as bytes
    "a minified body": (of_answers(_minified, made_at_once), "laid out"),
    "a minified error": (of_answers(_minified, refused), "laid out"),
    "JSON after a byte order mark": (
        of_answers(lambda a: a._replace(body=codecs.BOM_UTF8 + a.body), made_at_once),
        "byte order mark|laid out",
    ),
    "something after the JSON": (
        of_answers(lambda a: a._replace(body=a.body + b"OK"), made_at_once),
        "come as a JSON object",
    ),
    "201 for 200": (of_answers(lambda a: a._replace(status=201), made), "is accepted"),
    "pages of HTML for pictures": (
        of_answers(lambda a: a._replace(body=b"<html></html>"), made_at_once),
        "come as a JSON object",
    ),
    # When
    "created in milliseconds": (_created(lambda told: told * 1000), "created.* counts seconds"),
    "created at 0": (_created(lambda _: 0), "created.* counts seconds"),
    "created an hour ago": (_created(lambda told: told - 3600), "created.* counts seconds"),
    "created as a fraction": (_created(lambda told: told + 0.25), "created.* is an integer"),
    "created as a text": (_created(str), "created.* is an integer"),
    "created is missing": (
        of_bodies(lambda body: body.pop("created"), made_at_once),
        "created is an integer",
    ),
    # Items
    "one picture too few": (
        of_bodies(lambda body: body["data"].pop(), made_at_once),
        "as many pictures as",
    ),
    "one picture too many": (
        of_bodies(lambda body: body["data"].append(dict(body["data"][0])), made_at_once),
        "as many pictures as",
    ),
    "no data": (of_bodies(lambda body: body.pop("data"), made_at_once), "come as a JSON object"),
    "b64_json beside the url": (
        _of_items(lambda i: i.setdefault("b64_json", None)),
        "A picture has the fields",
    ),
    "url beside b64_json": (
        _of_items(lambda i: i.setdefault("url", None)),
        "A picture has the fields",
    ),
    "no revised prompt": (
        _of_items(lambda i: i.pop("revised_prompt", None)),
        "A picture has the fields",
    ),
    "a revised prompt that is not due": (
        _of_items(lambda i: i.setdefault("revised_prompt", "a fox")),
        "A picture has the fields",
    ),
    "an empty revised prompt": (
        _of_items(lambda i: i.update(revised_prompt="") if "revised_prompt" in i else None),
        "A revised prompt is a text",
    ),
    "a field that nobody knows": (
        of_bodies(lambda b: b.update(id="img_1"), made_at_once),
        "An answer has the fields",
    ),
    "a picture's field that nobody knows": (
        _of_items(lambda i: i.update(index=0)),
        "A picture has the fields",
    ),
    # What it says of its pictures
    "says another size": (
        _says("size", else_="512x512"),
        "size is told as it was asked for|the size that its answer tells",
    ),
    "says another quality": (_says("quality", low="high", else_="low"), "quality is told as"),
    "says another format": (
        _says("output_format", png="webp", else_="png"),
        "output_format is told as",
    ),
    "says another background": (
        _says("background", opaque="transparent", else_="opaque"),
        "background",
    ),
    # Tokens
    "no usage": (
        _of_told(lambda body: body.pop("usage", None)),
        "usage has the counts|An answer has the fields|An event has the fields",
    ),
    "total off by one": (_usage(_one_more("total_tokens")), "add up to their total"),
    "output tokens off by one": (
        _usage(_one_more("output_tokens", "total_tokens")),
        "Output tokens are as many|details of tokens add up",
    ),
    "input tokens off by one": (
        _usage(_one_more("input_tokens", "total_tokens")),
        "details of tokens add up",
    ),
    "no tokens": (
        _usage(lambda u: u.update(input_tokens=0, output_tokens=0, total_tokens=0)),
        "Output tokens are as many|details of tokens",
    ),
    "tokens as texts": (
        _usage(lambda u: u.update(total_tokens=str(u["total_tokens"]))),
        "usage has the counts",
    ),
    "usage as chat completions have it": (
        _usage(lambda u: u.update(prompt_tokens=u.pop("input_tokens"))),
        "usage has the counts",
    ),
    # Models
    "the default model is not listed": (_unlisted("dall-e-2"), "that serves is listed"),
    "a model that serves is not listed": (
        _unlisted("gpt-image-2.5-flare"),
        "that serves is listed",
    ),
    "a model listed that nobody can ask for": (
        of_bodies(lambda b: b["data"].append(b["data"][0] | {"id": "dall-e-9"}), _listing),
        "listed",
    ),
    "the list is no list": (
        of_bodies(lambda b: b.update(object="models"), _listing),
        "Models come as|at object",
    ),
    "a model's day as a text": (
        of_bodies(lambda b: b.update(created=str(b["created"])), _retrieving),
        "A model is described|described as|has at (created|owned_by)",
    ),
    "nobody owns a model": (
        of_bodies(lambda b: b.pop("owned_by"), _retrieving),
        "A model is described|described as|has at (created|owned_by)",
    ),
    "another model than was asked for": (
        of_bodies(lambda b: b.update(id="dall-e-2-other"), _retrieving),
        "model",
    ),
    "a model can be deleted": (_deletes, "has the status"),
    "every model is there": (_everyone_there, "has the status"),
}
