"""What a server counted, as Prometheus reads it (text format 0.0.4). Counts nothing itself.

Loaded by the first look. Each worker has a snapshot, which is plain JSON; those of one server's
workers are merged into what any of them tells: whoever scrapes meets any worker, and a counter must
not go back because another one answered.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from mockserver import __version__
from mockserver.clock import SECOND
from mockserver.core.errors import Reason
from mockserver.request.counts import PARTS, STATUSES, TIMES, Row, Sums
from mockserver.request.world import World

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
_OF_LIMITS = frozenset((Reason.RATE_LIMITED, Reason.OVER_LIMIT, Reason.NOT_OF_TIER))
#: By a metric's name: the values of its labels, and its number; of a histogram a row of them.
Snapshot = dict[str, list[tuple[list[str], Any]]]


class Kind(NamedTuple):
    """Requests that are counted together, as `Counts` has them."""

    operation: str
    status: int
    reason: str
    model: str
    size: str
    format: str


class Metric(NamedTuple):
    """One that is told."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()  # of a histogram
    #: What several workers' make together. What a store holds is the same for all who share it.
    joined: Callable[[Iterable[Any]], Any] = sum


def _each(rows: Iterable[Row]) -> Row:
    return [sum(numbers) for numbers in zip(*rows, strict=True)]


def _dollars(amounts: Iterable[float]) -> float:
    return round(sum(amounts), 6)  # as exact as bills are


_SECONDS = tuple(t / SECOND for t in TIMES)
_METRICS = (
    Metric(
        "requests_total",
        COUNTER,
        "Requests and downloads that were written into the journal, by status and, of those that "
        "were refused, by reason. Status 0 had no answer, and 499 a client that left.",
        ("operation", "status", "reason"),
    ),
    Metric(
        "request_duration_seconds",
        HISTOGRAM,
        "Time from a request's head until its answer began.",
        ("operation",),
        _SECONDS,
        _each,
    ),
    Metric("pictures_total", COUNTER, "Pictures that were answered.", ("model", "size", "format")),
    Metric(
        "virtual_cost_usd_total",
        COUNTER,
        "What the real API would have charged, in US dollars.",
        ("model",),
        joined=_dollars,
    ),
    Metric(
        "rate_limited_total", COUNTER, "Requests for pictures that a limit refused.", ("model",)
    ),
    Metric(
        "limit_used_ratio",
        HISTOGRAM,
        "Part of a minute's limit that a request found used, itself included; above 1 it was "
        "refused.",
        ("model",),
        PARTS,
        _each,
    ),
    Metric(
        "requests_in_flight",
        GAUGE,
        "Requests to the API that are being answered.",
    ),
    Metric("connections", GAUGE, "Connections of clients that are open."),
    Metric("event_listeners", GAUGE, "Clients that listen to events."),
    Metric("sandboxes", GAUGE, "Sandboxes that the store holds.", joined=max),
    Metric("journal_bytes", GAUGE, "Bytes of all records in the store, roughly.", joined=max),
    Metric(
        "store_degraded",
        GAUGE,
        "Whether the store is away (1), and each process counts for itself.",
        joined=max,
    ),
    Metric("store_errors_total", COUNTER, "What the store was asked in vain."),
    Metric(
        "build_info",
        GAUGE,
        "What is running, and where its state is; always 1.",
        ("version", "python", "state"),
        joined=max,
    ),
)
#: All that there are, in their order.
METRICS = (
    *(m._replace(name=f"images_mock_{m.name}") for m in _METRICS),
    Metric(
        "process_start_time_seconds",
        GAUGE,
        "When the server began, in seconds since the epoch.",
        joined=min,
    ),
)


async def snapshot(world: World) -> Snapshot:
    """What one worker has counted until now, and how it is."""
    counts, health, taken = world.counts, world.store.health, await world.store.taken()
    found: dict[str, Iterable[tuple[tuple[str, ...], Any]]] = {
        **_of_requests([(Kind(*kind), sums) for kind, sums in counts.kinds.items()]),
        "limit_used_ratio": [((model,), [*row]) for model, row in counts.used.items()],
        "requests_in_flight": _alone(counts.in_flight),
        "connections": _alone(len(counts.connections)),
        "event_listeners": _alone(world.feed.listeners),
        "sandboxes": _alone(taken.sandboxes) if taken else (),
        "journal_bytes": _alone(taken.journal) if taken else (),
        "store_degraded": _alone(int(health.degraded)),
        "store_errors_total": _alone(health.errors),
        "build_info": [((__version__, platform.python_version(), health.kind), 1)],
    }
    own: Snapshot = {
        f"images_mock_{name}": [([*labels], number) for labels, number in rows]
        for name, rows in found.items()
    }
    return own | {
        "process_start_time_seconds": [([], (world.worker.since or world.began) / SECOND)]
    }


