"""What docs/ci.md shows: its jobs by the schemas of their services, its commands and its test by a run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from mockserver.settings import BY_NAME
from mockserver.testing import ImagesMock
from tests.packaging.engine import engine
from tests.packaging.schemas import judged, needs
from tests.test_cli import environment
from tests.test_verdict_page_of_docs import on_a_free_port, run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "ci.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


GITHUB, GITLAB, COMPOSE = map(yaml.safe_load, blocks("yaml"))
ACTIONS: dict[str, dict[str, Any]] = {
    place: yaml.safe_load((ROOT / place / "action.yml").read_text("utf-8"))
    for place in (".", ".github/actions/finish")
}


def test_the_job_uses_the_actions_by_inputs_that_there_are() -> None:
    steps = [step for step in GITHUB["jobs"]["test"]["steps"] if "openai-images-mock" in str(step)]
    for step, (place, action) in zip(steps, ACTIONS.items(), strict=True):
        path = step["uses"].split("@")[0].removeprefix("team/openai-images-mock").strip("/")
        assert (path or ".") == place
        assert step.get("with", {}).keys() <= action["inputs"].keys()
    assert steps[-1]["if"] == "always()"


def test_each_input_and_output_is_told() -> None:
    for action in ACTIONS.values():
        for name in [*action["inputs"], *action["outputs"]]:
            assert f"`{name}`" in TEXT


def test_each_variable_is_a_setting() -> None:
    named = set(re.findall(r"IMAGES_MOCK_([A-Z_]+)", TEXT))
    assert named <= {name.upper().replace("-", "_") for name in BY_NAME}


@pytest.mark.packaging
@pytest.mark.parametrize(
    ("document", "schema"),
    [(GITHUB, "github-workflows"), (GITLAB, "gitlab-ci"), (COMPOSE, "compose-spec")],
    ids=["github", "gitlab", "compose"],
)
def test_a_file_is_one_by_its_schema(document: Any, schema: str) -> None:
    assert judged(document, schema) == []


@pytest.mark.packaging
def test_the_devcontainer_starts_a_mock_where_its_variables_lead(tmp_path: Path) -> None:
    [shown] = map(json.loads, blocks("json"))
    assert shown["containerEnv"]["OPENAI_BASE_URL"] == "http://127.0.0.1:6780/v1"
    command = shown["postStartCommand"].replace(" wait --port 6780", " wait")
    lines = on_a_free_port(f"{command}", "./your-tests")
    assert "--port 0" in lines
    done = run(
        lines.replace(" --timeout 60s", " --timeout 30s"), tmp_path, OPENAI_API_KEY="sk-mock-me"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.packaging
def test_testcontainers_starts_waits_and_finds_the_address(tmp_path: Path) -> None:
    needs("testcontainers")
    [shown] = blocks("python")
    (tmp_path / "test_it.py").write_text(shown)
    with ImagesMock() as mock:
        port = urlsplit(mock.url).port
        assert port
        with engine(port) as docker:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:images_mock", "test_it.py"],
                cwd=tmp_path,
                env=environment(
                    DOCKER_HOST=f"tcp://127.0.0.1:{docker.server_address[1]}",
                    TESTCONTAINERS_RYUK_DISABLED="true",
                    TESTCONTAINERS_CONNECTION_MODE="docker_host",  # also where CI is a container
                    NO_PROXY="127.0.0.1",
                ),
                capture_output=True,
                text=True,
                timeout=120,
            )
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = docker.created
    assert made["Image"] == "images-mock:0.2.0"
    assert "IMAGES_MOCK_TIER=2" in made["Env"]
    assert [*made["ExposedPorts"]] == ["6780/tcp"]
    assert docker.calls[-1].startswith("DELETE /containers/")
