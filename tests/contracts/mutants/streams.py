"""Defects of streams: their events, the order, what each tells. Tests nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from contracts.exchange import Answer, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    Event,
    events_in,
    of_answers,
    of_events,
    streamed,
    without,
    written,
)

Events = list[Event]


def _whole(name: str) -> bool:
    return name.endswith(".completed")


def _of_data(change: Callable[[Body], object], of: Callable[[str], bool]) -> Defect:
    """A defect of the data of some events."""

    def apply(events: Events) -> Events:
        for name, data in events:
            if of(name):
                change(data)
        return events

    return of_events(apply)


def _partial(name: str) -> bool:
    return not _whole(name)


def _body(change: Callable[[bytes], bytes]) -> Defect:
    return of_answers(lambda answer: answer._replace(body=change(answer.body)), streamed)


def _renamed(events: Events) -> Events:
    return [(name.replace("image_generation", "image"), data) for name, data in events]


def _unnamed(request: Request, ask: Ask) -> Answer:
    """Data without the line that names the event."""
    answer = ask(request)
    if not streamed(request, answer):
        return answer
    told = [json.dumps(data, separators=(",", ":")) for _, data in events_in(answer.body)]
    return answer._replace(body="".join(f"data: {data}\n\n" for data in told).encode())


def _more_partial(events: Events) -> Events:
    """The last partial picture again."""
    partial = [event for event in events if _partial(event[0])]
    return partial + partial[-1:] + [event for event in events if _whole(event[0])]


def _always_streamed(request: Request, ask: Ask) -> Answer:
    """Events where nobody asked for them."""
    answer = ask(request)
    if answer.status != 200 or not request.path.startswith("/images/") or streamed(request, answer):
        return answer
    body = answer.json() or {}
    items = body.get("data", [])
    told = [("image_generation.completed", item | {"type": "completed"}) for item in items]
    heads = tuple(
        (name, "text/event-stream" if name == "content-type" else value)
        for name, value in answer.headers
    )
    return answer._replace(headers=heads, body=written(told))


def _none_streamed(request: Request, ask: Ask) -> Answer:
    """The same answer, whether or not events were asked for."""
    return ask(without("stream", "partial_images")(request))


def _cheaper(data: Body) -> None:
    """Without the 100 tokens of each partial picture."""
    usage = data["usage"]
    usage["output_tokens"] %= 100
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]


MUTANTS: dict[str, tuple[Defect, str]] = {
    # Which events there are
    "no completed event": (
        of_events(lambda e: [one for one in e if _partial(one[0])]),
        "has a completed event",
    ),
    "no events at all": (_body(lambda _: b""), "has a completed event"),
    "no partial events": (
        of_events(lambda e: [one for one in e if _whole(one[0])]),
        "partial pictures and then",
    ),
    "one partial event too few": (
        of_events(lambda e: e[1:] if len(e) > 1 else e),
        "partial pictures and then",
    ),
    "one partial event too many": (of_events(_more_partial), "partial pictures and then"),
    "the completed event twice": (of_events(lambda e: e + e[-1:]), "has a completed event"),
    "the completed event first": (
        of_events(lambda e: e[-1:] + e[:-1]),
        "partial pictures and then",
    ),
    "partial events backwards": (of_events(lambda e: e[-2::-1] + e[-1:]), "counted from 0"),
    "streams are not streamed": (_none_streamed, "A stream's content type|A stream consists"),
    "all is streamed": (_always_streamed, "come as a JSON object"),
    # As which lines
    "events of another name": (of_events(_renamed), "name is its data's type"),
    "events without a name": (_unnamed, "A stream consists of events"),
    "an end as chat completions have it": (
        _body(lambda body: body + b"data: [DONE]\n\n"),
        "A stream consists of events",
    ),
    "the last blank line is missing": (
        _body(lambda body: body[:-1]),
        "A stream consists of events",
    ),
    "a stream that is cut": (
        _body(lambda body: body[: len(body) * 3 // 4]),
        "A stream consists of events",
    ),
    # What they tell
    "the data of another type": (
        _of_data(lambda d: d.update(type="image"), _whole),
        "name is its data's type",
    ),
    "partial pictures from 1": (
        _of_data(lambda d: d.update(partial_image_index=d["partial_image_index"] + 1), _partial),
        "counted from 0",
    ),
    "partial pictures all of index 0": (
        _of_data(lambda d: d.update(partial_image_index=0), _partial),
        "counted from 0",
    ),
    "no usage at the end": (
        _of_data(lambda d: d.pop("usage"), _whole),
        "An event has the fields|usage has the counts",
    ),
    "no picture at the end": (
        _of_data(lambda d: d.pop("b64_json"), _whole),
        "An event has the fields|is base64",
    ),
    "no size in events": (
        _of_data(lambda d: d.pop("size"), lambda _: True),
        "An event has the fields",
    ),
    "more than is known in events": (
        _of_data(lambda d: d.update(sequence_number=1), lambda _: True),
        "An event has the fields",
    ),
    "partial pictures are not whole": (
        _of_data(lambda d: d.update(b64_json=d["b64_json"][:400]), _partial),
        "decodes whole|is base64",
    ),
    "usage of a stream off by one": (
        _of_data(lambda d: d["usage"].update(total_tokens=d["usage"]["total_tokens"] + 1), _whole),
        "add up to their total",
    ),
    "partial pictures cost nothing": (_of_data(_cheaper, _whole), "Output tokens are as many"),
}
