"""`python -m bench`: every row, or those of the parts named. Prints; measures nothing itself."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import (
    generation,
    hostile,
    judging,
    limits,
    memory,
    page,
    peers,
    pictures,
    plugin,
    shared,
    stalls,
    startup,
    suite,
    uploads,
)
from bench.rows import HEADER, Row, is_reached

Part = Callable[[], Iterator[Row]]
PARTS: Mapping[str, Part] = {
    "generation": generation.rows,
    "pictures": pictures.rows,
    "uploads": uploads.rows,
    "startup": startup.rows,
    "plugin": plugin.rows,
    "suite": suite.rows,
    "limits": limits.rows,
    "judging": judging.rows,
    "memory": memory.rows,
    "page": page.rows,
    "hostile": hostile.rows,
    "stalls": stalls.rows,
    "shared": shared.rows,
}
PEERS: Mapping[str, Part] = {"aimock": peers.aimock}
HERE = Path(__file__).parent.parent
Runs = list[list[Row]]


def main() -> None:
    """Measure what was asked for, and print it."""
    asked = _asked()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
    os.environ["PYTHONPATH"] = str(HERE)  # this checkout, not the one that is installed
    chosen = {name: PARTS[name] for name in asked.parts or PARTS}
    parts = {name: PEERS[name] for name in asked.against} | chosen
    if asked.json:
        json.dump([asdict(row) for part in parts.values() for row in part()], sys.stdout)
        return
    before: Runs = []
    now: Runs = []
    for number in range(1, asked.runs + 1):
        if asked.before:
            print(f"\nrun {number} of {asked.runs}, {asked.before}", file=sys.stderr)
            before.append(_elsewhere(asked.before))
        print(f"\nrun {number} of {asked.runs}\n{HEADER}", file=sys.stderr)
        now.append(list(_told(parts)))
    if asked.markdown:
        print(_table(now, before, asked.before))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--against", action="append", default=[], choices=PEERS, help="a peer too")
    parser.add_argument("--runs", type=int, default=1, help="measure all of it so often")
    parser.add_argument("--markdown", action="store_true", help="end with a table of all runs")
    parser.add_argument(
        "--before", type=Path, help="another checkout with this bench, measured in turns with this"
    )
    parser.add_argument("--json", action="store_true", help="print the rows of one run as JSON")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}: there are {', '.join(PARTS)}")
    return asked


def _told(parts: Mapping[str, Part]) -> Iterator[Row]:
    """The rows, each printed as soon as it is there."""
    for part in parts.values():
        for row in part():
            print(row, file=sys.stderr, flush=True)
            yield row


def _elsewhere(checkout: Path) -> list[Row]:
    """The same rows of another checkout: Python looks first where it is started."""
    command = [sys.executable, "-m", "bench", *sys.argv[1:], "--json"]
    done = subprocess.run(command, cwd=checkout, check=True, stdout=subprocess.PIPE)
    return [Row(**fields) for fields in json.loads(done.stdout)]


def _table(now: Runs, before: Runs, checkout: Path | None) -> str:
    """What was measured where, and every run of each row."""
    columns = [(HERE, now)]
    if checkout:
        columns.insert(0, (checkout, before))
    heads = [f"commit {_commit(of)}" for of, _ in columns]
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}:", "", f"    {_command()}", ""]
    lines += [
        _cells("row", "beside", "aim", *heads, "reached"),
        _cells(*["---"] * (4 + len(heads))),
    ]
    for row in now[0]:
        found = [[r for run in runs for r in run if r.key == row.key] for _, runs in columns]
        results = [" · ".join(r.shown for r in rows) for rows in found]
        lines.append(_cells(*row.key, row.aim, *results, _verdict(found[-1])))
    return "\n".join(lines)


def _cells(*texts: str) -> str:
    return f"| {' | '.join(texts)} |"


def _verdict(rows: list[Row]) -> str:
    """Whether the middle one of the results reaches the aim; if there are none, why."""
    results = [row.result for row in rows if row.result is not None]
    if not results:
        return rows[0].note
    aim = rows[0].aim
    note = ", ".join(sorted({row.warning for row in rows if row.warning}))
    verdict = ("yes" if is_reached(aim, median(results)) else "**no**") if aim else ""
    return "; ".join(filter(None, (verdict, note)))


def _machine() -> str:
    """Processor, cores, system and Python."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    processor = next((x.partition(": ")[2] for x in lines if x.startswith("model name")), "")
    system = f"{platform.system()} {platform.release()}"
    return f"{processor}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def _command() -> str:
    return " ".join(["python -m bench", *sys.argv[1:]])


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
