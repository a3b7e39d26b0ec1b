"""How long a program waits before it asks again: too short, not at all, all at once. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mockserver.core.judging.case import SLACK, Case, Place, Series, Shown, is_by_hand, waited
from mockserver.core.judging.findings import span, times
from mockserver.core.judging.seen import Seen

_PATIENCE = 0.9  # of a wait that was told: clocks differ, and timers fire early
_REPEATS = 2  # from which equal calls are no chance, where nobody knows who repeats them
_STORM = 8  # attempts after the first: a test of a circuit breaker makes fewer
_BREATH = 0.1  # seconds: less is no pause
_HERD = 6  # calls: of fewer, waits with a random part may be equal by chance
_TOGETHER = 0.02  # seconds within which such waits are equal
_LEAST = 0.2  # seconds: shorter waits are equal for all
_BURST = 1.0  # seconds between failures that have nothing to do with each other


class Retry(NamedTuple):
    """An attempt, and the answer that it comes after."""

    before: Seen
    after: Seen

    @property
    def waited(self) -> float:
        """Seconds."""
        return waited(self.before, self.after)

    @property
    def told(self) -> float:
        """The seconds that the server meant: of a standing clock not the thousandth."""
        before = self.before
        return ((before.wait_ms if before.standing else before.sent_wait_ms) or 0) / 1000

    @property
    def is_early(self) -> bool:
        """Whether less was waited than was sent; of a standing clock that is a thousandth."""
        sent = self.before.sent_wait_ms
        return bool(sent) and self.waited < (sent or 0) / 1000 * _PATIENCE - SLACK


def retry_after_ignored(case: Case) -> Iterator[Shown]:
    """Attempts that came sooner than the answer before had told."""
    if not case.around.waits_are_real:
        return
    retries = [(s, Retry(b, a)) for s in case.again for b, a in s.pairs if b.sent_wait_ms]
    told: Counter[Place] = Counter(case.place(retry.after) for _, retry in retries)
    early: list[tuple[Seen, Retry]] = []
    for series in case.again:
        found = [r for b, a in series.pairs if b.asks_again and (r := Retry(b, a)).is_early]
        if series.is_one_call or len(found) >= _REPEATS:
            early += [(retry.after, retry) for retry in found]
    for group in case.by_place(early):
        worst = max((r for _, r in group), key=lambda r: r.told)
        number = times(told[case.place(worst.after)], "retry", "retries")
        yield Shown(
            f"waited {span(max(0, worst.waited))} where the server said "
            f"{span(worst.told)}{_sent(worst.before)} ({len(group)} of {number})",
            [worst.after, *(after for after, _ in group)],
        )


def _sent(before: Seen) -> str:
    """What a program is held against where that is not what was told."""
    sent = before.sent_wait_ms or 0
    return f", sent as {span(sent / 1000)}" if before.standing and sent != before.wait_ms else ""


def retry_storm(case: Case) -> Iterator[Shown]:
    """Many attempts in a row, without a pause that anybody would notice."""
    if not case.around.waits_are_real:
        return
    found = [(run[0], run) for s in case.again if len(run := _run(s)) > _STORM]
    for group in case.by_place(found):
        _, run = max(group, key=lambda one: len(one[1]))
        took = span(max(0, run[-1].at - run[0].at))
        yield Shown(f"asked for the same {len(run)} times in {took}", run)


def _run(series: Series) -> Sequence[Seen]:
    """The longest row of attempts that came at once."""
    longest = run = [series.tries[0]]
    for before, after in series.pairs:
        if _is_at_once(Retry(before, after)):
            run.append(after)
        else:
            run = [after]
        longest = max(longest, run, key=len)
    return longest


def _is_at_once(retry: Retry) -> bool:
    """Whether nobody waited; where time stands still, nobody is told to."""
    if not retry.before.asks_again or is_by_hand(retry.after):
        return False
    return retry.is_early or (retry.waited < _BREATH and not retry.before.standing)


def retry_without_jitter(case: Case) -> Iterator[Shown]:
    """Calls that failed together, and came back in the same moment, of their own accord."""
    if not case.around.waits_are_real:
        return
    rows: dict[tuple[str, str, int], list[Retry]] = {}
    for series in case.again:
        for number, (before, after) in enumerate(series.pairs):
            retry = Retry(before, after)
            if _is_own_wait(retry):
                rows.setdefault((after.sandbox, after.client, number), []).append(retry)
    for row in rows.values():
        for burst in _bursts(row):
            if len(burst) >= _HERD and _is_herd(burst):
                yield Shown(
                    f"{len(burst)} calls failed together and tried again in the same moment, "
                    f"{span(burst[0].waited)} later",
                    [retry.after for retry in burst],
                )
                break


def _is_own_wait(retry: Retry) -> bool:
    """Whether the client chose how long to wait: nobody told it."""
    before = retry.before
    is_free = before.asks_again and before.status and not before.sent_wait_ms
    return bool(is_free) and not before.standing and retry.waited >= _LEAST


def _bursts(row: list[Retry]) -> Iterator[list[Retry]]:
    """Those together whose answers failed at about the same time."""
    row.sort(key=lambda retry: retry.before.until)
    burst: list[Retry] = []
    for retry in row:
        if burst and retry.before.until - burst[-1].before.until > _BURST:
            yield burst
            burst = []
        burst.append(retry)
    yield burst


def _is_herd(burst: Sequence[Retry]) -> bool:
    waits = [retry.waited for retry in burst]
    arrivals = [retry.after.at for retry in burst]
    is_one_moment = max(arrivals) - min(arrivals) <= _BREATH
    return is_one_moment and max(waits) - min(waits) <= _TOGETHER
