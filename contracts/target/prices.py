"""What a request may cost at the worst, and what an answer says that it cost. Spends nothing.

Prices and tokens are those of `mockserver.facts`, of all its lists the dearest. What is left to the
server counts as its dearest choice. Amounts are whole micro-dollars, rounded up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from io import BytesIO
from itertools import product
from math import ceil
from typing import Any

from contracts.exchange import Answer, Request
from contracts.target.asked import Asked, Unpriced, offered, read
from mockserver.facts import Offer, Parameter, ever_there, fields, load, periods
from mockserver.facts.costs import Price
from mockserver.facts.tokens import Sides

MICRO = 1_000_000
#: The most pictures that a request is thought to buy, whatever it asks for.
MOST = 10


# -- the worst case ------------------------------------------------------------------------------


def worst(asked: Asked, day: date | None = None) -> int:
    """The most that a request can cost.

    Args:
        asked: see `read`.
        day: whose prices count; today's, and those of each model's last day, unless given.

    Raises:
        Unpriced: something in it has no price.
    """
    n = asked.options.get("n")
    n = 1 if n is None else n
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise Unpriced(f"what it would cost is not known: n is {n!r}")
    if asked.model is None:
        return _of_any(asked, n, day)
    return _of_offers(asked, n, day)


def _of_any(asked: Asked, n: int, day: date | None) -> int:
    """The most that any model costs that may be meant.

    One that does not take what is asked for refuses it, for all that is known. It counts as the
    dearest there is, if another does take it.
    """
    priced: list[int] = []
    unpriced = [Unpriced("this request has no price")]
    for name in _defaults(asked.operation, day):
        named = asked._replace(options={**asked.options, "model": name})
        try:
            priced.append(_of_offers(named, n, day))
        except Unpriced as why:
            unpriced.append(why)
    if not priced:
        raise unpriced[-1]
    return max(*priced, n * _dearest(day) if len(unpriced) > 1 else 0)


def _of_offers(asked: Asked, n: int, day: date | None) -> int:
    return max(
        _cost(asked, price, offer, n, _pictures(asked, offer))
        for offer, price in _candidates(asked, day)
    )


def ceiling(request: Request, day: date | None = None) -> int:
    """What a request that should be refused may cost if it is accepted.

    No server of this API makes more than ten pictures, and none is dearer than the dearest.
    """
    try:
        asked = read(request)
    except Unpriced:
        asked = Asked("", {})
    n = asked.options.get("n")
    n = min(n, MOST) if isinstance(n, int) and n > 0 else 1
    try:
        return worst(asked._replace(options={**asked.options, "n": n}), day)
    except Unpriced:
        return n * _dearest(day)


def is_cheapest(asked: Asked, day: date | None = None) -> bool:
    """Whether a request asks for one picture, the smallest, of the lowest quality, of its model."""
    plain = asked._replace(options={k: v for k, v in asked.options.items() if k in _SAYS})
    if asked.model is None or asked.options.get("n", 1) != 1:
        return False
    for offer, price in _candidates(plain, day):
        least = min(_one(offer, price, o) for o in _every(offer))
        if max(_one(offer, price, o) for o in _choices(offer, plain.options)) > least:
            return False
    return True


@lru_cache(maxsize=8)
def _dearest(day: date | None) -> int:
    """The dearest picture of any model."""
    return max(
        ceil(_one(offer, price, options))
        for name in ever_there()
        for offer, price in _offers(name, None, day)
        for options in _every(offer)
    )


#: The options by which a price goes, beside the number and the pictures that are sent.
_SAYS = ("model", "size", "quality")
_STILL = (None, "png", "jpeg", "webp")  # of pictures that move, nobody knows the price


def _candidates(asked: Asked, day: date | None) -> list[tuple[Offer, Price]]:
    if asked.model is not None and not isinstance(asked.model, str):
        raise Unpriced("what it would cost is not known: its model is no text")
    names = _defaults(asked.operation, day) if asked.model is None else (asked.model,)
    found = [each for name in names for each in _offers(name, asked.operation, day)]
    if not found or not asked.operation:
        told = f"the model {asked.model!r}" if asked.model else "this request"
        raise Unpriced(f"{told} has no price")
    for name, value in asked.options.items():
        if value is not None and any(not _is_known(offer, name, value) for offer, _ in found):
            raise Unpriced(f"nobody knows what {name!r} would cost")
    return found


def _is_known(offer: Offer, name: str, value: Any) -> bool:
    told = fields()
    known = {*told.request, *told.by_position, *told.answer, *told.nothing, *_KNOWN}
    if name == "output_format" and value not in _STILL:
        return False
    return name in known and (name in offer.parameter or name in offer.json)


_KNOWN = ("size", "background", "input_fidelity", "image", "images", "mask")


def _cost(asked: Asked, price: Price, offer: Offer, n: int, pictures: Iterable[Sides]) -> int:
    prompt = asked.options.get("prompt")
    words = len(prompt.encode("utf-8", "surrogatepass")) if isinstance(prompt, str) else 0
    beside = n * words * price.million.get("text_input", 0)  # a token has a byte at the least
    sides = tuple(pictures)
    return max(
        ceil(n * _one(offer, price, options, sides) + beside)
        for options in _choices(offer, asked.options)
    )


def _one(
    offer: Offer, price: Price, options: Mapping[str, Any], pictures: Iterable[Sides] = ()
) -> float:
    """One picture's price in micro-dollars, by its tokens, by the picture, or both."""
    usd, tokens = 0.0, offer.usage(options, 1, images=pictures) if price.million else {}
    if price.million and not tokens:
        raise Unpriced(f"a picture of {options['size']} {options['quality']} has no price")
    if price.picture:
        by = (options["quality"], options["size"])
        by = by if by in price.picture else ("", options["size"])
        if by not in price.picture:
            raise Unpriced(f"a picture of {options['size']} has no price")
        usd = price.picture[by]
    million = dict(price.million)
    if (
        options.get("stream") and "text_output" in million
    ):  # of which a stream's usage tells no kind
        million["text_output"] = max(million["text_output"], million["image_output"])
    return usd * MICRO + sum(tokens[kind] * million.get(kind, 0) for kind in tokens)


