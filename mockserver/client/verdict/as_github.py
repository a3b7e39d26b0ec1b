"""A verdict as annotations of GitHub Actions: workflow commands, one a line, for a job's output.

GitHub shows ten of each kind in a step, so the gravest come first.
Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from mockserver.client.verdict.told import Told, Verdict

_KINDS = {"error": "error", "warning": "warning", "note": "notice"}
#: What would end a command's text, or be read as an escape; the second table is of its properties.
_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def as_github(verdict: Verdict) -> str:
    """A line for each finding, and one that says how many there were."""
    lines = [*map(annotation, verdict.findings), f"images-mock verdict: {verdict.heading}"]
    return "\n".join(lines) + "\n"


def annotation(one: Told) -> str:
    """The command that shows a finding: beside its line, where that is known."""
    properties = {"title": f"images-mock: {one.id}"}
    if one.place:
        properties |= {"file": one.place[0], "line": str(one.place[1])}
    named = ",".join(
        f"{name}={value.translate(_IN_PROPERTY)}" for name, value in properties.items()
    )
    asked = f"\nasked: {one.where}" if one.where else ""
    test = f"\ntest: {one.test}" if one.test else ""
    text = f"{one.seen}\nwhy: {one.why}\nfix: {one.fix}{asked}{test}"
    return f"::{_KINDS[one.severity]} {named}::{text.translate(_IN_TEXT)}"
