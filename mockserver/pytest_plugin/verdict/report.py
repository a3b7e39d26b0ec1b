"""What a verdict on a run says: in the terminal, in a file, and as annotations. Judges nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver import __version__
from mockserver.core.judging.findings import Severity

if TYPE_CHECKING:
    import pytest

FORMAT = 1
MARK = "images_mock_verdict"  # in a file: the number of its format
_GRAVEST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
_COLOURS: Mapping[str, dict[str, bool]] = {
    Severity.ERROR: {"red": True},
    Severity.WARNING: {"yellow": True},
    Severity.NOTE: {"cyan": True},
}
_LEAST = 40  # characters of what was seen that go beside a site
_MARGIN = "  "
_COUNTED = re.compile(r" \([0-9]+ requests?\)$")  # which differs from test to test
_WORDS = 8  # fields of `Told` that a finding has itself


class Place(NamedTuple):
    """A test in which something was found."""

    test: str  # nodeid
    file: str
    line: int
    requests: Sequence[str]  # ids


class Found(NamedTuple):
    """A finding, in all tests that show it in the same way at the same line."""

    told: Mapping[str, Any]  # as the control API tells it, but for its requests
    site: tuple[str, int] | None  # file and line of the program
    tests: Sequence[Place]

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity(self.told["severity"])

    @property
    def where(self) -> str:
        """The line of the program, or a request where that is not known."""
        return f"{self.site[0]}:{self.site[1]}" if self.site else self.tests[0].requests[0]

    @property
    def key(self) -> tuple[Any, ...]:
        """What is the same of those that are one."""
        return self.told["id"], self.told["severity"], self._uncounted, self.site

    @property
    def _uncounted(self) -> str:
        return _COUNTED.sub("", self.told["seen"])

    def beside(self, other: Found) -> Found:
        """The same, in the other's tests, too."""
        told = {**self.told, "seen": self._uncounted}
        return self._replace(told=told, tests=[*self.tests, *other.tests])

    def as_json(self) -> dict[str, Any]:
        """As it is in a file."""
        site = {"site": f"{self.site[0]}:{self.site[1]}"} if self.site else {}
        return {**self.told, **site, "tests": [t._asdict() for t in self.tests]}


class Report:
    """What was found in a run: of each attempt at a test the last one counts."""

    def __init__(self) -> None:
        self._by_test: dict[str, list[Found]] = {}
        self._notes: dict[str, str] = {}  # by test, why it could not be judged

    def add(self, test: str, found: Iterable[Found]) -> list[Found]:
        """Take what was found in a test that has asked for something."""
        self._by_test[test] = [*found]
        return self._by_test[test]

    def forget(self, test: str) -> None:
        """A test begins anew: what an earlier attempt at it was counts no more."""
        self._by_test.pop(test, None)
        self._notes.pop(test, None)

    def note(self, test: str, why: str) -> None:
        """A test could not be judged."""
        self._notes[test] = why

    @property
    def found(self) -> list[Found]:
        """All findings, the gravest first, equal ones of several tests together."""
        merged: dict[tuple[Any, ...], Found] = {}
        for one in (f for found in self._by_test.values() for f in found):
            known = merged.get(one.key)
            merged[one.key] = known.beside(one) if known else one
        found = [f._replace(tests=sorted(f.tests, key=_place)) for f in merged.values()]
        order = sorted(found, key=lambda f: (f.told["id"], f.where))
        return sorted(order, key=lambda f: _GRAVEST.index(f.severity))

    # -- between processes, and in a file

    def sums(self) -> dict[str, Any]:
        """What a worker sends."""
        by_test = {t: [f._asdict() for f in found] for t, found in self._by_test.items()}
        return {"by_test": json.dumps(by_test), "notes": self._notes}

    def take(self, sums: Mapping[str, Any]) -> None:
        """Take over what a worker sent."""
        self._notes |= sums["notes"]
        for test, told in json.loads(sums["by_test"]).items():
            self._by_test[test] = [_found(one) for one in told]

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        told = {
            MARK: FORMAT,
            "version": __version__,
            "tests": len(self._by_test),
            "findings": [f.as_json() for f in self.found],
            "not_judged": self._notes,
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told, indent=2, ensure_ascii=False)
        file.write_text(f"{text}\n", "utf-8", "backslashreplace")

    # -- for people

    @property
    def heading(self) -> str:
        """How much was found."""
        found, judged = self.found, len(self._by_test)
        if not judged:
            return "no test asked for a picture"
        if not found:
            return f"nothing found in {_count(judged, 'test')}"
        tests = len({t.test for f in found for t in f.tests})
        return f"{_count(len(found), 'finding')} in {_count(tests, 'test')}"

    def tell(self, terminal: pytest.TerminalReporter) -> None:
        """Tell it in the terminal."""
        found, verbosity = self.found, terminal.config.get_verbosity()
        width = terminal._tw.fullwidth
        colour = _COLOURS[found[0].severity] if found else {}
        terminal.write_line(f"images_mock verdict: {self.heading}", bold=True, **colour)
        if verbosity >= -1:
            for one, lines in zip(found, table(found, width), strict=True):
                for line in lines:
                    terminal.write_line(line, **_COLOURS[one.severity])
                for line in details(one, width) if verbosity > 0 else ():
                    terminal.write_line(line)
        for test, why in self._notes.items() if verbosity >= -1 else ():
            terminal.write_line(f"{_MARGIN}not judged: {test}: {why}")


