"""Regular expressions of rules: Python's own, within a deadline, and refused where they differ."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.near_misses import differences
from mockserver.core.rules import patterns
from mockserver.core.rules.parser import RuleError, rule_of, when_of
from mockserver.core.rules.patterns import check, found

ATOMS = [
    *("a", "B", ".", "[ab]", "[^a]", r"\d", r"\s", "(a)", "(?:ab|b)", "(?P<n>x)", "{", "}", "{x}"),
    *("[[a]", "[a&&b]", "[a||b]", "[a~~b]", r"[\]-]", "(?i:A)", "(?=a)", "(?<=a)b", r"\n", "(?#c)"),
    *("(?>ab)", r"\x41", r"\101", "é", "漢", " "),
]
REPEATS = ["", "*", "+", "?", "*?", "{2}", "{,1}", "{1,2}", "{ 1}", "{e", "{seed}", "++"]
expressions = st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATS)), max_size=4)
texts = st.text(st.sampled_from("aAbBx1 {}[]&|~-\n\u2028é漢"), max_size=12)


@given(expressions, st.sampled_from(["", "^", r"\A"]), st.sampled_from(["", "$", r"\Z"]), texts)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_is_found_is_what_re_finds(
    pieces: list[tuple[str, str]], head: str, end: str, text: str
) -> None:
    pattern = head + "".join(atom + repeat for atom, repeat in pieces) + end
    try:
        expected = re.search(pattern, text) is not None
    except re.error as error:
        with pytest.raises(ValueError, match=f"no regular expression: {re.escape(str(error))}"):
            check(pattern)
        return
    check(pattern)
    assert found(pattern, text) is expected


@pytest.mark.parametrize("pattern", ["[[:alpha:]]", "[[:^digit:]x]"])
def test_what_would_mean_something_else_is_refused(pattern: str) -> None:
    with pytest.raises(RuleError, match="when.prompt.regex has .* is no class in Python"):
        rule_of({"when": {"prompt": {"regex": pattern}}, "then": {"quota": True}})


@pytest.mark.parametrize(
    "pattern", [r"\{e}", "{seed}", "a{e}", "(?:fox){e<=1}", '{"e": 1}', "[{]e}", "[:]", "[[]", r"\\{e}"]
    + [r"\N{DIGIT ONE}", "x{2i+2d+1s<=4}", "x{ s }", "{}", "a{,}"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_regex_alone_reads_otherwise_means_what_re_says(pattern: str) -> None:
    check(pattern)
    for text in (pattern, "a", "fix", "x", "1", "{e}", "[", ":", "aa"):
        assert found(pattern, text) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern", [r"\p{Greek}", r"\m", r"\K", "(?V1)a", "(?R)", "(?|a|b)", "(?<=a+)b", "a(?i)b", "^*"]
    + ["(?P<n>a)(?P<n>b)", "(?e)a", r"[a-\d]", "(?b)a", "(", "x{99999999999}", "(" * 200_000],
    ids=lambda p: p[:20],
)  # fmt: skip
def test_what_re_does_not_take_is_no_expression(pattern: str) -> None:
    with pytest.raises(RuleError, match="no regular expression"):
        when_of({"prompt": {"regex": pattern}})


def test_a_search_that_takes_too_long_is_no_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "DEADLINE", 0)
    when = when_of({"model": "dall-e-2", "prompt": {"regex": "late|fox"}})
    given = {"model": "dall-e-2", "prompt": "a red fox"}
    assert not when.matches(given)
    assert when.is_undecided(given)
    (difference,) = differences(when, given)
    assert "took longer than" in difference.hint
    assert not when.is_undecided(given | {"model": "dall-e-3"})
    assert not when.is_undecided(given | {"prompt": None})


def test_an_expression_is_judged_once_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    when = when_of({"prompt": {"regex": "once"}})
    assert when.matches({"prompt": "once and again"})
    monkeypatch.setattr(patterns, "_compiled", None)
    assert when.matches({"prompt": "once and again"})


def test_nothing_searches_before_there_is_a_rule_with_an_expression() -> None:
    program = (
        "import sys, mockserver.app, mockserver.pytest_plugin, mockserver.cli\n"
        "from mockserver.core.rules.parser import rule_of\n"
        "rule_of({'when': {'prompt': {'contains': 'x'}}, 'then': {'quota': True}})\n"
        "assert 'regex' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
