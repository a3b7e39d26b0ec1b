"""What a server has answered, as numbers. Counts alone; `metrics` beside it tells them."""

from bisect import bisect_left
from collections.abc import Collection
from functools import cached_property

from mockserver.core.journal import Record
from mockserver.core.picture import MEDIA
from mockserver.core.request import ImageRequest
from mockserver.facts import ever

OTHER = "other"  # what no fact names: who makes names up makes no numbers of his own
DOWNLOAD = "download"  # what a picture's download is called, beside the operations of the facts
#: Upper ends of the ranges in which times are counted, in nanoseconds: 1 ms to 2 minutes.
TIMES = tuple(10**6 * t for t in (1, 2, 5, 10, 25, 50, 100, 250, 500))
TIMES += tuple(10**9 * t for t in (1, 2, 5, 10, 30, 60, 120))
#: The same of the part of a limit that was used.
PARTS = (0.25, 0.5, 0.75, 0.9, 1.0)
#: Statuses that are counted as they are: this server's own. Of a rule's others only the hundred.
STATUSES = frozenset((0, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413))
STATUSES |= {415, 416, 421, 422, 424, 429, 431, 499, 500, 501, 502, 503, 504}

Row = list[float]  # how many were in each range, and beyond all; then the sum of them
#: Requests that are counted together: their operation, status (4 is any other of 400 to 499, and so
#: on), reason of a refusal, model if they ask for pictures, size and format if they got some.
Kind = tuple[str, int, str, str, str, str]


class Sums:
    """What requests of one kind come to."""

    __slots__ = ("pictures", "times", "usd")

    def __init__(self) -> None:
        self.times: Row = [0] * (len(TIMES) + 2)
        self.pictures = 0
        self.usd = 0.0


class Counts:
    """How often, how long, how much, since the server began. Whatever is asked, it is bounded."""

    def __init__(self) -> None:
        self.in_flight = 0  # requests to the API that are being answered
        self.connections: Collection[object] = ()  # those that are open; a socket's server sets it
        self.kinds: dict[Kind, Sums] = {}
        self.used: dict[str, Row] = {}  # of a limit, by model
        self.before: bytes | None = None  # what the worker had counted that this one replaces

    def answered(self, record: Record, request: ImageRequest | None, nanoseconds: int) -> None:
        """Count a request that is written down; it took so long until its answer began."""
        operation, status, error = record.operation or _unnamed(record), record.status, record.error
        model = size = form = ""
        if request:
            model, options = request.model, request.options
            if status == 200:
                size, form = options.get("size", OTHER), options.get("output_format", "png")
        kind = operation, status, error["reason"] if error else "", model, size, form
        sums = self.kinds.get(kind) or self._sums(kind)
        times = sums.times
        times[bisect_left(TIMES, nanoseconds)] += 1
        if nanoseconds > 0:  # else the clock was set back meanwhile
            times[-1] += nanoseconds
        if size:
            sums.pictures += len(record.drawn)
        sums.usd += record.usd

    def met(self, model: str, used: int, most: int) -> None:
        """Count a request that met a limit of `most` of which `used` were used, by it too."""
        row = self.used.get(model) or self._row(model)
        part = used / (most or 1)  # none is used up by the first
        row[bisect_left(PARTS, part)] += 1
        row[-1] += part

    # What is met for the first time, and what has no place of its own ever.

    def _sums(self, kind: Kind) -> Sums:
        operation, status, reason, model, size, form = kind
        bounded = (
            operation,
            status if status in STATUSES else status // 100,
            reason,
            _among(self._models, model),
            _among(self._sizes, size),
            _among(_FORMATS, form),
        )
        return self.kinds.setdefault(bounded, Sums())

    def _row(self, model: str) -> Row:
        return self.used.setdefault(_among(self._models, model), [0] * (len(PARTS) + 2))

    @cached_property
    def _models(self) -> frozenset[str]:
        return frozenset(("", *ever()["model"]))

    @cached_property
    def _sizes(self) -> frozenset[str]:
        return frozenset(("", *ever()["size"]))


_FORMATS = frozenset(("", *(name for _, name in MEDIA.values())))


def _among(known: frozenset[str], name: str) -> str:
    return name if name in known else OTHER


def _unnamed(record: Record) -> str:
    return DOWNLOAD if record.is_download else OTHER
