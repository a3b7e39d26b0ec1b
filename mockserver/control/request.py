"""Reads a request to the control API: query, body, which sandbox is meant. Answers nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Never
from urllib.parse import parse_qsl

from starlette.types import Receive

from mockserver.core.decoding import finite, is_number, no_constant
from mockserver.core.errors import ApiError
from mockserver.core.keys import Caller
from mockserver.core.masking import Hide, without_keys
from mockserver.core.pieces import LARGE, TOO_MANY_VALUES, has_too_many_values
from mockserver.core.rules.parser import RuleError, table_of
from mockserver.core.texts import likely_name
from mockserver.request.bodies import is_json, read_body
from mockserver.request.heavy import Heavy
from mockserver.request.world import World
from mockserver.settings import seconds
from mockserver.store import EVERYONE, Sandbox

KEY_HEADER = b"mock-sandbox-key"
SHORTEST = 6  # letters of a sandbox's name, as the log shows it
_SHOWN = 30  # characters of a body that is no JSON
_WHICH = (
    "Say which sandbox: by the header 'Mock-Sandbox-Key: YOUR_API_KEY', or by ?sandbox=NAME, a "
    "name of /_mock/sandboxes or its first six letters."
)
_OF_ALL = "All sandboxes together (*) have rules, and a reset; for this, name one."
_IS_KEY = "?sandbox= takes a sandbox's name; an API key goes in the header Mock-Sandbox-Key."
_NOT_ALL = (
    "This is of all sandboxes, those of other teams too: the token of a team opens that team's "
    "alone. The server's own control token (--control-token) opens this."
)
_CONFLICT = "Mock-Sandbox-Key and ?sandbox= name different sandboxes; leave one of them out."


class ControlError(Exception):
    """A request to the control API that can't be done. Its words are this server's own."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        param: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.told = {
            "error": {
                "message": message,
                "type": "invalid_request_error",
                "param": param,
                "code": code,
            }
        }


def refuse(message: str, param: str | None = None) -> Never:
    """Refuse a request for what it says."""
    raise ControlError(400, message, "invalid_request", param=param)


def not_found(message: str) -> Never:
    """Refuse a request for what is not there."""
    raise ControlError(404, message, "not_found")


def not_for_teams() -> Never:
    """Refuse to a team what tells of more than its sandboxes, or changes more."""
    raise ControlError(403, _NOT_ALL, "team_refused")


@dataclass(slots=True)
class ControlRequest:
    """One request to the control API, read."""

    world: World
    receive: Receive
    key: str | None  # of the sandbox
    query: Mapping[str, str]
    body: Any = None
    id: str = ""  # what stands in the path
    last_event_id: str | None = None  # that a listener has seen
    team: str = ""  # whose sandboxes there are for whoever asks; "" is everybody's
    only_looks: bool = False  # somebody looks at a page, which is no use of a sandbox
    caller: Caller | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.team and self.is_of_all:
            not_for_teams()
        if self.key is not None and self.key != EVERYONE:
            self.caller = self._called(self.key)
        named = self.query.get("sandbox")
        if named is not None and named.startswith(("sk-", "Bearer ")):
            refuse(_IS_KEY, "sandbox")
        if named is not None and self.key is not None and not self._is_called(named):
            refuse(_CONFLICT, "sandbox")

    def _is_called(self, named: str) -> bool:
        """Whether the sandbox of the header has this name, or one that begins so."""
        if self.caller is None:
            return named == EVERYONE
        return self.caller.sandbox.startswith(named) and len(named) >= SHORTEST

    def _called(self, key: str) -> Caller:
        scheme, _, rest = key.partition(" ")
        if scheme.lower() == "bearer":  # copied with the header that it was in
            key = rest
        if not self.is_own(self.world.keyring.sandbox_of(f"Bearer {key}")):
            message = f"Mock-Sandbox-Key must be a key of the team: sk-mock-{self.team}-ANYTHING."
            raise ControlError(403, message, "team_refused", param="Mock-Sandbox-Key")
        try:
            return self.world.keyring.caller(f"Bearer {key}", None)
        except ApiError:
            message = "Mock-Sandbox-Key must be an API key that this server lets in."
            refuse(message, "Mock-Sandbox-Key")

    @property
    def is_general(self) -> bool:
        """Whether no sandbox is named, or all."""
        return self.caller is None and ("sandbox" not in self.query or self.is_of_all)

    @property
    def is_of_all(self) -> bool:
        """Whether all sandboxes are named."""
        return EVERYONE in (self.key, self.query.get("sandbox"))

    def is_own(self, name: str) -> bool:
        """Whether there is a sandbox of this name, or may be one, for whoever asks."""
        teams = self.world.teams
        return not self.team or (teams is not None and teams.of(name) == self.team)

    async def names(self) -> list[str]:
        """The names of the sandboxes that are meant; that of all where none is, or all are."""
        if self.is_general and not self.team:
            return [EVERYONE]
        return [s.name for s in await self.sandboxes()]

    async def ruled(self) -> Sandbox:
        """Whose rules are meant: those of the sandbox that is named, or those of all."""
        return await (self.world.store.everyone() if self.is_of_all else self.sandbox())

    async def sandbox(self) -> Sandbox:
        """The sandbox that is named; one that a key names is made if it is new."""
        if self.caller:
            return await self.world.store.sandbox(self.caller.sandbox)
        if self.is_of_all:
            refuse(_OF_ALL, "sandbox")
        if self.is_general:
            raise ControlError(400, _WHICH, "sandbox_missing", param="sandbox")
        found = await self._found(self.query["sandbox"])
        return found if self.only_looks else await self.world.store.sandbox(found.name)

    async def sandboxes(self) -> list[Sandbox]:
        """The sandbox that is named, else all."""
        return await self.known() if self.is_general else [await self.sandbox()]

    async def known(self) -> list[Sandbox]:
        """All sandboxes, as far as whoever asks may know of them; the longest idle first."""
        if self.team:
            return await self.world.sandboxes_of(self.team)
        return await self.world.store.sandboxes()

    async def _found(self, name: str) -> Sandbox:
        if len(name) < SHORTEST:
            refuse(f"sandbox must be a name, or its first {SHORTEST} letters or more.", "sandbox")
        if self.is_own(name) and (exact := await self.world.store.find(name)):
            return exact
        fitting = [s for s in await self.known() if s.name.startswith(name)]
        if len(fitting) != 1:
            kind = "Several sandboxes have names" if fitting else "There is no sandbox with a name"
            begins = "begin" if fitting else "begins"
            not_found(f"{kind} that {begins} with {name!r}. All are at /_mock/sandboxes.")
        return fitting[0]

    def fields(self, *known: str) -> dict[str, Any]:
        """The body's fields, none of which may be unknown; no body has none."""
        return table_of("the body", {} if self.body is None else self.body, known)

    def number(self, name: str) -> int | None:
        """A whole number of the query."""
        text = self.query.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            refuse(f"{name} must be a whole number.", name)
        return int(text)

    def flag(self, name: str) -> bool:
        """A switch of the query: `true` or `false`, or its bare name; without it, off."""
        text = self.query.get(name, "false")
        if text not in ("", "true", "false"):
            refuse(f"{name} must be true or false.", name)
        return text != "false"

    def check_query(self, known: Iterable[str]) -> None:
        """Refuse what nobody would look at."""
        for name in self.query:
            if name not in known:
                refuse(f"There is no parameter {name!r} here; {instead(name, known)}", name)

    def check_known(self, name: str, known: Iterable[str]) -> None:
        """Refuse a parameter of the query whose value is none of these."""
        value = self.query.get(name)
        if value is not None and value not in known:
            refuse(f"{name} can't be {value!r}; {instead(value, known)}", name)


