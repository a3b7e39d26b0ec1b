"""A run as JSON, for programs. Field names and meanings change with `format` alone."""

from __future__ import annotations

import json
from typing import Any

from contracts.book import Row
from contracts.report.causes import Cause
from contracts.report.summary import Part, Summary
from contracts.report.words import answer_told, usd_told
from contracts.trials import Outcome

FORMAT = 1


def as_json(summary: Summary) -> str:
    """The report; amounts are texts in USD, times seconds, days as in ISO 8601."""
    run = summary.run
    value = {
        "format": FORMAT,
        "version": run.version,
        "target": run.target,
        "base_url": run.base_url,
        "day": run.day and str(run.day),
        "facts": str(run.facts),
        "began": summary.began and summary.began.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 3),
        "exit_code": run.code,
        "result": summary.result,
        "ended": summary.ended or None,
        "last_curl": summary.last and summary.last.line,
        "total": _part(summary.total),
        "operations": {part.operation: _part(part) for part in summary.parts},
        "causes": [_cause(cause) for cause in summary.causes],
        "held": dict(summary.held),
        "not_observed": {"promises": dict(summary.unseen), "checks": dict(summary.partly)},
        "promises": [_row(row) for part in summary.parts for row in part.rows],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _part(part: Part) -> dict[str, Any]:
    counts = {_key(outcome): part.count(outcome) for outcome in Outcome} | {"core": part.core}
    return {"promises": counts, **_tally(part)}


def _row(row: Row) -> dict[str, Any]:
    return {
        **row.promise._asdict(),
        "outcome": row.outcome,
        "broken_in": row.broken and row.broken.name.lower(),
        "checks": {_key(outcome): row.counts[outcome] for outcome in Outcome},
        "trials": len(row.trials),
        **_tally(row),
        "reasons": dict(row.reasons.most_common()),
    }


def _tally(of: Row | Part) -> dict[str, Any]:
    tally = of.tally
    seconds, usd = round(tally.seconds, 3), usd_told(tally.usd)
    return {"calls": tally.calls, "pictures": tally.pictures, "seconds": seconds, "usd": usd}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "says": cause.says,
        "seen": cause.told,
        "other_sights": cause.others,
        "also": list(cause.also),
        "tier": cause.tier.name.lower(),
        "often": cause.often,
        "times": len(cause.meetings),
        "promises": [promise._asdict() for promise in cause.promises],
        "trials": list(dict.fromkeys(meeting.trial for meeting in cause.meetings)),
        "answer": answer_told(cause.exchange.answer) if cause.exchange else None,
        "curl": cause.curl.line if cause.curl else None,
        "files_not_kept": list(cause.curl.missing) if cause.curl else [],
    }


def _key(outcome: Outcome) -> str:
    return outcome.replace(" ", "_")
