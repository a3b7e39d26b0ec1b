"""Completion in a real bash: what it offers at a place of a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import environment, run

pytestmark = pytest.mark.packaging
#: Completes a line as bash does at its end, and prints what is offered. There is no compopt outside of a real completion.
COMPLETED = """
eval "$(images-mock completion bash)"
compopt() { kind=$*; }
line=$1
IFS=' ' read -r -a COMP_WORDS <<< "$line"
[[ $line != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
function=$(complete -p images-mock | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
$function images-mock "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}" ${kind:+"<$kind>"}
"""


def offered(line: str) -> list[str]:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", COMPLETED, "bash", line],
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_are_offered_also_those_that_are_loaded_later() -> None:
    assert {"serve", "wait", "contract", "journal", "verdict"} <= {*offered("images-mock ")}
    assert offered("images-mock ver") == ["verdict"]
    assert offered("images-mock journal s") == ["save", "show"]
    assert "run" in offered("images-mock contract ")


def test_flags_are_offered_also_where_serve_is_not_named() -> None:
    assert offered("images-mock serve --ti") == offered("images-mock --ti") == ["--tier"]
    assert "--version" in offered("images-mock --v")
    assert offered("images-mock verdict --le") == ["--least"]


def test_values_of_flags_are_offered() -> None:
    tiers = ["free", "1", "2", "3", "4", "5", "off"]
    assert offered("images-mock --tier ") == offered("images-mock serve --tier ") == tiers
    assert offered("images-mock --log-format j") == ["json"]
    assert offered("images-mock --lint-against gpt-image-1-") == ["gpt-image-1-mini"]
    assert offered("images-mock --limits m") == ["model-page", "measured-2024"]
    assert offered("images-mock verdict --format s") == ["sarif"]
    assert offered("images-mock --seed ") == []


def test_days_are_offered_on_which_something_changed() -> None:
    days = offered("images-mock --as-of ")
    assert days[0] == "today"
    assert "2026-05-12" in days  # the end of DALL·E 2
    assert offered("images-mock --as-of t") == ["today"]
    assert offered("images-mock explain --as-of 2026-05-12") == ["2026-05-12"]


def test_files_are_offered_where_a_file_is_meant() -> None:
    assert offered("images-mock --ready-file ") == ["<-o", "default>"]
    assert offered("images-mock --facts ") == ["<-o", "dirnames>"]
    assert offered("images-mock identify ") == ["<-o", "default>"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_are_lines_for_other_shells(shell: str) -> None:
    lines = run("completion", shell).stdout
    assert f"_IMAGES_MOCK_COMPLETE={shell}_complete" in lines
    found = shutil.which(shell)
    if found:
        assert subprocess.run([found, "-n"], input=lines, text=True, timeout=60).returncode == 0
