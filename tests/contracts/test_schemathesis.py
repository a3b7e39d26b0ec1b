"""Schemathesis' own command passes on the mock, with the configuration that is shipped for it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from contracts.document.build import DOCUMENT, build, rendered
from mockserver.testing import ImagesMock

CONFIGURATION = DOCUMENT.with_name("schemathesis.toml")


@pytest.mark.slow
@pytest.mark.parametrize("day", [None, date(2026, 9, 1)], ids=str)
def test_a_plain_run_of_the_command_finds_no_fault(tmp_path: Path, day: date | None) -> None:
    document = tmp_path / "openapi.yaml"
    document.write_text(rendered(build("api", day) if day else build()), "utf-8")
    dated = {"as_of": str(day)} if day else {}
    with ImagesMock(tier="off", **dated) as mock:
        command = ["--config-file", str(CONFIGURATION), "run", str(document), "--url", mock.url]
        done = subprocess.run(
            [Path(sys.executable).with_name("schemathesis"), *command],
            cwd=tmp_path,
            env=os.environ | {"OPENAI_API_KEY": "sk-mock-schemathesis"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        made = mock.sandbox("sk-mock-schemathesis").requests
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert sum(request.status == 200 for request in made) > 50
