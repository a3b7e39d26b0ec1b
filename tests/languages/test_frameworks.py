"""docs/test-frameworks.md: each recipe passes under its framework, starts its server and ends it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.languages.table import HERE, done, needed, shown

RECIPES = HERE / "frameworks"
PAGE = HERE.parent.parent / "docs" / "test-frameworks.md"


class Framework(NamedTuple):
    name: str
    files: tuple[str, ...]
    probe: tuple[str, ...]  # ends with 0 where all that it needs is there
    debian: str  # the packages that bring it
    run: tuple[str, ...]  # in a folder that has the files
    passed: str  # what it prints when all of them passed
    build: tuple[str, ...] = ()  # before that, in that folder


JUNIT = "/usr/share/java/junit-platform-console-standalone.jar"
JUNIT_LINES = (  # as the page has them
    f"junit={JUNIT}",
    "javac -cp $junit *.java",
    "java -jar $junit --class-path . --scan-class-path",
)
RUBY = ("images_mock.rb", "poster.rb")
FRAMEWORKS = [
    Framework(
        "minitest",
        (*RUBY, "poster_test.rb"),
        ("ruby", "-rminitest", "-e", ""),
        "ruby ruby-minitest",
        ("ruby", "-w", "poster_test.rb"),
        "3 runs, 6 assertions, 0 failures, 0 errors, 0 skips",
    ),
    Framework(
        "RSpec",
        (*RUBY, "poster_spec.rb"),
        ("rspec", "--version"),
        "ruby-rspec",
        ("rspec", "poster_spec.rb"),
        "3 examples, 0 failures",
    ),
    Framework(
        "PHPUnit",
        ("ImagesMock.php", "poster.php", "PosterTest.php"),
        ("php", "-r", "curl_init() && exit(!`phpunit --version`);"),
        "phpunit php-curl",
        ("phpunit", "PosterTest.php"),
        "OK (3 tests, 4 assertions)",
    ),
    Framework(
        "Test::More",
        ("poster.t",),
        ("perl", "-MHTTP::Tiny", "-MJSON::PP", "-MTest::More", "-e", "1"),
        "perl",
        ("prove", "poster.t"),
        "All tests successful.",
    ),
    Framework(
        "JUnit",
        ("ImagesMock.java", "Poster.java", "PosterTest.java"),
        ("java", "-jar", JUNIT, "--help"),
        "default-jdk-headless junit5",
        ("bash", "-ec", "\n".join(JUNIT_LINES)),
        "[         3 tests successful      ]",
    ),
]


@pytest.mark.languages
@pytest.mark.parametrize("framework", FRAMEWORKS, ids=[each.name for each in FRAMEWORKS])
def test_a_recipe_passes_and_leaves_no_server(tmp_path: Path, framework: Framework) -> None:
    needed(framework.probe, framework.debian)
    for file in framework.files:
        shutil.copy(RECIPES / file, tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if framework.build:
        done(framework.build, tmp_path)
    ready = tmp_path / "address"  # is removed by a server that ends as it should
    told = done(framework.run, tmp_path, PATH=path, IMAGES_MOCK_READY_FILE=str(ready))
    assert framework.passed in told, told
    assert not ready.exists()


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_file_letter_for_letter() -> None:
    assert shown(PAGE) == {file.name: file.read_text("utf-8") for file in RECIPES.iterdir()}
    assert set(shown(PAGE)) == {file for framework in FRAMEWORKS for file in framework.files}
    assert "".join(f"$ {line}\n" for line in JUNIT_LINES) in PAGE.read_text("utf-8")


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_four_steps_in_a_shell(tmp_path: Path) -> None:
    [script] = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    program = tmp_path / "your_program"
    program.write_text(
        "#!/bin/sh\n"
        'curl -sf "$OPENAI_BASE_URL/images/generations" -H "Authorization: Bearer $OPENAI_API_KEY" '
        "-H 'Content-Type: application/json' -d '{\"prompt\": \"x\"}'\n"
    )
    program.chmod(0o755)
    needed(("curl", "--version"), "curl")
    path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    told = done(("bash", "-e", "-c", script), tmp_path, PATH=path)
    assert [line.strip() for line in told.splitlines()] == ["it gave up", '"status": 500,']
