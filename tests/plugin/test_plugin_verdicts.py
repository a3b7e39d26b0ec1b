"""What the pytest plugin makes of a test: its failure's section, unused rules, errors, the bill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from mockserver.client.journal_file import read
from mockserver.pictures.pure.drawing import identify
from tests.plugin.conftest import run_plain

pytestmark = pytest.mark.slow

LATE = """
    import threading
    def test_first(images_mock):
        images_mock.next.delay(0.3)
        global WAITING
        WAITING = threading.Thread(target=poster, args=["late"])
        WAITING.start()
        while not any(r["fired"] for r in images_mock._rules()):
            pass
"""


def section(result: pytest.RunResult) -> str:
    """What stands under `images_mock` in the report of a failed test, without its times."""
    text = result.stdout.str()
    found = re.search(r"^-+ images_mock -+\n(.*?)^[=_-]{3}", text, re.MULTILINE | re.DOTALL)
    assert found, text
    return re.sub(r"\d+ ms", "0 ms", found[1])


def test_a_failed_test_tells_what_the_mock_saw(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock):
        images_mock.on(prompt="a red fox").refuse()
        images_mock.next.rate_limit(retry_after=20)
        with pytest.raises(Refused): poster("a boat")
        poster("a red  fox", n=2)
        assert 0
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(failed=1)
    assert section(result) == GOLDEN


GOLDEN = """\
2 requests, spent $0.032
  429 images.generate dall-e-2 256x256 (n=1) 'a boat' 0 ms rate_limited: Rate limit exceeded for images per minute in organization o… (scripted)
  200 images.generate dall-e-2 256x256 n=2 'a red  fox' $0.032 0 ms
  (in brackets: what the client left out, and the API fills in)
rules that never fired, and the request that came closest:
  r1: error refused for every request with prompt 'a red fox'
    200 images.generate dall-e-2 256x256 n=2 'a red  fox' $0.032 0 ms
      ≠ prompt: wanted 'a red fox', got 'a red  fox'  (only the white space differs)
"""


@pytest.mark.parametrize("phase", ["setup", "teardown"])
def test_a_fixture_that_fails_has_the_section_too(downstream: pytest.Pytester, phase: str) -> None:
    code = f"""
    @pytest.fixture
    def broken(images_mock):
        {"yield" if phase == "teardown" else "pass"}
        poster("a boat")
        assert 0
    def test_it(broken): pass
    """
    assert "images.generate dall-e-2 256x256 (n=1) 'a boat'" in section(run_plain(downstream, code))


def test_a_failure_that_has_nothing_to_do_with_pictures_has_none(
    downstream: pytest.Pytester,
) -> None:
    code = """
    def test_before(images_mock): poster()
    def test_it(): assert 0
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*--- images_mock ---*")


UNUSED = """
    def test_it(images_mock):
        images_mock.on(prompt="a red fox").refuse()
        poster("a boat")
"""


def test_a_rule_that_nobody_met_is_an_error(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, UNUSED)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_it*",
            "images_mock: scripted, but no request met it:",
            "  r1: * for every request with prompt 'a red fox'",
            "(images_mock_unused_rules = *",
        ]
    )


def test_it_may_be_a_warning_or_nothing(downstream: pytest.Pytester) -> None:
    warned = run_plain(downstream, UNUSED, "--images-mock-unused-rules=warn")
    warned.assert_outcomes(passed=1, warnings=1)
    warned.stdout.fnmatch_lines(["*images_mock: scripted, but no request met it:*"])
    downstream.makeini("[pytest]\nimages_mock_unused_rules = off\n")
    run_plain(downstream, UNUSED).assert_outcomes(passed=1)


@pytest.mark.parametrize("end", ["assert 0", "pytest.skip('x')", "pytest.xfail('x')"])
def test_a_test_that_did_not_pass_owes_nothing(downstream: pytest.Pytester, end: str) -> None:
    result = run_plain(downstream, f"{UNUSED}        {end}\n")
    assert "errors" not in result.parseoutcomes()


