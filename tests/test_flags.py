"""Flags and commands in the wrong order: what is told, and what is no mistake."""

from __future__ import annotations

import click
import pytest

from mockserver.cli import cli
from tests.test_cli import run


@pytest.mark.parametrize(
    ("args", "right"),
    [
        (["--port", "1", "wait"], "images-mock wait --port 1"),
        (["--port=1", "wait", "--timeout", "1s"], "images-mock wait --port=1 --timeout 1s"),
        (
            ["--port", "1", "--tier", "off", "config", "show"],
            "images-mock config show --port 1 --tier off",
        ),
    ],
)
def test_flags_before_a_command_are_told_their_place(args: list[str], right: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        cli.main(args, "images-mock", standalone_mode=False)
    assert refused.value.message.startswith(f"Flags stand behind the command: {right}")


def test_a_value_that_is_also_the_name_of_a_command_is_a_value() -> None:
    done = run("--seed", "wait", "--port", "x")
    assert (done.returncode, "port ('x') must be a number" in done.stderr) == (3, True)
