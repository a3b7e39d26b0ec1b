"""What a server has answered, as numbers. Counts alone; `metrics` beside it tells them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

from mockserver.core.errors import Reason
from mockserver.core.journal import Record
from mockserver.core.picture import MEDIA, Picture
from mockserver.core.request import ImageRequest
from mockserver.core.sandbox import MICRO
from mockserver.facts import ever

OTHER = "other"  # what no fact names: a client that makes names up makes no number of its own
DOWNLOAD = "download"  # what a picture's download is called, beside the operations of the facts
#: Upper ends of the ranges in which times are counted, in nanoseconds: 1 ms to 2 minutes.
TIMES = tuple(10**6 * t for t in (1, 2, 5, 10, 25, 50, 100, 250, 500))
TIMES += tuple(10**9 * t for t in (1, 2, 5, 10, 30, 60, 120))
#: The same of the part of a limit that was used.
PARTS = (0.25, 0.5, 0.75, 0.9, 1.0)
_OF_LIMITS = frozenset(map(str, (Reason.RATE_LIMITED, Reason.OVER_LIMIT, Reason.NOT_OF_TIER)))

Row = list[float]  # how many were in each range, and beyond all; then the sum of them


class Counts:
    """How often, how long, how much, since the server began. Whatever is asked, it is bounded."""

    def __init__(self) -> None:
        self.in_flight = 0  # requests to the API that are being answered
        self.connections: Collection[object] = ()  # those that are open; a socket's server sets it
        self.requests = defaultdict[tuple[str, int, str], int](int)  # operation, status, reason
        self.times = defaultdict[str, Row](lambda: [0] * (len(TIMES) + 2))  # by operation
        self.pictures = defaultdict[tuple[str, str, str], int](int)  # model, size, format
        self.micro = defaultdict[str, int](int)  # of a dollar, by model
        self.limited = defaultdict[str, int](int)  # refusals of a limit, by model
        self.used = defaultdict[str, Row](lambda: [0] * (len(PARTS) + 2))  # of a limit, by model

    def answered(self, record: Record, request: ImageRequest | None, nanoseconds: int) -> None:
        """Count a request that is written down; it took so long until its answer began."""
        operation, status, error = record.operation, record.status, record.error
        if not operation:
            operation = DOWNLOAD if record.is_download else OTHER
        reason = error["reason"] if error else ""
        self.requests[operation, status, reason] += 1
        row = self.times[operation]
        row[bisect_left(TIMES, nanoseconds)] += 1
        row[-1] += nanoseconds
        if (drawn := record.drawn) and status == 200:
            self._count_pictures(drawn[0], len(drawn))
        if record.usd or reason in _OF_LIMITS:
            model = self._model(request.model) if request else OTHER
            self.micro[model] += round(record.usd * MICRO)
            self.limited[model] += reason in _OF_LIMITS

    def met(self, model: str, used: int, most: int) -> None:
        """Count a request that met a limit of `most` of which `used` were used, by it too."""
        if most:  # a tier that has none is no limit that fills up
            row, part = self.used[self._model(model)], used / most
            row[bisect_left(PARTS, part)] += 1
            row[-1] += part

    def _count_pictures(self, picture: Picture, number: int) -> None:
        """Count pictures of one request, which are all alike."""
        size = picture.size
        named = self._model(picture.model), size if size in self._sizes else OTHER
        self.pictures[*named, MEDIA[picture.format][1]] += number

    def _model(self, model: str) -> str:
        return model if model in self._models else OTHER

    @cached_property
    def _models(self) -> frozenset[str]:
        return frozenset(ever()["model"])

    @cached_property
    def _sizes(self) -> frozenset[str]:
        return frozenset(ever()["size"])
