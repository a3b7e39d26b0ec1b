"""The programs of `clients`: each a fault and its mended twin, by client and finding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

FOLDER = Path(__file__).with_name("clients")
FAULTY, MENDED = "faulty_", "mended_"
_MEMBER = re.compile(r"^  async (\w+)\(\) \{\n.*?^  \},$", re.MULTILINE | re.DOTALL)


class Pair(NamedTuple):
    """A fault and its mended twin."""

    file: Path  # `with_requests.py`
    client: str  # `requests`
    finding: str  # its id
    faulty: str  # the source
    mended: str

    @property
    def name(self) -> str:
        """What both are called, after `faulty_` and `mended_`."""
        return self.finding.replace("-", "_")


def pairs() -> Iterator[Pair]:
    """All of them, by file and as they stand there."""
    for file in sorted(FOLDER.glob("with_*")):
        if file.suffix in (".py", ".mjs"):
            sources = _members(file) if file.suffix == ".mjs" else _functions(file)
            for name, source in sources.items():
                if name.startswith(FAULTY):
                    name = name.removeprefix(FAULTY)
                    finding, client = name.replace("_", "-"), file.stem.removeprefix("with_")
                    yield Pair(file, client, finding, source, sources[MENDED + name])


def _functions(file: Path) -> dict[str, str]:
    text = file.read_text("utf-8")
    lines = text.splitlines(keepends=True)
    found = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    return {node.name: "".join(lines[node.lineno - 1 : node.end_lineno]) for node in found}


def _members(file: Path) -> dict[str, str]:
    found = _MEMBER.finditer(file.read_text("utf-8"))
    return {m[1]: dedent(m[0]) + "\n" for m in found}
