"""A request that the API would accept, as a value. Checks nothing: see `validation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.facts import fields


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What is asked for, with the defaults filled in."""

    operation: str  # as in the facts
    model: str
    prompt: str
    n: int
    options: Mapping[str, Any]  # every other field that has an effect, in the order of the facts
    filled: tuple[str, ...] = ()  # the names of those that the client did not send
    #: The options that make a picture beside its size, as values that can be hashed.
    drawn: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    images: tuple[bytes, ...] = field(default=(), repr=False)  # as uploaded
    mask: bytes | None = field(default=None, repr=False)  # as uploaded

    @property
    def size(self) -> str:
        """Width × height of each picture, as "1024x1024"."""
        found: str = self.options["size"]
        return found

    @property
    def told(self) -> dict[str, Any]:
        """The fields with a value, but for the prompt, as journal and rules have them."""
        return {"operation": self.operation, "model": self.model, "n": self.n, **self.options}


def told_fields(sent: Mapping[str, Any], request: ImageRequest) -> dict[str, Any]:
    """The fields that a client sent, under what was filled in for those that it left out."""
    unset = fields().nothing
    given = {k: v for k, v in sent.items() if v is not None or k in unset}
    return request.told | given | {"n": request.n}
