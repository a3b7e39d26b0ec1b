"""Trials of what no single answer shows; and one good request for each branch of each model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from contracts.cases.good import Way, answered_as, request_of, smallest_size, ways
from contracts.cases.uploads import encoded, picture
from contracts.checks.answers import inline_files
from contracts.checks.asked import size_in
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.links import LEADS, links_in
from contracts.checks.models import strangers
from contracts.checks.pictures import changed
from contracts.checks.refusals import refused_for_now
from contracts.checks.said import observed, said
from contracts.exchange import Exchange, Request, json_request
from contracts.target import A_MINUTE, Target
from contracts.trials import Promise, Trial, Verdict, touches_of

ACCEPTED = "A good request is accepted"
#: What only a stand-in promises: the same picture again, and what is outside of a mask.
STAND_IN = frozenset({"stand-in"})
CLOCK = frozenset({"clock"})
LIMITS = frozenset({"clock", "limits"})


def behaviour(day: date | None, today: date, ids: Ids, *, costly: bool = False) -> Iterator[Trial]:
    """All of them.

    Args:
        day: whose API; None is the default day's, with some models as they are today.
        today: that day.
        ids: the request ids of the run.
        costly: pictures cost something: few are asked for, and each alone.
    """
    every = [*ways(day, today)]
    firsts = [*_firsts(every)]
    yield from listed(ids)
    yield from branches(firsts if costly else every, ids, costly=costly)
    for way in [] if costly else firsts:
        yield from of_several(way, ids)
    yield from ends(firsts)
    yield from limits(every, ids)


def _firsts(every: list[Way]) -> Iterator[Way]:
    """The first way of each operation and dialect: others answer no differently."""
    seen = set()
    for way in every:
        kind = way.operation.id, way.model.family
        if kind not in seen:
            seen.add(kind)
            yield way


# One good request


def branches(every: list[Way], ids: Ids, *, costly: bool = False) -> Iterator[Trial]:
    """Each model in each way, with each kind of answer in each format; where it costs, in one."""
    for place, way in enumerate(every):
        if not costly and "transparent" in _values(way, "background") and not _is_refused(way):
            yield Trial(
                f"{way.operation.id}.{way.model.id}.{way.how}.transparent",
                Promise(way.operation.id, 200, f"{way.model.id}, transparent"),
                partial(_good, request_of(way, background="transparent"), ids),
                pays=True,
                quick=place % 3 == 0,
                touches=touches_of({"model": way.model.id, "background": "transparent"}),
            )
        formats = way.formats[:1] if costly else way.formats
        turns = [(answer, form) for answer in way.answers for form in formats]
        for number, (answer, form) in enumerate(turns):
            kinds = f"{way.model.id}, {way.how}, {answer}"
            yield Trial(
                f"{way.operation.id}.{kinds.replace(', ', '.')}{'.' * bool(form)}{form}",
                Promise(way.operation.id, 200, kinds),
                partial(_good, request_of(way, **answered_as(way, answer, form)), ids),
                pays=True,
                quick=costly or number % len(turns) == place % len(turns),
                touches=touches_of({"model": way.model.id} | answered_as(way, answer, form)),
            )


def _values(way: Way, name: str) -> tuple[str, ...]:
    return (way.parameters[name].values or ()) if name in way.parameters else ()


def _is_refused(way: Way) -> bool:
    """Whether a model takes no transparent background, though the parameter is there."""
    return any(row.when == {"background": "transparent"} for row in way.offer.refused)


def _good(request: Request, ids: Ids, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(request, pays=True))
    yield _accepted(exchange)
    yield from Judge(target.day, target.fetch, ids)(exchange)


def _accepted(exchange: Exchange) -> Verdict:
    status = exchange.answer.status
    return said(ACCEPTED, status == 200, f"it is answered with {status}")._replace(
        exchange=exchange
    )


# Several


def of_several(way: Way, ids: Ids) -> Iterator[Trial]:
    """Three pictures at once; the same request twice; and what an edit leaves alone."""
    operation, model = way.operation.id, way.model.id
    several = request_of(way, n=3) if (way.parameters["n"].maximum or 1) > 2 else None
    if several:
        yield Trial(
            f"{operation}.{model}.several",
            Promise(operation, 200, f"{model}, three pictures"),
            partial(_good, several, ids),
            pays=True,
            touches=touches_of({"model": model, "n": 3}),
        )
    inline = request_of(way, **answered_as(way, "b64_json"))
    yield Trial(
        f"{operation}.{model}.repeated",
        Promise(operation, 200, "the same again"),
        partial(_repeated, inline, _with_other_prompt(way)),
        pays=True,
        needs=STAND_IN,
        touches=touches_of({"model": model}),
    )
    if "mask" in way.parameters and way.model.family == "":
        yield Trial(
            f"{operation}.{model}.kept",
            Promise(operation, 200, "outside of a mask"),
            partial(_kept, way),
            pays=True,
            needs=STAND_IN,
            touches=touches_of({"model": model, "mask": None}),
        )


def _with_other_prompt(way: Way) -> Request | None:
    """The same request of something else; None where there is no prompt."""
    if "prompt" not in way.parameters:
        return None
    return request_of(way, **answered_as(way, "b64_json"), prompt="a lighthouse at dusk")


def _repeated(request: Request, other: Request | None, target: Target) -> Iterator[Verdict]:
    """The same request is answered with the same pictures, and another one with others."""
    first, second = (observed(target.ask(request, pays=True)) for _ in range(2))
    yield _accepted(second)
    files = [inline_files(one.answer) for one in (first, second)]
    same = bool(files[0]) and files[0] == files[1]
    yield said("The same request gives the same pictures", same, "they differ")._replace(
        exchange=second, pictures=len(files[1]) if same else 0
    )
    if other:
        third = observed(target.ask(other, pays=True))
        differs = inline_files(third.answer) != files[0]
        yield said("Another prompt gives another picture", differs, "it is the same")._replace(
            exchange=third
        )


def _kept(way: Way, target: Target) -> Iterator[Verdict]:
    """What a mask keeps is the upload's own."""
    size = size_in(smallest_size(way.parameters["size"])) or (0, 0)
    upload, mask = (picture("RGBA", size, seed) for seed in (b"image", b"mask"))
    files = {"image": encoded(upload), "mask": encoded(mask)}
    asked = request_of(way, files, **answered_as(way, "b64_json"))
    exchange = observed(target.ask(asked, pays=True))
    yield _accepted(exchange)
    for file in inline_files(exchange.answer):
        outside, inside = changed(file, upload, mask)
        yield said(
            "Pixels that a mask keeps are the upload's own", not outside, "some are not"
        )._replace(exchange=exchange, pictures=1)
        yield said("Pixels that a mask gives free are drawn", inside, "none is")._replace(
            exchange=exchange
        )


