"""Slips that a test's author makes with the plugin are told in one place, with the cure."""

from __future__ import annotations

import socket

import pytest

from tests.plugin.conftest import run_plain

UNFINISHED = """
    def test_without_parentheses(images_mock):
        images_mock.next.rate_limit

    def test_without_an_effect(images_mock):
        images_mock.on(contains="gore", call=2)

    def test_finished_later(images_mock):
        foxes = images_mock.on(prompt="fox")
        foxes.refuse().remove()

    def test_numbers_may_stand_alone(images_mock):
        images_mock.limits(5)
        images_mock.limits(tier=2)
        images_mock.budget(0.05)
"""


def test_a_script_that_no_effect_follows_is_an_error(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, UNFINISHED)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*next does nothing: let an effect follow, with its parentheses*",
            "*on(prompt={'contains': 'gore'}, call=2) does nothing*",
        ]
    )


def test_where_nobody_answers_at_the_url_of_a_shared_server_the_run_ends_at_once(
    downstream: pytest.Pytester,
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run_plain(downstream, UNFINISHED, f"--images-mock-url={address}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([f"*nobody answers at {address}*--images-mock-url*"])
    result.assert_outcomes()
