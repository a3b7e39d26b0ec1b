"""A run as lines for a person, at most sixty. Knows the summary alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from contracts.report.causes import Cause
from contracts.report.curl import Curl
from contracts.report.summary import Part, Summary
from contracts.report.words import (
    answer_told,
    counted,
    cut,
    day_told,
    listed,
    printable,
    promise_told,
    seconds_told,
    usd_told,
)
from contracts.trials import Outcome

#: A report has no more lines than this, whatever was found; where each promise is shown it may.
MOST = 60
#: A line has no more characters, those of a request apart.
WIDE = 110
#: So many of the causes that are not shown in full have at least a line.
FEW = 16
#: So many reasons are told why something was not observed.
REASONS = 4
#: A text in a colour; colours say nothing that the text does not.
Paint = Callable[[str, str], str]
_COLOURS = {Outcome.HELD: "green", Outcome.BROKEN: "red", Outcome.UNSEEN: "yellow"}
_HEADS = ("", "observed", "broken", "core", "not observed", "calls", "pictures", "seconds", "USD")


def plain(text: str, _colour: str) -> str:
    """A text as it is."""
    return text


def lines(summary: Summary, paint: Paint = plain, *, rows: bool = False) -> Iterator[str]:
    """The report, line by line; the result is the last one.

    Args:
        summary: of the run.
        paint: marks what matters.
        rows: show each promise, too, however many there are.
    """
    run = summary.run
    top = [
        f"target  {run.target}" + (f" at {run.base_url}" if run.base_url != run.target else ""),
        f"day     {day_told(run.day)}; facts of {run.facts}",
        "",
        *_table(summary, paint),
    ]
    end = [*_unseen(summary), "", *_result(summary, paint)]
    yield from top
    if rows:
        yield from ("", *_promises(summary, paint))
    yield from _causes(summary.causes, MOST - len(top) - len(end), paint)
    yield from end


def _table(summary: Summary, paint: Paint) -> Iterator[str]:
    table = [_HEADS, *(_cells(part) for part in (*summary.parts, summary.total))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        first, *numbers = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        if cells[2].isdigit() and cells[2] != "0":
            numbers[1] = paint(numbers[1], "red")
        yield "  ".join((cells[0].ljust(len(first)), *numbers))


def _cells(part: Part) -> tuple[str, ...]:
    tally = part.tally
    held, broken, unseen = map(part.count, Outcome)
    told = held, broken, part.core, unseen, tally.calls, tally.pictures
    return part.operation, *map(str, told), seconds_told(tally.seconds), usd_told(tally.usd)


def _promises(summary: Summary, paint: Paint) -> Iterator[str]:
    for row in (row for part in summary.parts for row in part.rows):
        told = f"{promise_told(row.promise)}{f': {row.reason}' if row.reason else ''}"
        yield f"{paint(f'{row.outcome:12}', _COLOURS[row.outcome])}  {told}"


def _causes(causes: Sequence[Cause], room: int, paint: Paint) -> Iterator[str]:
    """As many in full as there is room for, the rest as a line each, then how many more."""
    if not causes:
        return
    yield from ("", paint(f"broken: {counted(len(causes), 'cause')}, the likely root first", "red"))
    blocks = [["", *_cause(*one)] for one in enumerate(causes, 1)]
    full = _fitting(blocks, room - 2)
    yield from chain.from_iterable(blocks[:full])
    room -= 3 + sum(map(len, blocks[:full]))
    rest = [_briefly(*one) for one in list(enumerate(causes, 1))[full:]]
    shown = rest if len(rest) <= room else rest[: room - 1]
    if rest:
        yield from ("", *shown)
    if more := len(rest) - len(shown):
        yield f"{more} more are in --json FILE and --html FILE"


def _fitting(blocks: Sequence[Sequence[str]], room: int) -> int:
    """How many can be shown in full, so that the others, or some, have a line each."""
    full = 0
    while full < len(blocks):
        others = len(blocks) - full - 1
        room -= len(blocks[full])
        if room < (min(others, FEW) + 2 if others else 0):
            break
        full += 1
    return full


def _cause(number: int, cause: Cause) -> Iterator[str]:
    """What is broken, what was seen in its place, what else was, and a request."""
    yield cut(f"{number}. {cause.says}: {cause.often}", WIDE)
    other = f" (and {counted(cause.others, 'other sight')})" if cause.others else ""
    yield f"   seen    {cut(cause.told, WIDE - len(other))}{other}"
    if cause.also:
        yield f"   also    {cut('; '.join(cause.also), WIDE)}"
    if cause.exchange:
        yield f"   answer  {cut(answer_told(cause.exchange.answer), WIDE)}"
    if cause.curl:
        yield f"   again   {_line(cause.curl)}"


def _briefly(number: int, cause: Cause) -> str:
    return cut(f"{number}. {cause.says}: {cause.often}: {cause.told}", WIDE)


def _line(curl: Curl) -> str:
    absent = f"  # --report DIR keeps {listed(curl.missing, 2)}" if curl.missing else ""
    return curl.line + absent


def _unseen(summary: Summary) -> Iterator[str]:
    for thing, reasons in (("promise", summary.unseen), ("check", summary.partly)):
        if reasons:
            number = sum(times for _, times in reasons)
            of = "" if thing == "promise" else " of other promises"
            yield from ("", f"not observed: {counted(number, thing)}{of}")
        told = REASONS if len(reasons) > REASONS + 1 else len(reasons)
        for reason, times in reasons[:told]:
            yield f"{times:4}  {cut(reason, WIDE)}"
        if more := sum(times for _, times in reasons[told:]):
            yield f"{more:4}  for other reasons"


def _result(summary: Summary, paint: Paint) -> Iterator[str]:
    yield from map(printable, summary.ended.splitlines()[:10])
    if summary.last:
        yield f"the last request was: {_line(summary.last)}"
    outcome = {0: Outcome.HELD, 5: Outcome.BROKEN}.get(summary.run.code, Outcome.UNSEEN)
    after = f", after {summary.run.seconds:.0f} s (exit code {summary.run.code})"
    yield paint(summary.result, _COLOURS[outcome]) + after
