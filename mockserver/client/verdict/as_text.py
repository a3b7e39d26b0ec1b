"""A verdict for people, in a terminal or a CI job's log, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mockserver.client.follow import line_of
from mockserver.client.verdict.told import Told, Verdict
from mockserver.core.texts import escaped

_FEW = 3  # requests of a finding that are shown
_NOTHING = "There was nothing to judge: was the program led to the mock?"


def as_text(verdict: Verdict) -> str:
    """A paragraph for each finding: what was seen, where, why it matters, and how to mend it."""
    parts = [f"images-mock verdict: {verdict.heading}"]
    parts += ["\n".join(map(escaped, _lines(one))) for one in verdict.findings]
    parts += [_NOTHING] if not verdict.judged else []
    return "\n\n".join(parts) + "\n"


def as_json(verdict: Verdict) -> str:
    """As `/_mock/verdict` tells it."""
    found = [one.as_json for one in verdict.findings]
    told = {"findings": found, f"{verdict.unit}s": verdict.judged}
    return json.dumps(told, indent=2) + "\n"


def _lines(one: Told) -> Iterator[str]:
    yield f"{one.severity}: {one.seen}  [{one.id}]"
    if one.site or one.test:
        yield f"  at      {'  '.join(filter(None, (one.site, one.test)))}"
    for record in one.requests[:_FEW]:
        yield f"  asked   {line_of(record)}  {record['id']}"
    if more := len(one.requests) - _FEW:
        yield from [f"          and {more} more"] if more > 0 else []
    yield f"  why     {one.why}"
    yield f"  fix     {one.fix}"
    yield f"  source  {one.source}"
