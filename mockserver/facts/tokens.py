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


Sides = tuple[int, int]  # width and height in pixels


class PatchTokens(NamedTuple):
    """Input tokens of one picture: the square patches that cover it, once it was scaled."""

    patch: int  # pixels, of its side
    side_min: int  # pixels: a picture whose longer side has fewer is enlarged to them
    enlarged_max: int  # times
    ratio_max: int  # of the longer side to the shorter; a longer one is padded (assumed)
    patches_max: int  # a picture of more is made smaller
    source: str
    level: str
    assumed: tuple[str, ...] = ()

    def of(self, sides: Sides, _: Mapping[str, Any]) -> int:
        """The tokens of a picture."""
        long, short = max(sides), min(sides)
        short = max(short, -(-long // self.ratio_max))
        if long < self.side_min:
            short = short * min(self.side_min, self.enlarged_max * long) // long
            long = min(self.side_min, self.enlarged_max * long)
        across, down = -(-long // self.patch), -(-short // self.patch)
        while across * down > self.patches_max:
            across -= 1
            down = max(1, -(-across * short // long))
        return across * down


class TileTokens(NamedTuple):
    """Input tokens of one picture: a base, and the tiles that cover it once it was scaled."""

    base: int
    tile: int  # pixels, of its side; the shorter side of a picture is made as long
    each: int
    fidelity: Mapping[str, tuple[int, int]]  # added by a fidelity: to a square, to any other shape
    source: str
    level: str
    assumed: tuple[str, ...] = ()

    def of(self, sides: Sides, options: Mapping[str, Any]) -> int:
        """The tokens of a picture, with the fidelity that the options have."""
        long, short = max(sides), min(sides)
        square, other = self.fidelity.get(options.get("input_fidelity", ""), (0, 0))
        return self.base + self.each * -(-long // short) + (square if long == short else other)


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
