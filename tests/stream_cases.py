"""What the official SDKs make of each stream that a rule can change: run in tests, shown in docs."""

from __future__ import annotations

from typing import Any, NamedTuple

#: The packages that were looked at; the tests of Node install the second.
PYTHON, NODE = "openai-python 3.57.0", "openai 7.59.0 (npm)"
_PARTIAL, _COMPLETED = "image_generation.partial_image", "image_generation.completed"


class Case(NamedTuple):
    """A rule for a stream of one partial picture; what is seen are types of events, or what is raised."""

    what: str
    script: str  # what follows `images_mock.next.`
    then: dict[str, Any]
    python: list[str | None]
    node: list[str | None]
    raised: tuple[str, str] = ("", "")  # in the end, by Python and by Node


def _stream(
    what: str,
    script: str,
    python: list[str | None],
    node: list[str | None] | None = None,
    raised: tuple[str, str] = ("", ""),
    **stream: Any,
) -> Case:
    return Case(what, script, {"stream": stream}, python, python if node is None else node, raised)


_ONE: list[str | None] = [_PARTIAL]
_BOTH: list[str | None] = [_PARTIAL, _COMPLETED]
_BAD = ("JSONDecodeError", "SyntaxError")
#: The type of an event that no SDK knows.
_QUEUED = "image_generation.queued"
CASES = [
    _stream("a clean end, too early", "stream([0])", _ONE, events=[0]),
    _stream("no event", "stream([])", [], events=[]),
    _stream(
        "fewer partial pictures: none",
        'stream(["completed"])',
        [_COMPLETED],
        events=["completed"],
    ),
    _stream(
        "an event twice",
        'stream([0, 0, "completed"])',
        [_PARTIAL, *_BOTH],
        events=[0, 0, "completed"],
    ),
    _stream(
        "one that comes too late", 'stream(["completed", 0])', _BOTH[::-1], events=["completed", 0]
    ),
    _stream(
        "one that nobody knows",
        f'stream([{{"type": "{_QUEUED}"}}, "completed"])',
        [_QUEUED, _COMPLETED],
        events=[{"type": _QUEUED}, "completed"],
    ),
    _stream(
        "one without a type",
        'stream([{"a": 1}, "completed"])',
        [None, _COMPLETED],
        events=[{"a": 1}, "completed"],
    ),
    _stream(
        "an error, as the API has it",
        'stream([0, "generation_failed"])',
        _ONE,
        raised=("APIError", "APIError"),
        events=[0, "generation_failed"],
    ),
    _stream(
        "an error that is flat",
        'stream([0, {"type": "error", "message": "boom"}])',
        [_PARTIAL, "error"],
        _ONE,
        raised=("", "APIError"),
        events=[0, {"type": "error", "message": "boom"}],
    ),
    _stream(
        "the line breaks",
        'stream([0], end="break")',
        _ONE,
        raised=("APIConnectionError", "TypeError"),
        events=[0],
        end="break",
    ),
    _stream(
        "the last event is cut", 'stream(end="cut")', _ONE, raised=("", "SyntaxError"), end="cut"
    ),
    _stream(
        "it lacks its blank line", 'stream(end="no_blank_line")', _ONE, _BOTH, end="no_blank_line"
    ),
    _stream(
        "heartbeats",
        'stream([": ping", 0, ": ping", "completed"])',
        _BOTH,
        events=[": ping", 0, ": ping", "completed"],
    ),
    _stream(
        "heartbeats, of numbered events",
        'stream(["id: 7", ": ping", "completed"])',
        [],
        [_COMPLETED],
        raised=("JSONDecodeError", ""),
        events=["id: 7", ": ping", "completed"],
    ),
    _stream(
        "an event without data",
        'stream(["event: ping", "completed"])',
        [],
        raised=_BAD,
        events=["event: ping", "completed"],
    ),
    _stream(
        "a `[DONE]` before the picture",
        'stream(["data: [DONE]", "completed"])',
        [],
        events=["data: [DONE]", "completed"],
    ),
    _stream("JSON, and no stream", "stream(as_json=True)", [], as_json=True),
    Case("JSON that breaks off", "bad_json()", {"bad_json": True}, [], [], raised=_BAD),
    Case("more than 1 MiB", "large_picture()", {"picture": "large"}, _BOTH, _BOTH),
    Case(
        "it calls itself HTML",
        'content_type("text/html")',
        {"content_type": "text/html"},
        _BOTH,
        _BOTH,
    ),
]


def table() -> str:
    """The cases as the page shows them."""
    head = f"| a stream of one partial picture | `images_mock.next.` | {PYTHON} | {NODE} |"
    return "\n".join([head, "|---|---|---|---|", *map(_row, CASES)])


def _row(case: Case) -> str:
    seen = [_seen(found, end) for found, end in zip(case[3:5], case.raised, strict=True)]
    return f"| {case.what} | `{case.script}` | {seen[0]} | {seen[1]} |"


def _seen(types: list[str | None], raised: str) -> str:
    words = [(kind or "one of no type").removeprefix("image_generation.") for kind in types]
    told = ", ".join(words) or "no event"
    return f"{told}, then `{raised}`" if raised else told
