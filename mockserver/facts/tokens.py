"""Tokens of a request, where they follow from its picture's area and its prompt. Knows no price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: The kinds of tokens that a request's usage tells. One price a kind.
TOKENS = ("text_input", "image_input", "image_output", "text_output")


class AreaTokens(NamedTuple):
    """Output tokens of one picture, by quality and size (community.openai.com/t/1382699)."""

    axis: Mapping[str, int]  # quality → tokens along the longer side
    added: int  # to the area, in pixels
    divisor: int
    source: str
    level: str
    assumed: tuple[str, ...] = ()

    def of(self, options: Mapping[str, Any]) -> int:
        """The tokens of one picture of this size and quality; 0 of a quality without a row."""
        width, height = map(int, options["size"].split("x"))
        long, short = max(width, height), min(width, height)
        axis = self.axis.get(options["quality"], 0)
        other = (2 * axis * short + long) // (2 * long)  # axis * short / long, a half rounded up
        return -(-axis * other * (self.added + width * height) // self.divisor)


class PartialTokens(NamedTuple):
    """Output tokens of each partial picture."""

    tokens: int
    source: str
    level: str


class PromptTokens(NamedTuple):
    """Input tokens of a prompt: a tokenizer is none of this server's, so they go by its bytes."""

    base: int  # beside the text's own
    bytes_each: int  # of UTF-8 in one token
    source: str
    level: str
    assumed: tuple[str, ...] = ()

    def of(self, prompt: str) -> int:
        """The tokens of a prompt, which counts once for each picture."""
        size = len(prompt.encode("utf-8", "surrogatepass"))
        return self.base - (-size // self.bytes_each)
