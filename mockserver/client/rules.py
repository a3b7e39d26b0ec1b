"""Script from Python what happens to requests: rules are written here, and fire in the server."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Never, TypedDict, Unpack

from mockserver.client.connection import Remote
from mockserver.core.rules.parser import rule_of
from mockserver.core.texts import likely_name

Event = int | str | Mapping[str, Any]  # of a stream: see `Script.stream`
File = bytes | str | PathLike[str]  # the content, or a path to it


class Asked(TypedDict, total=False):
    """What a request can be told by. A field that is None or left out may be anything."""

    prompt: str | None  # the whole of it
    contains: str | None  # the prompt has this in it
    regex: str | None  # this is found in the prompt
    operation: str | None
    model: str | None  # * stands for anything
    size: str | None
    n: int | None
    quality: str | None
    style: str | None
    background: str | None
    output_format: str | None
    output_compression: int | None
    response_format: str | None
    stream: bool | None
    partial_images: int | None
    complexity: str | None
    frame_count: int | None
    frame_duration_ms: int | None
    input_fidelity: str | None
    moderation: str | None
    safety_identifier: str | None
    user: str | None


class Sent(Asked, total=False):
    """What a request that was sent can be told by: its files too."""

    image: File | Sequence[File] | None  # of several all, in their order
    mask: File | None
    markup: File | None


class OfDownload(TypedDict, total=False):
    """What can happen to a picture's download, in the words of a rule's `then.download`."""

    respond: int | Mapping[str, Any]  # status, headers, body; in a `then` also the wait
    gateway: int | bool | Mapping[str, Any]  # the same
    headers: Mapping[str, str]
    delay: float | str  # seconds, or as "250ms"
    stall: bool
    disconnect: int  # bytes
    drip: int  # bytes a second
    content_type: str


class Then(OfDownload, total=False):
    """What can happen, in the words of a rule's `then`: `Script` has a method for each."""

    error: str
    rate_limit: bool | Mapping[str, Any]  # the wait: retry_after, as_date
    refuse: bool | str
    quota: bool
    bad_json: bool
    lose: str  # "before_head", "after_head", "in_picture", "gateway_timeout" or "timeout"
    pictures: int
    response_format: str
    stream: Mapping[str, Any]  # events, end, pause; or as_json
    picture: str  # "truncated", "wrong_size", "wrong_format" or "large"
    expired_url: bool
    image: File
    addresses: Mapping[str, File | int]  # a file, or the status of a failed download
    download: int | Mapping[str, Any]  # a status; or what `OfDownload` has, and `first`


PROMPTS = ("prompt", "contains", "regex")


def condition(fields: Mapping[str, Any], known: Iterable[str] = Asked.__annotations__) -> Any:
    """The `when` of a rule.

    Raises:
        TypeError: there is no such field, or the prompt is told in two ways.
    """
    for name in fields:
        if name not in known:
            close = likely_name(name, known)
            guess = f"did you mean {close}?" if close else f"it is one of {', '.join(known)}"
            raise TypeError(f"a request has no field {name!r}; {guess}")
    given = {k: v for k, v in fields.items() if v is not None}
    prompts = [p for p in PROMPTS if p in given]
    if len(prompts) > 1:
        raise TypeError(f"tell the prompt in one way, not by {' and '.join(prompts)}")
    if prompts and prompts != ["prompt"]:
        given["prompt"] = {prompts[0]: given.pop(prompts[0])}
    return given


@dataclass(frozen=True, slots=True)
class RuleHandle:
    """A rule that was given to the server."""

    id: str
    name: str
    _remote: Remote = field(repr=False)

    @property
    def fired(self) -> int:
        """How many requests it has met so far, as the server has counted."""
        return int(self._remote.ask("GET", f"rules/{self.id}")["fired"])

    def remove(self) -> None:
        """Take it back: it meets no more requests."""
        self._remote.ask("DELETE", f"rules/{self.id}")


