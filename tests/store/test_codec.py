"""Steps and snapshots as bytes: whatever they can hold is read back as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.store import Sandbox, Store, codec
from mockserver.store.distant import VALUES
from mockserver.store.memory import MemoryStore
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.saved import SavedSandbox, SavedStore
from mockserver.store.steps import Away
from tests.store.values import values

#: What changes nothing that another process has; all else is a step.
READS = {
    *("name", "number", "options", "rules", "offset", "now", "counted", "first_warning"),
    *("account", "requests", "billed", "uses", "downloads", "late", "item", "items"),
    *(
        "process",
        "heard",
        "health",
        "taken",
        "notice",
        "everyone",
        "find",
        "sandboxes",
        "sync",
        "close",
    ),
    *("keep", "kept"),  # of uploads, which are beside the log
}
RENAMED = {"claim": "claim_named", "corrected": "correct"}
FURTHER = [(MemorySandbox, "now")]  # a clock that is to stand
QUICKLY = settings(max_examples=2, suppress_health_check=list(HealthCheck))
DEEPLY = settings(max_examples=300, suppress_health_check=list(HealthCheck))


def steps() -> list[Any]:
    """The methods of a memory that steps call."""
    of = [(Sandbox, MemorySandbox), (Store, MemoryStore)]
    found = [
        (memory, RENAMED.get(name, name))
        for protocol, memory in of
        for name in vars(protocol)
        if not name.startswith("_") and name not in READS
    ]
    return [pytest.param(memory, name, id=name) for memory, name in [*found, *FURTHER]]


def same(kind: Any, value: Any) -> None:
    """A value is the same once it was written and read."""
    data = codec.as_bytes(value)
    assert codec.as_bytes(codec.from_bytes(data, kind)) == data


def tried(kind: Any, how: Callable[[Any], Any]) -> None:
    how(given(values(kind))(lambda value: same(kind, value)))()


@pytest.mark.parametrize(("memory", "method"), steps())
def test_what_a_step_has_is_read_by_its_types(memory: Any, method: str) -> None:
    """Whoever adds a method that changes something gives it arguments that have types."""
    _, kind = codec.parameters(vars(memory)[method])
    tried(kind, QUICKLY)


@pytest.mark.parametrize("kind", [SavedStore, *VALUES.values()])
def test_what_is_kept_is_read_by_its_types(kind: Any) -> None:
    tried(kind, QUICKLY)


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "method"), steps())
def test_whatever_a_step_has_is_read_by_its_types(memory: Any, method: str) -> None:
    _, kind = codec.parameters(vars(memory)[method])
    tried(kind, DEEPLY)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SavedSandbox, SavedStore, *VALUES.values()])
def test_whatever_is_kept_is_read_by_its_types(kind: Any) -> None:
    tried(kind, DEEPLY)


@pytest.mark.slow
@given(st.binary(max_size=40))
@settings(max_examples=3_000)
def test_a_step_of_any_bytes_is_read_or_refused_in_one_way(data: bytes) -> None:
    try:
        codec.read(data)
    except Away:
        return


@pytest.mark.parametrize("step", ["nothing", "_nothing", "name", ""])
def test_a_step_that_no_store_knows_is_refused(step: str) -> None:
    data = codec.written(1, "a", 1, step, ())
    with pytest.raises(Away):
        codec.read(data)