def _of_requests(
    kinds: Sequence[tuple[Kind, Sums]],
) -> dict[str, Iterable[tuple[tuple[str, ...], Any]]]:
    """What is told of requests; of several rows with the same labels the sum is meant."""
    charged = [(kind, sums) for kind, sums in kinds if kind.model]
    return {
        "requests_total": [
            ((k.operation, _status(k.status), k.reason), _number(s)) for k, s in kinds
        ],
        "request_duration_seconds": [
            ((k.operation,), [*s.times[:-1], s.times[-1] / SECOND]) for k, s in kinds
        ],
        "pictures_total": [((k.model, k.size, k.format), s.pictures) for k, s in charged if k.size],
        "virtual_cost_usd_total": [((k.model,), s.usd) for k, s in charged],
        "rate_limited_total": [
            ((k.model,), _number(s) if k.reason in _OF_LIMITS else 0) for k, s in charged
        ],
    }


def _alone(number: float) -> list[tuple[tuple[str, ...], float]]:
    return [((), number)]


def _number(sums: Sums) -> float:
    return sum(sums.times[:-1])


def _status(status: int) -> str:
    return str(status) if status in STATUSES else f"{status}xx"


async def told_by_all(world: World) -> Snapshot:
    """What all workers of this server have counted, whichever is asked.

    Only what is on their board is told: so no number is ever less than another worker told before.
    """
    own, worker = await snapshot(world), world.worker
    if worker.board is None:
        return merged([own])
    write(world, own)
    told = map(worker.board.read, range(worker.board.places))
    return merged([json.loads(one) for one in told if one])


def write(world: World, own: Snapshot) -> None:
    """Write on the board what one worker has counted, and who was at its place before."""
    worker, counts = world.worker, world.counts
    if worker.board is None:
        return
    if counts.before is None:
        counts.before = worker.board.read(worker.place)
    before = [json.loads(counts.before)] if counts.before else []
    worker.board.write(worker.place, json.dumps(merged([own], before)).encode())


def merged(live: Sequence[Snapshot], gone: Sequence[Snapshot] = ()) -> Snapshot:
    """What several make together.

    Args:
        live: of those that serve.
        gone: the last of those that have ended: what they counted stays counted.
    """
    found: Snapshot = {}
    for metric in METRICS:
        meant = live if metric.kind == GAUGE else [*live, *gone]
        numbers: dict[tuple[str, ...], list[Any]] = {}
        for one in meant:
            for labels, number in one.get(metric.name, ()):
                numbers.setdefault(tuple(labels), []).append(number)
        rows = sorted(numbers.items())
        found[metric.name] = [([*labels], metric.joined(each)) for labels, each in rows]
    return found


def text(told: Snapshot) -> str:
    """A snapshot in the text format."""
    return "".join(f"{line}\n" for metric in METRICS for line in _lines(metric, told[metric.name]))


def _lines(metric: Metric, rows: Iterable[tuple[Sequence[str], Any]]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.about}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for values, number in rows:
        labels = dict(zip(metric.labels, values, strict=True))
        if metric.kind == HISTOGRAM:
            yield from _ranges(metric, labels, number)
        else:
            yield _sample(metric.name, labels, number)


def _ranges(metric: Metric, labels: dict[str, str], row: Row) -> Iterator[str]:
    *numbers, total = row
    below = [*accumulate(numbers)]
    for bound, number in zip((*metric.bounds, "+Inf"), below, strict=True):
        yield _sample(f"{metric.name}_bucket", {**labels, "le": str(bound)}, number)
    yield _sample(f"{metric.name}_sum", labels, total)
    yield _sample(f"{metric.name}_count", labels, below[-1])


def _sample(name: str, labels: dict[str, str], number: float) -> str:
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
