"""Which kinds of failure a run of tests met: the table, the threshold, the files, under xdist."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mockserver.testing import ImagesMock
from tests.plugin.conftest import run_plain

pytestmark = pytest.mark.slow

CODE = """
    def test_refused(images_mock):
        images_mock.on(contains="gore").refuse()
        with pytest.raises(Refused): poster("gore")
        poster("a kind fox")

    def test_limited(images_mock):
        images_mock.next.rate_limit(retry_after=20)
        with pytest.raises(Refused): poster("a red fox")
        poster("a blue fox")

    def test_expired(images_mock):
        url = poster("a late fox")["data"][0]["url"]
        images_mock.clock.advance(hours=2)
        with pytest.raises(HTTPError) as refused: urlopen(url)
        refused.value.close()

    def test_fine(images_mock):
        poster("a fine fox")
"""
FOX = """
    def test_fox(images_mock):
        images_mock.next.refuse()
        with pytest.raises(Refused): poster({prompt!r})
"""


def told(downstream: pytest.Pytester, name: str = "met.json") -> dict[str, Any]:
    """What a run has written."""
    found: dict[str, Any] = json.loads((downstream.path / name).read_text("utf-8"))
    return found


def met_by(report: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the tests that met each kind."""
    return {
        one["id"]: [test.partition("::")[2] for test in one["tests"]]
        for one in report["failures"]
        if one["tests"]
    }


def test_a_table_tells_what_was_met_and_a_line_what_never_was(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, CODE, "--images-mock-coverage")
    result.assert_outcomes(passed=4)
    result.stdout.re_match_lines(
        [
            r"=+ images_mock coverage of failures =+",
            r"met +tests  and then the program",
            r"expired URL \* +1  asked nothing more",
            r"content policy refusal +1  asked something else",
            r"rate limit +1  asked something else",
            r"\* clients show it without an exception",
            r"never met by any test: 200 with a page .*, quota, .* \(16 of 19 kinds of failure\)",
            r"out of reach, for no test asks for several pictures at once or .* a stream: 6 more",
        ]
    )


def test_a_requirement_that_is_met_is_not_told(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, CODE, "--images-mock-require=refusal, expired_url")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*coverage of failures*")


def test_a_requirement_that_no_test_met_fails_the_run(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, CODE, "--images-mock-require=refusal,quota,stream_error")
    assert result.ret == 1
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "ERROR images_mock_require: no test met quota; images_mock.next.then(quota=True) *",
            "ERROR images_mock_require: no test met stream_error (error inside a stream): "
            "none asks for a stream",
        ]
    )
    result.stdout.no_fnmatch_line("*no test met refusal*")


def test_a_requirement_can_stand_in_the_configuration(downstream: pytest.Pytester) -> None:
    downstream.makeini("[pytest]\nimages_mock_require = timeout\n")
    assert run_plain(downstream, CODE).ret == 1


def test_a_requirement_that_is_not_known_is_refused_with_what_was_meant(
    downstream: pytest.Pytester,
) -> None:
    result = run_plain(downstream, CODE, "--images-mock-require=refusal,expired-url")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*no failure is called 'expired-url'; did you mean expired_url?"])


def test_workers_of_xdist_add_up(downstream: pytest.Pytester) -> None:
    options = ["--images-mock-coverage-json=alone.json", "--images-mock-require=refusal"]
    assert run_plain(downstream, CODE, *options).ret == 0
    options = ["--images-mock-coverage-json=met.json", "--images-mock-require=refusal"]
    assert run_plain(downstream, CODE, "-n", "2", *options).ret == 0
    assert told(downstream) == told(downstream, "alone.json")
    assert met_by(told(downstream)) == {
        "expired_url": ["test_expired"],
        "refusal": ["test_refused"],
        "rate_limit": ["test_limited"],
    }


def test_a_shared_server_tells_it_too(downstream: pytest.Pytester) -> None:
    with ImagesMock() as mock:
        address = f"--images-mock-url={mock.address}"
        result = run_plain(downstream, CODE, address, "--images-mock-coverage-json=met.json")
    result.assert_outcomes(passed=4)
    assert set(met_by(told(downstream))) == {"expired_url", "refusal", "rate_limit"}


def test_the_file_has_the_whole_catalogue(downstream: pytest.Pytester) -> None:
    run_plain(downstream, CODE, "--images-mock-coverage-json=a/b/met.json")
    report = told(downstream, "a/b/met.json")
    states = {one["id"]: one["state"] for one in report["failures"]}
    assert states["refusal"] == "met"
    assert states["quota"] == "never met"
    assert states["stream_error"] == "out of reach"
    assert report["tests"] == 4
    assert report["never_met"] == [kind for kind, state in states.items() if state == "never met"]


