"""All that follows from the rules of one day, compiled once: validators, words, headers, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.core.answer_headers import AnswerHeaders
from mockserver.core.dialects import Dialect, dialect_of, validator_of
from mockserver.core.links import Links
from mockserver.core.validation import Validator
from mockserver.facts import Facts
from mockserver.facts.words import Words, words_of


class Era:
    """The API as it was on one day. Frozen after it is made, and shared by all requests."""

    def __init__(self, facts: Facts, *, page_sizes: bool, link_secret: bytes) -> None:
        self.facts = facts
        operations = facts.operations.values()
        self.dialects: dict[str, Dialect] = {o.id: dialect_of(o.dialect) for o in operations}
        self.validators: dict[str, Validator] = {
            o.id: validator_of(facts, o, page_sizes=page_sizes) for o in operations
        }
        self.links = Links(link_secret, facts.link)
        self._words = _compiled(facts.words)
        self._of_families = {f: _compiled(words) for f, words in facts.family_words.items()}
        self.headers = AnswerHeaders(facts.headers)

    def words(self, path: str, model: Any = None) -> Words:
        """The words of the service that answers for a path, to who asks for a model."""
        found = self.facts.models.get(model) if isinstance(model, str) else None
        words = self._of_families[found.family] if found and found.family else self._words
        return words[self.service(path)]

    def service(self, path: str) -> str:
        """Who answers for a path."""
        return self.facts.service(path)


def _compiled(words: Mapping[str, Sequence[str]]) -> dict[str, Words]:
    return {service: words_of(tables) for service, tables in words.items()}
