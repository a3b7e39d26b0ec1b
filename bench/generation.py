"""Generations through one worker, beside a raw ASGI app that reads the body and answers as much.

With the log off, then in text. CPU time of the server suffers less from neighbours, and from a
load that is busy itself, than requests a second do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench.load import Requests, Round, best_of, best_rounds, body, different, repeated
from bench.rows import Row
from bench.servers import MOCK, running

SMALL = {"prompt": "a fox", "size": "256x256", "n": 2, "response_format": "b64_json"}
LARGE = {**SMALL, "size": "1024x1536", "n": 10}
WHOLE = {"prompt": "a fox", "model": "gpt-image-2", "size": "1024x1024", "n": 4}
STREAM = {**WHOLE, "n": 1, "stream": True, "partial_images": 3}
URL = partial(different, {"size": "256x256"})
FLOOR = "raw ASGI app that reads a POST and answers 200 B"
SAME = "raw ASGI app that answers as many bytes"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, held to its floor by requests a second or by CPU time."""

    name: str
    requests: Requests
    floor: int  # bytes that the raw app answers
    beside: str
    aim: str
    by_cpu: bool = False


def rows() -> Iterator[Row]:
    """Two rows for each kind of request."""
    with running(*MOCK, "--log-format", "none") as server:
        small, large = (len(server.ask(body(request))) for request in (SMALL, LARGE))
    for case in (
        Case("url, another prompt each time", URL, 200, FLOOR, "<= 2.5", by_cpu=True),
        Case("b64_json 256x256 n=2, repeated", partial(repeated, SMALL), small, SAME, ">= 0.5"),
        Case("0.5 MiB of b64_json, repeated", partial(repeated, LARGE), large, SAME, ">= 0.7"),
    ):
        yield from _held(case)
    yield _streamed()


def _streamed() -> Row:
    """Four events beside four pictures in one body; repeated, so that no pixel is drawn."""
    with running(*MOCK, "--log-format", "none") as server:
        sizes = [len(server.ask(body(request))) for request in (STREAM, WHOLE)]
        loads = [(server, partial(repeated, request)) for request in (STREAM, WHOLE)]
        stream, whole = best_of(loads)
    note = "{:,} and {:,} bytes".format(*sizes)
    name, beside = "stream of three partial pictures, repeated: CPU a request", "one body of four"
    times = f"{stream.cpu:.0f} us", f"{whole.cpu:.0f} us"
    return Row(name, beside, "<= 1.5", stream.cpu / whole.cpu, *times, note)


def _held(case: Case) -> Iterator[Row]:
    with ExitStack() as stack:
        floor, *found = best_rounds(
            [
                stack.enter_context(running("bench.floors", "raw", str(case.floor))),
                stack.enter_context(running(*MOCK, "--log-format", "none")),
                stack.enter_context(running(*MOCK, "--log-format", "text")),
            ],
            case.requests,
        )
    for log, ours in zip(("log none", "log text"), found, strict=True):
        yield _row(case, log, ours, floor)


def _row(case: Case, log: str, ours: Round, floor: Round) -> Row:
    rates = f"{ours.rate:,.0f} /s", f"{floor.rate:,.0f} /s"
    times = f"{ours.cpu:.0f} us", f"{floor.cpu:.0f} us"
    if case.by_cpu:
        name, note = f"{case.name}, {log}: CPU a request", f"{rates[0]} beside {rates[1]}"
        return Row(name, case.beside, case.aim, ours.cpu / floor.cpu, *times, note)
    name, note = f"{case.name}, {log}: requests/s", f"CPU {times[0]} beside {times[1]}"
    note += f", the floor keeps the load {100 * floor.load:.0f} % busy"
    return Row(name, case.beside, case.aim, ours.rate / floor.rate, *rates, note, ours.warning)
