"""A verdict as JUnit's XML: a test case for each finding, which fails from a severity on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mockserver.client.verdict.told import SEVERITIES, Told, Verdict

_NAME = "images-mock verdict"
#: What XML 1.0 has no spelling for.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(verdict: Verdict, least: str = "note") -> str:
    """The report. What is less grave than `least` is a case that passed, with its words."""
    root = Element("testsuites")
    suite = SubElement(root, "testsuite")
    named = zip(verdict.findings, _names(verdict.findings), strict=True)
    suite.extend([_case(one, name, _fails(one, least)) for one, name in named])
    if not verdict.findings:  # a report without any test is taken for a broken one
        _made("testcase", suite, classname="verdict", name=verdict.heading, time="0.000")
    failures = sum(_fails(one, least) for one in verdict.findings)
    counts = {"tests": len(suite), "failures": failures, "errors": 0, "skipped": 0}
    for element in (root, suite):
        told = {"name": _NAME, **{name: str(n) for name, n in counts.items()}, "time": "0.000"}
        element.attrib.update(told)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _fails(one: Told, least: str) -> bool:
    return SEVERITIES.index(one.severity) >= SEVERITIES.index(least)


def _names(findings: Sequence[Told]) -> list[str]:
    """A name for each case: of cases with the same one GitLab shows the first alone."""
    seen: Counter[str] = Counter()
    names = []
    for one in findings:
        name = f"{one.id}: {one.site or one.where or one.test}".removesuffix(": ")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _case(one: Told, name: str, fails: bool) -> Element:
    case = _made("testcase", None, classname=f"verdict.{one.id}", name=name, time="0.000")
    if one.place:
        case.set("file", _clean(one.place[0]))
        case.set("line", str(one.place[1]))
    if fails:
        failure = _made("failure", case, type=one.severity, message=one.seen)
        failure.text = _told(one)
    else:
        _made("system-out", case).text = _told(one)
    return case


def _told(one: Told) -> str:
    asked = [f"asked: {record['id']}" for record in one.requests]
    at = [f"at: {place}" for place in (one.site, one.test) if place]
    lines = [f"{one.severity}: {one.seen}", *at, *asked]
    return _clean(
        "\n".join([*lines, f"why: {one.why}", f"fix: {one.fix}", f"source: {one.source}"])
    )


def _made(tag: str, parent: Element | None, **attributes: str) -> Element:
    made = Element(tag, {name: _clean(value) for name, value in attributes.items()})
    if parent is not None:
        parent.append(made)
    return made


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
