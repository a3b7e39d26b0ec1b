"""What a program does after a refusal: waits too short, attempts in vain, none at all. Pure."""

from collections.abc import Iterator

from mockserver.core.judging.case import SLACK, Case, Series, Shown, waited
from mockserver.core.judging.findings import span, times
from mockserver.core.judging.seen import Seen

_PATIENCE = 0.9  # of a wait that was told: clocks differ, and timers fire early
_SURE = 2  # repeats from which equal calls are no chance, where nobody counts attempts
#: Whatever the status: an account without money has none a second later.
_QUOTA = (
    *("no_credit", "hard_limit", "organization_spend_limit", "project_spend_limit"),
    "usage_limit",
)
#: Statuses that stay the same, however often the same is asked.
_FOR_GOOD = frozenset((400, 401, 403, 404, 405, 413, 415, 422))
#: Reasons of such a status by which another attempt may end otherwise.
_BY_CHANCE = (
    *("description_refused", "picture_refused", "generation_failed"),
    *("not_downloaded", "no_such_file", "request_timeout"),
)
_OWN_RETRIES = 2  # that the vendor's SDKs make by themselves, even where there is no money
_SDKS = ("openai/", "asyncopenai/", "azureopenai/", "asyncazureopenai/", "ai-sdk/", "ai/")


def retry_after_ignored(case: Case) -> Iterator[Shown]:
    """Attempts that came sooner than the answer before had told."""
    if not case.around.waits_are_real:
        return
    found = [
        (before, after)
        for series in case.series
        for before, after in _early(series, certain=_is_certain(series))
    ]
    telling = {r.id for s in case.series for r, _ in s.pairs if r.wait_ms}
    for group in case.by_place(found):
        before, after = max(group, key=lambda pair: pair[0].wait_ms or 0)
        retries = sum(r.id in telling and _is_of(r, before, case) for r, _ in _pairs(case))
        short, told = span(waited(before, after)), span((before.wait_ms or 0) / 1000)
        yield Shown(
            f"waited {short} where the server said {told} "
            f"({len(group)} of {times(retries, 'retry', 'retries')})",
            [after, *(a for _, a in group if a is not after)],
        )


def _pairs(case: Case) -> Iterator[tuple[Seen, Seen]]:
    for series in case.series:
        yield from series.pairs


def _is_of(seen: Seen, other: Seen, case: Case) -> bool:
    """Whether the same part of the same program asked both."""
    sites = case.around.sites
    same = seen.sandbox == other.sandbox and seen.client == other.client
    return same and sites.get(seen.id, "") == sites.get(other.id, "")


def _is_certain(series: Series) -> bool:
    """Whether that many attempts can be nothing but retries."""
    return series.is_one_call


def _early(series: Series, *, certain: bool) -> list[tuple[Seen, Seen]]:
    """Each answer that told a wait, with an attempt that did not wait that long."""
    found = [pair for pair in series.pairs if _is_early(*pair)]
    return found if certain or len(found) >= _SURE else []


def _is_early(before: Seen, after: Seen) -> bool:
    """Whether somebody waited less than was sent; of a standing clock that is a thousandth."""
    if not before.sent_wait_ms or not before.asks_again:
        return False
    return waited(before, after) < before.sent_wait_ms / 1000 * _PATIENCE - SLACK


def retried_in_vain(case: Case) -> Iterator[Shown]:
    """The same asked again after a refusal that stays."""
    found = [(pairs[0][0], pairs) for s in case.series if (pairs := _vain(s))]
    for group in case.by_place(found):
        refused, pairs = max(group, key=lambda one: len(one[1]))
        tries = [after for _, pairs in group for _, after in pairs]
        yield Shown(
            f"asked the same again {_often(len(pairs))} after {refused.status} {_name(refused)}, "
            "which stays as it is",
            tries,
        )


def _often(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _name(seen: Seen) -> str:
    return (seen.code or seen.reason).replace("\n", " ")[:60]


def _vain(series: Series) -> list[tuple[Seen, Seen]]:
    """Refusals that stay, each with the attempt after it."""
    found = [(b, a) for b, a in series.pairs if _stays(b) and a.moved == b.moved]
    if not series.is_one_call and len(found) < _SURE:
        return []
    if all(_is_sdks_own(after) for _, after in found):
        return []
    return found


def _stays(seen: Seen) -> bool:
    """Whether the same request can't but meet the same refusal."""
    if seen.reason in _QUOTA or (seen.status == 429 and seen.code == "insufficient_quota"):
        return True
    return seen.status in _FOR_GOOD and seen.reason not in _BY_CHANCE


def _is_sdks_own(after: Seen) -> bool:
    """Whether an SDK made this attempt by itself, as it does after any 429."""
    own = after.client.lower().startswith(_SDKS)
    return own and 0 < after.retries <= _OWN_RETRIES
