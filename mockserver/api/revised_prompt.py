"""The prompt as the model is said to have rewritten it. Imports Faker at first use: it is slow.

Its two providers are put together here: Faker("en_US") would list the directories of all.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from anyio import to_thread

if TYPE_CHECKING:
    from faker.generator import Generator

_own = threading.local()  # a server's thread seeds its own: another's would be in between


async def get_ready() -> None:
    """Import Faker in a thread: it takes 0.1 s, and reads directories."""
    if not _imported.cache_info().currsize:
        await to_thread.run_sync(_imported)


def revised_prompt(prompt: str, digest: bytes) -> str:
    """A longer prompt around `prompt`; the same for the same digest (and version of Faker)."""
    faker = _faker()
    faker.seed_instance(int.from_bytes(digest, "big"))
    colour = faker.format("color_name").lower()
    scene = faker.format("sentence", nb_words=9)
    end = "" if prompt.endswith((".", "!", "?")) else "."
    return f"{prompt}{end} Rendered with accents of {colour}. In the background: {scene}"


def _faker() -> Generator:
    """The one of this thread."""
    made: Generator | None = getattr(_own, "faker", None)
    if made is None:
        generator, *providers = _imported()
        made = _own.faker = generator()
        for provider in providers:
            made.add_provider(provider(made))
    return made


@lru_cache(maxsize=1)
def _imported() -> tuple[Any, ...]:
    from faker.generator import Generator
    from faker.providers.color import en_US as colours
    from faker.providers.lorem import en_US as words

    return Generator, colours.Provider, words.Provider
