"""What a journal can't know of a test: whether anything there shows errors, or shortens waits.

Reads the test's code and fixtures, and runs none of them. In doubt it says what keeps a verdict
silent: that errors are shown, and that waits are not real.
"""

from __future__ import annotations

import ast
import logging
import re
import sys
import time
from asyncio import tasks
from collections.abc import Iterator
from inspect import getsourcelines, unwrap
from textwrap import dedent
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

#: Names by which a test's code looks at errors. `error`, `refuse` … alone are of its script.
_SHOWING = re.compile(
    "raises|[Ee]xcep|Error|errors|_error|error_|[Ff]ail|[Ww]arn|caplog|capsys|capfd|assertLogs|"
    "status_code|stderr|returncode|exit_code|SystemExit"
)
#: Words by which it compares what was shown.
_SHOWN = re.compile(
    r"\b(errors?|failed|failure|refused|sorry|busy|unavailable|try again|could ?n[o']t)\b", re.I
)
_STATUS = "status"  # of an answer that the test looks at, unless it is the journal's
_JOURNALS = frozenset(("requests", "downloads", "calls"))
_WAITS = re.compile("sleep|wait|delay|pause|backoff|interval|retr", re.I)
_PATCHING = frozenset(("patch", "setattr", "monkeypatch", "mocker"))
_OF_PYTEST = frozenset(("AssertionError",))  # named by each assertion that it has rewritten
_UNEQUAL = (ast.IsNot, ast.NotEq, ast.NotIn)
_NOTHING = frozenset(("assertIsNone", "assertFalse"))
_OWN_LOGS = ("uvicorn", "mockserver")
_LOOPS = (
    ast.For,
    ast.While,
    ast.AsyncFor,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_sleep = time.sleep  # itself, whatever is put in its place later


class Warned(logging.Handler):
    """Hears whether anything was logged that is WARNING or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = False

    def emit(self, record: logging.LogRecord) -> None:
        """Hear it."""
        self.heard |= not record.name.startswith(_OWN_LOGS)


def shows_errors(item: pytest.Item) -> bool:
    """Whether a test's code, or that of its module which it calls, looks at errors."""
    names, texts = _words(item)
    fixtures = getattr(item, "fixturenames", ())
    if any(map(_SHOWING.search, (*names, *fixtures))) or any(map(_SHOWN.search, texts)):
        return True
    looks_at_answer = _STATUS in names and _JOURNALS.isdisjoint(names)
    return not names or looks_at_answer or _wants_nothing(item)


def says_something(report: pytest.TestReport) -> bool:
    """Whether a test, or the program, wrote of an error, or to stderr at all."""
    return bool(report.capstderr.strip() or _SHOWN.search(report.capstdout))


def shortens_waits(item: pytest.Item) -> bool:
    """Whether a test replaces what is called like a wait; to be asked before its fixtures end."""
    funcargs = getattr(item, "funcargs", {})
    replaced = getattr(funcargs.get("monkeypatch"), "_setattr", ())
    if any(_WAITS.search(str(name)) for _, name, *_ in replaced):
        return True
    patched = getattr(getattr(item, "obj", None), "patchings", ())
    if any(_WAITS.search(str(getattr(p, "attribute", ""))) for p in patched):
        return True
    names, texts = _words(item)
    words = (*names, *texts)
    return not _PATCHING.isdisjoint(names) and any(map(_WAITS.search, words))


def lines_in_loops(item: pytest.Item) -> frozenset[int]:
    """The lines of a test's own function that it may run again and again: what is asked there."""
    tree, first = _tree(item)
    loops = (node for node in ast.walk(tree) if isinstance(node, _LOOPS))
    spans = (range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in loops)
    return frozenset(first + line - 1 for span in spans for line in span)


def _wants_nothing(item: pytest.Item) -> bool:
    """Whether a test asserts that there is nothing: it has looked, and knows that it got none."""
    for node in ast.walk(_tree(item)[0]):
        match node:
            case ast.Assert(test=ast.UnaryOp(op=ast.Not())):
                return True
            case ast.Compare(comparators=others) if any(map(_is_nothing, others)):
                return not all(isinstance(op, _UNEQUAL) for op in node.ops)
            case ast.Call(func=ast.Attribute(attr=name)) if name in _NOTHING:
                return True
    return False


def _is_nothing(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=None | False | "" | b""):
            return True
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case _:
            return False


def _tree(item: pytest.Item) -> tuple[ast.Module, int]:
    """A test's own function as it is written, and its first line; empty where nobody knows."""
    function = _function(getattr(item, "obj", None))
    try:
        source, first = getsourcelines(function) if function else ([], 0)
        return ast.parse(dedent("".join(source))), first
    except (OSError, SyntaxError):  # no source, or none that stands alone
        return ast.Module([], []), 0


def sleeps_for_real() -> bool:
    """Whether `time.sleep` and `asyncio.sleep` are what they were."""
    module = sys.modules["asyncio"]
    return time.sleep is _sleep and getattr(module, "sleep", None) is _async_sleep is tasks.sleep


_async_sleep = tasks.sleep


def _words(item: pytest.Item) -> tuple[set[str], set[str]]:
    """The names and texts in the code of a test, and of functions beside it that it calls."""
    names, texts = set[str](), set[str]()
    todo, known = [_function(getattr(item, "obj", None))], set[Any]()
    while todo:
        function = todo.pop()
        if function is None or function in known:
            continue
        known.add(function)
        for code in _codes(function.__code__):
            names |= {*code.co_names, *code.co_varnames, *code.co_freevars} - _OF_PYTEST
            texts |= {c for c in code.co_consts if isinstance(c, str) and not _is_beside(c)}
        texts.discard(function.__doc__ or "")
        todo += _helpers(function, names, getattr(item, "cls", None))
    return names, texts


def _is_beside(text: str) -> bool:
    """Whether pytest has written a text, for an assertion that fails."""
    return "%(py" in text


def _helpers(function: FunctionType, names: set[str], cls: Any) -> Iterator[FunctionType | None]:
    for name in names:
        found = _function(function.__globals__.get(name) or getattr(cls, name, None))
        if found and found.__module__ == function.__module__:
            yield found


def _function(found: Any) -> FunctionType | None:
    found = getattr(getattr(found, "hypothesis", None), "inner_test", found)
    found = unwrap(getattr(found, "__func__", found)) if callable(found) else None
    return found if isinstance(found, FunctionType) else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)
