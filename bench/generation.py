"""Generations a second through one worker, beside a raw ASGI app that reads the body and answers.

`url` asks for a new prompt each time, `b64_json` for the same. With the log off, then in text. CPU
time of the server is reported too: it suffers less from neighbours than requests a second do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench.load import answered, body, different, repeated
from bench.rows import header, interleaved, row
from bench.servers import MOCK, Server, running

ROUNDS = 7
SECONDS = 1.0  # a round
WARM_UP = 0.3  # seconds
Requests = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round."""

    rate: float  # requests a second
    cpu: float  # microseconds of CPU a request


def main() -> None:
    """Print the rows."""
    header()
    url = {"size": "256x256"}
    _report("url", ">= 0.5", partial(different, url), 200)
    b64 = {"prompt": "a fox", "size": "256x256", "n": 2, "response_format": "b64_json"}
    _report("b64_json 256x256 n=2", ">= 0.5", partial(repeated, b64), _length(b64))
    large = {**b64, "size": "1024x1536", "n": 10}
    size = _length(large)
    _report(f"b64_json of {size / 2**20:.1f} MiB", ">= 0.8", partial(repeated, large), size)


def _length(request: Mapping[str, object]) -> int:
    with running(*MOCK, "--log-format", "none") as server:
        return len(server.ask(body(request)))


def _report(name: str, aim: str, requests: Requests, size: int) -> None:
    """Rows for one kind of request, beside a floor that answers `size` bytes."""
    with ExitStack() as stack:
        floor, quiet, logging = _best_rounds(
            [
                stack.enter_context(running("bench.floors", "raw", str(size))),
                stack.enter_context(running(*MOCK, "--log-format", "none")),
                stack.enter_context(running(*MOCK, "--log-format", "text")),
            ],
            requests,
        )
    _rows(f"{name}, log none", aim, quiet, floor)
    _rows(f"{name}, log text", aim, logging, floor)


def _rows(name: str, aim: str, found: Round, floor: Round) -> None:
    rates = f"{found.rate:,.0f} /s", f"{floor.rate:,.0f} /s"
    row(name, *rates, aim, found.rate / floor.rate)
    times = f"{found.cpu:.0f} us", f"{floor.cpu:.0f} us"
    row("  CPU of the server, floor / measured", *times, "", floor.cpu / found.cpu)


def _best_rounds(servers: list[Server], requests: Requests) -> list[Round]:
    """Of each server the highest rate and the least CPU time: what disturbs only makes it worse."""
    for server in servers:
        answered(server, requests(), WARM_UP)
    rounds = interleaved(ROUNDS, [partial(_round, server, requests) for server in servers])
    return [Round(max(r.rate for r in of), min(r.cpu for r in of)) for of in rounds]


def _round(server: Server, requests: Requests) -> Round:
    before = server.cpu_seconds()
    count, elapsed = answered(server, requests(), SECONDS)
    return Round(count / elapsed, 1e6 * (server.cpu_seconds() - before) / count)


if __name__ == "__main__":
    main()
