"""What the plugin tells of a client: another key, real waits, a loop that has ended, settings."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import run, run_plain


def test_requests_with_another_key_are_named_with_the_cure(downstream: pytest.Pytester) -> None:
    code = """
    def test_before(): poster("earlier", key="OPENAI_API_KEY")

    def test_asserted(images_mock):
        poster(key="OPENAI_API_KEY")
        images_mock.assert_called_once()

    def test_scripted(images_mock):
        poster(key="OPENAI_API_KEY")
        images_mock.next.refuse()
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=2, failed=1, errors=1)
    told = "  1 request with the key 'OPENAI_A…_KEY' (sandbox ??????)"
    fix = "  Fix: let the client take its key from OPENAI_API_KEY, or give it images_mock.api_key."
    result.stdout.fnmatch_lines(["*no request at all has come to *", f"*{told}", f"*{fix}"])
    result.stdout.fnmatch_lines(["*scripted, but no request met it:*", told, fix])


@pytest.mark.slow
def test_the_run_tells_how_long_it_has_waited_for_real(downstream: pytest.Pytester) -> None:
    code = """
    import time
    def test_a_loop(images_mock):
        images_mock.next.rate_limit(retry_after=1)
        try: poster()
        except Refused as error: time.sleep(1.05)
        poster()
        assert 0
    """
    result = run_plain(downstream, code)
    lines = ["*waited 1 real seconds between *images_mock.clock.sleep in the place of time.sleep*"]
    result.stdout.fnmatch_lines(["*- images_mock -*", *lines])
    result.stdout.fnmatch_lines(["*= images_mock =*", *lines])


@pytest.mark.slow
def test_a_client_whose_loop_has_ended_gets_a_hint(downstream: pytest.Pytester) -> None:
    code = """
    import asyncio
    APP = openai.AsyncOpenAI(max_retries=0)
    @pytest.mark.parametrize("number", [1, 2])
    def test_it(number):
        asyncio.run(APP.images.generate(prompt="x"))
    """
    result = run(downstream, code)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hint: an asynchronous client that several tests share keeps *"])


def test_a_whole_key_keeps_its_effect(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock, images_mock_server):
        bob = images_mock_server.sandbox("sk-mock-free-bob").begin()
        assert bob.api_key == "sk-mock-free-bob"
        with pytest.raises(Refused, match="rate_limit_exceeded"): poster(key=bob.api_key)
        bob.assert_called_once()
        assert images_mock_server.sandbox("ann").api_key == f"{images_mock.api_key}-ann"
    """
    run_plain(downstream, code).assert_outcomes(passed=1)


def test_a_price_that_puzzles_is_explained(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock):
        poster()
        images_mock.assert_spent_at_most(0.01)
    """
    result = run_plain(downstream, code)
    result.stdout.fnmatch_lines(["*a larger picture may cost less than a smaller one;*"])
