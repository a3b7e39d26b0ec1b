"""The report of a failed test: what its sandbox saw. Asks no server, raises nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.client.assertions import (
    LAST,
    Others,
    Rules,
    count,
    lines_on_others,
    near,
    rule_line,
    unused,
    when_of_rule,
)
from mockserver.client.requests import Request, dollars
from mockserver.core.journal import HINT

_FILLED = "  (in brackets: what the client left out, and the API fills in)"


def report(
    requests: Sequence[Request],
    late: Sequence[Request],
    rules: Rules,
    ledger: Mapping[str, Any],
    others: Others = (),
) -> str:
    """What there is to know of a sandbox after a test that failed."""
    budget = ledger["budget_usd"]
    within = "" if budget is None else f" of {dollars(budget)}"
    within += f", {dollars(lost)} of it lost" if (lost := ledger.get("lost_usd")) else ""
    recent = requests[-LAST:]
    last = f"last {LAST} of " if len(requests) > LAST else ""
    lines = [
        f"{last}{count(len(requests), 'request')}, spent {dollars(ledger['spent_usd'])}{within}"
    ]
    lines += [line for r in recent for line in (f"  {r}", *(f"    {HINT}{h}" for h in r.hints))]
    lines += [_FILLED] if any(r.filled for r in recent) else []
    lines += lines_on_others(others)
    if found := unused(rules):
        lines.append("rules that never fired, and the request that came closest:")
        lines += [line for r in found for line in _missed(r, requests)]
    if late:
        lines.append("late requests of an earlier test, not counted here:")
        lines += [f"  {r}" for r in late[-LAST:]]
    return "\n".join(lines)


def wait_line(seconds: float) -> str:
    """That real time was lost between a refusal and the next try, and the cure."""
    return (
        f"waited {seconds:.0f} real seconds between refusals and the next try: "
        "images_mock.clock.sleep in the place of time.sleep (see the how-to, Retry loops of your "
        "own)"
    )


def _missed(rule: Mapping[str, Any], requests: Sequence[Request]) -> list[str]:
    when = when_of_rule(rule)
    why = f"but it was not call {when.call}" if when.call else "but it came before the rule"
    inside = [r for r in requests if not r.is_outside]
    lines = near(when, inside, 1, fitting=f"= as wanted, {why}, or another rule went first")
    return [f"  {rule_line(rule)}", *(f"  {line}" for line in lines)]