def test_a_file_that_cannot_be_written_is_told_and_ends_nothing(
    downstream: pytest.Pytester,
) -> None:
    downstream.mkdir("met.json")
    result = run_plain(downstream, CODE, "--images-mock-coverage-json=met.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["images_mock_coverage_json: *met.json can't be written: *"])


def test_nothing_of_it_is_loaded_where_nobody_asks(downstream: pytest.Pytester) -> None:
    code = """
    import sys
    def test_light(images_mock):
        poster("a fox")
        found = [name for name in sys.modules if name.startswith("mockserver.")]
        assert not [name for name in found if "judging" in name or "failures" in name]
        assert not {"mockserver.pytest_plugin.coverage", "mockserver.pytest_plugin.coverage.tally"} & {*found}
    """
    run_plain(downstream, code).assert_outcomes(passed=1)


# -- the page ----------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append(tag)
        self.links += [known["href"] or ""] if "href" in known else []
        self.pictures += [known["src"] or ""] if "src" in known else []
        self.ids += [known["id"] or ""] if "id" in known else []

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(downstream: pytest.Pytester, code: str, *options: str) -> str:
    """The page of a run."""
    result = run_plain(downstream, code, "--images-mock-coverage-html=met.html", *options)
    result.assert_outcomes(passed=code.count("def test_"))
    return (downstream.path / "met.html").read_text("utf-8")


def test_the_page_has_its_pictures_in_it_and_asks_nobody(downstream: pytest.Pytester) -> None:
    page = Page(page_of(downstream, CODE))
    assert len(page.pictures) == 3
    assert all(src.startswith("data:image/webp;base64,") for src in page.pictures)
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert "images_mock.next.then(quota=True)" in page.text


def test_the_page_of_the_same_tests_is_the_same_on_any_number_of_workers(
    downstream: pytest.Pytester,
) -> None:
    assert page_of(downstream, CODE) == page_of(downstream, CODE, "-n", "2")


@pytest.mark.parametrize(
    "prompt",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "\u202egnp.xof \x00\x07 \ud800",
        "fox " * 20_000,
    ],
)
def test_no_prompt_becomes_part_of_the_page(downstream: pytest.Pytester, prompt: str) -> None:
    text = page_of(downstream, FOX.format(prompt=prompt[:900]))
    page = Page(text)
    assert "script" not in page.tags
    assert page.tags.count("img") == len(page.pictures) <= 1
    assert "49" not in re.findall(r"class=\"prompt\">(.*?)<", text)
    assert len(text) < 60_000


def test_what_was_made_of_an_upload_is_not_drawn_again(downstream: pytest.Pytester) -> None:
    code = """
    def test_edit(images_mock):
        import io
        from PIL import Image
        file = io.BytesIO()
        Image.new("RGBA", (64, 64)).save(file, "PNG")
        body = b"".join([
            b'--x\\r\\nContent-Disposition: form-data; name="prompt"\\r\\n\\r\\na hat\\r\\n',
            b'--x\\r\\nContent-Disposition: form-data; name="image"; filename="a.png"\\r\\n',
            b"Content-Type: image/png\\r\\n\\r\\n", file.getvalue(), b"\\r\\n--x--\\r\\n"])
        head = {"Authorization": f"Bearer {KEY}", "Content-Type": "multipart/form-data; boundary=x"}
        images_mock.next.error("internal")
        with pytest.raises(HTTPError) as failed: urlopen(Request(f"{URL}/images/edits", body, head))
        failed.value.close()
    """
    page = Page(page_of(downstream, code))
    assert page.pictures == []
    assert "of an upload" in page.text


def test_thumbnails_are_small(downstream: pytest.Pytester) -> None:
    page = Page(page_of(downstream, CODE))
    assert max(map(len, page.pictures)) < 8_000


def test_the_catalogue_of_the_docs_is_that_of_the_facts() -> None:
    from mockserver.facts.failures import failures

    text = (Path(__file__).parents[2] / "docs" / "failures.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)
    assert rows == [(one.id, one.title) for one in failures().values()]


def test_a_verdict_tells_what_was_never_met(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, CODE, "--images-mock-verdict")
    result.stdout.re_match_lines([r"never met by any test: .* \(16 of 19 kinds of failure\)"])
    result.stdout.no_fnmatch_line("*coverage of failures*")
