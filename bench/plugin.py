"""What the pytest plugin costs: loaded and never used, and for a call through its server."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2
from openai import OpenAI

from bench.rows import header, interleaved, row, seconds
from mockserver.testing import ImagesMock

PAIRS = 21  # of pytest runs
ROUNDS = 9
CALLS = 100  # a round
PLUGIN = ("-p", "mockserver.pytest_plugin")


def main() -> None:
    """Print the rows."""
    header()
    _report_loading()
    _report_calls()


def _report_loading() -> None:
    """The median of paired differences: a pytest run is long beside what the plugin adds."""
    with TemporaryDirectory() as directory:
        Path(directory, "test_nothing.py").write_text("def test_nothing(): pass\n", "utf-8")
        bare, loaded = (partial(_pytest, directory, *more) for more in ((), PLUGIN))
        without, with_plugin = interleaved(PAIRS, [bare, loaded])
    added = median(b - a for a, b in zip(without, with_plugin, strict=True))
    figures = f"{1000 * median(with_plugin):.0f} ms", f"{1000 * median(without):.0f} ms"
    row("plugin loaded, unused", *figures, "<= 20 ms", f"{1000 * added:+.1f} ms")


def _pytest(directory: str, *arguments: str) -> float:
    """A run of one empty test in a process of its own, with no plugin but those named."""
    command = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", *arguments]
    return seconds(
        lambda: subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    )


def _report_calls() -> None:
    """The official SDK on a real server in a thread, and on a canned answer without a socket."""
    with ImagesMock(limits="999999999/min") as mock, httpx2.Client() as http:
        live = OpenAI(base_url=mock.url, api_key="sk-mock-bench", http_client=http)
        raw = live.images.with_raw_response.generate(prompt="a fox", size="256x256")
        answer = httpx2.Response(200, content=raw.content, headers=dict(raw.headers))
        canned = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
        floor = OpenAI(base_url=mock.url, api_key="sk-mock-bench", http_client=canned)
        bare, ours = (partial(_call, client) for client in (floor, live))
        best, mine = map(min, interleaved(ROUNDS, [bare, ours]))
    figures = f"{1e6 * mine:.0f} us", f"{1e6 * best:.0f} us"
    row("call through the plugin's server", *figures, "<= 3", mine / best)


def _call(client: OpenAI) -> float:
    """Seconds for one call."""

    def calls() -> None:
        for _ in range(CALLS):
            client.images.generate(prompt="a fox", size="256x256")

    return seconds(calls) / CALLS


if __name__ == "__main__":
    main()
