"""`python -m tests.fuzz [TARGET ...] --seconds 60`: bytes that try to break what reads bytes.

Guided by what of our code they reach; needs `pip install '.[fuzz]'`. What breaks our own code is kept
in `corpus/TARGET/` once it is mended, where the default run reads it again. What crashes, hangs or
slips past a check of an outside package is never kept: say in words what happened, and guard
against it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType

_RUNS = re.compile(r"number_of_executed_units: (\d+)")
_REACHED = re.compile(r"cov: (\d+)")
_BROKE = "Uncaught Python exception"
_SHOWN = 60  # lines of what broke
#: A minute is long for one input; memory is bounded by what a reader may ever need.
_BOUNDS = ("-timeout=60", "-rss_limit_mb=1500", "-max_len=2000", "-print_final_stats=1")
_OURS = ["mockserver", "contracts", "python_multipart"]


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 if a target was broken, 2 if there is no fuzzer."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all without one")
    parser.add_argument("--seconds", type=int, default=60, help="for each")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs; 0 is another each time")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    asked = parser.parse_args(arguments)
    try:
        fuzzed = _instrumented()
    except ImportError:
        print("There is no atheris: pip install '.[fuzz]' (Linux, CPython).")
        return 2
    if unknown := set(asked.targets) - set(fuzzed.TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}; {', '.join(fuzzed.TARGETS)}")
    folder = Path(mkdtemp(prefix="fuzz-"))
    waiting, running, sound = [*(asked.targets or fuzzed.TARGETS)], dict[int, str](), True
    while waiting or running:
        while waiting and len(running) < asked.jobs:
            name = waiting.pop(0)
            running[_begun(fuzzed, name, asked.seconds, asked.seed, folder)] = name
        ended, status = os.wait()
        sound &= _told(running.pop(ended), status, folder)
    print("" if sound else f"what broke them is in {folder}")
    return 0 if sound else 1


def _instrumented() -> ModuleType:
    """The targets, with our code counting what is reached; once for all: it takes seconds."""
    import atheris

    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said), atheris.instrument_imports(include=_OURS):
        return importlib.import_module("tests.fuzz.targets")


def _begun(fuzzed: ModuleType, name: str, seconds: int, seed: int, folder: Path) -> int:
    """The process that fuzzes a target, for the fuzzer ends the one that it is in."""
    if child := os.fork():
        return child
    import atheris

    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    target, inputs = fuzzed.TARGETS[name], folder / name
    inputs.mkdir()
    for number, data in enumerate((*target.seeds, *fuzzed.kept(name))):
        (inputs / str(number)).write_bytes(data)
    words = folder / f"{name}.words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in fuzzed.WORDS)
    words.write_text("".join(f'"{word}"\n' for word in escaped), "ascii")
    where = (f"-artifact_prefix={folder}/{name}-", f"-dict={words}", str(inputs))
    how_long = (f"-max_total_time={seconds}", f"-seed={seed}")
    atheris.Setup([name, *_BOUNDS, *how_long, *where], target)
    atheris.Fuzz()
    os._exit(0)


def _told(name: str, status: int, folder: Path) -> bool:
    """Whether a target held; tells how far the fuzzer went."""
    told = (folder / f"{name}.log").read_text("utf-8", "replace")
    runs, reached = _RUNS.search(told), _REACHED.findall(told)
    if status == 0 and runs:
        print(f"{name}: {int(runs[1]):,} inputs, {reached[-1]} places reached", flush=True)
        return True
    lines = told.splitlines()
    broke = next((at for at, line in enumerate(lines) if _BROKE in line), -_SHOWN)
    print(f"{name}: BROKEN", *lines[broke:][:_SHOWN], sep="\n    ", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