def instead(name: str, known: Iterable[str]) -> str:
    """What was meant instead of a name that is not known."""
    close = likely_name(name, known)
    return f"did you mean {close}?" if close else f"there is {', '.join(known)}."


def query_of(query_string: bytes) -> dict[str, str]:
    """The parameters of a query; each may be there once."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    query = dict(pairs)
    if len(query) < len(pairs):
        refuse("A parameter may be given only once.")
    return query


async def body_of(
    content_type: str | None, receive: Receive, heavy: Heavy, hide: Hide = without_keys
) -> Any:
    """The JSON value of a body, from which `hide` takes the keys; None without one.

    Raises:
        ControlError: it is something else: only then could a page of another site send it unasked.
    """
    body = await read_body(receive)
    if not is_json(content_type) and (body or content_type):
        message = "The body must be JSON, and say so: Content-Type: application/json."
        raise ControlError(415, message, "unsupported_media_type")
    if len(body) > LARGE:
        return await heavy.run(lambda: _decoded(hide(body)))
    return _decoded(hide(body)) if body else None


def _decoded(body: bytes) -> Any:
    if has_too_many_values(body):
        refuse(f"The body is too much JSON: {TOO_MANY_VALUES}.")
    try:
        return json.loads(body, parse_constant=no_constant, parse_float=finite)
    except json.JSONDecodeError as error:
        refuse(f"The body is no JSON: {_place(error)}.")
    except UnicodeDecodeError as error:
        refuse(f"The body is no JSON: its byte {error.start + 1} is not of UTF-8.")
    except RecursionError:
        refuse("The body is no JSON that can be read: it has too many brackets in one another.")
    except ValueError as error:  # a number that is too long, or none
        refuse(f"The body is no JSON: {error}.")


def _place(error: json.JSONDecodeError) -> str:
    """Where JSON ends to be JSON, and why; line and column count from 1."""
    there = error.doc[error.pos : error.pos + _SHOWN]
    at = f"at {there!r}" if there else "but it ends there"
    return f"line {error.lineno}, column {error.colno}: {error.msg}, {at}"


def seconds_of(name: str, value: Any, most: float) -> float:
    """A length of time in seconds, from a number or a text such as 2m; RuleError if it is none."""
    if isinstance(value, str):
        try:
            value = seconds(value)
        except ValueError as error:
            raise RuleError(f"{name} {error}; or a number of seconds") from None
    if not is_number(value) or not 0 <= value <= most:
        raise RuleError(f"{name} must be a number of seconds from 0 to {most:.0f}")
    return float(value)
