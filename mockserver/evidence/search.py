"""Where an error, a parameter or a default is from: finds it and tells it. Serves nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from string import Formatter
from textwrap import wrap

from mockserver.core.blob_errors import BlobWording
from mockserver.evidence.findings import LEVELS, Finding, findings, plain
from mockserver.facts.words.wording import TEXT_ALONE, Form, Wording

WIDTH = 100


def find(text: str, day: date | None = None) -> list[Finding]:
    """What `text` can mean on `day`, or on any: of all readings the narrowest that finds anything.

    A name comes before a whole message, that before a text that holds one (a line of a log), that
    before a text that mentions a name, that before a piece of a message or a value, and that before
    a message that was cut somewhere.
    """
    text = " ".join(text.split())
    known = [f for f in (_on(f, day) for f in findings()) if f.places]
    for means in (_is_named, _is_message, _holds_message, _mentions, _is_piece, _is_cut):
        if found := [f for f in known if means(f, text)]:
            return found
    return []


def missed(text: str, day: date | None = None) -> str:
    """What to say where nothing was found: what was perhaps meant."""
    if day and find(text):
        return f"{text!r} is nothing of {day}; without --as-of it is found on other days."
    names = {name: name for f in findings() for name in f.names}
    names |= {plain(f.name): f.name for f in findings()}
    sentences = {t.lower(): f.name for f in findings() for t in f.templates}
    close = get_close_matches(plain(text), names) or get_close_matches(text.lower(), sentences)
    meant = " or ".join(dict.fromkeys((names | sentences)[c] for c in close))
    nothing = f"no error, parameter or default is called {text!r} or says so."
    return f"{nothing} Did you mean {meant}?" if meant else nothing


def _on(finding: Finding, day: date | None) -> Finding:
    if day is None:
        return finding
    places = ((place, tuple(s for s in spans if s.covers(day))) for place, spans in finding.places)
    return replace(finding, places=tuple(p for p in places if p[1]))


_LOGGED = re.compile(r"(?:refused=)?(\w+)(?:\(\S*\))?")  # as the log names a reason


def _is_named(finding: Finding, text: str) -> bool:
    logged = _LOGGED.fullmatch(text)
    return plain(logged[1] if logged else text) in finding.names


def _is_message(finding: Finding, text: str) -> bool:
    return any(_is_filled(t, text.lower()) for t in finding.templates)


def _holds_message(finding: Finding, text: str) -> bool:
    return any(_follow(_literals(t), text.lower()) is not None for t in finding.templates)


def _mentions(finding: Finding, text: str) -> bool:
    if isinstance(finding.said, str):
        return False
    told = {finding.name, finding.said.code}
    return not told.isdisjoint(re.findall(r"\w+", text))


def _is_piece(finding: Finding, text: str) -> bool:
    match finding.said:
        case str():
            held = [finding.name, finding.said]
        case BlobWording():
            held = [finding.said.code, *finding.templates]
        case Wording():
            headers = (f"{name}: {value}" for name, value in finding.said.headers)
            held = [finding.name, finding.said.code or "", finding.said.type, *headers]
            held += finding.templates
    return len(text) > 2 and any(_piece(text).search(h) for h in held)


_TELLING = 12  # characters in a row that only one message is likely to have


def _is_cut(finding: Finding, text: str) -> bool:
    literals = (part for template in finding.templates for part in _literals(template))
    return any(len(part) >= _TELLING and part in text.lower() for part in literals)


def _is_filled(template: str, text: str) -> bool:
    """Whether `text` is the template with anything in its placeholders."""
    first, *others = _literals(template)
    if not others:
        return text == first
    *inner, last = others
    end = len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last):
        return False
    start = _follow(inner, text, len(first))
    return start is not None and start <= end


def _follow(literals: Iterable[str], text: str, start: int = 0) -> int | None:
    """Where the last of these ends, each being sought after the one before it; None if one lacks.

    A regular expression would say the same, but take minutes over a long prompt.
    """
    for literal in literals:
        found = text.find(literal, start)
        if found < 0:
            return None
        start = found + len(literal)
    return start


@lru_cache(maxsize=1024)
def _literals(template: str) -> tuple[str, ...]:
    """What stands before, between and after the placeholders of a template, in lower case."""
    parts = list(Formatter().parse(template.lower()))
    end = [""] if parts[-1][1] is not None else []
    return (*(literal for literal, *_ in parts), *end)


#: What in a message is likely a value: something in quotes, a list, a number.
_VALUE = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]?|\d[\d.]*""")
_PLACEHOLDER = r"""['"`]?\{[^{}]*\}['"`]?"""


@lru_cache(maxsize=8)
def _piece(text: str) -> re.Pattern[str]:
    """What finds `text` in a template, where a placeholder may stand for each value."""
    rest = _VALUE.sub("", text)
    if len(rest.strip()) < 3:  # a placeholder alone would be anything
        return re.compile(re.escape(text), re.I)
    values = [f"(?:{re.escape(value)}|{_PLACEHOLDER})" for value in _VALUE.findall(text)] + [""]
    literals = map(re.escape, _VALUE.split(text))
    pairs = zip(literals, values, strict=True)
    return re.compile("".join(a + b for a, b in pairs), re.I)


