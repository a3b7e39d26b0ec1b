"""A request that the API would accept, as a value. Checks nothing: see `validation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from mockserver.core.texts import beginning
from mockserver.facts import Offer, fields
from mockserver.facts.tokens import Sides


class Source(NamedTuple):
    """What a JSON body has in place of an upload."""

    param: str  # where it stands, as "images[0].image_url"
    address: str  # a URL, a data: URL, or the id of a file

    @property
    def shown(self) -> str:
        """The address, or its beginning, as a data: URL may have a whole file in it."""
        return beginning(self.address, 200)

    @property
    def is_file(self) -> bool:
        """Whether it is the id of a file that was uploaded before."""
        return self.param.endswith("file_id")


@dataclass(frozen=True)
class ImageRequest:
    """What is asked for, with the defaults filled in."""

    operation: str  # as in the facts
    model: str
    prompt: str
    n: int
    options: Mapping[str, Any]  # every other field that has an effect, in the order of the facts
    offer: Offer = field(repr=False, compare=False)  # of the model, by the rules that count
    filled: tuple[str, ...] = ()  # the names of those that the client did not send
    #: The options that make a picture beside its size, as values that can be hashed.
    drawn: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    images: tuple[bytes, ...] = field(default=(), repr=False)  # as uploaded
    mask: bytes | None = field(default=None, repr=False)  # as uploaded
    #: What a JSON body refers to in place of uploads, the mask after the pictures.
    sources: tuple[Source, ...] = ()
    has_mask: bool = False  # whether the last of them is one
    sides: tuple[Sides, ...] = ()  # of the pictures, where they have tokens

    @property
    def size(self) -> str:
        """Width × height of each picture, as "1024x1024"."""
        found: str = self.options["size"]
        return found

    @cached_property
    def usage(self) -> Mapping[str, int]:
        """Its tokens by kind; none where they are not counted."""
        return self.offer.usage(self.options, self.n, self.prompt, self.sides)

    @property
    def charged(self) -> int:
        """Images that count against a limit: on edits each that is sent, once for each made."""
        return self.n * max(1, len(self.images))

    @property
    def told(self) -> dict[str, Any]:
        """The fields with a value, but for the prompt, as journal and rules have them."""
        return {"operation": self.operation, "model": self.model, "n": self.n, **self.options}


def told_fields(sent: Mapping[str, Any], request: ImageRequest) -> dict[str, Any]:
    """The fields that a client sent, under what was filled in for those that it left out."""
    unset = fields().nothing
    given = {k: v for k, v in sent.items() if v is not None or k in unset}
    numbers = {k: v for k, v in request.told.items() if isinstance(v, int)}  # texts in a form
    return request.told | given | numbers
