"""A verdict as SARIF 2.1.0: a rule for each kind of finding, and a result for each finding.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 Plus Errata 01 (28 August 2023).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from mockserver import __version__
from mockserver.client.verdict.told import Told, Verdict

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: Names what a fingerprint is made of, so that a later version can make it of something else.
FINGERPRINT = "imagesMockFinding/v1"


def as_sarif(verdict: Verdict) -> str:
    """The log, with one run. Severities are called as levels are."""
    rules = list({one.id: one for one in verdict.findings}.values())
    places = {one.id: place for place, one in enumerate(rules)}
    driver = {
        "name": "images-mock",
        "version": __version__,
        "rules": [_rule(one) for one in rules],
    }
    prints = _fingerprints(verdict.findings)
    results = [
        _result(one, places[one.id], mark)
        for one, mark in zip(verdict.findings, prints, strict=True)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(one: Told) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": one.id,
        "shortDescription": {"text": one.title or one.id},
        "fullDescription": {"text": one.why},
        "help": {"text": f"{one.fix}\n\n{one.why}\n\nSource: {one.source}"},
        "defaultConfiguration": {"level": one.severity},
    }
    return told | ({"helpUri": one.link} if one.link else {})


def _result(one: Told, rule: int, mark: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ruleId": one.id,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": one.seen},
        "partialFingerprints": {FINGERPRINT: mark},
        "properties": {"requests": [r["id"] for r in one.requests]}
        | ({"test": one.test} if one.test else {}),
    }
    location = _location(one)
    return told | ({"locations": [location]} if location else {})


def _location(one: Told) -> dict[str, Any]:
    """Where it shows: in the program, if that is known, and at the API."""
    found: dict[str, Any] = {}
    if one.place:
        file, line = one.place
        found["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": line},
        }
    if one.where:
        found["logicalLocations"] = [{"fullyQualifiedName": one.where, "kind": "resource"}]
    return found


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file)


def _fingerprints(findings: Sequence[Told]) -> list[str]:
    """What a finding has in every run: no id of a request, no line, no number that was measured."""
    seen: Counter[str] = Counter()
    found = []
    for one in findings:
        place = one.place[0] if one.place else one.test
        digest = sha256("\0".join((one.id, place, one.where)).encode("utf-8", "replace"))
        mark = digest.hexdigest()[:32]
        seen[mark] += 1
        found.append(f"{mark}:{seen[mark]}")
    return found
