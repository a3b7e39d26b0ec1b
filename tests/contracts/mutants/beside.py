"""Defects of what the vendor's API has beside images. Tests nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from contracts.exchange import Answer, KeyKind, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    When,
    of_answers,
    of_bodies,
    with_header,
)


def _of(method: str, path: str) -> When:
    """A good answer to requests of a method whose path is this, as a regular expression."""

    def when(request: Request, answer: Answer) -> bool:
        return (
            answer.status == 200
            and request.method == method
            and re.fullmatch(path, request.path) is not None
        )

    return when


def _without(parameter: str) -> Defect:
    """A defect: the server does not look at a parameter of the query."""

    def defect(request: Request, ask: Ask) -> Answer:
        path = re.sub(rf"(?<=[?&]){parameter}=[^&]*&?", "", request.path).rstrip("?&")
        return ask(request._replace(path=path))

    return defect


def _asked_as(kind: KeyKind, path: str, *others: KeyKind) -> Defect:
    """A defect: who asks at a path is taken for another."""

    def defect(request: Request, ask: Ask) -> Answer:
        is_meant = request.path.startswith(path) and request.key in others
        return ask(request._replace(key=kind) if is_meant else request)

    return defect


def _not_done(method: str, path: str, answer: Body) -> Defect:
    """A defect: what a request asks for is said to be done, and is not."""

    def defect(request: Request, ask: Ask) -> Answer:
        if request.method != method or not re.fullmatch(path, request.path):
            return ask(request)
        honest = ask(Request("GET", request.path.removesuffix("/cancel")))
        if honest.status != 200:
            return ask(request)
        return honest._replace(body=json.dumps(answer, indent=2).encode())

    return defect


def _lines(change: Callable[[list[Any]], object]) -> Defect:
    """A defect of the files that a batch writes."""

    def apply(answer: Answer) -> Answer:
        try:
            lines = [json.loads(line) for line in answer.body.splitlines()]
        except ValueError:
            return answer
        if not lines or not all(isinstance(one, dict) and "response" in one for one in lines):
            return answer
        change(lines)
        return answer._replace(body=b"".join(json.dumps(one).encode() + b"\n" for one in lines))

    return of_answers(apply, _of("GET", r"/files/[^/]+/content"))


def _results(change: Callable[[Body], object], path: str) -> Defect:
    """A defect of the results in the buckets of what was used or spent."""

    def apply(body: Body) -> None:
        for bucket in body["data"]:
            for result in bucket["results"]:
                change(result)

    return of_bodies(apply, _of("GET", path))


def _dearer(result: Body) -> None:
    result["amount"]["value"] *= 1.1


def _bad_is_good(lines: list[Any]) -> None:
    for one in lines:
        one["response"]["status_code"] = 200


def _other_pictures(lines: list[Any]) -> None:
    for one in lines:
        for item in (one["response"]["body"] or {}).get("data", ()):
            item.update(b64_json="iVBORw0KGgo=")


_FILE = r"/files/[^/?]+"
_USED, _SPENT = r"/organization/usage/images.*", r"/organization/costs.*"

MUTANTS: dict[str, tuple[Defect, str]] = {
    # Files
    "a file's content is cut": (
        of_answers(lambda a: a._replace(body=a.body[:-1]), _of("GET", f"{_FILE}/content")),
        "content is what was uploaded",
    ),
    "a file is told larger than it is": (
        of_bodies(lambda b: b.update(bytes=b["bytes"] + 1), _of("POST", "/files")),
        "as large as what was uploaded",
    ),
    "a file is described otherwise later": (
        of_bodies(lambda b: b.update(filename="upload"), _of("GET", _FILE)),
        "described as its upload",
    ),
    "a file that is deleted stays": (
        _not_done("DELETE", _FILE, {"object": "file", "id": "file-0", "deleted": True}),
        "deleted is there no more",
    ),
    "a list of files lacks the newest": (
        of_bodies(lambda b: b["data"].pop(0), _of("GET", r"/files\?purpose.*")),
        "that is kept is listed",
    ),
    "a page ignores its limit": (_without("limit"), "no more objects than its limit"),
    "a page ignores where it begins": (_without("after"), "Pages have each object once"),
    "a list is always of the newest first": (_without("order"), "oldest come first"),
    "everybody sees all files": (_asked_as("good", "/files", "limited"), "sees another's file"),
    "a file without its purpose": (
        of_bodies(lambda b: b.pop("purpose"), _of("GET", _FILE)),
        "has the schema that the document has",
    ),
    "a file's day as a text": (
        of_bodies(lambda b: b.update(created_at=str(b["created_at"])), _of("GET", _FILE)),
        "has the schema that the document has",
    ),
    "a file is described in HTML": (
        with_header("content-type", lambda _: "text/html", _of("POST", "/files")),
        "has the content type that the document has",
    ),
    # Batches
    "a batch loses a line": (_lines(lambda lines: lines.pop()), "each custom_id once"),
    "a batch writes a line twice": (
        _lines(lambda lines: lines.append(lines[0])),
        "each custom_id once",
    ),
    "a batch counts wrong": (
        of_bodies(lambda b: b["request_counts"].update(completed=0), _of("GET", "/batches/[^/?]+")),
        "counts its requests",
    ),
    "a batch is never done": (
        of_bodies(lambda b: b.update(status="in_progress"), _of("GET", "/batches/[^/?]+")),
        "is done once all its requests are",
    ),
    "a batch lets in what the API refuses": (_lines(_bad_is_good), "a line of the error file"),
    "a batch draws other pictures": (_lines(_other_pictures), "that its request alone has"),
    "a batch that is done can be cancelled": (
        _not_done("POST", "/batches/[^/]+/cancel", {"object": "batch", "status": "cancelled"}),
        "has the status",
    ),
    # Money
    "nothing was used": (
        _results(lambda r: r.update(images=0, num_model_requests=0), _USED),
        "is told in what was used",
    ),
    "nothing was spent": (
        _results(lambda r: r["amount"].update(value=0), _SPENT),
        "is told in what was spent",
    ),
    "groups of what was used overlap": (
        _results(lambda r: r.update(images=r["images"] + 1), f"{_USED}group_by=.*"),
        "each group adds up",
    ),
    "lines of the bill are dearer": (
        _results(_dearer, f"{_SPENT}group_by=line_item.*"),
        "each line costs adds up",
    ),
    "a bucket is left out between two pages": (
        of_bodies(lambda b: b["data"].pop(), _of("GET", f"{_USED}bucket_width=1h&limit=10")),
        "have each bucket once",
    ),
    "everybody sees what was spent": (
        _asked_as("admin", "/organization", "good"),
        "has the status",
    ),
    # Responses
    "a response without its picture": (
        of_bodies(lambda b: b["output"].clear(), _of("POST", "/responses")),
        "has the picture that was asked for",
    ),
    "a response is not kept as it was": (
        of_bodies(lambda b: b["output"].clear(), _of("GET", "/responses/[^/]+")),
        "is as it was answered",
    ),
    "a response forgets where it goes on from": (
        of_bodies(lambda b: b.update(previous_response_id=None), _of("POST", "/responses")),
        "names the one that it goes on from",
    ),
    "a response that is deleted stays": (
        _not_done("DELETE", "/responses/[^/]+", {"id": "resp_0", "deleted": True}),
        "A response that is deleted",
    ),
}
