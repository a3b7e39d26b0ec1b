"""An item once more: its own instance, its fixtures anew, and its reports for nobody.

Fixtures of a wider scope than the function stay as they are. Other plugins' hooks are called as for
any test, but for those that tell of it: no report is made, logged or debugged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import Any, Literal, NamedTuple

import pytest


class Phase(NamedTuple):
    """How a phase of an item went."""

    error: BaseException | None
    seconds: float
    output: Mapping[str, str]  # what was captured, by where it was written

    @property
    def why(self) -> str:
        """What ended it, in a line."""
        text = str(self.error).strip().splitlines()
        return f"{type(self.error).__name__}: {text[0]}" if text else type(self.error).__name__


class Spare:
    """An item as it was before it ran, for runs that know nothing of each other."""

    def __init__(self, item: pytest.Function) -> None:
        self._item = copy(item)
        if isinstance(item.parent, pytest.Class):  # each has an instance of its own
            for name in ("_instance", "_obj", "_excinfo"):
                vars(self._item).pop(name, None)

    def twin(self) -> pytest.Function:
        """A new one. As the next item it keeps all that is wider than the function."""
        twin = copy(self._item)
        twin.own_markers, twin.user_properties = [*self._item.own_markers], []
        twin._report_sections = []
        twin.__class__ = _quiet(type(twin))
        vars(twin)["quiet"] = _Quiet(self._item.ihook)
        twin._initrequest()
        return twin


class _Quiet:
    """The hooks of an item; those that tell of it are not called, and failed subtests are kept."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks
        self.errors: list[BaseException] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hooks, name)

    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        if call.excinfo:
            self.errors.append(call.excinfo.value)
        return pytest.TestReport.from_item_and_call(item, call)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        pass

    def pytest_exception_interact(self, **_: object) -> None:
        pass


@cache
def _quiet(kind: type[pytest.Function]) -> type[pytest.Function]:
    """The same kind of item, with these hooks."""
    ihook = property(lambda self: vars(self)["quiet"])
    return type(kind.__name__, (kind,), {"ihook": ihook, "__module__": kind.__module__})


def run_phase(
    item: pytest.Function, when: Literal["setup", "call", "teardown"], do: Callable[[], Any]
) -> Phase:
    """Run a phase; only what ends the whole session passes."""
    call = pytest.CallInfo.from_call(do, when, (pytest.exit.Exception, KeyboardInterrupt))
    of_case = vars(item).pop("_excinfo", None) or ()  # where unittest puts them
    errors = [call.excinfo.value] if call.excinfo else []
    errors += [*(e.value for e in of_case), *vars(item)["quiet"].errors]
    output = {key: text for at, key, text in item._report_sections if at == when}
    return Phase(errors[0] if errors else None, call.duration, output)


def forget(item: pytest.Function) -> None:
    """Let go what a run has held."""
    item._request = False  # type: ignore[assignment]
    item.funcargs = None  # type: ignore[assignment]
