"""A model on a day, as requests meet it that were made for another: refused in which words. Pure.

Validators and words are the server's own; what they are given is a body as the journal tells it.
"""

from __future__ import annotations

from typing import NamedTuple

from mockserver.core.dialects import validator_of
from mockserver.core.error_bodies import message
from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import settled
from mockserver.core.judging.seen import Seen
from mockserver.core.judging.sent_again import Body, Sent, body_of
from mockserver.core.request import ImageRequest
from mockserver.core.uploads import Form
from mockserver.core.validation import Validator
from mockserver.facts import Facts, Offer
from mockserver.facts.words import Words, words_of

JSON, FORM = "application/json", "multipart/form-data"


class Refusal(NamedTuple):
    """An error as the API would answer it."""

    status: int
    code: str | None
    message: str
    param: str | None
    reason: str  # in the mock's name for it


class Target:
    """A model by the rules of a day.

    Args:
        facts: of that day.
        model: its name, which need not be there.
        page_sizes: whether the sizes of the model page are taken, too.
    """

    def __init__(self, facts: Facts, model: str, *, page_sizes: bool) -> None:
        self.facts, self.model = facts, model
        self._page_sizes = page_sizes
        self._validators: dict[str, Validator] = {}
        self._words: dict[str, Words] = {}

    def offer(self, operation: str) -> Offer | None:
        """What the model takes in an operation."""
        model = self.facts.models.get(self.model)
        return model.offers.get(operation) if model else None

    def body(self, seen: Seen, sent: Sent) -> Body:
        """A body with these fields, for this model, where the request's was."""
        rules = self.facts.operations.get(seen.operation)
        fields = {**sent, "model": self.model}
        return body_of(fields, is_form=bool(rules and rules.form))

    def asked(self, seen: Seen, body: Body) -> ImageRequest:
        """What a body asks for.

        Raises:
            ApiError: the model refuses it.
        """
        rules = self.facts.operations.get(seen.operation)
        if rules is None:
            raise ApiError(Reason.UNKNOWN_URL, method=seen.method, path=seen.path)
        validator = self._validator(seen.operation)
        is_json = not isinstance(body.fields, Form)
        if rules.form and is_json and not validator.takes_json(self.model):
            told = {"content_type": JSON, "media": JSON, "expected": FORM}
            raise ApiError(Reason.WRONG_CONTENT_TYPE, **told)
        request = validator.validated(body.fields)
        if request.sources and body.images is not None:
            return settled(request, body.images, body.mask)
        return request

    def refusal(self, seen: Seen, error: ApiError) -> Refusal:
        """An error in the words of the day, of who answers for the request's path."""
        words = self._words_for(seen.path)
        wording = words[error.reason]
        param = error.values.get("param")
        return Refusal(
            wording.status, wording.code, message(error, words), param, str(error.reason)
        )

    def _validator(self, operation: str) -> Validator:
        found = self._validators.get(operation)
        if found is None:
            rules = self.facts.operations[operation]
            found = validator_of(self.facts, rules, page_sizes=self._page_sizes)
            self._validators[operation] = found
        return found

    def _words_for(self, path: str) -> Words:
        service = self.facts.service(path)
        if service not in self._words:
            model = self.facts.models.get(self.model)
            tables = self.facts.family_words.get(model.family) if model else None
            self._words[service] = words_of((tables or self.facts.words)[service])
        return self._words[service]
