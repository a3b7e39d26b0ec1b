"""Trials of requests that only just break the contract where no schema can say so.

Uploads against a rule of files, forms against a rule of their fields, and what was good before the
last model ended. Which words refuse them, cases say of some; here it is judged that all are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from contracts.cases.uploads import Files, good, model_for, near_misses, png, rules_of
from contracts.checks.asked import BASE
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.refusals import error_of
from contracts.checks.said import observed, said
from contracts.document.bodies import models_of
from contracts.exchange import Part, Request, form_request, json_request
from contracts.target import Target
from contracts.trials import Promise, Tier, Trial, Verdict
from mockserver.facts import Facts, Operation, load

Miss = tuple[str, Request]  # what is wrong, and what is sent: it is good but for that
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
    facts = load(day)
    for operation in facts.operations.values():
        for wrong, request in _of_operation(operation, facts):
            yield Trial(
                f"{operation.id}.near-miss ({wrong})",
                Promise(operation.id, 400, "only just wrong"),
                partial(_judge, request, REFUSALS[operation.dialect], ids),
                pays=True,
            )


def _judge(request: Request, types: set[str], ids: Ids, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(request, pays=True))
    status, kind = exchange.answer.status, error_of(exchange.answer).get("type")
    says = "A refusal of a body has a type that the API gives to such"
    verdicts = [
        said("What only just breaks a rule is refused with 400", status == 400, f"{status}"),
        said(says, kind in types, f"it is {kind!r}", tier=Tier.COMPLETE),
    ]
    yield from (verdict._replace(exchange=exchange) for verdict in verdicts)
    yield from Judge(target.day, target.fetch, ids)(exchange)


def _of_operation(operation: Operation, facts: Facts) -> Iterator[Miss]:
    day = facts.day
    if not models_of(facts, operation):
        yield from _too_late(operation)
    elif operation.form:
        for name, files in near_misses(operation, day).items():
            yield name, _form(operation, [*_fine(operation, day), *_files(files)])
        if operation.dialect == "B":
            yield from _badly_sent(operation, day)
    if operation.json_too:
        yield from _as_json(operation)


def _form(operation: Operation, parts: list[Part]) -> Request:
    return form_request(operation.method, operation.path.removeprefix(BASE), parts)


def _json(operation: Operation, **body: object) -> Request:
    return json_request(operation.method, operation.path.removeprefix(BASE), body)


def _fine(operation: Operation, day: date) -> list[Part]:
    """The texts of a good form."""
    names = {parameter.name for parameter in operation.parameters}
    fine = {"prompt": "x", "n": "1", "size": "256x256"}
    if rules_of(operation, day).formats:
        fine |= {"model": model_for(operation, day), "size": "1024x1024"}
    return [_text(name, value) for name, value in fine.items() if name in names]


def _text(name: str, value: str) -> Part:
    return name, None, "", value.encode()


def _files(files: Files, media: str = "image/png") -> list[Part]:
    """Files, each with this content type."""
    return [(name, f"{name}.png", media, file) for name, file in files.items()]


def _badly_sent(operation: Operation, day: date) -> Iterator[Miss]:
    """Good files and texts, sent as dialect B does not take them."""
    texts, rules = _fine(operation, day), rules_of(operation, day)
    image, *others = files = _files(good(operation, b"", day=day))
    form, (_, file, media, data) = partial(_form, operation), image
    if not rules.formats:
        yield "image[]", form([*texts, ("image[]", file, media, data), *others])
    yield "image twice", form([*texts, *files, image])
    yield "image as text", form([*texts, ("image", None, "", data), *others])
    yield "n twice", form([*texts, _text("n", "1"), *files])
    yield "user[]", form([*texts, _text("user[]", "x"), *files])
    for other in ("image/jpeg", "text/plain", "application/octet-stream"):
        if rules.types and other not in rules.types + rules.types_unlisted:
            yield f"image as {other}", form([*texts, ("image", file, other, data)])


def _as_json(operation: Operation) -> Iterator[Miss]:
    address = "data:image/png;base64,iVBORw0KGgo="
    yield "as JSON", _json(operation, prompt="x", image=address)
    yield "as JSON with images", _json(operation, prompt="x", images=[{"image_url": address}])


def _too_late(operation: Operation) -> Iterator[Miss]:
    """What was good until the last model ended: without a model, and by each that there was."""
    for model in (None, *(m.id for m in models_of(load(), operation))):
        texts = {"prompt": "x"} | ({"model": model} if model else {})
        late = f"after the end of {model}" if model else "without a model"
        if operation.form:
            parts = [_text(name, value) for name, value in texts.items()]
            yield late, _form(operation, [*parts, *_files({"image": png("RGBA")})])
        else:
            yield late, _json(operation, **texts)
