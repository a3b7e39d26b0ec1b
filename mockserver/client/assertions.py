"""What a failed assertion says. Asks no server, raises nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

from mockserver.client.requests import SHOWN, Request, Upload, calls_of, dollars, upload_of
from mockserver.client.rules import File, Sent, condition, content_of
from mockserver.core.near_misses import closest, differences, shown
from mockserver.core.rules.parser import when_of
from mockserver.core.rules.rule import Text, When
from mockserver.core.texts import likely_name, shortened
from mockserver.facts import fields

LAST = 5  # requests of a report
Rules = Sequence[Mapping[str, Any]]
_FILES = ("image", "mask", "markup")
Names = str | Iterable[str]
Others = Sequence[Mapping[str, Any]]  # sandboxes: name, key (masked), requests
_LOOP = (
    "  The SDK's own retries are of the call that they repeat; those of a loop in the program are\n"
    "  calls of their own. With own_retries=True they count with the call that they repeat."
)
#: What may puzzle in a list of prices.
_PRICES = {
    "model-page": (
        "  (prices of the model page, by which a larger picture may cost less than a smaller one;\n"
        '  @pytest.mark.images_mock(prices="billing") takes the other list)'
    )
}
_OTHER_KEY = (
    "  Fix: let the client take its key from OPENAI_API_KEY, or give it images_mock.api_key."
)


def sent_when(fields: Mapping[str, Any]) -> When:
    """The condition of an assertion; files are compared by their content, several in their order.

    Raises:
        TypeError: there is no such field.
    """
    given = condition(fields, Sent.__annotations__)
    files: dict[str, Any] = {k: _uploads(given.pop(k)) for k in _FILES if k in given}
    return When((*when_of(given).wanted, *files.items()))


def _uploads(files: File | Sequence[File]) -> Upload | tuple[Upload, ...]:
    if isinstance(files, bytes | str | PathLike):
        return Upload.holding(content_of(files))
    found = tuple(Upload.holding(content_of(file)) for file in files)
    return found[0] if len(found) == 1 else found


@dataclass(frozen=True, slots=True)
class Presence:
    """Which fields a client should send itself, and which it should leave out."""

    sent: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, sent: Names, not_sent: Names) -> Self:
        """What an assertion asks for.

        Raises:
            TypeError: a name looks like a slip.
        """
        return cls(_names(sent), _names(not_sent))

    def differences(self, request: Request) -> list[str]:
        """A line for each field that is not as wanted."""
        given, filled = request.sent, request.fields
        lines = []
        for name in self.sent:
            if name not in given:
                chosen = f"; {shown(filled[name])} was filled in" if name in filled else ""
                lines.append(f"≠ {name}: wanted sent, but the client left it out{chosen}")
        return lines + [
            f"≠ {name}: wanted left out, but {shown(given[name])} was sent"
            for name in self.left_out
            if name in given
        ]

    def __str__(self) -> str:
        sent = [f"{name} sent" for name in self.sent]
        return ", ".join([*sent, *(f"{name} left out" for name in self.left_out)])


ANY = Presence()


def _names(names: Names) -> tuple[str, ...]:
    found = (names,) if isinstance(names, str) else tuple(names)
    known = (*fields().order, "seed")  # names that are no guesses; a request may have others
    for name in found:
        close = name if name in known else likely_name(name, known)
        if close not in (name, None):  # others may be fields that only some other API knows
            raise TypeError(f"a request has no field {name!r}; did you mean {close}?")
    return found


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often there should be a call like this. Retries are of the call that they repeat."""

    when: When
    times: int | None = None  # None is at least once
    presence: Presence = ANY
    own_retries: bool = False  # those of the program's own are of the call they repeat, too

    def is_met(self, requests: Sequence[Request]) -> bool:
        """Whether it is so."""
        seen = self._matching(self._calls(requests))
        return seen > 0 if self.times is None else seen == self.times

    def message(
        self, requests: Sequence[Request], rules: Rules, url: str, others: Others = ()
    ) -> str:
        """What was expected, what was seen instead, and what came closest."""
        inside = [r for r in requests if not r.is_outside]
        ends = [*_strays(requests), *_unused(rules)]
        if not inside:
            seen = f"no request at all has come to {url} with this sandbox's key"
            return "\n".join([f"expected {self}, but {seen}", *lines_on_others(others), *ends])
        calls = self._calls(inside)
        seen = f"{self._matching(calls)} of {count(len(calls), 'call')}"
        also = f" ({len(inside)} requests)" if len(inside) > len(calls) else ""
        lines = [f"expected {self}, but saw {seen}{also}; the closest:"]
        lines += near(self.when, [c[-1] for c in calls], presence=self.presence)
        return "\n".join([*lines, *self._line_on_loop(inside), *ends])

    def _calls(self, requests: Sequence[Request]) -> list[list[Request]]:
        return calls_of(requests, own_retries=self.own_retries)

    def _matching(self, calls: Sequence[Sequence[Request]]) -> int:
        return sum(self._fits(c[0]) for c in calls)

    def _fits(self, request: Request) -> bool:
        if not (request.is_for_pictures or self.when.names_operation):
            return False
        fits = self.when.matches(fields_of(request))
        return fits and not self.presence.differences(request)

    def _line_on_loop(self, requests: Sequence[Request]) -> list[str]:
        """What to do where a loop of the program's own is counted by its attempts."""
        if not self.times or self.own_retries:
            return []
        return [_LOOP] if replace(self, own_retries=True).is_met(requests) else []

    def __str__(self) -> str:
        often = {None: "at least 1", 0: "no"}.get(self.times, f"exactly {self.times}")
        noun = "call" if self.times in (None, 0, 1) else "calls"
        return f"{often} {noun}{with_fields(self.when, self.presence)}"