@dataclass(frozen=True, slots=True)
class Script:
    """Says what happens to the requests that are meant. Each method is a rule of its own.

    `times` is how many requests it meets: one for `next`, all for `on` unless you say. `name`
    is what reports call it.
    """

    _remote: Remote
    _when: Mapping[str, Any]
    _next: bool = False
    _unfinished: list[Script] = field(default_factory=list, repr=False, compare=False)

    def __str__(self) -> str:
        if self._next:
            return "next"
        return f"on({', '.join(f'{name}={value!r}' for name, value in self._when.items())})"

    def then(
        self, *, times: int | None = None, name: str = "", **effects: Unpack[Then]
    ) -> RuleHandle:
        """Several things in one rule: `then(delay=2, error="internal")`."""
        return self._add(effects, times, name)

    def rate_limit(
        self,
        *number: Never,
        retry_after: float | str | None = None,
        as_date: bool = False,
        times: int | None = None,
        name: str = "",
    ) -> RuleHandle:
        """429, to be tried again after so many seconds; told as an HTTP date if you like."""
        if number:
            meant = f"retry_after={number[0]!r} (seconds) or times={number[0]!r}"
            raise TypeError(f"rate_limit() takes keywords: say {meant}")
        wait = _wait(retry_after, as_date)
        return self._add({"rate_limit": wait or True}, times, name)

    def refuse(
        self, stage: str = "prompt", *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """400 of the content policy: for the "prompt", the "description" or the "picture"."""
        return self._add({"refuse": stage}, times, name)

    def quota(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """429: the account has no credit left, and trying again is no use."""
        return self._add({"quota": True}, times, name)

    def error(self, reason: str, *, times: int | None = None, name: str = "") -> RuleHandle:
        """Any error that the mock knows, by its name: "internal", "overloaded", "hard_limit"."""
        return self._add({"error": reason}, times, name)

    def respond(
        self,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = "",
        retry_after: float | str | None = None,
        as_date: bool = False,
        times: int | None = None,
        name: str = "",
    ) -> RuleHandle:
        """Another answer than the API's: a text goes as it is, any other value as JSON.

        It has the API's headers, such as x-request-id; what `headers` names replaces them.
        """
        answer = {"status": status, "headers": dict(headers or {}), "body": body}
        return self._add({"respond": answer | _wait(retry_after, as_date)}, times, name)

    def gateway(
        self,
        status: int = 502,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        retry_after: float | str | None = None,
        as_date: bool = False,
        times: int | None = None,
        name: str = "",
    ) -> RuleHandle:
        """The answer of a proxy before the API: an HTML page, unless there is a `body`."""
        answer: dict[str, Any] = {"status": status, "headers": dict(headers or {})}
        answer |= {} if body is None else {"body": body}
        return self._add({"gateway": answer | _wait(retry_after, as_date)}, times, name)

    def headers(
        self, headers: Mapping[str, str], *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The answer, whichever it is, has these headers too, or in place of its own."""
        return self._add({"headers": headers}, times, name)

    def pictures(self, count: int, *, times: int | None = None, name: str = "") -> RuleHandle:
        """At most so many pictures, whatever was asked for; 0 is none."""
        return self._add({"pictures": count}, times, name)

    def response_format(
        self, value: str, *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The other form of picture than was asked for: "url" or "b64_json"."""
        return self._add({"response_format": value}, times, name)

    def delay(
        self, seconds: float | str, *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The answer comes later, for real; the wait ends when the client leaves."""
        return self._add({"delay": seconds}, times, name)

    def stall(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """No answer ever."""
        return self._add({"stall": True}, times, name)

    def disconnect(
        self, after_bytes: int = 0, *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The line breaks after so many bytes of the body; with 0 before any answer."""
        return self._add({"disconnect": after_bytes}, times, name)

    def lose(
        self, how: str = "before_head", *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The pictures are made and paid for, and their answer does not come.

        Args:
            how: "before_head" breaks the line before anything of it is seen, "after_head" behind
                the answer's head, "in_picture" amid the pictures; with "gateway_timeout" a gateway
                answers 504, with "timeout" nothing comes until the client has left.
            times: how many requests it meets.
            name: what reports call it.
        """
        return self._add({"lose": how}, times, name)

    def drip(
        self, bytes_per_second: int, *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The body comes slowly."""
        return self._add({"drip": bytes_per_second}, times, name)

    def bad_json(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The JSON of the answer breaks off."""
        return self._add({"bad_json": True}, times, name)

    def content_type(
        self, value: str = "text/html", *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """The answer says that it is something else than JSON."""
        return self._add({"content_type": value}, times, name)

    def stream(
        self,
        events: Sequence[Event] | None = None,
        *,
        end: str | None = None,
        pause: float | str | None = None,
        as_json: bool = False,
        times: int | None = None,
        name: str = "",
    ) -> RuleHandle:
        """Another stream than the one that was asked for; other requests are not meant.

        Args:
            events: what is sent, in this order: a partial picture by its index, "completed" for the
                whole one, an error by its name ("generation_failed"), an event of your own as a
                dict, or lines as they are (": comment"). [0] ends after the first partial picture.
            end: "break" breaks the line, "stall" leaves it open for ever, "cut" halves the last
                event, "no_blank_line" takes the blank line away that ends it.
            pause: seconds between two events, for real.
            as_json: no stream, but the JSON body that would have come without one.
            times: how many requests it meets.
            name: what reports call it.
        """
        given = {"events": None if events is None else list(events), "end": end, "pause": pause}
        told: dict[str, Any] = {k: value for k, value in given.items() if value is not None}
        told |= {"as_json": True} if as_json else {}
        return self._add({"stream": told}, times, name)

    def truncated_picture(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The file of the picture breaks off."""
        return self._add({"picture": "truncated"}, times, name)

    def picture_of_wrong_size(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The picture has not the size that was asked for."""
        return self._add({"picture": "wrong_size"}, times, name)

    def picture_of_wrong_format(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The picture is a JPEG, or a PNG where a JPEG was asked for."""
        return self._add({"picture": "wrong_format"}, times, name)

    def large_picture(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The file of the picture has more than 1 MiB."""
        return self._add({"picture": "large"}, times, name)

    def expired_url(self, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The picture's URL has expired already."""
        return self._add({"expired_url": True}, times, name)

    def image(self, file: File, *, times: int | None = None, name: str = "") -> RuleHandle:
        """The picture is this file."""
        return self._add({"image": file}, times, name)

    def addresses(
        self, files: Mapping[str, File | int], *, times: int | None = None, name: str = ""
    ) -> RuleHandle:
        """What is at the URLs, or is the file of the ids, that an edit's JSON refers to.

        A number is the status of a download that failed. No address is ever fetched.
        """
        return self._add({"addresses": files}, times, name)

    def download(
        self,
        status: int | None = None,
        *,
        first: int | None = None,
        times: int | None = None,
        name: str = "",
        **effects: Unpack[OfDownload],
    ) -> RuleHandle:
        """What happens when a picture is downloaded from its URL: another status, say, or a delay.

        It meets each picture's `first` downloads, or all; `times` counts requests for pictures.
        """
        effect: dict[str, Any] = {**effects}
        if status is not None:
            if "respond" in effect:
                raise TypeError("tell the status in one way, not by status and respond")
            effect["respond"] = status
        if first is not None:
            effect["first"] = first
        return self._add({"download": effect}, times, name)

    def _add(self, effects: Then, times: int | None, name: str) -> RuleHandle:
        then: dict[str, Any] = {**effects}
        if isinstance(headers := effects.get("headers"), Mapping):
            then["headers"] = dict(headers)
        if "image" in effects:
            then["image"] = _base64(effects["image"])
        if "addresses" in effects:
            given = effects["addresses"].items()
            then["addresses"] = {k: v if isinstance(v, int) else _base64(v) for k, v in given}
        rule: dict[str, Any] = {"when": dict(self._when), "then": then, "name": name}
        rule |= {"next": True} if self._next else {}
        rule |= {"times": times} if times is not None else {}
        rule_of(rule)  # what is wrong with it is told here, in the caller's own line
        self._unfinished[:] = [s for s in self._unfinished if s is not self]
        made = self._remote.ask("POST", "rules", rule)
        return RuleHandle(made["id"], name, self._remote)


def _base64(file: File) -> str:
    return b64encode(content_of(file)).decode()


def _wait(retry_after: float | str | None, as_date: bool) -> dict[str, Any]:
    wait = {} if retry_after is None else {"retry_after": retry_after}
    return wait | ({"as_date": True} if as_date else {})


def content_of(file: File) -> bytes:
    """The bytes of a file that is given itself or by its path."""
    return file if isinstance(file, bytes) else Path(file).read_bytes()
