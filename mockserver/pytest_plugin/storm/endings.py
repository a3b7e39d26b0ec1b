"""How a run of a test under a failure ended: judged by its exception, or by its journal."""

from __future__ import annotations

import inspect
import struct
import zlib
from collections.abc import Iterator, Mapping
from dis import opmap
from enum import StrEnum
from pathlib import Path
from types import CodeType, TracebackType
from typing import NamedTuple
from unittest import SkipTest

import pytest

from mockserver.core.judging.seen import Journal, Seen
from mockserver.facts.failures import Failure
from mockserver.pytest_plugin.sites import Chain, Files
from mockserver.pytest_plugin.storm.kinds import is_of_file
from mockserver.pytest_plugin.storm.watch import Stopped
from mockserver.pytest_plugin.surroundings import shows_errors

_LONGEST = 100  # characters that are told of an exception's message


class Ended(StrEnum):
    """How a run ended, the worst first."""

    CRASH = "crash"
    HANG = "hang"
    WRONG = "wrong success"
    WAITS = "still waiting"  # for a time of its own, which nobody waited for here
    CLEAN = "clean error"
    NOTICED = "noticed by the test"
    SAID = "passed, and said so"
    RECOVERED = "recovered"
    SKIPPED = "skipped"
    UNMET = "not met"


#: What is a fault of the program.
BAD = (Ended.CRASH, Ended.HANG, Ended.WRONG)


class Hits(NamedTuple):
    """How often a failure was served, and by which rule: what is held back is in no journal."""

    rule: str
    number: int


class Ending(NamedTuple):
    """How a run ended, by what, and where that is in the program."""

    ended: Ended
    said: str = ""
    site: str = ""  # file:line, from pytest's rootdir


# -- by an exception -----------------------------------------------------------------------------

#: What no program raises to tell that something failed: it stumbled. PIL's own are found by place.
_STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    FileNotFoundError,
    LookupError,
    NameError,
    RecursionError,
    StopAsyncIteration,
    StopIteration,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_RAISES = opmap["RAISE_VARARGS"]


class _Line(NamedTuple):
    """A line of a traceback."""

    code: CodeType
    number: int
    module: str
    raises: bool  # whether a `raise` or an `assert` stands there


class Place:
    """Tells the lines of a program and of its test from those of libraries."""

    def __init__(self, files: Files, test: pytest.Function) -> None:
        self._files = files
        self._test: CodeType | None = getattr(inspect.unwrap(test.function), "__code__", None)
        self.shows_errors = shows_errors(test)

    def is_own(self, code: CodeType) -> bool:
        """Whether a line is the program's or the test's."""
        return bool(self._files[code.co_filename])

    def is_of_test(self, code: CodeType) -> bool:
        """Whether it is of the test function itself, or of the class that it stands in."""
        if self._test is None or code.co_filename != self._test.co_filename:
            return Path(code.co_filename).name == "conftest.py"
        whole = self._test.co_qualname
        outer, _, _ = whole.rpartition(".")
        of_class = bool(outer) and not outer.endswith("<locals>")
        inside = (f"{whole}.<locals>.", f"{outer}.") if of_class else (f"{whole}.<locals>.",)
        return code.co_qualname == whole or code.co_qualname.startswith(inside)

    def is_of_tests(self, code: CodeType) -> bool:
        """Whether it stands in a file of tests, where an assertion is one of a test."""
        path = Path(code.co_filename)
        is_test = path.name.startswith(("test_", "conftest")) or path.stem.endswith("_test")
        return is_test or not {"test", "tests"}.isdisjoint(path.parts)

    def named(self, code: CodeType, line: int) -> str:
        """A line as it is told."""
        return f"{self._files[code.co_filename]}:{line}"