def _strays(requests: Sequence[Request]) -> list[str]:
    """A line for each path beside the API to which requests came."""
    came = Counter((shortened(r.path, SHOWN), *r.hints) for r in requests if r.is_outside)
    return [
        f"{count(number, 'request')} came to {'; '.join([f'{path}, outside /v1', *hints])}"
        for (path, *hints), number in came.items()
    ]


def with_fields(when: When, presence: Presence = ANY) -> str:
    """The fields of a condition, to be read after a noun."""
    parts = [f"{k} {v if isinstance(v, Text) else repr(v)}" for k, v in when.wanted]
    parts += [f"call {when.call}"] if when.call else []
    parts += [str(presence)] if presence != ANY else []
    return f" with {', '.join(parts)}" if parts else ""


def lines_on_others(others: Others) -> list[str]:
    """The sandboxes of other keys that were asked meanwhile, and what to do about it."""
    if not others:
        return []
    lines = [
        f"  {count(o['requests'], 'request')} with the key {o['key']!r} (sandbox {o['name'][:6]})"
        for o in others[:LAST]
    ]
    return ["requests with other keys, which are other sandboxes:", *lines, _OTHER_KEY]


def fields_of(request: Request) -> dict[str, Any]:
    """A request's fields, with uploads that can be compared: pictures as `image`."""
    found = {k: upload_of(v) or v for k, v in request.fields.items()}
    images = request.images
    return found | ({"image": images[0] if len(images) == 1 else images} if images else {})


def near(
    when: When,
    requests: Sequence[Request],
    most: int = 3,
    *,
    presence: Presence = ANY,
    fitting: str = "= as wanted",
) -> list[str]:
    """The requests that come closest, each with what is not as wanted."""
    lines = []
    missed = [presence.differences(r) for r in requests]
    fields = [fields_of(r) for r in requests]
    for place in closest(when, fields, most, also=[*map(len, missed)]):
        request = requests[place]
        found = [*differences(when, fields[place], request.filled), *missed[place]]
        lines += [f"  {request}", *(f"    {d}" for d in found or (fitting,))]
    return lines


def rule_line(rule: Mapping[str, Any]) -> str:
    """A rule of the control API, in a line."""
    name = f' "{rule["name"]}"' if rule.get("name") else ""
    effects = [_effect_text(k, v) for k, v in rule["then"].items()]
    wanted = with_fields(when_of_rule(rule))
    meant = f"{'the next' if rule.get('next') else 'every'} request{wanted}"
    return f"{rule['id']}{name}: {', '.join(effects)} for {meant}"


def _effect_text(name: str, value: Any) -> str:
    match value:
        case True | {"sha256": _}:
            return name
        case Mapping() if name in ("download", "stream"):
            return f"{name} {', '.join(_effect_text(k, v) for k, v in value.items())}"
        case {"retry_after": seconds} if name == "rate_limit":
            return f"{name} (retry after {seconds:g} s)"
        case {"status": status}:
            return f"{name} {status}"
        case _:
            return f"{name} {value}"


def when_of_rule(rule: Mapping[str, Any]) -> When:
    """The condition of a rule of the control API."""
    given = dict(rule["when"])
    call = given.pop("call", None)
    return When(when_of(given).wanted, call)


def unfinished_line(script: object) -> str:
    """A script that no effect has followed, in a line."""
    return f"{script} does nothing: let an effect follow, with its parentheses, as .refuse()"


def unused(rules: Rules) -> list[Mapping[str, Any]]:
    """The rules that a test made and no request met."""
    return [r for r in rules if r["origin"] == "call" and not r["fired"]]


def _unused(rules: Rules) -> list[str]:
    found = unused(rules)
    return ["rules that never fired:", *(f"  {rule_line(r)}" for r in found)] if found else []


def spending(requests: Sequence[Request], spent: float, most: float, prices: str = "") -> str:
    """Why too much was spent: the price of each request, and by which list."""
    lines = [f"  {r}" for r in requests if r.usd]
    lines += [_PRICES[prices]] if prices in _PRICES else []
    return "\n".join([f"spent {dollars(spent)}, more than {dollars(most)}:", *lines])


def downloaded(requests: Sequence[Request], times: int | None) -> bool:
    """Whether pictures were downloaded, so many times or at all."""
    seen = sum(r.status < 400 for r in requests)
    return seen > 0 if times is None else seen == times


def downloading(requests: Sequence[Request], times: int | None) -> str:
    """Why that is not so."""
    expected = "at least 1 download" if times is None else f"exactly {count(times, 'download')}"
    seen = sum(r.status < 400 for r in requests)
    all_seen = seen == len(requests)
    found = f"saw {seen}" if all_seen else f"{seen} of {len(requests)} came through"
    lines = [f"expected {expected}, but {found}{':' if requests else ''}"]
    return "\n".join([*lines, *(f"  {r}" for r in requests[-LAST:])])


def partial_picture(file: bytes) -> str:
    """Why a file is no whole picture of this server's; "" if it is one."""
    from mockserver.pictures.pure.drawing import identify  # not for those who never ask
    from mockserver.pictures.pure.metadata import has_end

    told = identify(file)
    if told is None:
        return f"expected a picture of the mock's, but these {len(file)} bytes are none"
    if "partial" not in told:
        if has_end(file):
            return ""
        return f"expected the whole picture, but these {len(file)} bytes of it break off"
    return (
        f"expected the whole picture, but this is partial picture {told['partial']} of a stream, "
        "which comes before it: take the b64_json of the event whose type ends in .completed"
    )


def count(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