def _place(test: Place) -> tuple[str, int, str]:
    return test.file, test.line, test.test


def table(found: Sequence[Found], width: int) -> list[list[str]]:
    """The lines of each: site, what was seen, id, test; in two lines where one is too short."""
    if not found:
        return []
    rows = [(f.where, f.told["seen"], f.told["id"], _tests(f)) for f in found]
    sites, seen, ids, tests = (max(map(len, c)) for c in zip(*rows, strict=True))
    if len(_MARGIN) + sites + 2 + seen + 2 + ids + 2 + tests <= width:
        return [
            [f"{_MARGIN}{site:{sites}}  {what:{seen}}  {id_:{ids}}  {test}"]
            for site, what, id_, test in rows
        ]
    return [_folded(*row, sites, width) for row in rows]


def _folded(site: str, seen: str, id_: str, tests: str, sites: int, width: int) -> list[str]:
    """A row in several lines: a site that is long has the first one for itself."""
    start = len(_MARGIN) + sites + 2
    is_apart = width - start < _LEAST
    indent = " " * (2 * len(_MARGIN) if is_apart else start)
    first = f"{_MARGIN}{site:{sites}}  "
    lines = wrap(seen, max(_LEAST, width - len(indent)), break_on_hyphens=False) or [""]
    told = [f"{indent}{line}" for line in (*lines, f"{id_}  {tests}")]
    return [first.rstrip(), *told] if is_apart else [first + lines[0], *told[1:]]


def _tests(found: Found) -> str:
    more = len(found.tests) - 1
    return f"{found.tests[0].test}{f' and {more} more' if more else ''}"


def details(found: Found, width: int) -> Iterator[str]:
    """What `-v` tells of a finding: why it matters, what to do, and all of its tests."""
    told = found.told
    parts = [("why", told["why"]), ("fix", told["fix"]), ("source", told["source"])]
    for name, text in parts:
        lines = wrap(text, max(_LEAST, width - 14), break_on_hyphens=False, break_long_words=False)
        for title, line in zip([name] + [""] * len(lines), lines, strict=False):
            yield f"{_MARGIN * 2}  {title:8}{line}"
    for test in found.tests[1:]:
        yield f"{_MARGIN * 2}  also    {test.test}"


def commands(found: Sequence[Found], root: Path, base: Path) -> Iterator[str]:
    """Commands that show each finding beside its line, or its test where that is not known.

    Args:
        found: the gravest first.
        root: pytest's rootdir.
        base: where the repository is.
    """
    from mockserver.client.verdict.as_github import annotation
    from mockserver.client.verdict.told import Told

    for one in found:
        first = one.tests[0]
        file, line = one.site or (first.file, first.line)
        path = root / file
        shown = path.relative_to(base) if path.is_relative_to(base) else path
        words = {name: str(one.told[name]) for name in Told._fields[:_WORDS]}
        told = Told(**words, site=f"{shown.as_posix()}:{line}", test=_tests(one))  # type: ignore[arg-type]
        yield annotation(told)


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


def _found(told: Mapping[str, Any]) -> Found:
    site = tuple(told["site"]) if told["site"] else None
    return Found(told["told"], site, [Place(*place) for place in told["tests"]])