def of_error(error: BaseException, place: Place) -> Ending:
    """How a run ended that an exception ended. Of several, the worst counts."""
    if isinstance(error, BaseExceptionGroup):
        return min((of_error(e, place) for e in error.exceptions), key=_badness)
    lines = [*_lines(error.__traceback__)]
    own = [line for line in lines if place.is_own(line.code)]
    site = place.named(own[-1].code, own[-1].number) if own else ""
    return Ending(_kind(error, lines, own, place), _said(error), site)


def _badness(ending: Ending) -> int:
    return [*Ended].index(ending.ended)


def _kind(error: BaseException, lines: list[_Line], own: list[_Line], place: Place) -> Ended:
    match error:
        case Stopped():
            return Ended.HANG
        case pytest.skip.Exception() | SkipTest():
            return Ended.SKIPPED
        case pytest.fail.Exception():
            return Ended.NOTICED
    if not own:
        return Ended.CLEAN
    last = own[-1]
    if isinstance(error, AssertionError):
        return Ended.NOTICED if place.is_of_tests(last.code) else Ended.CRASH
    is_meant = lines[-1] is last and last.raises
    if is_meant or not (isinstance(error, _STUMBLES) or _is_of_pillow(lines)):
        return Ended.CLEAN
    return Ended.NOTICED if place.is_of_test(last.code) else Ended.CRASH


def _is_of_pillow(lines: list[_Line]) -> bool:
    """Whether it is a picture that could not be read."""
    return lines[-1].module.split(".")[0] == "PIL"


def _lines(traceback: TracebackType | None) -> Iterator[_Line]:
    while traceback:
        code, at = traceback.tb_frame.f_code, traceback.tb_lasti
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        raises = 0 <= at < len(code.co_code) and code.co_code[at] == _RAISES
        yield _Line(code, traceback.tb_lineno, module, raises)
        traceback = traceback.tb_next


def _said(error: BaseException) -> str:
    kind, text = type(error), ""
    try:
        text = str(error).strip()
    except Exception:  # a program's own, which can't tell itself
        text = ""
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}."
    first = text.splitlines()[0] if text else ""
    told = f"{module}{kind.__qualname__}: {first}" if first else f"{module}{kind.__qualname__}"
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


# -- by the journal ------------------------------------------------------------------------------

#: Those by which a right program may pass, and nothing in the journal shows whether it did.
_MAY_PASS = ("unknown_event", "stream_as_json")


def of_pass(
    failure: Failure, hits: Hits, journal: Journal, sites: Mapping[str, Chain], *, shown: bool
) -> Ending:
    """How a run ended whose test passed; `shown` is whether something told of an error."""
    hit = [seen for seen in journal.requests if hits.rule in seen.rules]
    came = _came(failure, hit, journal)
    if not hits.number or came == []:
        return Ending(Ended.UNMET)
    if failure.id in _MAY_PASS or _is_recovered(hits.rule, hit, journal):
        return Ending(Ended.RECOVERED)
    times = f"{hits.number} times" if hits.number > 1 else "once"
    said = f"served {times}" + ("" if shown else ", and nothing showed it")
    lines = next((sites[seen.id] for seen in came or () if seen.id in sites), ())
    return Ending(Ended.SAID if shown else Ended.WRONG, said, str(lines[0]) if lines else "")


def _came(failure: Failure, hit: list[Seen], journal: Journal) -> list[Seen] | None:
    """With what it came to the program: what is wrong with a file does as it is downloaded.

    None where it is held back still, and in no journal.
    """
    names = {name for seen in hit for name in seen.pictures}
    if failure.of == "download" or (is_of_file(failure) and names):
        return [seen for seen in journal.downloads if seen.picture in names]
    return hit or None


def _is_recovered(rule: str, hit: list[Seen], journal: Journal) -> bool:
    """Whether it was asked again, in whatever way, and pictures came."""
    first = min((seen.at for seen in hit), default=0.0)
    return any(
        seen.status == 200 and seen.is_for_pictures and rule not in seen.rules
        for seen in journal.requests
        if seen.at > first
    )
