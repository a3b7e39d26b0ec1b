"""What the API says when it refuses, byte for byte, in each dialect; when, `dates.toml` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mockserver.facts.words import dialect_a, dialect_a_earlier, dialect_b, dialect_b_at_times
from mockserver.facts.words.backend import BACKEND
from mockserver.facts.words.batches import BATCHES
from mockserver.facts.words.beside import BESIDE
from mockserver.facts.words.billing import BILLING
from mockserver.facts.words.edits import EDITS
from mockserver.facts.words.files import FILES
from mockserver.facts.words.gpt_image import GPT_IMAGE
from mockserver.facts.words.organization import ORGANIZATION
from mockserver.facts.words.responses import RESPONSES
from mockserver.facts.words.wording import LEGACY, Reason, Wording

Words = Mapping[Reason, Wording]

#: What a model of one's own may meet in dialect A, which was gone before there was any other.
_ONLY_B: Words = {
    reason: wording._replace(form=LEGACY, level="assumed", source="B's words in A's form")
    for reason, wording in {**BACKEND, **EDITS}.items()
}
#: Every table of words by the name that the facts give it. "A" and "B" are whole dialects.
TABLES: Mapping[str, Words] = {
    "A": {**dialect_a.A, **BILLING, **_ONLY_B},
    **dialect_a_earlier.EARLIER,
    "B": {**dialect_b.B, **BILLING},
    **dialect_b_at_times.AT_TIMES,
    **GPT_IMAGE,
    "beside": BESIDE,
    "files": FILES,
    "batches": BATCHES,
    "organization": ORGANIZATION,
    "responses": RESPONSES,
}
#: Reasons that only services beside images meet. A rule may give them anywhere.
_ONLY_BESIDE: Words = {
    reason: wording
    for table in (BESIDE, FILES, BATCHES, ORGANIZATION, RESPONSES)
    for reason, wording in table.items()
    if reason not in dialect_b.B
}


def words_of(tables: Iterable[str]) -> Words:
    """The words of these tables, where a later one lies over those before it."""
    found: dict[Reason, Wording] = {**_ONLY_BESIDE}
    for name in tables:
        found |= TABLES[name]
    return found
