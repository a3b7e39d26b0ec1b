"""What each script under findings/ has to say of itself; none is run here, as they install packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FINDINGS = Path(__file__).parent.parent / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
TABLE = (FINDINGS / "README.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| \[`(.+?)`\]\(\1\) \|(.+)\|$", TABLE, re.MULTILINE))
PIN = re.compile(r"[@\w][\w./-]*(?:==|@)\d[\w.]*")

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def head(script: Path) -> str:
    """The comment at the top, without the line that names the shell."""
    _, *lines = script.read_text("utf-8").splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in comment)


def body(script: Path) -> str:
    return script.read_text("utf-8").partition("\nset -euo pipefail\n")[2]


def test_there_are_findings() -> None:
    assert len(SCRIPTS) >= 12


def test_the_table_names_every_script_and_no_other() -> None:
    assert sorted(ROWS) == [script.name for script in SCRIPTS]


@each_script
def test_it_can_be_run_and_parsed(script: Path) -> None:
    assert os.access(script, os.X_OK)
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", script], check=True)


@each_script
def test_its_head_tells_packages_date_output_and_why(script: Path) -> None:
    told = re.fullmatch(
        r"(?P<sentence>.+?\.)\nPackages: (?P<packages>.+)\n"
        r"Seen: \d{4}-\d\d-\d\d(, Python 3\.\d+)?\n"
        r"Output:\n(?P<output>(?:  .+\n)+)Matters: .+",
        head(script),
        re.DOTALL,
    )
    assert told
    assert PIN.search(told["packages"])


@each_script
def test_what_it_installs_is_pinned_and_named_in_its_head_and_in_the_table(script: Path) -> None:
    installs = re.findall(r"(?:pip\"|npm) install ((?:.*\\\n)*.*)", body(script))
    words = [word for install in installs for word in install.replace("\\", " ").split()]
    packages = {word for word in words if not re.match(r'--|"\$dir"$', word)}
    assert packages
    assert all(PIN.fullmatch(package) for package in packages)
    assert packages == set(PIN.findall(head(script)))
    assert packages == set(PIN.findall(ROWS[script.name]))


@each_script
def test_it_leaves_nothing_behind_and_fails_when_the_behaviour_has_changed(script: Path) -> None:
    lines = body(script).splitlines()
    assert "dir=$(mktemp -d)" in lines
    assert """trap 'rm -rf "$dir"' EXIT""" in lines
    assert lines[-1] == """diff <(sed -n 's/^#   //p' "$0") "$dir/seen\""""


@each_script
def test_it_listens_on_loopback_at_a_free_port_and_needs_nothing_of_this_product(
    script: Path,
) -> None:
    text = body(script)
    assert not re.search(r"images.mock|mockserver", text)
    for address in re.findall(r"(?:HTTPServer\(\(|listen\()(.+?)[),]", text):
        assert address in {'"127.0.0.1"', "0"}
