"""Requests that only just break the contract where no schema can say so. Sends nothing.

Uploads against a rule of files, forms against a rule of their fields, what was good before the last
model ended, and paths and methods that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from contracts.cases.schema import FULL, document_of
from contracts.cases.uploads import Files, good, model_for, near_misses, png, rules_of
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.refusals import error_of
from contracts.checks.said import observed, said
from contracts.document.bodies import Schema, models_of
from contracts.document.build import bare_404, facts_of, path_of
from contracts.exchange import Part, Request, form_request, json_request
from contracts.target import Target
from contracts.trials import Promise, Tier, Trial, Verdict
from mockserver.facts import Facts, Operation, load

Sent = Mapping[str, Any]  # what `requests` is given for the body: json, or data and files


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A request that only just breaks a rule, and is good but for that."""

    name: str  # what is wrong
    operation: Operation
    path: str  # as the document has it
    sent: Sent = field(repr=False)

    @property
    def request(self) -> Request:
        """What is sent."""
        method, sent = self.operation.method, self.sent
        if "json" in sent:
            return json_request(method, self.path, sent["json"])
        return form_request(method, self.path, _parts(sent))


def _parts(sent: Sent) -> Iterator[Part]:
    for name, value in sent["data"].items():
        for text in value if isinstance(value, list) else [value]:
            yield name, None, "", text.encode()
    for name, (file, data, *media) in sent["files"]:
        yield name, file, "".join(media), data


#: The types of a refusal, by dialect; the second is the word of the service behind B's gateway.
REFUSALS = {
    "A": {"invalid_request_error"},
    "B": {"invalid_request_error", "image_generation_user_error"},
}


def missed(day: date | None, ids: Ids) -> Iterator[Trial]:
    """A trial of each near miss; where pictures cost something a server that takes it sends a bill.

    Args:
        day: whose contract.
        ids: the request ids of the run.
    """
    for miss in near_misses_in(document_of(day, FULL)):
        operation, _, wrong = miss.name.partition(" ")
        yield Trial(
            f"{operation}.near-miss ({wrong})",
            Promise(operation, 400, "only just wrong"),
            partial(_judge, miss, ids),
            pays=True,
        )


def _judge(miss: NearMiss, ids: Ids, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(miss.request, pays=True))
    status, kind = exchange.answer.status, error_of(exchange.answer).get("type")
    verdicts = [
        said("What only just breaks a rule is refused with 400", status == 400, f"{status}"),
        said(
            "A refusal of a body has a type that the API gives to such",
            kind in REFUSALS[miss.operation.dialect],
            f"it is {kind!r}",
            tier=Tier.COMPLETE,
        ),
    ]
    yield from (verdict._replace(exchange=exchange) for verdict in verdicts)
    yield from Judge(target.day, target.fetch, ids)(exchange)


def as_files(files: Files, media: str = "image/png") -> list[tuple[str, Any]]:
    """Files as `requests` takes them, each with this content type."""
    return [(name, (f"{name}.png", file, media)) for name, file in files.items()]


@dataclass(frozen=True, slots=True)
class Stray:
    """A request to a path, or with a method, that the contract does not have."""

    method: str
    path: str  # as documents have it
    status: int  # of the refusal
    bare: bool  # it has no body, and else the one form of errors

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def strays_in(document: Schema) -> Iterator[Stray]:
    """Methods that paths do not have, paths that are gone, and one that never was."""
    facts = facts_of(document)
    for operation in facts.operations.values():
        bare = bare_404(facts, operation.id)
        yield Stray("GET", path_of(operation, document), 404 if bare else 405, bare)
    bare = bare_404(facts, "models")
    yield Stray("POST", "/models", 404 if bare else 405, bare)
    gone = [path_of(o, document) for o in load().operations.values()]
    for path in (*gone, "/images/nothing"):
        if path not in document["paths"]:
            yield Stray("POST", path, 404, bare_404(facts, "other"))


def near_misses_in(document: Schema) -> Iterator[NearMiss]:
    """Every near miss of a contract's operations on images."""
    facts = facts_of(document)
    for operation in facts.operations.values():
        path = path_of(operation, document)
        for name, sent in _of_operation(operation, facts):
            yield NearMiss(f"{operation.id} {name}", operation, path, sent)


def _of_operation(operation: Operation, facts: Facts) -> Iterator[tuple[str, Sent]]:
    day = facts.day
    if not models_of(facts, operation):
        yield from _too_late(operation)
    elif operation.form:
        for name, files in near_misses(operation, day).items():
            yield name, _form(operation, day, as_files(files))
        if operation.dialect == "B":
            yield from _badly_sent(operation, day)
    if operation.json_too:
        yield from _as_json()


def _form(operation: Operation, day: date, files: list[tuple[str, Any]], **texts: Any) -> Sent:
    """A good form around these files."""
    names = {parameter.name for parameter in operation.parameters}
    fine = {"prompt": "x", "n": "1", "size": "256x256"}
    if rules_of(operation, day).formats:
        fine |= {"model": model_for(operation, day), "size": "1024x1024"}
    return {"data": {k: v for k, v in fine.items() if k in names} | texts, "files": files}


def _badly_sent(operation: Operation, day: date) -> Iterator[tuple[str, Sent]]:
    """Good files and texts, sent as dialect B does not take them."""
    files, rules = as_files(good(operation, b"", day=day)), rules_of(operation, day)
    (_, image), *others = files
    form = partial(_form, operation, day)
    if not rules.formats:
        yield "image[]", form([("image[]", image), *others])
    yield "image twice", form([*files, ("image", image)])
    yield "image as text", form([("image", (None, image[1])), *others])
    yield "n twice", form(files, n=["1", "1"])
    yield "user[]", form(files, **{"user[]": "x"})
    for media in ("image/jpeg", "text/plain", "application/octet-stream"):
        if rules.types and media not in rules.types + rules.types_unlisted:
            yield f"image as {media}", form(as_files({"image": image[1]}, media))


def _as_json() -> Iterator[tuple[str, Sent]]:
    address = "data:image/png;base64,iVBORw0KGgo="
    yield "as JSON", {"json": {"prompt": "x", "image": address}}
    yield "as JSON with images", {"json": {"prompt": "x", "images": [{"image_url": address}]}}


def _too_late(operation: Operation) -> Iterator[tuple[str, Sent]]:
    """What was good until the last model ended: without a model, and by each that there was."""
    for model in (None, *(m.id for m in models_of(load(), operation))):
        texts = {"prompt": "x"} | ({"model": model} if model else {})
        late = f"after the end of {model}" if model else "without a model"
        if operation.form:
            yield late, {"data": texts, "files": as_files({"image": png("RGBA")})}
        else:
            yield late, {"json": texts}