def _choices(offer: Offer, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What may be made of options, each with a size and a quality that have a price."""
    told = {name: options.get(name) for name in ("input_fidelity", "stream", "partial_images")}
    if not isinstance(told["input_fidelity"], str) and (
        fidelity := offer.parameter.get("input_fidelity")
    ):
        told["input_fidelity"] = "high" if "high" in (fidelity.values or ()) else "low"
    partial = told["partial_images"]
    told["partial_images"] = max(0, partial) if isinstance(partial, int) else 0
    for size, quality in product(
        _values(offer.parameter.get("size"), options.get("size")),
        _values(offer.parameter.get("quality"), options.get("quality")),
    ):
        yield told | {"size": size, "quality": quality}


def _every(offer: Offer) -> Iterator[dict[str, Any]]:
    """All sizes and qualities that there are, of those without end some."""
    of = [offer.parameter.get(name) for name in ("size", "quality")]
    sizes, qualities = ([""] if p is None or p.ignored else _all(p) for p in of)
    for size, quality in product(sizes, qualities):
        yield {"size": size, "quality": quality}


def _values(parameter: Parameter | None, asked: Any) -> list[str]:
    """The values that a server may take for one that is asked for, or left to it."""
    if parameter is None or parameter.ignored:
        return [""]
    named = parameter.taken(page=True)
    if asked is None:
        asked = parameter.default
    if not isinstance(asked, str | None):
        raise Unpriced(f"{parameter.name} is no text, and has no price")
    if asked is None or asked in parameter.leaves:
        return [*_all(parameter), *([_largest(parameter)] if parameter.free else [])]
    if asked in named or not named:
        return [asked]
    if parameter.free and _fits(parameter, asked):
        return [asked]
    raise Unpriced(f"{parameter.name} {asked!r} has no price")


def _all(parameter: Parameter) -> list[str]:
    named = {*parameter.taken(page=True) - parameter.leaves, *(v for _, v in parameter.resolves)}
    return sorted(named)


_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", re.ASCII)


def _fits(parameter: Parameter, size: str) -> bool:
    sides, free = _SIZE.fullmatch(size), parameter.free
    return bool(sides and free and int(sides[1]) * int(sides[2]) <= free.pixels_max)


def _largest(parameter: Parameter) -> str:
    """The largest square of a size that is free: no other shape of as many pixels is dearer."""
    side = int(parameter.free.pixels_max**0.5) if parameter.free else 0
    return f"{side}x{side}"


def _pictures(asked: Asked, offer: Offer) -> list[Sides]:
    if not asked.files or not (offer.image_patches or offer.image_tiles):
        return []
    return [_sides(file) for file in asked.files]


def _sides(file: bytes) -> Sides:
    from PIL import Image

    try:
        with Image.open(BytesIO(file)) as picture:
            return picture.size
    except (
        Exception
    ):  # whatever a decoder finds wrong: what has no size has no price, and is not sent
        raise Unpriced("what it would cost is not known: a file is no picture") from None


# -- whose offers there are ----------------------------------------------------------------------


def _offers(model: str, operation: str | None, day: date | None) -> list[tuple[Offer, Price]]:
    """What a model offers in an operation, or in all, by each list of prices."""
    found = offered(model, day)
    offers = [found.get(operation)] if operation else [*found.values()]
    lists = load(day).prices.values()
    return [(o, p[model]) for o in offers if o for p in lists if model in p]


@lru_cache(maxsize=16)
def _defaults(operation: str, day: date | None) -> tuple[str, ...]:
    """The models that answer where none is named: of a day, or of any."""
    days = (day,) if day else periods()
    found = [o for known in days if (o := load(known).operations.get(operation))]
    return tuple({name: None for o in found for name in (o.default_model, o.other_default) if name})


# -- what it did cost ----------------------------------------------------------------------------


def of_answer(asked: Asked, answer: Answer, day: date | None = None) -> int | None:
    """What an answer says that it cost, by its usage; None where it does not say."""
    usage = _usage_in(answer)
    try:
        prices = _candidates(asked, day)
        return max(_by_usage(usage, price) for _, price in prices) if usage else None
    except (Unpriced, AttributeError, TypeError, ValueError):
        return None


def _usage_in(answer: Answer) -> Any:
    if answer.media != "text/event-stream":
        value = answer.json()
        return value.get("usage") if isinstance(value, dict) else None
    found = None
    for line in answer.body.splitlines():
        name, _, data = line.partition(b":")
        if name == b"data":
            with_usage = Answer(answer.status, (), data)
            found = _usage_in(with_usage) or found
    return found


def _by_usage(usage: Mapping[str, Any], price: Price) -> int:
    """By tokens, and where pictures have a price of their own, not at all.

    Raises:
        ValueError: it is no usage.
    """
    if price.picture or not price.million:
        raise ValueError
    into, out = usage["input_tokens"], usage["output_tokens"]
    usd = _of_kinds(into, usage.get("input_tokens_details"), price, "input")
    return ceil(usd + _of_kinds(out, usage.get("output_tokens_details"), price, "output"))


def _of_kinds(whole: Any, details: Any, price: Price, way: str) -> float:
    """Tokens by kind; those of which the kind is not told are of the dearest."""
    dearest = max(price.million.get(f"{kind}_{way}", 0) for kind in ("text", "image"))
    told = details if isinstance(details, dict) else {}
    named = {kind: _count(told.get(f"{kind}_tokens", 0)) for kind in ("text", "image")}
    rest = _count(whole) - sum(named.values())
    if rest < 0:
        raise ValueError
    usd = sum(n * price.million.get(f"{kind}_{way}", dearest) for kind, n in named.items())
    return usd + rest * dearest


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value
