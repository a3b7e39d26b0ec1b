"""The recipes for JavaScript: run with the real SDK under each runner, and shown in the docs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from mockserver.testing import ImagesMock
from tests.node import installed, run

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "tests" / "javascript" / "recipes"
CLIENT = ROOT / "clients" / "node"
PAGE = ROOT / "docs" / "javascript.md"
FILES = sorted(path for path in RECIPES.rglob("*") if path.is_file())
#: How many tests of a run have passed, as each runner tells it.
PASSED: Mapping[str, str] = {
    "vitest": r"Tests  (\d+) passed \(",
    "jest": r"^Tests: +(\d+) passed, \d+ total$",
    "node": r"^\S+ pass (\d+)$",
}
#: What a type checker wants beside the recipes, and what is tried beside them.
MORE = ("typescript@5.9.3", "@types/node@20.19.25", "nock@14.0.17", "undici@6.22.0")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the recipes with their packages installed, and the client as it would be published."""
    packs = tmp_path_factory.mktemp("pack")
    packed = run(CLIENT, "npm", "pack", "--pack-destination", str(packs))
    assert packed.returncode == 0, packed.stderr
    tarball = packs / packed.stdout.strip()
    return installed(tmp_path_factory, "recipes", RECIPES.iterdir(), str(tarball), *MORE)


def passed(project: Path, runner: str, *more: str, **variables: str) -> int:
    """How many tests of a runner passed; none may fail."""
    variables |= {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0"}
    done = run(project, "npm", "run", "--silent", runner, "--", *more, **variables)
    said = _COLOURS.sub("", done.stdout + done.stderr)
    assert done.returncode == 0, said
    found = re.search(PASSED[runner], said, re.MULTILINE)
    assert found, said
    return int(found[1])


@pytest.mark.javascript
@pytest.mark.parametrize("runner", PASSED)
def test_a_recipe_starts_a_server_or_shares_one_with_a_key_for_each_file(
    project: Path, server: ImagesMock, runner: str
) -> None:
    alone = passed(project, runner)
    assert alone == (8 if runner == "node" else 5)
    [file] = (project / runner).glob("poster.test.*")
    again = file.with_name(file.name.replace("poster", "again"))
    shutil.copy(file, again)
    before = sandboxes(server)
    more = [f"{runner}/{again.name}"] if runner == "node" else []
    assert passed(project, runner, *more, IMAGES_MOCK_URL=server.url) == alone + 5
    if runner == "vitest":  # the files share the program, and its client
        more = ["--no-isolate", "--no-file-parallelism"]
        assert passed(project, runner, *more, IMAGES_MOCK_URL=server.url) == alone + 5
    again.unlink()
    added = sandboxes(server) - before
    assert (
        added >= 2
    )  # node:test's has some more: its runner, and a key for each of the other tests


def sandboxes(server: ImagesMock) -> int:
    return len(httpx2.get(f"{server.address}/_mock/sandboxes", trust_env=False).json()["sandboxes"])


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_file_letter_for_letter() -> None:
    page = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = dict(page.findall(PAGE.read_text("utf-8")))
    files = {str(file.relative_to(RECIPES)): file.read_text("utf-8") for file in FILES}
    assert shown == files
