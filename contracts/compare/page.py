"""A parity as one page for a browser. Compares nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from html import escape
from itertools import groupby
from pathlib import Path

from contracts.compare.parity import HARMLESS, MISSING, Field, Kind, Parity
from contracts.compare.told import name_of, reasons
from contracts.report.frame import framed
from contracts.trials import Tier

_STYLE = Path(__file__).with_name("page.css")
_LONG = 600  # characters of a value
_WORDS = re.compile(r"\w+|\W")


def page(parity: Parity) -> str:
    """The page, whole."""
    title = f"Parity: {parity.left.name} and {parity.right.name}"
    return framed(title, _body(parity), _STYLE)


def _body(parity: Parity) -> Iterator[str]:
    yield from _head(parity)
    yield from _numbers(parity)
    yield from _differing(parity)
    if parity.known or parity.expired:
        yield f"<h2>Known gaps <small>{len(parity.known)}</small></h2>"
        yield "<p class='note'>Each has its reason, and a day after which it counts again.</p>"
        yield _table(parity, parity.known)
        yield from (
            f"<p class='expired'>Ended on {gap.until}: <code>{escape(gap.field)}</code>, "
            f"{escape(gap.reason)}</p>"
            for gap in parity.expired
        )
    if parity.unseen:
        yield from _unseen(parity)
    yield from _same(parity)
    yield (
        "<footer>Both sides are compared as a recording keeps them: ids by reference, times by "
        "their relation to the call, pictures by a description, never by their pixels. “Observed” "
        "is what these two answered on the days named above, and no more.</footer>"
    )


def _head(parity: Parity) -> Iterator[str]:
    mark = "broken" if parity.differing or parity.expired else "held"
    mark = mark if parity.compared else "unseen"
    sides = (("Held to", parity.left), ("Beside it", parity.right))
    yield f"<header class='{mark}'><p class='kind'>Parity, field by field</p>"
    yield f"<h1>{_result(parity)}</h1><dl class='sides'>"
    for head, side in sides:
        ended = f"<p class='expired'>{escape(side.ended)}</p>" if side.ended else ""
        yield f"<div><dt>{head}</dt><dd>{escape(name_of(side))}{ended}</dd></div>"
    yield f"<div><dt>Oldest answer</dt><dd>{parity.oldest} days</dd></div></dl></header>"


def _result(parity: Parity) -> str:
    if not parity.compared:
        return "Nothing could be compared"
    differing = len({(f.operation, f.path) for f in parity.differing})
    if not differing:
        return "Nothing that was observed differs"
    return f"{differing} of {parity.compared} fields differ" if differing > 1 else "1 field differs"


def _numbers(parity: Parity) -> Iterator[str]:
    """Three numbers that are never added up: each answers another question."""
    share = 100 * parity.coverage // parity.planned if parity.planned else 0
    tiers = "".join(
        f"<li class='{'none' if not count else ''}'><b>{count}</b> {tier.name.lower()}</li>"
        for tier in Tier
        for count in [parity.divergence(tier)]
    )
    unseen = len(parity.unseen)
    cases = "case" if unseen == 1 else "cases"
    yield "<section class='numbers'>"
    yield _number(
        "Coverage",
        f"{share} %",
        f"{parity.coverage} of {parity.planned} cases compared whole<span class='meter'>"
        f"<i style='width:{share}%'></i></span>",
    )
    yield _number(
        "Divergence", f"<ul class='tiers'>{tiers}</ul>", f"of {parity.compared} fields compared"
    )
    yield _number("Not observed", f"{unseen}", f"{cases}, which say nothing of either side")
    yield "</section>"


def _number(head: str, value: str, aside: str) -> str:
    return f"<div><h2>{head}</h2><div class='value'>{value}</div><p>{aside}</p></div>"


def _differing(parity: Parity) -> Iterator[str]:
    for tier in Tier:
        fields = [f for f in parity.differing if f.tier == tier]
        if fields:
            yield f"<h2>{_TIERS[tier]} <small>{tier.name.lower()}</small></h2>"
            yield _table(parity, fields)


_TIERS = {
    Tier.CORE: "Differences that any client meets",
    Tier.COMPLETE: "Differences that some clients meet",
    Tier.STRICT: "Differences to the letter",
}


def _table(parity: Parity, fields: Iterable[Field]) -> str:
    if not (rows := "".join(map(_row, fields))):
        return ""
    heads = ("Field", parity.left.name, parity.right.name, "Verdict")
    told = "".join(f"<th scope='col'>{escape(head)}</th>" for head in heads)
    return f"<table class='fields'><thead><tr>{told}</tr></thead><tbody>{rows}</tbody></table>"


def _row(one: Field) -> str:
    gap = f"<p>{escape(one.gap.reason)}, until {one.gap.until}</p>" if one.gap else ""
    verdict = f"<span class='verdict {one.kind.name.lower()}'>{one.kind}</span>"
    name = f"<code>{_breakable(one.path)}</code><p>{escape(one.operation)}</p>"
    return (
        f"<tr><th scope='row'>{name}</th>"
        f"<td>{_value(one.left, one.right)}</td><td>{_value(one.right, one.left)}</td>"
        f"<td>{verdict}<p title='{escape(', '.join(one.cases))}'>{_cases(one)}</p>{gap}</td></tr>"
    )


def _cases(one: Field) -> str:
    first, *others = one.cases
    more = f" and {len(others)} more" if others else ""
    return f"{escape(first)}{more}"


def _breakable(path: str) -> str:
    """A path that may go on in the next line after each of its parts."""
    return escape(path).replace(".", ".<wbr>").replace("_", "_<wbr>")


def _value(text: str, other: str) -> str:
    """A value, with a mark on the words that the other one has not."""
    if text == MISSING:
        return f"<span class='absent'>{MISSING}</span>"
    if other == MISSING:
        return f"<code>{escape(_cut(text))}</code>"
    one, two = _WORDS.findall(_cut(text)), _WORDS.findall(_cut(other))
    steps = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    parts = (_marked("".join(one[a:b]), is_other=step != "equal") for step, a, b, _, _ in steps)
    return f"<code>{''.join(parts)}</code>"


def _marked(text: str, *, is_other: bool) -> str:
    return f"<mark>{escape(text)}</mark>" if is_other and text else escape(text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _unseen(parity: Parity) -> Iterator[str]:
    yield f"<h2>Not observed <small>{len(parity.unseen)}</small></h2><ul class='reasons'>"
    for reason, count in reasons(parity):
        names = ", ".join(one.case for one in parity.unseen if one.reason == reason)
        yield (
            f"<li><details><summary><b>{count}</b> {escape(reason)}</summary>"
            f"<p class='note'>{escape(names)}</p></details></li>"
        )
    yield "</ul>"


def _same(parity: Parity) -> Iterator[str]:
    fields = sorted(
        (f for f in parity.fields if f.kind in HARMLESS), key=lambda f: (f.operation, f.path)
    )
    yield f"<h2>The same <small>{len(fields)}</small></h2>"
    for operation, found in groupby(fields, key=lambda f: f.operation):
        group = list(found)
        counts = Counter(f.kind for f in group)
        told = ", ".join(f"{counts[kind]} {kind}" for kind in HARMLESS if counts[kind])
        rows = "".join(map(_same_row, group))
        yield (
            f"<details><summary><b>{escape(operation)}</b> {told}</summary><table class='alike'>"
            f"<tbody>{rows}</tbody></table></details>"
        )


def _same_row(one: Field) -> str:
    value = one.left if one.kind == Kind.SAME else f"{one.left} | {one.right}"
    return (
        f"<tr><th scope='row'><code>{_breakable(one.path)}</code></th>"
        f"<td><code>{escape(_cut(value))}</code></td>"
        f"<td><span class='verdict {one.kind.name.lower()}'>{one.kind}</span></td></tr>"
    )
