"""docs/moving-from.md: each test runs as it is shown, before and after, beside the tool it moves from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import NamedTuple

import pytest

from tests.node import INSTALL, npm
from tests.promtool import free_port
from tests.terminal import File, steps

PAGE = Path(__file__).parent.parent / "docs" / "moving-from.md"
if not PAGE.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
PLUGIN = "mockserver.pytest_plugin"


def files(text: str) -> dict[str, str]:
    return {step.name: step.content for step in steps(text) if isinstance(step, File)}


def sections() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The files that are the same for all, and those of each section by its heading."""
    first, *others = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return files(first), {s.partition("\n")[0]: files(s) for s in others}


COMMON, SECTIONS = sections()
ONE_BY_ONE = SECTIONS.pop("One by one")
#: The plugins that a tool brings for pytest.
PLUGINS: Mapping[str, str] = {
    "pytest-httpx": "pytest_httpx",
    "pytest-httpx2": "pytest_httpx2",
    "vcrpy": "pytest_recording.plugin",
    "requests-mock": "requests_mock.contrib._pytest_plugin",
    "respx": "respx.plugin",
}
SERVERS = ("aimock", "WireMock")
IN_PROCESS = [heading for heading in SECTIONS if not heading.startswith(SERVERS)]


class Project(NamedTuple):
    """A folder of somebody else's, with the page's files in it."""

    pytester: pytest.Pytester

    def has(self, files: Mapping[str, str]) -> None:
        for name, content in files.items():
            path = self.pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")

    def passes(self, *files: str, plugins: str) -> None:
        """Each file passes, in one run with these plugins."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PYTEST_PLUGINS", plugins)
            result = self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *files)
        outcomes = result.parseoutcomes()
        outcomes.pop("warnings", None)
        assert set(outcomes) == {"passed"}, outcomes
        assert outcomes["passed"] >= len(files)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    made = Project(pytester)
    made.has(COMMON)
    return made


def need(heading: str) -> str:
    """The tool of a heading; skip where it is missing, which on CI is a fault of the installation."""
    name = heading.split()[0]
    try:
        version(name)
    except PackageNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not installed: pip install '.[neighbours]'")
    return name


@pytest.mark.neighbours
@pytest.mark.parametrize("heading", IN_PROCESS)
def test_a_suite_moves(project: Project, heading: str) -> None:
    name = need(heading)
    project.has(SECTIONS[heading])
    project.has(ONE_BY_ONE)
    plugins = ",".join(filter(None, (PLUGIN, PLUGINS.get(name))))
    project.passes("test_before.py", "test_after.py", plugins=plugins)


@pytest.mark.neighbours
@pytest.mark.parametrize("heading", ["WireMock 3.13.2", "responses 0.26.3"])
def test_a_suite_that_has_moved_needs_nothing_else(project: Project, heading: str) -> None:
    need("responses")  # which brings requests
    project.has(SECTIONS[heading])
    project.passes("test_after.py", plugins=PLUGIN)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The servers, as npm has them, in the versions of the page."""
    if not (shutil.which("npm") and shutil.which("java")) and not os.environ.get("CI"):
        pytest.skip("npm or java is not installed: Node.js 20 or newer, Java 17")
    folder = tmp_path_factory.mktemp("servers")
    named = re.findall(r"^npx (\S+@[\d.]+) ", PAGE.read_text("utf-8"), re.MULTILINE)
    done = npm(folder, *INSTALL, *named)
    assert done.returncode == 0, done.stderr
    return folder


@contextmanager
def serving(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """A server that is not ours, once it listens."""
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until = monotonic() + 120
        while not listens(port):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert monotonic() < until
            sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def listens(port: int) -> bool:
    with socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


#: What npx runs, and what the page has for a port.
STARTS = {
    "aimock": ("node", "@copilotkit/aimock/dist/cli.js", "4010"),
    "WireMock": ("java -jar", "wiremock/build/*.jar", "8089"),
}


@pytest.mark.javascript
@pytest.mark.parametrize("name", SERVERS)
def test_a_suite_moves_from_another_server(project: Project, packages: Path, name: str) -> None:
    runtime, program, port = STARTS[name]
    free = free_port()
    section = next(files for heading, files in SECTIONS.items() if heading.startswith(name))
    project.has({file: text.replace(port, str(free)) for file, text in section.items()})
    # npx itself would leave its child behind.
    typed = re.search(rf"^npx \S*{name.lower()}@\S+ (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert typed
    (file,) = (packages / "node_modules").glob(program)
    command = [*runtime.split(), str(file), *typed[1].replace(port, str(free)).split()]
    with serving(command, project.pytester.path, free):
        project.passes("test_before.py", plugins="")
    project.passes("test_after.py", plugins=PLUGIN)
