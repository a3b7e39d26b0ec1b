"""The GitHub Action and its end: each shell line is run, as the runner does, around a program's tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from mockserver.client.journal_file import read_from
from tests.packaging.composite import Job, job_in

ROOT = Path(__file__).parents[2]
START, FINISH = ROOT / "action.yml", ROOT / ".github" / "actions" / "finish" / "action.yml"
if not START.exists():
    pytest.skip("the action is not beside the wheel", allow_module_level=True)
#: That of these tests, so that nothing needs to be installed.
COMMAND = str(Path(sys.executable).parent / "images-mock")
#: A program that tells the vendor whose pictures they are.
PROGRAM = f"""{sys.executable} - <<'end'
import json, os, urllib.request
urllib.request.urlopen(urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/images/generations",
    json.dumps({{"model": "gpt-image-2", "prompt": PROMPT, "user": "jane@example.com"}}).encode(),
    {{"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"}},
))
end
"""
FOX = PROGRAM.replace("PROMPT", "'a fox'")


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    made = job_in(tmp_path)
    yield made
    if (pid := made.temp / "images-mock" / "pid").exists():
        subprocess.run(["kill", pid.read_text().strip()], check=False, stderr=subprocess.DEVNULL)


def is_gone(job: Job) -> bool:
    pid = (job.temp / "images-mock" / "pid").read_text().strip()
    # One that has ended and that nobody waited for is gone, too.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z " in state.read_text()


def lines_of(action: Path) -> list[str]:
    steps = yaml.safe_load(action.read_text("utf-8"))["runs"]["steps"]
    return [step["run"] for step in steps if "run" in step]


@pytest.mark.parametrize("action", [START, FINISH], ids=["start", "finish"])
def test_no_input_becomes_a_part_of_a_shells_lines(action: Path) -> None:
    assert len(lines_of(action)) >= 2
    assert [line for line in lines_of(action) if "${{" in line] == []


@pytest.mark.parametrize("action", [START, FINISH], ids=["start", "finish"])
def test_each_input_is_read(action: Path) -> None:
    text = action.read_text("utf-8")
    for name in yaml.safe_load(text)["inputs"]:
        assert f"inputs.{name} " in text


def test_what_others_wrote_is_used_by_its_whole_hash() -> None:
    files = [START, *(ROOT / ".github").rglob("*.yml")]
    used = [
        u for file in files for u in re.findall(r"^\s*-?\s*uses: (.+)$", file.read_text(), re.M)
    ]
    assert len(used) > 5
    assert [u for u in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+|\./.*", u)] == []


@pytest.mark.packaging
@pytest.mark.parametrize("action", [START, FINISH], ids=["start", "finish"])
def test_shellcheck_finds_nothing(action: Path, tmp_path: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("there is no shellcheck")
    for number, line in enumerate(lines_of(action)):
        script = tmp_path / f"{number}.sh"
        script.write_text(f"set -eo pipefail\n{line}")
        done = subprocess.run([shellcheck, "--shell=bash", script], capture_output=True, text=True)
        assert done.stdout == ""


@pytest.mark.packaging
def test_it_installs_starts_leads_judges_keeps_and_ends(job: Job) -> None:
    before = job.run("command -v python3").stdout
    told = job.use(START, as_of="2026-10-01", tier="2", args="--latency 1ms\n--seed 7")
    assert told["conclusion"] == "success", job.output
    assert told["base-url"] == f"{told['url']}/v1" == job.environment["OPENAI_BASE_URL"]
    assert job.run(FOX).returncode == 0
    # The command leads to this server, and the job's own Python is the same as before.
    said = job.run("images-mock log; command -v images-mock").stdout
    assert " 200 images.generate gpt-image-2 " in said
    assert str(job.temp / "images-mock" / "bin" / "images-mock") in said
    assert job.run("command -v python3").stdout == before != ""

    told = job.use(FINISH)
    assert (told["conclusion"], told["found"]) == ("failure", "true")
    assert "::warning title=images-mock%3A personal-data-in-user::" in job.output
    kept = Path(told["directory"])
    journal = read_from((kept / "journal.json").read_bytes())
    assert len(journal["requests"]) == 1
    settings = journal["settings"]
    assert (settings["tier"], settings["as-of"]) == ("2", "2026-10-01")
    results = json.loads((kept / "verdict.sarif").read_text("utf-8"))["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["personal-data-in-user"]
    assert len(ElementTree.parse(kept / "verdict.xml").findall(".//failure")) == 1
    assert "READY" in (kept / "server.log").read_text("utf-8")
    [(action, inputs)] = job.used
    assert action.startswith("actions/upload-artifact@")
    assert inputs == {"name": "images-mock", "path": str(kept)}
    assert is_gone(job)


@pytest.mark.packaging
def test_a_job_without_faults_passes_and_one_that_shall_never_fail_tells_them(job: Job) -> None:
    job.use(START, command=COMMAND)
    assert job.run(FOX.replace("jane@example.com", "7f3a")).returncode == 0
    told = job.use(FINISH, artifact="")
    assert (told["conclusion"], told["found"]) == ("success", "false"), job.output
    assert job.used == []
    shutil.rmtree(job.temp / "images-mock")

    job.use(START, command=COMMAND)
    assert job.run(FOX).returncode == 0
    told = job.use(FINISH, least="never")
    assert told["conclusion"] == "success"
    assert "::warning title=images-mock%3A personal-data-in-user::" in job.output


@pytest.mark.packaging
def test_what_is_ignored_fails_nothing_and_what_is_wrongly_named_says_so(job: Job) -> None:
    job.use(START, command=COMMAND)
    job.run(FOX)
    told = job.use(FINISH, ignore="personal-data-in-user")
    assert (told["conclusion"], told["found"]) == ("success", "false"), job.output
    shutil.rmtree(job.temp / "images-mock")
    job.use(START, command=COMMAND)
    assert job.use(FINISH, least="grave")["conclusion"] == "failure"
    assert "'grave'" in job.output
    assert is_gone(job)


@pytest.mark.packaging
def test_a_server_that_does_not_start_shows_its_log_and_nothing_in_it_is_a_command(
    job: Job,
) -> None:
    told = job.use(START, command=COMMAND, tier="::error::platinum")
    assert told["conclusion"] == "failure"
    assert "OPENAI_BASE_URL" not in job.environment
    heard = as_heard(job.output)
    assert heard == ["::error::images-mock did not start: its log is above."]
    assert "must be one of" in job.output


@pytest.mark.packaging
def test_it_is_started_once_in_a_job_and_has_nothing_to_judge_without_a_start(job: Job) -> None:
    assert job.use(FINISH)["conclusion"] == "failure"
    assert "There is no images-mock to be judged" in job.output
    assert job.use(START, command=COMMAND)["conclusion"] == "success"
    assert job.use(START, command=COMMAND)["conclusion"] == "failure"
    assert "is started already" in job.output


@pytest.mark.packaging
def test_a_server_that_was_killed_is_told_and_its_log_kept(job: Job) -> None:
    job.use(START, command=COMMAND)
    pid = int((job.temp / "images-mock" / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    while not is_gone(job):
        pass
    told = job.use(FINISH)
    assert told["conclusion"] == "failure"
    [error] = [line for line in as_heard(job.output) if line.startswith("::error::")]
    assert error.startswith("::error::The journal could not be had")
    assert "READY" in (Path(told["directory"]) / "server.log").read_text("utf-8")
    assert len(job.used) == 1


@pytest.mark.packaging
def test_a_prompt_is_no_command_to_the_runner(job: Job) -> None:
    job.use(START, command=COMMAND)
    hostile = "'x\\n::error::gotcha ##[error]gotcha'"
    assert job.run(PROGRAM.replace("PROMPT", hostile)).returncode == 0
    job.use(FINISH)
    assert "gotcha" in job.output
    assert [line for line in as_heard(job.output) if line.startswith(("::error::", "##"))] == []


def as_heard(output: str) -> list[str]:
    """The lines of an output that a runner takes for commands."""
    heard, quiet = [], ""
    for line in output.splitlines():
        if quiet:
            quiet = "" if line.strip() == f"::{quiet}::" else quiet
        elif line.lstrip().startswith("::stop-commands::"):
            quiet = line.strip().removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            heard.append(line)
    return heard


#: What each kind of quoting would be left by.
ATTACK = "\"; touch pwned; $(touch pwned) `touch pwned` ' ; touch pwned #"


@pytest.mark.packaging
@pytest.mark.parametrize("name", ["as_of", "tier", "port", "args", "python", "command"])
def test_no_input_is_run(name: str, job: Job, tmp_path: Path) -> None:
    given = {"command": "" if name == "python" else COMMAND} | {name: ATTACK}
    assert job.use(START, **given)["conclusion"] == "failure"
    assert [*tmp_path.rglob("pwned")] == []


@pytest.mark.packaging
def test_no_input_of_the_end_is_run(job: Job, tmp_path: Path) -> None:
    job.use(START, command=COMMAND)
    assert job.use(FINISH, least=ATTACK, ignore=ATTACK)["conclusion"] == "failure"
    assert [*tmp_path.rglob("pwned")] == []
