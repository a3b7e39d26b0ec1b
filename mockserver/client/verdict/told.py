"""A verdict as it is shown: each finding with its request, place, why and fix. Shows none."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self

SEVERITIES = ("note", "warning", "error")  # the gravest last


_WORDS = 9  # of the fields, that are told as they are


class Told(NamedTuple):
    """One finding, with all that is told of it."""

    id: str  # as retry-after-ignored
    severity: str  # one of SEVERITIES
    seen: str  # one line: what the program did
    why: str
    fix: str
    source: str  # an address, or the name of a document
    title: str = ""
    howto: str = ""  # an anchor of docs/verdict.md
    level: str = ""  # how well it is known that it matters: observed, documented, reported …
    requests: Sequence[Mapping[str, Any]] = ()  # their records; the first is where it shows
    site: str = ""  # file:line of the program, where it is known
    test: str = ""  # whose request it was, where that is known

    @classmethod
    def of(cls, finding: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> Self:
        """The finding, as the control API tells it, of one of these records by id."""
        asked = [records[i] for i in finding["requests"] if i in records]
        first = asked[0] if asked else {}
        return cls(
            **{name: str(finding.get(name, "")) for name in cls._fields[:_WORDS]},
            requests=asked,
            site=str(finding.get("site") or first.get("site", "")),
            test=str(finding.get("test") or first.get("test", "")),
        )

    @property
    def where(self) -> str:
        """What was asked then, as `POST /v1/images/generations`; "" if it is not known."""
        first = self.requests[0] if self.requests else None
        return f"{first['method']} {first['path']}" if first else ""

    @property
    def link(self) -> str:
        """The source, if it is an address; else ""."""
        words = self.source.split()
        return next((w.rstrip(",;") for w in words if w.startswith("https://")), "")

    @property
    def place(self) -> tuple[str, int] | None:
        """File and line of the program; None if they are not known."""
        file, _, line = self.site.rpartition(":")
        is_line = line.isascii() and line.isdigit() and len(line) < 10 and int(line) > 0
        return (file.replace("\\", "/"), int(line)) if file and is_line else None

    @property
    def as_json(self) -> dict[str, Any]:
        """As the control API tells it, with its place where that is known."""
        told: dict[str, Any] = {name: getattr(self, name) for name in self._fields[:_WORDS]}
        told["requests"] = [record["id"] for record in self.requests]
        return told | {n: v for n in ("site", "test") if (v := getattr(self, n))}


class Verdict(NamedTuple):
    """All that was found in a journal."""

    findings: Sequence[Told]  # the gravest first
    judged: int  # requests, or what else is counted
    unit: str = "request"

    def without(self, ids: Collection[str]) -> Self:
        """But for findings of these ids."""
        return self._replace(findings=[one for one in self.findings if one.id not in ids])

    def has(self, least: str) -> bool:
        """Whether one of them is at least as grave."""
        grave = SEVERITIES[SEVERITIES.index(least) :]
        return any(finding.severity in grave for finding in self.findings)

    @property
    def heading(self) -> str:
        """How much was found."""
        asked = f"{self.judged} {self.unit}{'' if self.judged == 1 else 's'}"
        if not self.findings:
            return f"nothing found in {asked}"
        found = len(self.findings)
        return f"{found} finding{'' if found == 1 else 's'} in {asked}"


def gravest_first(findings: Sequence[Told]) -> list[Told]:
    """The findings in the order in which they are shown."""
    return sorted(findings, key=lambda one: -SEVERITIES.index(one.severity))
