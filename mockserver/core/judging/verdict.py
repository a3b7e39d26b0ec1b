"""What a journal says of the program that asked: its faults, as findings. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping

from mockserver.core.judging import (
    of_answers,
    of_fields,
    of_limits,
    of_money,
    of_retries,
    of_timeouts,
    of_urls,
    of_waits,
)
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
from mockserver.core.texts import escaped, likely_name, shortened
from mockserver.facts.findings import findings

Judge = Callable[[Case], Iterable[Shown]]
#: Who finds what.
JUDGES: Mapping[str, Judge] = {
    "retry-after-ignored": of_waits.retry_after_ignored,
    "retried-in-vain": of_retries.retried_in_vain,
    "never-retried": of_retries.never_retried,
    "retry-storm": of_waits.retry_storm,
    "retry-without-jitter": of_waits.retry_without_jitter,
    "over-limit-in-flight": of_limits.over_limit_in_flight,
    "paid-twice": of_money.paid_twice,
    "paid-for-nothing": of_money.paid_for_nothing,
    "received-and-asked-again": of_money.received_and_asked_again,
    "url-kept-too-long": of_urls.url_kept_too_long,
    "url-altered": of_urls.url_altered,
    "url-never-downloaded": of_urls.url_never_downloaded,
    "more-than-downloaded": of_urls.more_than_downloaded,
    "empty-file-saved": of_answers.empty_file_saved,
    "broken-picture-trusted": of_answers.broken_picture_trusted,
    "error-swallowed": of_answers.error_swallowed,
    "stream-not-completed": of_answers.stream_not_completed,
    "event-trusted-without-type": of_answers.event_trusted_without_type,
    "key-looks-real": of_fields.key_looks_real,
    "key-in-url": of_fields.key_in_url,
    "key-in-text": of_fields.key_in_text,
    "personal-data-in-user": of_fields.personal_data_in_user,
    "deprecated-parameter": of_fields.deprecated_parameter,
    "ignored-parameter": of_fields.ignored_parameter,
    "model-left-out": of_fields.model_left_out,
    "no-timeout": of_timeouts.no_timeout,
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


def not_known(ids: Iterable[str]) -> str:
    """What to say of ids that no finding has; "" if all have one."""
    for one in ids:
        if one not in JUDGES:
            meant = likely_name(one, JUDGES)
            hint = f"; did you mean {meant}?" if meant else f": {', '.join(JUDGES)}"
            return f"There is no finding {shortened(one, 40)!r}{hint}"
    return ""
