"""The quickstarts: each program passes as it stands against a server, and is shown in the docs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock

PROGRAMS = Path(__file__).parent / "quickstarts"
PAGE = Path(__file__).parent.parent / "docs" / "quickstarts.md"


def output(server: ImagesMock, *command: str) -> str:
    """What a program prints that finds the server by its environment, and no proxy."""
    ambient = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environment = ambient | {"IMAGES_MOCK_URL": server.address}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.languages
@pytest.mark.parametrize(("program", "runtime"), [("poster.php", "php"), ("poster.pl", "perl")])
def test_a_quickstart_passes_with_what_debian_has(
    server: ImagesMock, program: str, runtime: str
) -> None:
    if not shutil.which(runtime) and not os.environ.get("CI"):
        pytest.skip(f"{runtime} is not installed: apt-get install php-cli perl")
    told = output(server, runtime, str(PROGRAMS / program))
    assert len(re.findall("^ok ", told, re.MULTILINE)) == 3


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_quickstart_letter_for_letter() -> None:
    page = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = dict(page.findall(PAGE.read_text("utf-8")))
    assert shown == {file.name: file.read_text("utf-8") for file in PROGRAMS.iterdir()}
