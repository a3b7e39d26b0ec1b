"""The languages of docs/languages.md: what each needs, and how its program is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
#: What a server says at its start, whatever the log.
GREETING = re.compile(r"^images-mock .*\nLook at it in a browser: .*\n", re.MULTILINE)


class Language(NamedTuple):
    program: str  # a file here, and the name of a table's row
    probe: tuple[str, ...]  # ends with 0 where all that it needs is there
    debian: str  # the packages that bring it
    run: tuple[str, ...]  # in a folder that has the program
    build: tuple[str, ...] = ()  # before that, in that folder


LANGUAGES = [
    Language("fox.mjs", ("node", "-e", "fetch"), "nodejs", ("node", "fox.mjs")),
    Language(
        "fox.rb", ("ruby", "-rjson", "-rnet/http", "-e", ""), "ruby", ("ruby", "-w", "fox.rb")
    ),
    Language("fox.php", ("php", "-r", "new CURLFile('');"), "php-cli php-curl", ("php", "fox.php")),
    Language("fox-streams.php", ("php", "-v"), "php-cli", ("php", "fox-streams.php")),
    Language(
        "fox.pl", ("perl", "-MHTTP::Tiny", "-MJSON::PP", "-e", "1"), "perl", ("perl", "fox.pl")
    ),
    Language("fox.go", ("go", "version"), "golang-go", ("./fox",), ("go", "build", "fox.go")),
    Language(
        "Fox.java",
        ("javac", "-version"),
        "default-jdk-headless",
        ("java", "-Dfile.encoding=UTF-8", "Fox.java"),
    ),
    Language(
        "fox.cpp",
        ("pkg-config", "libcurl"),
        "g++, pkg-config and libcurl4-openssl-dev",
        ("./fox",),
        ("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-o", "fox", "fox.cpp", "-lcurl"),
    ),
]


def needed(probe: tuple[str, ...], debian: str) -> None:
    """Skip where it is not there; never where CI is set, which has to bring it."""
    is_there = (
        bool(shutil.which(probe[0])) and not subprocess.run(probe, capture_output=True).returncode
    )
    if not is_there and not os.environ.get("CI"):
        pytest.skip(f"needs Debian's {debian}")
    assert is_there, f"needs Debian's {debian}: {' '.join(probe)}"


def done(command: tuple[str, ...], folder: Path, **variables: str) -> str:
    """What it prints, in a folder, with nothing of the environment that leads elsewhere."""
    led = ("OPENAI_", "IMAGES_MOCK_", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "RUBYOPT", "PERL5OPT")
    ambient = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(led) and not name.lower().endswith("_proxy")
    }
    ended = subprocess.run(
        command,
        cwd=folder,
        env=ambient | {"LC_ALL": "C"} | variables,  # as CI's machines have it
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    said = GREETING.sub("", ended.stderr)
    assert (ended.returncode, said) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout


def shown(page: Path) -> dict[str, str]:
    """The files that a page shows, each below its name."""
    named = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return dict(named.findall(page.read_text("utf-8")))
