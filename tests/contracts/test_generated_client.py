"""A client that another project's generator makes of the contract can make a picture, and be refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.document.build import DOCUMENT
from mockserver.testing import ImagesMock

PROGRAM = """
import json, sys
from made import AuthenticatedClient
from made.api.images import create_image
from made.models import ImagesGenerateDallE2

client = AuthenticatedClient(base_url=sys.argv[1], token="sk-mock-generated")
for prompt in ("an otter", ""):
    body = ImagesGenerateDallE2(prompt=prompt, size="256x256", n=2)
    answer = create_image.sync_detailed(client=client, body=body)
    print(json.dumps([answer.status_code, answer.parsed.to_dict()]))
"""


@pytest.mark.clients
def test_a_generated_client_makes_pictures(tmp_path: Path) -> None:
    generator = Path(sys.executable).with_name("openapi-python-client")
    command = ["generate", "--path", str(DOCUMENT), "--meta", "none", "--output-path", "made"]
    done = subprocess.run([generator, *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "use.py").write_text(PROGRAM)
    with ImagesMock(tier="off") as mock:
        used = subprocess.run(
            [sys.executable, "use.py", mock.url], cwd=tmp_path, capture_output=True, text=True
        )
    assert used.returncode == 0, used.stderr
    (made, pictures), (refused, error) = map(json.loads, used.stdout.splitlines())
    assert (made, len(pictures["data"])) == (200, 2)
    assert (refused, error["error"]["message"]) == (400, "You must provide a prompt.")
