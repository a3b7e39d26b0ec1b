"""What an answer shows of the parameters that were sent, or left to their defaults. Asks nobody."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from contracts.cases.sending import Asked, known
from contracts.checks.day_headers import checked
from contracts.document.streams import EVENTS
from contracts.exchange import Answer, Exchange
from contracts.target import NotObserved, Target
from contracts.trials import Outcome, Tier, Verdict
from mockserver.facts import Offer

_SVG = re.compile(rb'<svg\b[^>]*?\bwidth="(?P<width>\d+)"\s+height="(?P<height>\d+)"')


class Picture(NamedTuple):
    """What a file says of itself."""

    format: str  # as `output_format` names it
    size: str
    frames: int = 1
    milliseconds: int = 0  # that the first frame is shown


class Seen(NamedTuple):
    """An accepted answer, taken apart."""

    media: str
    told: Mapping[str, Any]  # beside the pictures: of a stream, what its last event tells
    items: list[dict[str, Any]]  # the whole pictures
    partials: int
    picture: Callable[[], Picture]  # the first; NotObserved where its URL leads elsewhere


def judged(
    exchange: Exchange, asked: Asked, offer: Offer, shows: tuple[str, ...], target: Target
) -> Iterator[Verdict]:
    """Whether the answer to a good request shows these parameters."""
    seen = _seen(exchange.answer, target)
    parameters = known(offer, is_form=asked.is_form)
    for name in shows:
        if name not in parameters and name != "model":
            continue
        wanted = _wanted(asked, offer, name)
        if name in _SHOWN:
            yield _looked_at(exchange, seen, name, wanted)
        yield from _echoed(exchange, offer, seen, name, wanted)


def _looked_at(exchange: Exchange, seen: Seen, name: str, wanted: Any) -> Verdict:
    says = f"The answer shows {name} as it was sent, or its default"
    try:
        found = _SHOWN[name](seen)
    except NotObserved as reason:
        return Verdict(says, Outcome.UNSEEN, str(reason), exchange)
    except (LookupError, TypeError, ValueError, OSError, SyntaxError) as error:
        told = f"nothing, as the answer can't be read: {error!r}"
        return Verdict(says, Outcome.BROKEN, told, exchange)
    told = f"{found} where {wanted} was asked for"
    return checked(says, _fits(name, found, wanted), told, exchange, Tier.CORE)


def _wanted(asked: Asked, offer: Offer, name: str) -> Any:
    if name == "model":
        return offer.revises_prompt
    parameter = known(offer, is_form=asked.is_form)[name]
    sent = asked.body.get(name)
    return parameter.chosen(parameter.default if sent is None else sent)


def _fits(name: str, found: Any, wanted: Any) -> bool:
    """Whether it is what was asked for; of partial pictures there may be fewer."""
    return bool(found <= wanted if name == "partial_images" else found == wanted)


def _echoed(
    exchange: Exchange, offer: Offer, seen: Seen, name: str, wanted: Any
) -> Iterator[Verdict]:
    """What the answer says of itself, where the model's answers do."""
    streamed = offer.streamed.completed_fields if offer.streamed else ()
    if name in (streamed if seen.media == EVENTS else offer.told.fields):
        told = f"{seen.told.get(name)!r} where {wanted!r} was asked for"
        says = f"The answer tells the {name} that was asked for, or the default"
        yield checked(says, seen.told.get(name) == wanted, told, exchange, Tier.COMPLETE)


_SHOWN: Mapping[str, Callable[[Seen], Any]] = {
    "model": lambda seen: "revised_prompt" in seen.items[0],
    "n": lambda seen: len(seen.items),
    "response_format": lambda seen: next(n for n in ("url", "b64_json") if n in seen.items[0]),
    "size": lambda seen: seen.picture().size,
    "output_format": lambda seen: seen.picture().format,
    "frame_count": lambda seen: seen.picture().frames,
    "frame_duration_ms": lambda seen: seen.picture().milliseconds,
    "stream": lambda seen: seen.media == EVENTS,
    "partial_images": lambda seen: seen.partials,
}
#: What an answer can show: the last two by telling it alone.
SHOWN = frozenset(_SHOWN) | {"quality", "background"}


def _seen(answer: Answer, target: Target) -> Seen:
    if answer.media == EVENTS:
        lines = answer.body.decode("utf-8", "replace").splitlines()
        events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        whole = [e for e in events if str(e.get("type")).endswith(".completed")]
        partials = sum(str(e.get("type")).endswith(".partial_image") for e in events)
        told, items = (whole[-1] if whole else {}), whole
    else:
        body = answer.json()
        told, items, partials = (body if isinstance(body, dict) else {}), _items(body), 0
    return Seen(answer.media, told, items, partials, lambda: picture(_file(items[0], target)))


def _items(body: Any) -> list[dict[str, Any]]:
    found = body.get("data") if isinstance(body, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _file(item: Mapping[str, Any], target: Target) -> bytes:
    if "b64_json" in item:
        return b64decode(item["b64_json"], validate=True)
    return target.fetch(item["url"]).answer.body


def picture(file: bytes) -> Picture:
    """What a file is; OSError and its like if it is no picture."""
    if found := _SVG.search(file[:1000]):
        return Picture("svg", f"{int(found['width'])}x{int(found['height'])}")
    from PIL import Image  # only here: 30 ms, and not every run makes a picture

    with Image.open(BytesIO(file)) as made:
        frames = getattr(made, "n_frames", 1)
        form = (made.format or "").lower()
        return Picture(form, "{}x{}".format(*made.size), frames, made.info.get("duration", 0))


def laid_out(exchange: Exchange, *, newline: bool) -> Iterator[Verdict]:
    """Whether an accepted answer's JSON has the API's layout."""
    if exchange.answer.media == "application/json":
        value = exchange.answer.json()
        wanted = (json.dumps(value, indent=2) + "\n" * newline).encode()
        says = "An answer's JSON is laid out as the API does it: indentation, end"
        told = f"found {exchange.answer.body[:60]!r}…{exchange.answer.body[-10:]!r}"
        yield checked(says, exchange.answer.body == wanted, told, exchange, Tier.STRICT)