# What is said of it


def told(finding: Finding) -> str:
    """A finding for people, in lines of at most `WIDTH` characters."""
    value = f": {finding.said}" if isinstance(finding.said, str) else ""
    rows = [
        *_said(finding),
        ("in force", _in_force(finding)),
        ("dates", [finding.dates]),
        ("level", [f"{finding.level} ({LEVELS[finding.level]})"]),
        ("assumed", list(finding.assumed)),
        ("source", [finding.source]),
    ]
    head = _wrapped(finding.name + value, "", "    ")
    return "\n".join([*head, *(line for label, texts in rows for line in _lines(label, texts))])


def _lines(label: str, texts: Iterable[str]) -> Iterable[str]:
    for text in filter(None, texts):
        yield from _wrapped(text, f"  {label:9} ", " " * 12)
        label = ""


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Lines that break nothing that someone may want to copy."""
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _said(finding: Finding) -> list[tuple[str, list[str]]]:
    """The fields of an error."""
    says = ("message", _messages(finding))
    match finding.said:
        case Wording(form=Form(keys=())) as wording:
            return [("status", [str(wording.status)]), says]
        case Wording() as wording:
            told = {"type": wording.type, "code": wording.code, "param": wording.param}
            return [
                ("status", [str(wording.status)]),
                *((key, [told[key] or "null"]) for key in told if key in wording.form.keys),
                says,
                ("headers", [f"{name}: {value}" for name, value in wording.headers]),
                ("layout", [_layout(wording.form)]),
            ]
        case BlobWording(status=status, code=code):
            return [("status", [str(status)]), ("code", [code]), says]
        case _:
            return []


def _messages(finding: Finding) -> list[str]:
    """The sentences of an error, without the conversions of their placeholders."""
    return [re.sub(r"![a-z]\}", "}", text) for text in finding.templates] or ["(no body)"]


def _layout(form: Form) -> str:
    if form.layout:
        return f"{', '.join(form.keys)}; one line"
    if form is TEXT_ALONE:
        return "the message is the error, in no object; on one line"
    end = "a" if form.newline else "no"
    return f"{', '.join(form.keys)}; {form.indent} spaces; {end} newline at the end"


def _in_force(finding: Finding) -> list[str]:
    """The places that share their days on one line."""
    by_days: dict[str, list[str]] = {}
    for place, spans in finding.places:
        by_days.setdefault(" and ".join(map(str, spans)), []).append(place)
    return [f"{_together(places)}: {days}" for days, places in by_days.items()]


def _together(places: Iterable[str]) -> str:
    """Models that have an operation in common, and then that; or services."""
    models: dict[str, list[str]] = {}
    for place in places:
        model, _, rest = place.partition(", ")
        models.setdefault(rest, []).append(model)
    return ", ".join(", ".join((*names, *filter(None, [rest]))) for rest, names in models.items())


# The table of the docs

_HEAD = """\
# Where everything is from

Each error, parameter, default and bound of this server, with its source and a level that says how
well it is known. `images-mock explain CODE-or-MESSAGE` tells the same of one, `--as-of DATE` of one
day. Made by `images-mock explain --markdown > docs/evidence.md`: not to be edited by hand.

`before` a day leaves that day out. In a message `{…}` stands for what belongs there. A and B are
the dialects of the servers before and after spring 2025; `A, before codes` is a table of words that
lay over A for a time. Services are the operations, `models`, `chat` and `other` (paths).
"""


def table() -> str:
    """All findings as Markdown, one on each line."""
    found = findings()
    parts = [_HEAD, _counted(found)]
    for section in dict.fromkeys(f.section for f in found):
        rows = [f for f in found if f.section == section]
        columns = list(_columns(rows[0]))
        parts.append(f"## {section}\n")
        parts.append(_markdown(columns, (tuple(_columns(f).values()) for f in rows)))
    return "\n".join(parts)


def _counted(found: Iterable[Finding]) -> str:
    levels = Counter(f.level for f in found)
    rows = ((level, meaning, str(levels[level])) for level, meaning in LEVELS.items())
    return _markdown(("level", "meaning", "rows"), rows)


def _columns(finding: Finding) -> dict[str, str]:
    """A row by the names of its columns."""
    level = "; assumed: ".join((finding.level, *finding.assumed))
    known = {"in force": "; ".join(_in_force(finding)), "level": level, "source": finding.source}
    match finding.said:
        case str() as value:
            return {"name": finding.name, "value": value, **known}
        case wording:
            first = {"reason": finding.name} | ({"words": finding.table} if finding.table else {})
    says = {"status": str(wording.status), "code": wording.code or "null"}
    return {**first, **says, "message": " / ".join(_messages(finding)), **known}


def _markdown(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(columns)
    lines = [heads, ["---"] * len(heads), *(map(_cell, row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    text = " ".join(text.split()).replace("<", "&lt;")
    return re.sub(r"[|`*]", r"\\\g<0>", text)
