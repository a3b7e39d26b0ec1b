"""Prometheus' own tools as judges of what is told for it (Debian's package prometheus)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

#: Skips where it is missing, but not in CI.
with_prometheus = pytest.mark.skipif(
    not (shutil.which("promtool") or os.environ.get("CI")),
    reason="needs promtool: apt-get install prometheus",
)


def free_port() -> int:
    """One that nobody listens at just now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def check(what: str, text: str | None = None, file: Path | None = None) -> str:
    """What `promtool check` has to say of a text or a file; "" is nothing."""
    words = ["promtool", "check", what, *([str(file)] if file else [])]
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr if done.returncode else ""


def check_expressions(expressions: list[str], folder: Path) -> str:
    """What it has to say of PromQL; "" is nothing."""
    rules = "".join(
        f"  - record: a:b{number}\n    expr: {expression!r}\n"
        for number, expression in enumerate(expressions)
    )
    file = folder / "rules.yml"
    file.write_text(f"groups:\n- name: a\n  rules:\n{rules}")
    return check("rules", file=file)
