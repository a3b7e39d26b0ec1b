"""What is known of Azure OpenAI: its words and facts, with their days, levels and sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.evidence.findings import Finding, Span, plain
from mockserver.facts.platform.azure import AzureFacts, Way, azure
from mockserver.facts.words.azure import AZURE, EARLIER, SINCE

_PLACE = "/openai/"
_ALWAYS = Span(None, None)


def errors() -> Iterator[Finding]:
    """What is said under /openai/ in other words than in /v1."""
    for table, span in ((EARLIER, Span(None, SINCE)), (AZURE, Span(SINCE, None))):
        for reason, wording in table.items():
            yield Finding(
                section="Errors of Azure OpenAI",
                name=str(reason),
                said=wording,
                places=((_PLACE, (span if reason in EARLIER else _ALWAYS,)),),
                level=wording.level,
                source=wording.source,
                names=_names(str(reason), wording.code or "", str(wording.status)),
            )


def facts() -> Iterator[Finding]:
    """Its paths, versions, models and limits."""
    known = azure()
    for name, said, row in (*_paths(known), *_others(known)):
        yield Finding(
            section="Paths of Azure OpenAI",
            name=name,
            said=said,
            places=((_PLACE, (_ALWAYS,)),),
            level=row.level,
            source=row.source,
            names=_names(name),
        )


def _paths(known: AzureFacts) -> Iterator[tuple[str, str, Way]]:
    for way in known.ways:
        span = f" from {way.since}" if way.since else ""
        span += f" to {way.until}" if span and way.until[0] == "2" else ""
        yield way.id, f"{way.method} {way.path}, api-version {way.versions}{span}", way


def _others(known: AzureFacts) -> Iterator[tuple[str, str, Any]]:
    versions = known.versions
    yield (
        "api-version",
        f"dated: {', '.join(versions.dated)}; v1: {', '.join(versions.v1)}",
        versions,
    )
    for models in known.models:
        yield "models", f"{', '.join(models.ids)} ({models.way})", models
    for row in known.narrowed:
        yield row.parameter, f"one of {', '.join(row.values)} for {row.family} models", row
    yield "per_minute", f"{known.rate.per_minute} requests a minute for each deployment", known.rate
    yield "x-ms-region", known.answer.region, known.answer
    found = known.filters
    yield "content_filter_results", ", ".join(found.severity), found
    yield "prompt_filter_results", ", ".join((*found.severity, *found.detected)), found
    yield "expires", f"{known.job.seconds_kept} s after a job was created", known.job


def _names(*names: str) -> frozenset[str]:
    return frozenset(plain(name) for name in ("azure", *names) if name)
