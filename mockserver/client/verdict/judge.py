"""Judges a journal, as a server told it or a file has it. Asks nobody, and shows nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mockserver.client.verdict.told import Told, Verdict, gravest_first
from mockserver.core.judging.findings import Surroundings
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged


def verdict_of(journal: Mapping[str, Any], ignore: Collection[str] = ()) -> Verdict:
    """What a journal says of the program that asked, but for findings of these ids."""
    lists = [journal.get(name, ()) for name in Journal._fields]
    records = {record["id"]: record for found in lists for record in found}
    sites = {i: str(record["site"]) for i, record in records.items() if record.get("site")}
    found = judged(Journal.of(journal), Surroundings(sites=sites), ignore=ignore)
    told = gravest_first([Told.of(finding.as_json(), records) for finding in found])
    return Verdict(told, len(lists[0]))
