"""A run as JUnit's XML, for CI: a test suite an operation, a test case a promise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from contracts.book import Row
from contracts.report.causes import Cause
from contracts.report.summary import Part, Summary
from contracts.report.words import answer_told, counted, day_told, usd_told
from contracts.trials import Outcome, Promise

#: What XML 1.0 has no spelling for.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(summary: Summary) -> str:
    """The report; a run that ended before its time is a test case with an error."""
    root = Element(
        "testsuites", {"name": "images-mock contract"} | _counts(summary.total, bool(summary.ended))
    )
    for part in summary.parts:
        root.append(_suite(part, summary))
    if summary.ended:
        root.append(_lost(summary))
    indent(root)
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(part: Part, summary: Summary) -> Element:
    suite = Element("testsuite", {"name": part.operation} | _counts(part))
    if summary.began:
        suite.set("timestamp", summary.began.replace(tzinfo=None).isoformat(timespec="seconds"))
    properties = SubElement(suite, "properties")
    for name, value in _properties(part, summary):
        SubElement(properties, "property", name=name, value=_clean(value))
    causes = [cause for cause in summary.causes if part.operation in cause.operations]
    suite.extend(_case(row, causes) for row in part.rows)
    return suite


def _properties(part: Part, summary: Summary) -> Iterator[tuple[str, str]]:
    run, tally = summary.run, part.tally
    yield from (("target", run.target), ("base_url", run.base_url), ("day", day_told(run.day)))
    yield from (("facts", str(run.facts)), ("version", run.version))
    yield from (("calls", str(tally.calls)), ("pictures", str(tally.pictures)))
    yield ("usd", usd_told(tally.usd))


def _case(row: Row, causes: list[Cause]) -> Element:
    operation, status, branch = row.promise
    seconds = f"{row.tally.seconds:.3f}"
    name = _clean(f"{status} {branch}")
    case = Element("testcase", classname=f"contract.{operation}", name=name, time=seconds)
    if row.outcome == Outcome.BROKEN:
        mine = [cause for cause in causes if row.promise in cause.promises]
        said = "; ".join(cause.says for cause in mine)
        failure = SubElement(case, "failure", type="broken", message=_clean(said))
        failure.text = _clean("\n\n".join(_told(cause, row.promise) for cause in mine))
    if row.outcome == Outcome.UNSEEN:
        SubElement(case, "skipped", message=_clean(row.reason))
    return case


def _told(cause: Cause, promise: Promise) -> str:
    times = sum(meeting.promise == promise for meeting in cause.meetings)
    told = [f"{cause.says}: broken {counted(times, 'time')} here", f"seen: {cause.told}"]
    told += [f"also: {says}" for says in cause.also]
    told += [f"answer: {answer_told(cause.exchange.answer)}"] if cause.exchange else []
    told += [cause.curl.line] if cause.curl else []
    return "\n".join(told)


def _lost(summary: Summary) -> Element:
    suite = Element("testsuite", name="run", tests="1", failures="0", errors="1", skipped="0")
    suite.set("time", "0.000")
    case = SubElement(suite, "testcase", classname="contract", name="the whole run", time="0.000")
    error = SubElement(case, "error", type="lost", message=_clean(summary.ended))
    error.text = _clean(summary.last.line) if summary.last else None
    return suite


def _counts(part: Part, lost: bool = False) -> dict[str, str]:
    return {
        "tests": str(len(part.rows) + lost),
        "failures": str(part.count(Outcome.BROKEN)),
        "errors": str(int(lost)),
        "skipped": str(part.count(Outcome.UNSEEN)),
        "time": f"{part.tally.seconds:.3f}",
    }


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
