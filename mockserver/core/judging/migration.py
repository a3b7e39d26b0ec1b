"""What would become of a journal's requests with another model: refused, other, dearer. Pure.

Each is judged by the validators and in the words of the other model's day, from what the journal
tells of its body. Of several faults the first is what the API says; the others would come next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from mockserver.core.charges import amount, charge
from mockserver.core.errors import ApiError, Reason
from mockserver.core.judging.mending import mended
from mockserver.core.judging.model_days import is_there, nearest_day
from mockserver.core.judging.seen import Journal, Seen
from mockserver.core.judging.target import Target
from mockserver.core.request import ImageRequest
from mockserver.core.sandbox import MICRO
from mockserver.facts import Facts, Offer, ever_there, load
from mockserver.facts.costs import IMAGES, Limit, Price

IMAGES_PATH = "/v1/images/"
_FAULTS = 12  # of one request that are told
_NOT_THERE = (Reason.UNKNOWN_URL, Reason.UNKNOWN_MODEL)  # where the model has no such endpoint
_OPEN = ("size", "quality")  # what can be left to the model, and has a price


class Terms(NamedTuple):
    """What a server or a sandbox is set to, beside the day."""

    page_sizes: bool = True  # whether the sizes of the model page are taken, too
    prices: str = "model-page"  # the list
    limits: Sequence[Limit] = ()  # of the model that is moved to, by the tier
    tier: str = "1"


USUAL = Terms()


class Fault(NamedTuple):
    """Why a request would be refused, and what to do."""

    status: int
    code: str | None
    message: str
    param: str | None
    reason: str
    about: str  # in short: "size 256x256"
    fix: str  # "" where none is known


class Other(NamedTuple):
    """A parameter that is filled in, where the other model fills in something else."""

    name: str
    before: Any  # None: there is no such parameter
    after: Any


class Move(NamedTuple):
    """One request as the other model would have it."""

    where: str  # its id, or who asked it
    operation: str
    model: str  # that it asked for
    status: int  # that it was answered with
    faults: Sequence[Fault]  # the first is what the API would say; none: it is not refused
    others: Sequence[Other]
    missing: Sequence[str]  # fields of the answer that would not be there
    url_was_read: bool  # a picture's URL was downloaded, so it was read
    limited: str  # why the tier would never let it through; ""
    before: float  # USD, as paid
    after: float  # USD; of what is refused 0
    mended: float | None  # USD, once what is refused is mended; None: how is not known
    least: float  # USD, mended or not, where something with a price is left to the model
    most: float
    unsure: Sequence[str]  # what the journal does not tell

    @property
    def is_refused(self) -> bool:
        """Whether the API would refuse it."""
        return bool(self.faults)

    @property
    def price(self) -> float:
        """USD, once it is mended."""
        return self.after if self.mended is None else self.mended

    @property
    def is_about(self) -> bool:
        """Whether its price is not certain."""
        return self.least != self.most

    def as_json(self) -> dict[str, Any]:
        """As the control API tells it."""
        return self._asdict() | {
            "faults": [fault._asdict() for fault in self.faults],
            "others": [other._asdict() for other in self.others],
            "missing": list(self.missing),
            "unsure": list(self.unsure),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Move:
        """The same from what `as_json` told."""
        faults = [Fault(**fault) for fault in told["faults"]]
        return cls(**{**told, "faults": faults, "others": [Other(**o) for o in told["others"]]})


class Migration(NamedTuple):
    """All of them."""

    to: str
    day: date
    moves: Sequence[Move]
    already: int = 0  # requests that ask for this model
    unjudged: int = 0  # requests for pictures elsewhere, or of which the body was not read

    @property
    def models(self) -> Sequence[str]:
        """The models that are moved from, the most asked first."""
        names = [move.model for move in self.moves]
        return sorted({*names} - {""}, key=lambda name: (-names.count(name), name))


def moved(journal: Journal, facts: Facts, to: str, day: date, terms: Terms = USUAL) -> Migration:
    """What would become of a journal's requests with the model `to`.

    Args:
        journal: what was asked.
        facts: of the day.
        to: the model's name, one of that day.
        day: as it is told.
        terms: what beside the day is set.
    """
    target = Target(facts, to, page_sizes=terms.page_sizes)
    mover = Mover(target, terms)
    read = {download.picture for download in journal.downloads}
    known = dict[str, Move]()  # of equal requests: programs ask the same again
    moves, already, unjudged = list[Move](), 0, 0
    for seen in journal.requests:
        if not (seen.is_for_pictures or seen.path.startswith(IMAGES_PATH)):
            continue
        if not can_be_judged(seen):
            unjudged += 1
        elif seen.model == to:
            already += 1
        else:
            same = repr((seen.path, seen.fields, seen.filled, seen.status, seen.usd, seen.batch))
            found = known.get(same) or known.setdefault(same, mover.move(seen))
            was_read = not read.isdisjoint(seen.pictures)
            moves.append(found._replace(where=seen.id, url_was_read=was_read))
    return Migration(to, day, moves, already, unjudged)


def can_be_judged(seen: Seen) -> bool:
    """Whether it came to the Images API, and its body was read."""
    is_of_api = seen.path.startswith(IMAGES_PATH) and seen.operation.startswith("images.")
    return is_of_api and bool(seen.fields.keys() - {"operation"})


class Mover:
    """Judges one request after the other by the same model and terms."""

    def __init__(self, target: Target, terms: Terms) -> None:
        self._target, self._terms = target, terms
        self._price: Price = target.facts.prices[terms.prices][target.model]

    def move(self, seen: Seen) -> Move:
        """One request, whatever was downloaded after it."""
        target, sent = self._target, seen.sent
        body = target.body(seen, sent)
        faults, request, fields, times = self._judged(seen)
        usd = self._usd(seen, request) * times if request else None
        after = 0.0 if faults or usd is None else usd
        least, most = self._range(seen, request, fields) if request else (after, after)
        before = _offer_of(seen)
        return Move(
            where=seen.id,
            operation=seen.operation,
            model=seen.model,
            status=seen.status,
            faults=faults,
            others=_others(seen, before, request) if before and request else (),
            missing=_missing(seen, before, request) if before and request else (),
            url_was_read=False,
            limited=self._limited(request) if request else "",
            before=seen.usd,
            after=after,
            mended=usd if faults else None,
            least=min(least * times, usd or 0.0),
            most=max(most * times, usd or 0.0),
            unsure=body.unsure,
        )

    def _judged(
        self, seen: Seen
    ) -> tuple[list[Fault], ImageRequest | None, Mapping[str, Any], int]:
        """Every fault, each behind the one before it that was mended; the request in the end.

        And its fields, and how often it must be made.
        """
        target, faults, times = self._target, list[Fault](), 1
        fields: Mapping[str, Any] | None = seen.sent
        while fields is not None and len(faults) < _FAULTS:
            try:
                return faults, target.asked(seen, target.body(seen, fields)), fields, times
            except ApiError as error:
                offer = target.offer(seen.operation)
                found = mended(target.model, offer, fields, error)
                about = seen.operation if error.reason in _NOT_THERE else found.about
                faults.append(Fault(*target.refusal(seen, error), about, found.say))
                fields, times = found.fields, times * found.times
        return faults, None, {}, times

    def _usd(self, seen: Seen, request: ImageRequest, **options: Any) -> float:
        asked = {**request.options, **options}
        usage = request.usage
        if options:
            usage = request.offer.usage(asked, request.n, request.prompt, request.sides)
        return round(amount(self._price, asked, request.n, usage) * _share(seen)) / MICRO

    def _range(
        self, seen: Seen, request: ImageRequest, fields: Mapping[str, Any]
    ) -> tuple[float, float]:
        """The least and the most that it can cost, where something is left to the model."""
        choices: list[dict[str, Any]] = [{}]
        for name in _OPEN:
            parameter = request.offer.parameter.get(name)
            if parameter is None or parameter.ignored:
                continue
            if (fields.get(name) or parameter.default) not in parameter.leaves:
                continue
            values = [v for v in parameter.values or () if v not in parameter.leaves]
            choices = [{**c, name: v} for c in choices for v in values or [request.options[name]]]
        found = [self._usd(seen, request, **choice) for choice in choices]
        return min(found), max(found)

    def _limited(self, request: ImageRequest) -> str:
        """Why a tier's limits would never let it through; "" if they would."""
        needed, tier = charge(request.charged, request.usage), f"tier {self._terms.tier}"
        for limit in self._terms.limits:
            if not limit.per_minute:
                return f"{tier} does not have {self._target.model}"
            if (cost := needed.get(limit.unit, 0)) > limit.per_minute:
                unit = "" if limit.unit == IMAGES else f" {limit.unit}"
                return f"{cost}{unit or ' images'} never pass {tier}'s {limit.told}"
        return ""


