"""What a journal says of the program that asked: its faults, as findings. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from mockserver.core.judging import of_fields, of_money, of_urls, of_waits
from mockserver.core.judging.case import Case, Shown
from mockserver.core.judging.findings import (
    MOST,
    ONLY_A_JOURNAL,
    REQUESTS,
    Finding,
    Severity,
    Surroundings,
)
from mockserver.core.judging.seen import Journal
from mockserver.core.texts import escaped, shortened
from mockserver.facts.findings import findings

Judge = Callable[[Case], Iterable[Shown]]
#: Who finds what.
JUDGES: Mapping[str, Judge] = {
    "retry-after-ignored": of_waits.retry_after_ignored,
    "retried-in-vain": of_waits.retried_in_vain,
    "paid-twice": of_money.paid_twice,
    "url-kept-too-long": of_urls.url_kept_too_long,
    "model-left-out": of_fields.model_left_out,
}


def judged(
    journal: Journal,
    around: Surroundings = ONLY_A_JOURNAL,
    *,
    ignore: Collection[str] = (),
    severities: Mapping[str, Severity] = {},
) -> list[Finding]:
    """The faults that a journal shows, in the order in which they showed.

    Args:
        journal: what was asked and downloaded.
        around: what else is known.
        ignore: ids of findings that nobody wants.
        severities: of some ids, in place of those of the facts.
    """
    case = Case.of(journal, around)
    found = [
        (_first(shown), _finding(id_, shown, severities))
        for id_, judge in JUDGES.items()
        if id_ not in ignore
        for shown in judge(case)
    ]
    return [finding for _, finding in sorted(found, key=lambda one: one[0])]


def _first(shown: Shown) -> float:
    return shown.requests[0].at


def _finding(id_: str, shown: Shown, severities: Mapping[str, Severity]) -> Finding:
    severity = severities.get(id_) or shown.severity or Severity(findings()[id_].severity)
    requests = dict.fromkeys(r.id for r in shown.requests)
    text = shortened(escaped(shown.seen), MOST)
    return Finding(id_, severity, text, tuple(requests)[:REQUESTS])


def unknown(ids: Iterable[str]) -> Iterator[str]:
    """Those ids that no finding has."""
    return (one for one in ids if one not in JUDGES)
