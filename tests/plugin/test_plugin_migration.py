"""The pytest plugin and other models: a section at the end, a test once for each."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import run_plain

pytestmark = pytest.mark.slow

TESTS = """
    def test_sizes(images_mock):
        poster("a", size="1024x1024"); poster("b", size="1024x1024")
        poster("c", response_format="b64_json", size="1024x1024")
    def test_small(): poster()
    def test_nothing(): pass
    def test_gpt(images_mock): poster(model="gpt-image-2", size="1024x1024")
"""
SECTION = [
    "=* images_mock migration *=",
    "moving from dall-e-2 to gpt-image-2: 2 of 4 requests would be refused*",
    "  1 request, images.generate: test_app.py::test_*",
    "  2 requests, images.generate: test_app.py::test_sizes",
    "  1 request for gpt-image-2 already",
]
AGAINST = "--images-mock-lint-against=gpt-image-2"


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one", "two workers"])
def test_the_section_tells_of_all_tests(downstream: pytest.Pytester, workers: list[str]) -> None:
    result = run_plain(downstream, TESTS, AGAINST, *workers)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(SECTION)
    text = result.stdout.str()
    for about in ("response_format", "size 256x256"):
        assert about in text
    assert text.count("images_mock migration") == 1


def test_without_the_option_nothing_is_told_or_loaded(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock):
        import sys
        poster()
        assert not [m for m in sys.modules if "migration" in m or m.endswith("plugin.models")]
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*migration*")


def test_a_name_that_no_model_has_ends_the_run_at_once(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, TESTS, "--images-mock-lint-against=gpt-imge-2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*images_mock_lint_against (gpt-imge-2)*did you mean gpt-image-2?*"]
    )


def test_a_model_that_is_gone_is_told_once(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, TESTS, "--images-mock-lint-against=gpt-image-1")
    result.assert_outcomes(passed=4)
    told = [line for line in result.outlines if line.startswith("not judged by gpt-image-1")]
    assert len(told) == 1
    assert "was shut down on 2026-10-23" in told[0]


EACH = """
    @pytest.mark.images_models("dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-2")
    def test_each(images_mock, images_model):
        poster(model=images_model, size="1024x1024")
        images_mock.assert_called_once(model=images_model)
"""


def test_a_test_runs_once_for_each_model_whenever_it_was_there(
    downstream: pytest.Pytester,
) -> None:
    result = run_plain(downstream, EACH, "-v")
    result.assert_outcomes(passed=4)
    names = ["dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-2"]
    result.stdout.fnmatch_lines([f"*::test_each?{name}? PASSED*" for name in names])


@pytest.mark.parametrize("day", ["2023-12-01", "today"])
def test_the_servers_own_day_gives_way_where_the_model_is_not_there(
    downstream: pytest.Pytester, day: str
) -> None:
    options = f"""
    @pytest.fixture(scope="session")
    def images_mock_options(): return {{"as_of": "{day}"}}
    """
    run_plain(downstream, options + EACH).assert_outcomes(passed=4)


def test_the_test_need_not_ask_for_the_name(downstream: pytest.Pytester) -> None:
    code = """
    MODELS = []
    @pytest.mark.images_models("dall-e-2", "gpt-image-2")
    def test_it(request): MODELS.append(request.node.callspec.params["images_model"])
    def test_after(): assert MODELS == ["dall-e-2", "gpt-image-2"]
    """
    run_plain(downstream, code).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "why"),
    [
        ('"gpt-imge-2"', "has 'gpt-imge-2', which must be the name of a model; did you mean *"),
        ("", "takes names of models, as *"),
        ("7", "takes names of models, not 7"),
        ('"dall-e-2", "dall-e-2"', "names dall-e-2 twice"),
        ('model="dall-e-2"', "takes names of models, as *"),
    ],
)
def test_a_marker_that_says_no_models_is_refused_as_tests_are_collected(
    downstream: pytest.Pytester, marker: str, why: str
) -> None:
    code = f"""
    @pytest.mark.images_models({marker})
    def test_it(images_model): pass
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*usage error: @pytest.mark.images_models of *test_it {why}*"])


def test_a_day_without_the_model_is_refused(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.images_mock(as_of="2024-01-01")
    @pytest.mark.images_models("dall-e-3", "gpt-image-2")
    def test_it(images_model): pass
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*there is no gpt-image-2 on its as_of='2024-01-01'*2026-04-21*"])


def test_the_fixture_without_the_marker_is_refused(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, "\n    def test_it(images_model): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*asks for images_model, and has no @pytest.mark.images_models*"])
