"""The same request, the same picture: in every process, on every Python, with any Pillow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mockserver.clock import ManualClock
from tests.conftest import Api, generate

ROOT = Path(__file__).parent.parent
PILLOWS = ("12.0.0", "13.0.0")

# Runs a server and prints the digest of what it answers, but for the time.
PROGRAM = r"""
import base64, hashlib, io, json, urllib.request
from PIL import Image
from mockserver.testing import ImagesMock
ASKED = [
    {"prompt": "a red fox in the snow", "n": 2, "size": "512x512"},
    {"prompt": "\u05e9\u05dc\u05d5\u05dd \u4e16\u754c \U0001f98a (5-7%)", "size": "1024x1536"},
    {"prompt": "a teapot", "model": "dall-e-3", "size": "1792x1024", "quality": "hd"},
    {"prompt": "x" * 1000, "size": "256x256"},
]
with ImagesMock() as mock:
    for asked in ASKED:
        request = urllib.request.Request(
            mock.url + "/images/generations",
            json.dumps(asked | {"response_format": "b64_json"}).encode(),
            {"Authorization": "Bearer sk-mock-me", "Content-Type": "application/json"},
        )
        answer = json.load(urllib.request.urlopen(request))["data"]
        print(hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest())

    # What Pillow makes: the pixels are promised, not the bytes.
    photo = Image.open(io.BytesIO(base64.b64decode(answer[0]["b64_json"]))).convert("RGBA")
    photo.paste((0, 0, 0, 0), (60, 40, 200, 220))
    file = io.BytesIO()
    photo.save(file, "PNG")
    part = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    fields = [(b"image", file.getvalue()), (b"size", b"512x512"), (b"response_format", b"b64_json")]
    for name, more in (("edits", [(b"prompt", b"a teapot")]), ("variations", [(b"n", b"2")])):
        request = urllib.request.Request(
            mock.url + "/images/" + name,
            b"".join(part % field for field in fields + more) + b"--x--\r\n",
            {"Authorization": "Bearer sk-mock-me", "Content-Type": "multipart/form-data; boundary=x"},
        )
        for item in json.load(urllib.request.urlopen(request))["data"]:
            made = Image.open(io.BytesIO(base64.b64decode(item["b64_json"])))
            print(hashlib.sha256(made.tobytes()).hexdigest())
"""


def digests(python: str, **variables: str) -> list[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", PROGRAM],
        env=kept | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split()


@cache
def expected() -> list[str]:
    return digests(sys.executable, PYTHONHASHSEED="1")


def test_two_processes_answer_the_same() -> None:
    assert len(set(expected())) == 7
    assert digests(sys.executable, PYTHONHASHSEED="2") == expected()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in another time zone."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has one time zone a process")
@pytest.mark.usefixtures("tokyo")
def test_the_machines_time_zone_is_told_nowhere(
    api: Api, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.advance(61)
    client = api(log_format="text")
    url = generate(client).json()["data"][0]["url"]
    assert "st=2025-03-30T23%3A01%3A01Z" in url
    assert client.get(url).headers["last-modified"] == "Mon, 31 Mar 2025 00:01:01 GMT"
    since = {"If-Modified-Since": "Mon, 31 Mar 2025 00:01:01 -0000"}
    assert client.get(url, headers=since).status_code == 304
    assert "\nTime:2025-03-31T00:01:01.0000000Z<" in client.get(f"{url}x").text
    lines = capsys.readouterr().err.splitlines()
    assert {line.split()[0] for line in lines} == {"00:01:01"}


def interpreter(version: str) -> str | None:
    """One of this version, if this machine has it."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    name = f"python{version}"
    candidates = [shutil.which(name), *map(str, versions.glob(f"{version}*/bin/{name}"))]
    return next((c for c in candidates if c and _runs(c)), None)


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


@pytest.mark.matrix
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_and_pillow_answers_the_same(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if not python:
        pytest.skip(f"there is no Python {version}")
    subprocess.run([python, "-m", "venv", tmp_path], check=True)
    here = str(tmp_path / "bin" / "python")
    install = [here, "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*install, str(ROOT)], check=True)
    for pillow in PILLOWS:
        subprocess.run([*install, f"pillow=={pillow}"], check=True)
        assert digests(here) == expected(), pillow
