"""What a body asks for, read once for all equal bodies: programs and tests ask the same again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.core.journal import sent_fields
from mockserver.core.masking import Hide, without_keys
from mockserver.core.picture import Picture
from mockserver.core.pieces import LARGE
from mockserver.core.planning import pictures, request_digest
from mockserver.core.request import ImageRequest, told_fields
from mockserver.core.uploads import Form, Part
from mockserver.core.validation import Validator
from mockserver.core.weight import WIDEST, weight
from mockserver.request.bodies import JSON, Body, hidden, mark_of

KEPT = 256  # bodies
SMALL = 8 * 1024  # bytes; larger ones are not kept
LIGHT = 64 * 1024  # bytes of one that is decoded, at the most; heavier ones are not kept
_VALUE = 192  # bytes of what a comma, a bracket or a brace begins: an object in an object
_TINY = LIGHT // (WIDEST + _VALUE)  # bytes of a body that is light, whatever is in it


class Read(Body):
    """A body and what follows from it alone. Shared by requests, so nothing in it is changed."""

    __slots__ = ("_asked", "_meant", "_naming", "_operation", "_sent", "mark")

    def __init__(
        self, operation: str, content_type: str | None, body: bytes, hide: Hide = without_keys
    ) -> None:
        super().__init__(content_type, body, hide)
        self.mark = mark_of(content_type, body, b"", operation.encode())  # of all attempts
        self._operation = operation
        self._sent: dict[str, Any] | None = None
        self._asked: Asked | None = None
        self._naming: dict[str | None, Read] = {}
        self._meant: str | None = None  # the model, whatever the body says

    @property
    def sent(self) -> dict[str, Any]:
        """The fields as the journal tells them."""
        if self._sent is None:
            self._sent = {"operation": self._operation, **sent_fields(self.content)}
        return self._sent

    def read_all(self) -> None:
        """Read what would be read once somebody looks into it."""
        with suppress(ApiError):  # it is raised again then
            _ = self.sent

    @property
    def model(self) -> Any:
        """The model that is meant, or that it names; None if there is none."""
        return self._meant or super().model

    @property
    def is_readable(self) -> bool:
        """Whether it is what its content type says."""
        try:
            return self.content is not None
        except ApiError:
            return False

    def naming(self, model: str | None) -> Read:
        """The same body as if it named this model, or none."""
        found = self._naming.get(model)
        if found is None:
            found = self._naming[model] = self._named(model)
        return found

    def _named(self, model: str | None) -> Read:
        found = copy(self)
        found._sent = found._asked = None
        found._meant = model
        key = (model or "").encode()[:64]
        found.mark = blake2b(self.mark, digest_size=16, key=key).digest()
        if not self.is_readable or not isinstance(self.content, dict):
            return found
        content = found._content = copy(self.content)
        content.pop("model", None)
        if model is not None:
            is_form = isinstance(content, Form)
            content["model"] = Part(model.encode(), is_file=False) if is_form else model
        return found

    def asked(self, validator: Validator) -> Asked:
        """What it asks for by these rules; ApiError if they refuse it."""
        asked = self._asked  # another server's thread may set it meanwhile
        if asked is None or asked.validator is not validator:
            asked = self._asked = Asked(self, validator)
        return asked


class Asked:
    """What a body asks for by the rules of one operation and day."""

    __slots__ = ("_plan", "fields", "ignored", "request", "unheard", "validator", "weight")

    def __init__(self, read: Read, validator: Validator) -> None:
        self.validator = validator
        self.request: ImageRequest = validator.validated(read.content)
        self.fields = told_fields(read.sent, self.request)
        self.weight = weight(self.fields)
        self.ignored = validator.ignored(read.content, self.request)
        self.unheard = validator.unheard(read.content, self.request)
        self._plan: tuple[str, bytes, Sequence[Picture]] | None = None

    def plan(self, seed: str) -> tuple[bytes, Sequence[Picture]]:
        """The request's digest, and its pictures, where it has no uploads."""
        plan = self._plan
        if plan is None or plan[0] != seed:
            digest = request_digest(self.request, seed)
            plan = self._plan = (seed, digest, pictures(self.request, digest))
        return plan[1:]


_kept = lru_cache(maxsize=KEPT)(Read)


def read(operation: str, content_type: str | None, body: bytes, hide: Hide = without_keys) -> Read:
    """The body of an operation, read already if an equal one was; of a large one all is read.

    `hide` takes the keys out of it.
    """
    size, body = len(body), hidden(content_type, body, hide)
    if size <= SMALL and content_type == JSON and (size <= _TINY or _most(body) <= LIGHT):
        return _kept(operation, content_type, body)
    found = Read(operation, content_type, body, hide)
    if size > LARGE:
        found.read_all()
    return found


def _most(body: bytes) -> int:
    """Bytes that a JSON body can take once it is decoded, without that it is."""
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    return WIDEST * len(body) + _VALUE * values