def _share(seen: Seen) -> float:
    """Of the price that a line of a batch costs."""
    if not seen.batch:
        return 1.0
    from mockserver.facts import platform  # most have no batches

    share: float = platform.table("batches")["price"]["share"]
    return share


def _offer_of(seen: Seen) -> Offer | None:
    """What the model of an answered request offers, on the day next to the usual on which it is."""
    if seen.status != 200 or seen.model not in ever_there():
        return None
    day = load().day
    day = day if is_there(seen.model, day) else nearest_day(seen.model, day)
    model = load(day).models.get(seen.model)
    return model.offers.get(seen.operation) if model else None


def _others(seen: Seen, before: Offer, request: ImageRequest) -> list[Other]:
    """What is filled in that is other there; values as they are left to a model, not chosen."""
    names = dict.fromkeys((*request.filled, *seen.filled))
    found = [
        Other(
            name,
            _filled(before, name, seen.fields) if name in seen.filled else None,
            _filled(request.offer, name, request.told) if name in request.filled else None,
        )
        for name in names
        if name != "model" and (name in seen.filled or name not in seen.fields)
    ]
    # of what is new only words are told: numbers say what else would be left alone
    is_told = (o.before is not None or isinstance(o.after, str) for o in found)
    return [o for o, told in zip(found, is_told, strict=True) if told and o.before != o.after]


def _filled(offer: Offer, name: str, fields: Mapping[str, Any]) -> Any:
    parameter, value = offer.parameter.get(name), fields.get(name)
    if parameter and value is not None and parameter.default in parameter.leaves:
        return parameter.default
    return value


def _missing(seen: Seen, before: Offer, request: ImageRequest) -> list[str]:
    """The fields of its answer that the other model's would not have."""
    if seen.fields.get("stream"):
        return []
    form = "url" if seen.pictures else str(seen.fields.get("response_format", "b64_json"))
    later = set(_answered(request.offer, str(request.options.get("response_format", "b64_json"))))
    return [name for name in _answered(before, form) if name not in later]


def _answered(offer: Offer, form: str) -> Iterator[str]:
    yield form
    if offer.revises_prompt:
        yield "revised_prompt"
    yield from (name for name in offer.told.fields if name != "data")


def joined(parts: Iterable[Migration]) -> Migration:
    """Several of one model and day as one; at least one."""
    first, *others = parts
    every = [first, *others]
    return first._replace(
        moves=[move for part in every for move in part.moves],
        already=sum(part.already for part in every),
        unjudged=sum(part.unjudged for part in every),
    )
