"""What docs/verdict-ci.md shows: its lines are run, its jobs can be read, its files are as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from mockserver.client.journal_file import read_from
from mockserver.client.verdict.told import SEVERITIES
from mockserver.commands.verdict import verdict
from tests.test_cli import environment

ROOT = Path(__file__).parent.parent
if not (ROOT / "docs").exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
TEXT = (ROOT / "docs" / "verdict-ci.md").read_text("utf-8")
#: A program that tells the vendor whose pictures they are, and takes its tests for passed.
TESTS = f"""#!{sys.executable}
import json, os, urllib.request
for number in range(3):
    urllib.request.urlopen(urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/images/generations",
        json.dumps({{"model": "gpt-image-2", "prompt": f"fox {{number}}", "user": "jane@example.com"}}).encode(),
        {{"Authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "sk-mock-me"), "Content-Type": "application/json"}},
    ))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def run(script: str, place: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a script, beside tests of a program, on a port of its own."""
    tests = place / "your-tests"
    tests.write_text(TESTS)
    tests.chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script],
        cwd=place,
        env=environment(**variables, PATH=path),
        capture_output=True,
        text=True,
        timeout=60,
    )


def on_a_free_port(*lines: str) -> str:
    """Lines for a fixed port, at whatever port is free; the server ends with the script."""
    text = "\n".join(lines)
    assert "--port 6780" in text
    begin = "trap 'kill $!' EXIT\nexport IMAGES_MOCK_READY_FILE=mock.address\n"
    text = text.replace("--port 6780", "--port 0")
    wait, _, rest = text.partition("--timeout 30s\n")
    lead = 'export OPENAI_BASE_URL="$(cat mock.address)/v1"\n'
    return f"{begin}{wait}--timeout 30s\n{lead}{rest}"


def test_the_lines_of_the_shell_end_with_5_and_leave_no_server(tmp_path: Path) -> None:
    done = run(blocks("sh")[0], tmp_path)
    assert done.returncode == 5, done.stderr
    assert "[personal-data-in-user]" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["your-tests"]


def steps(job: dict[str, Any]) -> list[str]:
    """What a job runs, but for installing."""
    lines = job.get("script") or [step["run"] for step in job["steps"] if "run" in step]
    return [line for line in lines if not line.startswith("pip ")]


@pytest.mark.slow
def test_the_job_of_github_annotates_what_was_found_and_what_it_kept_is_judged_again(
    tmp_path: Path,
) -> None:
    (job,) = yaml.safe_load(blocks("yaml")[0])["jobs"].values()
    again = ["result=$?", "set -e", blocks("sh")[2], 'exit "$result"']
    done = run(on_a_free_port(*steps(job), *again), tmp_path)
    assert done.returncode == 5, done.stderr
    annotation, heading, *shown = done.stdout.splitlines()[1:]
    assert annotation.startswith("::warning title=images-mock%3A personal-data-in-user::")
    assert heading == shown[3] == "images-mock verdict: 1 finding in 3 requests"
    assert all(" 200 images.generate gpt-image-2 " in line for line in shown[:3])
    assert 'operation = "images.generate"' in (tmp_path / "mine.toml").read_text("utf-8")
    assert len(read_from((tmp_path / "journal.json").read_bytes())["requests"]) == 3
    kept = next(step["with"]["path"] for step in job["steps"] if "with" in step)
    assert kept == "journal.json"


def test_what_pytest_found_has_a_place_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n" + indent(TESTS, "    "))
    done = run(blocks("sh")[1], tmp_path)
    assert done.returncode == 5, done.stderr + done.stdout
    results = json.loads((tmp_path / "verdict.sarif").read_text("utf-8"))["runs"][0]["results"]
    (place,) = (one["locations"][0]["physicalLocation"] for one in results)
    assert place["artifactLocation"]["uri"] == "test_it.py"


@pytest.mark.slow
def test_the_job_of_gitlab_reports_a_test_case_and_fails(tmp_path: Path) -> None:
    (job,) = yaml.safe_load(blocks("yaml")[1]).values()
    done = run("set -e\n" + on_a_free_port(*steps(job)), tmp_path)
    assert done.returncode == 5, done.stderr
    assert "<failure" in (tmp_path / job["artifacts"]["reports"]["junit"]).read_text("utf-8")


def test_the_file_is_as_it_is_shown() -> None:
    (shown,) = blocks("json")
    assert read_from(shown.encode()) == json.loads(shown)


def test_each_option_and_each_severity_is_told() -> None:
    told = set(re.findall(r"`(--[a-z-]+)", TEXT))
    own = {
        f"--{'journal' if p.name == 'file' else 'format' if p.name == 'form' else p.name}"
        for p in verdict.params
    }
    assert own - told <= {
        "--config",
        "--host",
        "--control-token",
        "--control_token",
        "--ready_file",
    }
    assert all(f"`{severity}`" in TEXT for severity in SEVERITIES)
