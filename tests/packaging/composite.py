"""Runs the steps of a composite action as GitHub's runner does: environment files, expressions, `if`.

What an action `uses` is noted, and not run. An expression or a condition of another form than those here
is an error, so that no step is passed over in silence.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
_NOT_EMPTY = re.compile(r"([\w.-]+) != ''")


@dataclass
class Job:
    """A job on a runner: what its steps have left for the next ones."""

    temp: Path
    environment: dict[str, str]
    output: str = ""
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def run(self, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A step of the job's own, as `run:` without `shell:` has it."""
        return self._bash(line, variables)

    def use(self, action: Path, **inputs: str) -> dict[str, str]:
        """A composite action; its outputs, and `conclusion`."""
        document: dict[str, Any] = yaml.safe_load(action.read_text("utf-8"))
        known = {name: str(one.get("default", "")) for name, one in document["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= known.keys()
        values = {f"inputs.{name}": value for name, value in (known | given).items()}
        values["github.action_path"] = str(action.parent)
        has_failed = False
        for step in document["runs"]["steps"]:
            if _is_run(step.get("if", "success()"), values, has_failed):
                has_failed |= not self._step(step, values)
        told = {name: _filled(o["value"], values) for name, o in document["outputs"].items()}
        return told | {"conclusion": "failure" if has_failed else "success"}

    def _step(self, step: dict[str, Any], values: dict[str, str]) -> bool:
        if "uses" in step:
            self.used.append(
                (step["uses"], {k: _filled(v, values) for k, v in step["with"].items()})
            )
            return True
        assert step["shell"] == "bash"
        variables = {name: _filled(value, values) for name, value in step.get("env", {}).items()}
        outputs = self.temp / "_output"
        outputs.write_text("")
        done = self._bash(_filled(step["run"], values), variables)
        for name, value in _lines(outputs):
            values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0

    def _bash(self, line: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """What the runner does with a line: a file, and its own files for what comes next."""
        script, left, paths = (self.temp / name for name in ("_script.sh", "_env", "_path"))
        script.write_text(line)
        for file in (left, paths):
            file.write_text("")
        said = self.temp / "_said"
        files = {"GITHUB_ENV": left, "GITHUB_PATH": paths, "GITHUB_OUTPUT": self.temp / "_output"}
        with said.open("w") as told:  # a file: what goes on in the background holds no pipe open
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                env=self.environment | {k: str(v) for k, v in files.items()} | variables,
                cwd=self.temp.parent,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                text=True,
                timeout=240,
            )
        done.stdout = said.read_text("utf-8")
        self.output += done.stdout
        self.environment |= dict(_lines(left))
        for path in paths.read_text("utf-8").split():
            self.environment["PATH"] = f"{path}{os.pathsep}{self.environment['PATH']}"
        return done


def job_in(directory: Path) -> Job:
    """A job, whose files are in a directory, and which knows nothing of this project."""
    temp = directory / "temp"
    temp.mkdir()
    kept = {
        k: os.environ[k] for k in ("PATH", "HOME", "LANG", "PIP_CONFIG_FILE") if k in os.environ
    }
    kept |= {k: v for k, v in os.environ.items() if k.startswith("PIP_INDEX")}
    return Job(temp, kept | {"RUNNER_TEMP": str(temp)})


def _lines(file: Path) -> list[tuple[str, str]]:
    pairs = [line.partition("=") for line in file.read_text("utf-8").splitlines()]
    assert all(equals for _, equals, _ in pairs)
    return [(name, value) for name, _, value in pairs]


def _filled(text: str, values: dict[str, str]) -> str:
    filled = _EXPRESSION.sub(
        lambda found: (
            values[found[1]]
            if found[1].startswith(("inputs.", "github."))
            else values.get(found[1], "")
        ),
        text,
    )
    assert "${{ " not in _EXPRESSION.sub("", text), text
    return filled


def _is_run(condition: str, values: dict[str, str], has_failed: bool) -> bool:
    """Whether a step is run; parts joined by `&&` alone are known."""
    parts = condition.split(" && ")
    is_always = "always()" in parts
    others = [part for part in parts if part not in ("always()", "success()")]
    wanted = [_NOT_EMPTY.fullmatch(part) for part in others]
    assert all(wanted), condition
    return (is_always or not has_failed) and all(values.get(w[1], "") for w in wanted if w)
