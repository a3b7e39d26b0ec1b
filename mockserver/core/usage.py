"""What /v1/organization answers: a question out of a query, and buckets of what was charged. Pure.

A bucket begins and ends in UTC, wherever a client's clock is. Money is summed in micro-dollars; a
part of a bill (a line of tokens) is rounded so that all parts are the bill.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any, NamedTuple

from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import Caller
from mockserver.core.sandbox import MICRO
from mockserver.core.sandbox.ledger import Use
from mockserver.facts.costs import Price
from mockserver.facts.platform.organization import Report, Reports, Width
from mockserver.facts.tokens import TOKENS

COSTS = "organization.costs"
_LATEST = 253_402_300_799  # the last second of the year 9999
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_CURSOR = Struct(">qiq")
_LINE = "line_item"
Query = Sequence[tuple[str, str]]
Span = tuple[int, int]  # seconds since the epoch


class Question(NamedTuple):
    """What a client asks for."""

    report: Report
    is_costs: bool
    width: Width
    start: int  # seconds since the epoch
    end: int | None  # None: now
    groups: tuple[str, ...]
    only: Mapping[str, frozenset[str]]  # by the key of a result, the values that count
    limit: int  # buckets
    page: Cursor | None


class Cursor(NamedTuple):
    """Where a page begins."""

    end: int  # nanoseconds since the epoch, as the first page had it
    start: int  # seconds since the epoch


def asked(reports: Reports, endpoint: str, query: Query) -> Question:
    """The question in a query.

    A list comes as one parameter several times, with brackets behind its name or without, or with
    commas between its values. What no report knows is passed over.

    Raises:
        ApiError: a parameter is missing, or is not what it must be.
    """
    report, given = reports.reports[endpoint], _given(query)
    start = _integer(given, "start_time", 0, _LATEST)
    if start is None:
        raise ApiError(Reason.MISSING_PARAMETER, param="start_time")
    width = report.widths[
        _one_of(given, "bucket_width", report.widths) or next(iter(report.widths))
    ]
    only = {key: frozenset(given[name]) for name, key in report.filters.items() if given.get(name)}
    _check(given.get("group_by", ()), "group_by", report.groups)
    _check(given.get("sources", ()), "sources", reports.sources.values())
    return Question(
        report,
        endpoint == COSTS,
        width,
        start,
        _integer(given, "end_time", 0, _LATEST),
        tuple(dict.fromkeys(given.get("group_by", ()))),
        only,
        _integer(given, "limit", 1, width.most) or width.default,
        _cursor(reports.cursor, given["page"][-1]) if given.get("page") else None,
    )


def _given(query: Query) -> dict[str, list[str]]:
    """The values of each parameter; none is as if it were not there."""
    found: dict[str, list[str]] = {}
    for name, value in query:
        found.setdefault(name.partition("[")[0], []).extend(filter(None, value.split(",")))
    return found


def _integer(given: Mapping[str, list[str]], param: str, least: int, most: int) -> int | None:
    if not given.get(param):
        return None
    value = given[param][-1]
    if not _INTEGER.fullmatch(value):
        raise ApiError(Reason.NOT_A_NUMBER, param=param, value=value)
    if int(value) < least:
        raise ApiError(Reason.TOO_SMALL, param=param, value=int(value), bound=least)
    if int(value) > most:
        raise ApiError(Reason.TOO_LARGE, param=param, value=int(value), bound=most)
    return int(value)


def _one_of(given: Mapping[str, list[str]], param: str, allowed: Iterable[str]) -> str | None:
    _check(given.get(param, ()), param, allowed)
    return given[param][-1] if given.get(param) else None


def _check(values: Iterable[str], param: str, allowed: Iterable[str]) -> None:
    for value in values:
        if value not in allowed:
            raise ApiError(Reason.NOT_ONE_OF, param=param, value=value, allowed=[*allowed])


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


class _Sum:
    """What is summed up for one result."""

    __slots__ = ("images", "micro", "quantity", "requests", "unit")

    def __init__(self) -> None:
        self.requests = self.images = self.micro = self.quantity = 0
        self.unit: str | None = None


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
        question, width = self._question, self._question.width.seconds
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

    def _ends_at(self, place: int) -> int:
        """Where a bucket ends that is no more of the next one."""
        if place + 1 < len(self._starts):
            return self._starts[place + 1]
        width = self._question.width.seconds
        following = (self._spans[place][0] // width * width + width) * SECOND
        return following if self._question.is_costs else min(following, self._end)

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
        return [line._replace(micro=line.micro + left * (line.name == drawn)) for line in found]

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
        width = self._question.width.seconds
        following = self._spans[-1][0] // width * width + width if self._spans else 0
        has_more = bool(self._spans) and following * SECOND < self._end
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
