"""What a failed assertion says, and the report of a failed test. Asks no server, raises nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.core.journal import HINT
from mockserver.core.nearness import closest, differences
from mockserver.core.rules import Text, When
from mockserver.core.scripts import when_of
from mockserver.scripting import Sent, condition, content_of
from mockserver.seen import Request, Upload, calls_of, dollars, shortened, upload_of

LAST = 5  # requests of a report
Rules = Sequence[Mapping[str, Any]]
_FILES = ("image", "mask")


def sent_when(fields: Mapping[str, Any]) -> When:
    """The condition of an assertion; files are compared by their content.

    Raises:
        TypeError: there is no such field.
    """
    given = condition(fields, Sent.__annotations__)
    files = {k: Upload.holding(content_of(given.pop(k))) for k in _FILES if k in given}
    return When((*when_of(given).wanted, *files.items()))


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often there should be a call like this. Retries are of the call that they repeat."""

    when: When
    times: int | None = None  # None is at least once

    def is_met(self, requests: Sequence[Request]) -> bool:
        """Whether it is so."""
        seen = self._matching(calls_of(requests))
        return seen > 0 if self.times is None else seen == self.times

    def message(self, requests: Sequence[Request], rules: Rules, url: str) -> str:
        """What was expected, what was seen instead, and what came closest."""
        inside = [r for r in requests if not r.is_outside]
        ends = [*_strays(requests), *_unused(rules)]
        if not inside:
            seen = f"no request at all has come to {url} with this sandbox's key"
            return "\n".join([f"expected {self}, but {seen}", *ends])
        calls = calls_of(inside)
        seen = f"{self._matching(calls)} of {_count(len(calls), 'call')}"
        also = f" ({len(inside)} requests)" if len(inside) > len(calls) else ""
        lines = [f"expected {self}, but saw {seen}{also}; the closest:"]
        return "\n".join([*lines, *near(self.when, [c[-1] for c in calls]), *ends])

    def _matching(self, calls: Sequence[Sequence[Request]]) -> int:
        return sum(c[0].operation != "" and self.when.matches(fields_of(c[0])) for c in calls)

    def __str__(self) -> str:
        often = {None: "at least 1", 0: "no"}.get(self.times, f"exactly {self.times}")
        noun = "call" if self.times in (None, 0, 1) else "calls"
        return f"{often} {noun}{with_fields(self.when)}"


def _strays(requests: Sequence[Request]) -> list[str]:
    """A line for each path beside the API to which requests came."""
    came = Counter((shortened(r.path), *r.hints) for r in requests if r.is_outside)
    return [
        f"{_count(number, 'request')} came to {'; '.join([f'{path}, outside /v1', *hints])}"
        for (path, *hints), number in came.items()
    ]


def with_fields(when: When) -> str:
    """The fields of a condition, to be read after a noun."""
    told = [f"{k} {v if isinstance(v, Text) else repr(v)}" for k, v in when.wanted]
    told += [f"call {when.call}"] if when.call else []
    return f" with {', '.join(told)}" if told else ""


def fields_of(request: Request) -> dict[str, Any]:
    """A request's fields, with uploads that can be compared."""
    return {k: upload_of(v) or v for k, v in request.fields.items()}


def near(
    when: When, requests: Sequence[Request], most: int = 3, *, fitting: str = "= as wanted"
) -> list[str]:
    """The requests that come closest, each with what is not as wanted."""
    lines = []
    for place in closest(when, [fields_of(r) for r in requests], most):
        found = differences(when, fields_of(requests[place]))
        lines += [f"  {requests[place]}", *(f"    {d}" for d in found or (fitting,))]
    return lines


def told_rule(rule: Mapping[str, Any]) -> str:
    """A rule of the control API, in a line."""
    name = f' "{rule["name"]}"' if rule.get("name") else ""
    effects = [_told_effect(k, v) for k, v in rule["then"].items()]
    wanted = with_fields(when_of_rule(rule))
    meant = f"{'the next' if rule.get('next') else 'every'} request{wanted}"
    return f"{rule['id']}{name}: {', '.join(effects) or 'image'} for {meant}"


def _told_effect(name: str, value: Any) -> str:
    match value:
        case True:
            return name
        case {"retry_after": seconds} if name == "rate_limit":
            return f"{name} (retry after {seconds:g} s)"
        case {"status": status}:
            return f"{name} {status}"
        case _:
            return f"{name} {value}"


def when_of_rule(rule: Mapping[str, Any]) -> When:
    """The condition of a rule of the control API."""
    given = dict(rule["when"])
    call = given.pop("call", None)
    return When(when_of(given).wanted, call)


def unused(rules: Rules) -> list[Mapping[str, Any]]:
    """The rules that a test made and no request met."""
    return [r for r in rules if r["origin"] == "call" and not r["fired"]]


def _unused(rules: Rules) -> list[str]:
    found = unused(rules)
    return ["rules that never fired:", *(f"  {told_rule(r)}" for r in found)] if found else []


def spending(requests: Sequence[Request], spent: float, most: float) -> str:
    """Why too much was spent: the price of each request."""
    lines = [f"  {r}" for r in requests if r.usd]
    return "\n".join([f"spent {dollars(spent)}, more than {dollars(most)}:", *lines])


def downloaded(requests: Sequence[Request], times: int | None) -> bool:
    """Whether pictures were downloaded, so many times or at all."""
    seen = sum(r.status < 400 for r in requests)
    return seen > 0 if times is None else seen == times


def downloading(requests: Sequence[Request], times: int | None) -> str:
    """Why that is not so."""
    expected = "at least 1 download" if times is None else f"exactly {_count(times, 'download')}"
    seen = sum(r.status < 400 for r in requests)
    lines = [f"expected {expected}, but saw {seen}{':' if requests else ''}"]
    return "\n".join([*lines, *(f"  {r}" for r in requests[-LAST:])])


def report(
    requests: Sequence[Request], late: Sequence[Request], rules: Rules, ledger: Mapping[str, Any]
) -> str:
    """What there is to know of a sandbox after a test that failed."""
    budget = ledger["budget_usd"]
    within = "" if budget is None else f" of {dollars(budget)}"
    shown = requests[-LAST:]
    last = f"last {LAST} of " if len(requests) > LAST else ""
    lines = [
        f"{last}{_count(len(requests), 'request')}, spent {dollars(ledger['spent_usd'])}{within}"
    ]
    lines += [line for r in shown for line in (f"  {r}", *(f"    {HINT}{h}" for h in r.hints))]
    if found := unused(rules):
        lines.append("rules that never fired, and the request that came closest:")
        lines += [line for r in found for line in _missed(r, requests)]
    if late:
        lines.append("late requests of an earlier test, not counted here:")
        lines += [f"  {r}" for r in late[-LAST:]]
    return "\n".join(lines)


def _missed(rule: Mapping[str, Any], requests: Sequence[Request]) -> list[str]:
    when = when_of_rule(rule)
    why = f"but it was not call {when.call}" if when.call else "but it came before the rule"
    inside = [r for r in requests if not r.is_outside]
    lines = near(when, inside, 1, fitting=f"= as wanted, {why}, or another rule went first")
    return [f"  {told_rule(rule)}", *(f"  {line}" for line in lines)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
