"""What a verdict of the pytest plugin found, read from its file. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.client.journal_file import NoJournal, decoded
from mockserver.client.verdict.told import SEVERITIES, Told, Verdict, gravest_first

MARK = "images_mock_verdict"  # has the number of the format
_ANEW = "Write it by pytest --images-mock-verdict-file FILE"
_WORDS = ("id", "severity", "seen", "why", "fix", "source")  # that each has


def verdict_in(content: bytes) -> Verdict:
    """The findings of a file's content; NoJournal says how it goes on after the file's name."""
    table = decoded(content, MARK, _ANEW)
    found, tests = table.get("findings"), table.get("tests")
    if not isinstance(found, list) or not isinstance(tests, int):
        raise NoJournal(f"is broken: it has no list of findings. {_ANEW}")
    for place, finding in enumerate(found):
        if not _is_whole(finding):
            raise NoJournal(f"is broken: findings[{place}] is no finding. {_ANEW}")
    return Verdict(gravest_first([*map(_told, found)]), tests, "test")


def _is_whole(finding: Any) -> bool:
    if not isinstance(finding, dict) or finding.get("severity") not in SEVERITIES:
        return False
    tests = finding.get("tests")
    is_listed = isinstance(tests, list) and all(isinstance(test, dict) for test in tests)
    return is_listed and all(isinstance(finding.get(word), str) for word in _WORDS)


def _told(finding: Mapping[str, Any]) -> Told:
    tests = [str(test.get("test", "")) for test in finding["tests"]]
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    told = Told.of({**finding, "requests": []}, {})
    return told._replace(test=f"{tests[0]}{more}" if tests else "")
