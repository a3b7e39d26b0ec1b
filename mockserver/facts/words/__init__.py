"""What the API says when it refuses, byte for byte, in each dialect; when, `dates.toml` says."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words import dialect_a, dialect_a_earlier, dialect_b, dialect_b_at_times
from mockserver.facts.words.backend import BACKEND_IN_A
from mockserver.facts.words.gpt_image import GPT_IMAGE
from mockserver.facts.words.wording import Reason, Wording

Words = Mapping[Reason, Wording]

#: Every table of words by the name that the facts give it. "A" and "B" are whole dialects.
TABLES: Mapping[str, Words] = {
    "A": {**dialect_a.A, **BACKEND_IN_A},
    **dialect_a_earlier.EARLIER,
    "B": dialect_b.B,
    **dialect_b_at_times.AT_TIMES,
    **GPT_IMAGE,
}
