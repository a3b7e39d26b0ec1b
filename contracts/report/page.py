"""A run as one page for a browser. Fetches nothing, runs no script; knows the summary alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from contracts.book import Row
from contracts.report.causes import Cause
from contracts.report.curl import Curl
from contracts.report.frame import framed
from contracts.report.summary import Counts, Part, Summary
from contracts.report.words import (
    answer_told,
    counted,
    cut,
    day_told,
    listed,
    promise_told,
    seconds_told,
    usd_told,
)
from contracts.trials import Outcome

#: So many of the promises that a cause breaks are named; each row tells its own.
WHERE = 6
_MARKS = {Outcome.HELD: "held", Outcome.BROKEN: "broken", Outcome.UNSEEN: "unseen"}
_TALLY = ("Calls", "Pictures", "Seconds", "USD")
_SIGNS = {Outcome.HELD: "✓", Outcome.BROKEN: "✗", Outcome.UNSEEN: "–"}


def page(summary: Summary) -> str:
    """The page, with its style in it."""
    return framed(f"{summary.run.target}: {summary.result}", _body(summary))


def _body(summary: Summary) -> Iterator[str]:
    yield from _head(summary)
    yield from _operations(summary)
    if summary.causes:
        yield f"<h2>Broken: {counted(len(summary.causes), 'cause')}</h2>"
        yield from (_cause(*one) for one in enumerate(summary.causes, 1))
    yield from _sentences("Promises that were not observed", summary.unseen)
    yield from _sentences("Checks of other promises that were not made", summary.partly)
    yield from _sentences("What was never broken, and how often it was judged", summary.held)
    yield "<h2>Every promise</h2>"
    yield from (_promises(part) for part in summary.parts)
    yield (
        f"<footer>openai-images-mock {escape(summary.run.version)}. A promise is what an operation "
        "answers in one branch, with a status. “Observed” is what this run saw of this target, and "
        "no more.</footer>"
    )


def _head(summary: Summary) -> Iterator[str]:
    run = summary.run
    outcome = {0: Outcome.HELD, 5: Outcome.BROKEN}.get(run.code, Outcome.UNSEEN)
    yield f"<header class='{_MARKS[outcome]}'>"
    yield "<p class='kind'>The contract of the Images API, held against</p>"
    yield f"<h1>{escape(run.target)}</h1>"
    yield f"<p class='result'>{_sign(outcome)} {escape(_sentence(summary.result))}</p>"
    if summary.ended:
        yield f"<pre class='ended'>{escape(summary.ended)}</pre>"
    if summary.last:
        yield f"<p class='note'>The last request:</p>{_line(summary.last)}"
    yield "</header><dl class='facts'>"
    if run.base_url != run.target:
        yield _fact("Base URL", run.base_url)
    yield _fact("Held to the API of", day_told(run.day))
    yield _fact("Facts of", str(run.facts))
    yield _fact("Began", f"{summary.began:%Y-%m-%d %H:%M:%S UTC}" if summary.began else "never")
    yield _fact("Took", f"{run.seconds:.0f} s")
    yield _fact("Exit code", str(run.code))
    yield "</dl>"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"


def _sign(outcome: Outcome) -> str:
    return f"<b class='sign {_MARKS[outcome]}' aria-hidden='true'>{_SIGNS[outcome]}</b>"


def _operations(summary: Summary) -> Iterator[str]:
    heads = ("Operation", "Promises", "Observed", "Broken", "In core", "Not observed")
    yield "<div class='wide'><table class='operations'><thead><tr>"
    yield from (f"<th scope='col'>{head}</th>" for head in (*heads, *_TALLY))
    yield "</tr></thead><tbody>"
    yield from (_operation(part) for part in summary.parts)
    yield f"</tbody><tfoot>{_operation(summary.total)}</tfoot></table></div>"


def _operation(part: Part) -> str:
    tally = part.tally
    counts = [(outcome, part.count(outcome)) for outcome in Outcome]
    bar = "".join(
        f"<i class='{_MARKS[outcome]}' style='flex-grow:{n}'></i>" for outcome, n in counts if n
    )
    held, broken, unseen = counts
    shown = (held, broken, (Outcome.BROKEN, part.core), unseen)
    cells = [f"<td class='{_MARKS[outcome] if n else 'none'}'>{n}</td>" for outcome, n in shown]
    told = f"{tally.calls:,}", f"{tally.pictures:,}", seconds_told(tally.seconds)
    cells += [f"<td>{value}</td>" for value in (*told, usd_told(tally.usd))]
    name = f"<th scope='row'>{escape(part.operation)}</th>"
    return f"<tr>{name}<td><span class='bar'>{bar}</span></td>{''.join(cells)}</tr>"


def _cause(number: int, cause: Cause) -> str:
    ways = f" <small>and {counted(cause.others, 'other sight')}</small>" if cause.others else ""
    told = [("Seen", escape(cause.told) + ways)]
    told += [("Broken with it", escape("; ".join(cause.also)))] if cause.also else []
    told += [("Where", _where(cause))]
    if cause.exchange:
        answer = escape(cut(answer_told(cause.exchange.answer), 320))
        told += [("Answer", f"<code>{answer}</code>")]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in told)
    again = _line(cause.curl) if cause.curl else ""
    aside = f"{cause.often}, {cause.tier.name.lower()}"
    return (
        f"<section class='cause'><h3><span class='number'>{number}</span> {escape(cause.says)} "
        f"<small>{aside}</small></h3><dl>{rows}</dl>{again}</section>"
    )


def _where(cause: Cause) -> str:
    names = [promise_told(promise) for promise in cause.promises]
    shown = "".join(f"<span>{escape(name)}</span>" for name in names[:WHERE])
    more = f" and {len(names) - WHERE} more" if len(names) > WHERE else ""
    return f"<div class='where'>{shown}{more}</div>"


def _line(curl: Curl) -> str:
    line = f"<pre class='curl'>{escape(curl.line)}</pre>"
    if not curl.missing:
        return line
    names = escape(listed(curl.missing, 3))
    return f"{line}<p class='note'><code>--report DIR</code> keeps {names}.</p>"


def _sentences(title: str, counts: Counts) -> Iterator[str]:
    if counts:
        yield f"<h2>{title}</h2><ul class='reasons'>"
        yield from (f"<li><b>{times}</b> {escape(reason)}</li>" for reason, times in counts)
        yield "</ul>"


def _promises(part: Part) -> str:
    open_ = " open" if part.count(Outcome.BROKEN) else ""
    counts = ", ".join(f"{part.count(o)} {o}" for o in Outcome if part.count(o))
    rows = "".join(_row(row) for row in _broken_first(part.rows))
    names = ("Status", "Branch", "Outcome", "Checks", *_TALLY)
    heads = "".join(f"<th scope='col'>{name}</th>" for name in names)
    return (
        f"<details{open_}><summary><b>{escape(part.operation)}</b> {counts}</summary>"
        f"<div class='wide'><table class='promises'><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _broken_first(rows: Iterable[Row]) -> list[Row]:
    order = (Outcome.BROKEN, Outcome.UNSEEN, Outcome.HELD)
    return sorted(rows, key=lambda row: order.index(row.outcome))


def _row(row: Row) -> str:
    tally = row.tally
    reason = f" <small>{escape(row.reason)}</small>" if row.reason else ""
    broken = row.counts[Outcome.BROKEN]
    checks = f"{broken} of {row.counts.total()} broken" if broken else str(row.counts.total())
    told = (checks, tally.calls, tally.pictures, seconds_told(tally.seconds), usd_told(tally.usd))
    return (
        f"<tr class='{_MARKS[row.outcome]}'><td>{row.promise.status}</td>"
        f"<td class='branch'>{escape(row.promise.branch)}</td>"
        f"<td class='outcome'>{_sign(row.outcome)} {row.outcome}{reason}</td>"
        + "".join(f"<td>{value}</td>" for value in told)
        + "</tr>"
    )
