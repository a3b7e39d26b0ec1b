"""The prompt as the model is said to have rewritten it. Imports Faker at first use: it is slow."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Faker


def revised_prompt(prompt: str, digest: bytes) -> str:
    """A longer prompt around `prompt`; the same for the same digest (and version of Faker)."""
    faker = _faker()
    faker.seed_instance(int.from_bytes(digest, "big"))
    colour = faker.color_name().lower()
    scene = faker.sentence(nb_words=9)
    end = "" if prompt.endswith((".", "!", "?")) else "."
    return f"{prompt}{end} Rendered with accents of {colour}. In the background: {scene}"


@lru_cache(maxsize=1)
def _faker() -> Faker:
    from faker import Faker

    return Faker("en_US")
