"""What /v1/organization answers: buckets of what was charged. Pure.

A bucket begins and ends in UTC, wherever a client's clock is. Money is summed in micro-dollars; a
part of a bill (a line of tokens) is rounded so that all parts are the bill.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import inf
from struct import Struct
from typing import Any, NamedTuple

from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import Caller
from mockserver.core.sandbox import MICRO
from mockserver.core.sandbox.ledger import Use
from mockserver.facts.costs import Price
from mockserver.facts.platform.organization import Report, Reports
from mockserver.facts.tokens import TOKENS

COSTS = "organization.costs"
_LATEST = 253_402_300_799  # the last second of the year 9999
_CURSOR = Struct(">qiq")
_LINE = "line_item"
Span = tuple[int, int]  # seconds since the epoch


class Question(NamedTuple):
    """What a client asks for."""

    report: Report
    is_costs: bool
    width: int  # of a bucket, in seconds
    start: int  # seconds since the epoch
    end: int | None  # None: now
    groups: tuple[str, ...]
    only: Mapping[str, AbstractSet[str]]  # by the key of a result, the values that count
    limit: int  # buckets
    page: Cursor | None


class Cursor(NamedTuple):
    """Where a page begins."""

    end: int  # nanoseconds since the epoch, as the first page had it
    start: int  # seconds since the epoch


def asked(reports: Reports, endpoint: str, values: Mapping[str, Any]) -> Question:
    """The question in the values of a query, which are what the facts say of each alone.

    Raises:
        ApiError: more buckets than one of this width may have, or no cursor of a page.
    """
    report = reports.reports[endpoint]
    width = report.widths[values["bucket_width"]]
    limit, page = values["limit"], values["page"]
    if limit is not None and limit > width.most:
        raise ApiError(Reason.TOO_LARGE, param="limit", value=limit, bound=width.most)
    return Question(
        report,
        endpoint == COSTS,
        width.seconds,
        values["start_time"],
        values["end_time"],
        tuple(dict.fromkeys(values["group_by"] or ())),
        {key: {*values[name]} for name, key in reports.filters.items() if values.get(name)},
        limit or width.default,
        None if page is None else _cursor(reports.cursor, page),
    )


def _cursor(prefix: str, text: str) -> Cursor:
    try:
        if not text.startswith(prefix):
            raise ValueError(text)
        seconds, rest, start = _CURSOR.unpack(b64decode(text[len(prefix) :], validate=True))
        if not (0 <= start <= _LATEST and 0 <= seconds <= _LATEST + 1):
            raise ValueError(text)
    except Exception:  # of base64, of its length, of the numbers in it
        raise ApiError(Reason.NO_SUCH_PAGE, value=text) from None
    return Cursor(seconds * SECOND + rest, start)


@dataclass(slots=True)
class _Sum:
    """What is summed up for one result."""

    requests: int = 0
    images: int = 0
    micro: int = 0  # of a dollar
    quantity: int = 0
    unit: str | None = None


class Answer:
    """One page of a report, while what was charged is put into it.

    Args:
        reports: as they are on this day.
        question: what is asked for.
        now: nanoseconds since the epoch: where time ends, if the question names no end.
    """

    def __init__(self, reports: Reports, question: Question, now: int) -> None:
        self._reports, self._question = reports, question
        self._end = now + 1 if question.end is None else question.end * SECOND
        start = question.start
        if question.page:
            self._end, start = question.page
        self._spans = list(self._from(start))
        self._starts = [span[0] * SECOND for span in self._spans]
        self._sums: list[dict[tuple[str, ...], _Sum]] = [{} for _ in self._spans]

    def _from(self, start: int) -> Iterator[Span]:
        """The buckets of this page."""
        question, width = self._question, self._question.width
        if question.end is not None and start * SECOND >= self._end:
            return
        # An end that nobody named is told as the second that it is in.
        last = max(-(-self._end // SECOND) - (question.end is None), start + 1)
        if question.is_costs:  # whole buckets
            start, last = start // width * width, -(-self._end // SECOND // width) * width
        for _ in range(question.limit):
            if start * SECOND >= self._end:
                return
            end = min(start // width * width + width, last)
            yield start, max(end, start + 1)
            start = start // width * width + width

    def add(self, of: Caller, uses: Iterable[Use], prices: Mapping[str, Price]) -> None:
        """Put what a key was charged for into the buckets.

        Args:
            of: who has the key.
            uses: what was charged.
            prices: by model, those that were charged.
        """
        question = self._question
        by_line = _LINE in question.groups or _LINE in question.only
        whose = {"project_id": of.project, "user_id": of.user, "api_key_id": of.key_id}
        for use in uses:
            place = bisect_right(self._starts, use.at) - 1
            if place < 0 or use.at >= self._ends_at(place):
                continue
            told = whose | {
                "model": use.model,
                "size": use.size,
                "source": self._reports.sources.get(use.operation, ""),
                "api_source": "unlabeled",
            }
            lines = self._lines(use, prices.get(use.model)) if by_line else (_whole(use),)
            for line in lines:
                told[_LINE] = line.name
                if all(told[key] in values for key, values in question.only.items()):
                    self._sum(place, told, use, line)

    def _ends_at(self, place: int) -> float:
        """Where a bucket ends that is no more of the next one, in nanoseconds."""
        if place + 1 < len(self._starts):
            return self._starts[place + 1]
        following = self._following * SECOND
        if self._question.end is None and following >= self._end:
            return inf  # a clock that went back has left bills behind it that are of later
        return following if self._question.is_costs else min(following, self._end)

    @property
    def _following(self) -> int:
        """Where the bucket begins that comes after this page."""
        width = self._question.width
        return self._spans[-1][0] // width * width + width if self._spans else 0

    def _sum(self, place: int, told: Mapping[str, str], use: Use, line: _Line) -> None:
        group = tuple([told[key] for key in self._question.groups])
        found = self._sums[place].get(group) or self._sums[place].setdefault(group, _Sum())
        found.requests += use.requests
        found.images += use.images
        found.micro += line.micro
        found.quantity += line.quantity
        found.unit = line.unit

    def _lines(self, use: Use, price: Price | None) -> list[_Line]:
        """The lines of a bill; all together cost what it does."""
        if not use.model or not price or not price.million:
            name = self._reports.line_of_pictures.format(model=use.model) if use.model else ""
            return [_Line(name, use.images, "images", use.micro)]
        names, found, left = self._reports.lines, list[_Line](), use.micro
        weights = [
            t * price.million.get(kind, 0) for t, kind in zip(use.tokens, TOKENS, strict=True)
        ]
        whole = sum(weights)
        share = 1.0 if price.picture and whole <= left else left / whole if whole else 0.0
        for kind, tokens, weight in zip(TOKENS, use.tokens, weights, strict=True):
            if tokens:
                micro = min(left, round(weight * share))
                left -= micro
                found.append(_Line(names[kind].format(model=use.model), tokens, "tokens", micro))
        # What rounding left, and what pictures cost beside their tokens, is of what was drawn.
        drawn = names["image_output"].format(model=use.model)
        return [*found, _Line(drawn, 0, "tokens", left)] if left else found

    def page(self, organization: str) -> dict[str, Any]:
        """The answer, of an organization."""
        data = [
            {
                "object": "bucket",
                "start_time": start,
                "end_time": end,
                "results": [self._result(*item, organization) for item in sorted(sums.items())],
            }
            for (start, end), sums in zip(self._spans, self._sums, strict=True)
        ]
        following = self._following
        has_more = 0 < following * SECOND < self._end
        around = {"has_more": has_more, "next_page": self._cursor(following) if has_more else None}
        if self._question.is_costs:
            return {"object": "page", **around, "data": data}
        return {"object": "page", "data": data, **around}

    def _cursor(self, start: int) -> str:
        packed = _CURSOR.pack(*divmod(self._end, SECOND), start)
        return f"{self._reports.cursor}{b64encode(packed).decode()}"

    def _result(self, group: tuple[str, ...], found: _Sum, organization: str) -> dict[str, Any]:
        values: dict[str, Any] = dict(
            zip(self._question.groups, (v or None for v in group), strict=True)
        )
        values |= {
            "object": self._question.report.object,
            "images": found.images,
            "num_model_requests": found.requests,
            "amount": {"value": found.micro / MICRO, "currency": "usd"},
            "organization_id": organization,
        }
        if _LINE in self._question.groups:
            values |= {"quantity": found.quantity, "quantity_unit": found.unit}
        return {key: values.get(key) for key in self._question.report.keys}


class _Line(NamedTuple):
    """A part of a bill."""

    name: str
    quantity: int
    unit: str
    micro: int


def _whole(use: Use) -> _Line:
    return _Line("", 0, "", use.micro)
