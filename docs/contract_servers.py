"""Holds public servers to the contract, and writes docs/contract-servers.md of what came of it.

`python docs/contract_servers.py run [NAME …]` installs those of contract-servers.toml, each into a
folder that goes, runs them on loopback and keeps the results in contract-servers.json. Without
`run` only the page is written anew.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import yaml

HERE = Path(__file__).parent
TABLE, RESULTS, PAGE = (HERE / f"contract-servers.{kind}" for kind in ("toml", "json", "md"))
CONTRACT = HERE.parent / "contracts" / "openapi.yaml"
#: So many causes of a server are shown.
CAUSES = 12
_HEAD = """\
# Servers that claim the API, held to the contract

What `images-mock contract run --paid` found in six public servers that answer
`/images/generations`, each installed as its package comes and run on loopback. What the words below
say was checked by hand on the server. This is no ranking: some mean to do no more than they do, and
a sentence of the contract is broken as soon as one answer breaks it. `docs/contract_servers.py`
tries these versions again; CI does not.

| server | tried on | sentences that hold | broken | promises broken for each client | calls |
|---|---|---|---|---|---|
"""


def servers() -> list[dict[str, Any]]:
    """The rows of the table."""
    return list(tomllib.loads(TABLE.read_text("utf-8"))["server"])


def results() -> dict[str, dict[str, Any]]:
    """What came of each, by name."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8"))
    return found


def page() -> str:
    """The page, as Markdown."""
    found = results()
    both = [(server, found[server["name"]]) for server in servers() if server["name"] in found]
    sections = (line for one in both for line in _section(*one))
    return _HEAD + "".join(_row(*one) for one in both) + "".join(sections)


def _row(server: dict[str, Any], found: dict[str, Any]) -> str:
    counts, broken = found["promises"], sum(1 + len(also) for *_, also in found["causes"])
    judged = counts["observed"] + counts["broken"]
    name, core = f"[{server['name']}](#{server['name']})", f"{counts['core']} of {judged}"
    cells = [name, found["day"], len(found["held"]), broken, core, found["calls"]]
    return f"| {' | '.join(map(str, cells))} |\n"


def _section(server: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    given = f", given {server['given']}" if "given" in server else ""
    more = "".join(f" and {package}" for package in server.get("with", []))
    yield f"\n## {server['name']}\n\n"
    package = f"`{server['package']}` of {server['registry']}{more}{given}"
    yield f"{package}.\n\n{server['words'].strip()}\n\n"
    yield "| what the contract says | broken | seen |\n|---|---|---|\n"
    for says, often, told, _ in found["causes"][:CAUSES]:
        yield f"| {says} | {often} | {_cell(told)} |\n"
    if (more := len(found["causes"]) - CAUSES) > 0:
        yield f"\n{more} more, of less weight.\n"
    held = ", ".join(f"“{says}”" for says in found["held"])
    yield f"\nNever broken: {held or 'nothing that was judged'}.\n"


def _cell(text: str) -> str:
    short = text if len(text) <= 120 else f"{text[:119]}…"
    return "`" + short.replace("|", "\\|").replace("`", "'") + "`" if short else ""


def tried(server: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a run at a server tells."""
    _install(server, folder)
    for name, text in server.get("files", {}).items():
        (folder / name).write_text(text, "utf-8")
    (folder / "contract.yaml").write_text(_document(), "utf-8")
    with _running(server, folder) as port, TemporaryDirectory() as reports:
        base_url = f"http://127.0.0.1:{port}{server['path']}"
        report = Path(reports) / "report.json"
        run = ["images-mock", "contract", "run", "--target", base_url, "--json", str(report)]
        paid = ["--paid", "--max-usd", "1000", "--ledger", f"{reports}/ledger"]
        subprocess.run(
            [*run, *paid, *server.get("options", [])],
            check=False,
        )
        return _kept(json.loads(report.read_text("utf-8")))


def _document() -> str:
    """The contract's document without the operation that always is refused.

    A server that answers with what a document says refuses it with 401, its first status, and a run
    takes that as a refused key and ends.
    """
    document = yaml.safe_load(CONTRACT.read_text("utf-8"))
    for methods in document["paths"].values():
        methods.pop("delete", None)
    return yaml.safe_dump(document)


def _kept(report: dict[str, Any]) -> dict[str, Any]:
    causes = report["causes"]
    return {
        "day": report["began"][:10],
        "promises": report["total"]["promises"],
        "calls": report["total"]["calls"],
        "causes": [[cause[name] for name in ("says", "often", "seen", "also")] for cause in causes],
        "held": list(report["held"]),
        "ended": report["ended"],
    }


def _install(server: dict[str, Any], folder: Path) -> None:
    packages = [server["package"], *server.get("with", [])]
    if server["registry"] == "npm":
        npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([*npm, *packages], cwd=folder, check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *packages], check=True)


@contextmanager
def _running(server: dict[str, Any], folder: Path) -> Iterator[int]:
    port, other = _free_ports(2)
    command = server["command"].format(port=port, other=other)
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command.split(),
            cwd=folder,
            stdout=log,
            stderr=log,
            env=environment | {"HOME": str(folder)},
        ) as process,
    ):
        try:
            _wait(port, monotonic() + 60)
            yield port
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def _free_ports(number: int) -> list[int]:
    with socket.socket() as one, socket.socket() as two:
        for listener in (one, two)[:number]:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in (one, two)[:number]]


def _wait(port: int, until: float) -> None:
    while monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        sleep(0.2)
    raise TimeoutError("the server does not listen")


def run(names: list[str]) -> None:
    """Try servers, and keep what came of it."""
    found = results() if RESULTS.exists() else {}
    for server in servers():
        if not names or server["name"] in names:
            with TemporaryDirectory() as folder:
                found[server["name"]] = tried(server, Path(folder))
            RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(sys.argv[2:])
    PAGE.write_text(page(), "utf-8")
