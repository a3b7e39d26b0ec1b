"""What of a request and its answer is other where another vendor serves the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from mockserver.core.answer_headers import Headers
from mockserver.core.keys import Caller
from mockserver.core.limits import Verdict
from mockserver.core.sandbox import Options
from mockserver.facts.costs import Limit
from mockserver.facts.words import Words
from mockserver.request.era import Era
from mockserver.request.reading import Read


class Surface(Protocol):
    """One request's. An exchange without one is the API's own."""

    def meant(self, found: Read) -> Read:
        """The body with the model that is meant; ApiError if it is none, or can't be asked so."""
        ...

    def bucket(self) -> str:
        """Whose minute a request takes from."""
        ...

    def limits(self, caller: Caller, options: Options) -> tuple[Limit, ...]:
        """The limits of that minute."""
        ...

    def charge(self) -> Mapping[str, int]:
        """What a request takes out of it."""
        ...

    def admitted(self, verdict: Verdict) -> None:
        """Note what was decided."""
        ...

    def wait(self, seconds: float) -> float:
        """So much of the seconds that an answer takes as the client waits for."""
        ...

    def beside(self) -> Mapping[str, bytes]:
        """What is told beside each picture: JSON by the name of its field."""
        ...

    def words(self, era: Era, model: Any) -> Words:
        """The words of a refusal."""
        ...

    def told(self, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """What those words mention beside the values that are known of an error."""
        ...

    def headers(self) -> Headers:
        """Those of every answer."""
        ...