# What needs a target's own clock


def ends(firsts: list[Way]) -> Iterator[Trial]:
    """URLs end: two hours later there is no picture any more."""
    for way in firsts:
        if "url" in way.answers:
            yield Trial(
                f"{way.operation.id}.url-ends",
                Promise(way.operation.id, 403, "the URL of a picture, two hours later"),
                partial(_ends, request_of(way, **answered_as(way, "url"))),
                pays=True,
                needs=CLOCK,
                touches=touches_of({"model": way.model.id} | answered_as(way, "url")),
            )


_TWO_HOURS = 7200  # seconds: URLs are good for one


def _ends(request: Request, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(request, pays=True))
    urls = links_in(exchange.answer)
    yield said(LEADS, urls, "there is none")._replace(exchange=exchange)
    for url in urls:
        yield from _status(target.fetch(url), 200, LEADS)
    target.move_clock(_TWO_HOURS)
    for url in urls:
        late = target.fetch(url)
        yield from _status(late, 403, "A picture's URL ends after an hour")
        is_xml = late.answer.media == "application/xml" and b"<Error>" in late.answer.body
        seen = f"{late.answer.media!r}: {late.answer.body[:30]!r}"
        yield said("A URL that has ended is refused in XML", is_xml, seen)._replace(exchange=late)


def limits(every: list[Way], ids: Ids) -> Iterator[Trial]:
    """As many pictures as the limit says are made, and no more; then it goes on."""
    found = next((way for way in every if way.how == "JSON" and _most(way) >= A_MINUTE), None)
    if found:
        yield Trial(
            f"{found.operation.id}.limit",
            Promise(found.operation.id, 429, f"{found.model.id}, over the limit"),
            partial(_limited, found, ids),
            needs=LIMITS,
            touches=touches_of({"model": found.model.id}),
        )


def _most(way: Way) -> int:
    """The most pictures of one request."""
    return int(way.parameters["n"].maximum or 1)


def _limited(way: Way, ids: Ids, target: Target) -> Iterator[Verdict]:
    judge = Judge(target.day, target.fetch, ids)
    request = request_of(way, n=A_MINUTE)._replace(key="limited")
    within = observed(target.ask(request, pays=True), 429)
    yield from _status(within, 200, "What is within the limit is served")
    over = observed(target.ask(request), 429)
    yield from _status(over, 429, "What is over the limit is refused with 429")
    yield from judge(over)
    yield from (verdict._replace(exchange=over) for verdict in refused_for_now(over.answer))
    target.move_clock(float(over.answer.header("retry-after") or 60), "limited")
    after = observed(target.ask(request, pays=True), 429)
    yield from _status(after, 200, "After the wait that was told it is served again")


def _status(exchange: Exchange, due: int, says: str) -> Iterator[Verdict]:
    status = exchange.answer.status
    yield said(says, status == due, f"it is answered with {status}")._replace(exchange=exchange)


# Models


def listed(ids: Ids) -> Iterator[Trial]:
    """The list of the models; whether each that serves is in it is judged with the list."""
    yield Trial("models.list", Promise("models.list", 200, "all"), partial(_listed, ids))


def _listed(ids: Ids, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(Request("GET", "/models")))
    yield _accepted(exchange)
    yield from Judge(target.day, target.fetch, ids)(exchange)
    for name in strangers(exchange, target.day):
        request = json_request("POST", "/images/generations", {"model": name, "prompt": "a fox"})
        answered = target.ask(request, pays=True)
        seen = f"{name} is answered with {answered.answer.status}"
        yield said(
            "Each image model that is listed serves", answered.answer.status == 200, seen
        )._replace(exchange=answered)
