"""What is wrong with a request itself, whatever became of it: its fields, its keys. Pure."""

import re
from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import Case, Place, Shown
from mockserver.core.judging.findings import times
from mockserver.core.judging.seen import Seen
from mockserver.core.texts import shortened

#: Operations that had a default, and have none any more. Variations have one model.
_OF_MODELS = ("images.generate", "images.edit")
_NAMES = ("user", "safety_identifier")  # fields that name an end user
_LONGEST = 300  # characters of such a name that are looked at
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]", re.IGNORECASE)
_PHONE = re.compile(r"\+\d[\d ()./-]{6,20}\d")
_KEY = re.compile(r"\b(sk-|ghp_|github_pat_|xox[abp]-|AKIA|eyJ[\w-]+\.eyJ)[\w*-]{8}")
_SHOWN = 40  # characters of a name that a program has chosen
_DEPRECATED, _IGNORED = "deprecated:", "ignored:"


def model_left_out(case: Case) -> Iterator[Shown]:
    """Requests without a model, in place of which one was filled in."""
    found = [(r, r.model) for r in case.asked if _lacks_model(r)]
    for group in case.by_place(found):
        asked = [r for r, _ in group]
        yield Shown(f"named no model in {times(len(asked), 'request')}", asked)


def _lacks_model(seen: Seen) -> bool:
    return "model" in seen.filled and seen.operation in _OF_MODELS


def personal_data_in_user(case: Case) -> Iterator[Shown]:
    """Names of end users that are more than an id."""
    found = [
        (r, (name, what))
        for r in case.requests
        for name in _NAMES
        if isinstance(value := r.fields.get(name), str) and (what := personal(value))
    ]
    for group in case.by_place(found):
        name, what = group[0][1]
        more = f" ({times(len(group), 'request')})" if len(group) > 1 else ""
        yield Shown(f"sent {what} as {name!r}{more}", [r for r, _ in group])


def personal(value: str) -> str:
    """What a text tells of a person, in words; "" if it tells nothing. It is not repeated."""
    value = value[:_LONGEST]
    if _EMAIL.search(value):
        return "an e-mail address"
    if _KEY.search(value):
        return "a key"
    return "a telephone number" if _PHONE.search(value) else ""


def deprecated_parameter(case: Case) -> Iterator[Shown]:
    """What the API took on the day that the mock plays, and refuses today."""
    for name, asked in _noticed(case, _DEPRECATED):
        if name == "model":
            model = shortened(asked[0].model, _SHOWN)
            yield Shown(f"asked for {model!r}, which the API has no more{_of(asked)}", asked)
        else:
            yield Shown(f"sent {name!r}, which the API refuses today{_of(asked)}", asked)


def ignored_parameter(case: Case) -> Iterator[Shown]:
    """What the API takes, and does nothing with."""
    for name, asked in _noticed(case, _IGNORED):
        model = shortened(asked[0].model, _SHOWN)
        yield Shown(f"sent {name!r}, which {model!r} ignores{_of(asked)}", asked)


def _of(asked: Sequence[Seen]) -> str:
    return f" ({len(asked)} requests)" if len(asked) > 1 else ""


def _noticed(case: Case, begins: str) -> Iterator[tuple[str, Sequence[Seen]]]:
    """Each name that was noticed so, with the requests of one place for one model."""
    found: dict[tuple[Place, str, str], list[Seen]] = {}
    for seen in case.requests:
        for noticed in seen.noticed:
            if noticed.startswith(begins):
                name = shortened(noticed.removeprefix(begins), _SHOWN)
                found.setdefault((case.place(seen), name, seen.model), []).append(seen)
    yield from ((name, asked) for (_, name, _), asked in found.items())


# -- keys --------------------------------------------------------------------------------------


def key_looks_real(case: Case) -> Iterator[Shown]:
    """Keys in the form of those that the vendor hands out."""
    yield from _keys(case, "key_looks_real", "sent a key that looks real in")


def key_in_url(case: Case) -> Iterator[Shown]:
    """Keys in a path or in a query."""
    yield from _keys(case, "key_in_url", "had a key in the URL of")


def key_in_text(case: Case) -> Iterator[Shown]:
    """Keys in what is asked for."""
    yield from _keys(case, "key_in_text", "had a key in the text of", but="key_in_url")


def _keys(case: Case, noticed: str, said: str, but: str = "") -> Iterator[Shown]:
    found = [(r, None) for r in case.requests if noticed in r.noticed and but not in r.noticed]
    for group in case.by_place(found):
        asked = [r for r, _ in group]
        yield Shown(f"{said} {times(len(asked), 'request')}", asked)
