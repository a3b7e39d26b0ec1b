"""After which answers a program asks again: after those that stay, or after none. Pure."""

from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import Case, Place, Series, Shown, is_by_hand, prompt_of
from mockserver.core.judging.findings import Severity, often, times
from mockserver.core.judging.seen import Seen

_REPEATS = 2  # from which equal calls are no chance, where nobody knows who repeats them
#: Whatever the status: an account without money has none a second later.
_QUOTA = (
    *("no_credit", "hard_limit", "organization_spend_limit", "project_spend_limit"),
    *("usage_limit", "not_of_tier"),
)
#: Statuses that stay the same, however often the same is asked.
_FOR_GOOD = frozenset((400, 401, 403, 404, 405, 413, 415, 422))
#: Reasons of such a status by which another attempt may end otherwise.
_BY_CHANCE = (
    *("description_refused", "picture_refused", "generation_failed"),
    *("not_downloaded", "no_such_file", "request_timeout"),
)
_OWN_RETRIES = 2  # that the vendor's SDKs make by themselves, even where there is no money
_SDKS = ("openai/", "ai-sdk/")  # in the names of clients
_PASSING = frozenset((429, 500, 502, 503))  # after these nothing was made, and it soon may be
_LONGEST = 60_000  # ms of a wait that every SDK serves


def retried_in_vain(case: Case) -> Iterator[Shown]:
    """The same asked again after a refusal that stays."""
    found = [(again[0][1], again) for s in case.again if (again := _vain(s))]
    for group in case.by_place(found):
        _, again = max(group, key=lambda one: len(one[1]))
        refused = again[0][0]
        yield Shown(
            f"asked for the same {often(len(again))} more after {name_of(refused)}, which stays",
            [after for _, again in group for _, after in again],
            Severity.NOTE if all(_is_sdks(*pair) for _, again in group for pair in again) else None,
        )


def name_of(seen: Seen) -> str:
    """What a refusal is called: its status, and a name that the API has for it, else the mock."""
    return f"{seen.status} {(seen.code or seen.reason)[:60]}".strip()


def _vain(series: Series) -> Sequence[tuple[Seen, Seen]]:
    """Refusals that stay, each with the attempt after it that no SDK makes by itself."""
    pairs = [(b, a) for b, a in series.pairs if _stays(b) and a.moved == b.moved]
    found = [pair for pair in pairs if not _is_sdks_own(*pair)]
    return found if series.is_one_call or len(found) >= _REPEATS else []


def _stays(seen: Seen) -> bool:
    """Whether the same request can't but meet the same refusal."""
    if seen.reason in _QUOTA or (seen.status == 429 and seen.code == "insufficient_quota"):
        return True
    return seen.status in _FOR_GOOD and seen.reason not in _BY_CHANCE


def _is_sdks_own(before: Seen, after: Seen) -> bool:
    """Whether an SDK made this attempt unless it was told not to."""
    return _is_sdks(before, after) and after.retries <= _OWN_RETRIES


def _is_sdks(before: Seen, after: Seen) -> bool:
    """Whether an SDK made this attempt by itself, as it does after any 429."""
    is_sdk = any(name in after.client.lower() for name in _SDKS)
    return is_sdk and before.status == 429 and after.retries > 0


def never_retried(case: Case) -> Iterator[Shown]:
    """Failures that pass, after which a program asked no more; it never did after any.

    A test that looks at such a failure has wanted it.
    """
    if case.around.is_about_errors:
        return
    patient: set[Place] = set()
    lost: list[tuple[Seen, None]] = []
    for series in case.series:
        seen = series.tries[-1]
        if len(series.tries) > 1:
            patient.add(case.place(seen))
        elif _passes(seen) and not is_by_hand(seen) and not _is_asked_again(case, seen):
            lost.append((seen, None))
    for group in case.by_place(lost):
        given_up = [seen for seen, _ in group]
        first = given_up[0]
        if case.place(first) not in patient:
            more = f" ({times(len(given_up), 'call')})" if len(given_up) > 1 else ""
            yield Shown(f"gave up at the first {name_of(first)}{more}", given_up)


def _is_asked_again(case: Case, seen: Seen) -> bool:
    return case.is_asked_later(seen, prompt=prompt_of(seen))


def _passes(seen: Seen) -> bool:
    """Whether the same request may well be answered a little later."""
    is_short = seen.wait_ms is None or seen.wait_ms <= _LONGEST
    is_plain = "headers" not in seen.effects  # which may say x-should-retry: false
    is_free = seen.paid != "lost"
    return seen.status in _PASSING and is_short and is_plain and is_free and not _stays(seen)
