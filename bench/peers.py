"""The fastest peer, aimock, which repeats a fixture: here our own answer. For `--against aimock`.

Its package comes from npm, into a directory that is gone afterwards.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.generation import SMALL
from bench.load import best_rounds, body, different, repeated
from bench.rows import Row
from bench.servers import MOCK, Server, free_port, running, waited_for

PACKAGE = "@copilotkit/aimock@1.43.0"
BESIDE = "aimock 1.43.0, our answer as its fixture"
CASES = (  # aimock is asked the same, and repeats its fixture all the same
    ("b64_json 256x256 n=2, repeated: requests/s", ">= 2.0", partial(repeated, SMALL)),
    (
        "b64_json 256x256 n=2, another prompt each time: requests/s",
        ">= 1.3",
        partial(different, SMALL),
    ),
)


def aimock() -> Iterator[Row]:
    """Requests a second, both with their journals on and their logs off."""
    with TemporaryDirectory() as directory:
        if reason := _why_not_installed(directory):
            for name, aim, _ in CASES:
                yield Row(name, BESIDE, aim, note=reason)
            return
        with ExitStack() as stack:
            ours = stack.enter_context(running(*MOCK, "--log-format", "none"))
            answer = ours.ask(body(SMALL))
            command = _command(Path(directory), answer, port := free_port())
            peer = stack.enter_context(waited_for(command, port))
            _check(peer, answer)
            raw = stack.enter_context(running("bench.floors", "raw", str(len(answer))))
            yield from _rows(ours, peer, raw)


def _why_not_installed(directory: str) -> str:
    """Install it; what is in the way, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", directory, PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return " ".join(["npm installs no aimock:", *done.stderr.splitlines()[:1]])
    return ""


def _command(directory: Path, answer: bytes, port: int) -> list[str]:
    """How its own README starts it. The fixture answers whatever is asked of images."""
    images = [{"b64Json": image["b64_json"]} for image in json.loads(answer)["data"]]
    fixture = {"match": {"endpoint": "image"}, "response": {"images": images}}
    file = directory / "fixture.json"
    file.write_text(json.dumps({"fixtures": [fixture]}), "utf-8")
    binary = directory / "node_modules" / ".bin" / "llmock"
    return [str(binary), "-p", str(port), "-f", str(file), "--log-level", "silent"]


def _check(peer: Server, answer: bytes) -> None:
    """Both answer 200 (or `ask` raises) and the same pictures."""
    if json.loads(peer.ask(body(SMALL)))["data"] != json.loads(answer)["data"]:
        raise RuntimeError("aimock answers other pictures than ours")


def _rows(ours: Server, peer: Server, raw: Server) -> Iterator[Row]:
    for name, aim, requests in CASES:
        mine, theirs, floor = best_rounds([ours, peer, raw], requests)
        yield Row(
            name,
            BESIDE,
            aim,
            mine.rate / theirs.rate,
            f"{mine.rate:,.0f} /s",
            f"{theirs.rate:,.0f} /s",
            f"raw app {floor.rate:,.0f} /s, CPU {mine.cpu:.0f} us beside {theirs.cpu:.0f} us",
            mine.warning,
        )