ERRORS = """
    @pytest.mark.parametrize("how", ["next", "limit", "budget", "magic"])
    def test_scripted(images_mock, how):
        match how:
            case "next": images_mock.next.rate_limit()
            case "limit": images_mock.limits(per_minute=0)
            case "budget": images_mock.budget(usd=0)
        with pytest.raises(Refused):
            poster("mock:refuse" if how == "magic" else "x")

    def test_unscripted():
        with pytest.raises(Refused): poster(n=11)
"""


def test_errors_that_nobody_scripted_count_if_asked_for(downstream: pytest.Pytester) -> None:
    run_plain(downstream, ERRORS).assert_outcomes(passed=5)
    result = run_plain(downstream, ERRORS, "--images-mock-unexpected-errors=on")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_unscripted*", "images_mock: errors that nobody*", "  400 *"]
    )


def test_a_late_request_is_reported_and_not_counted(downstream: pytest.Pytester) -> None:
    code = (
        LATE
        + """
    def test_second(images_mock):
        WAITING.join()
        assert not images_mock.requests
        assert not images_mock.spent
        assert 0
    """
    )
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=1, failed=1)
    assert "late requests of an earlier test, not counted here:" in section(result)
    result.stdout.fnmatch_lines(
        ["a late request of an earlier test: * 'late' * (seen by *::test_second)"]
    )


def test_the_bill_is_that_of_all_workers(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.parametrize("number", range(10))
    def test_it(number):
        poster(n=10)
        assert number
    """
    told = ["these tests would have cost $1.60 with the real API"]
    run_plain(downstream, code).stdout.fnmatch_lines(told)
    run_plain(downstream, code, "-n", "2").stdout.fnmatch_lines(told)


def test_what_failed_can_be_kept(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.images_mock(seed="7")
    @pytest.mark.parametrize("name", ["../a b", "é"])
    def test_it(images_mock, name):
        poster("a boat", n=2)
        poster("ein Schloß", response_format="b64_json")
        with pytest.raises(Refused): poster("mock:refuse")
        assert name == "é"
    """
    result = run_plain(downstream, code, "--images-mock-artifacts=kept/here")
    result.assert_outcomes(passed=1, failed=1)
    assert "journal and pictures are in " in section(result)
    [place] = Path(downstream.path, "kept", "here").iterdir()
    assert sorted(p.name for p in place.iterdir()) == [
        "1-1.png",
        "1-2.png",
        "2-1.png",
        "journal.json",
    ]
    journal = read(place / "journal.json")  # as `images-mock verdict --journal` does
    assert [r["status"] for r in journal["requests"]] == [200, 200, 400]
    with Image.open(place / "1-2.png") as picture:
        assert picture.size == (256, 256)
    told = identify((place / "2-1.png").read_bytes())
    assert told
    assert told["prompt"] == "ein Schloß"


def test_a_set_up_that_fails_does_not_tell_of_another_test(downstream: pytest.Pytester) -> None:
    code = """
    def test_one(images_mock):
        poster("a prompt of the first")

    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.images_mock(budget_usd=-1))])
    def test_two(images_mock, x):
        pass

    def test_three(images_mock):
        pass
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=2, errors=1)
    assert "a prompt of the first" not in result.stdout.str()


def test_what_is_kept_is_named_by_its_format(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock):
        for form in ("png", "jpeg", "webp", "gif", "svg"):
            poster("a fox", model="gpt-image-2.6-flare", output_format=form, size="auto")
        assert False
    """
    run_plain(downstream, code, "--images-mock-artifacts=kept").assert_outcomes(failed=1)
    [place] = Path(downstream.path, "kept").iterdir()
    kept = {p.name: p.read_bytes() for p in place.glob("?-1.*")}
    assert [*sorted(kept)] == ["1-1.png", "2-1.jpeg", "3-1.webp", "4-1.gif", "5-1.svg"]
    for name, file in kept.items():
        told = identify(file) or {}
        assert told["size"] == "1254x1254"
        assert told.get("output_format", "png") == name.rpartition(".")[2]
