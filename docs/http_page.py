"""Writes the answers and two tables of docs/http.md, as a server gives them.

Run as `python docs/http_page.py`. Prose and commands are written by hand; an answer that says the
same stays as it is.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mockserver.control.openapi import document
from mockserver.core.errors import Reason
from mockserver.testing import ImagesMock

PAGE = Path(__file__).with_name("http.md")
ADDRESS = "http://127.0.0.1:6780"  # as the page has it
WIDTH = 100
_KEY = "sk-mock-me"
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```(json|text)\n(.*?)^```\n)?", re.M | re.S)
_TABLE = re.compile(r"(<!-- (\w+): written by docs/http_page.py -->\n).*?(?=^#|\Z)", re.M | re.S)
_CUT = 110  # characters of a message
_QUERY = re.compile(r"\?st=[^\s\"]+")  # of a picture's URL, which is long
#: What differs from run to run.
_PASSING = (
    (re.compile(r"req_[0-9a-f]{32}"), "req_…"),
    (re.compile(r"\b1[0-9]{9}(\.[0-9]+)?\b"), "(time)"),
    (re.compile(r'("milliseconds": |openai-processing-ms: )[0-9]+'), r"\1…"),
    (re.compile(r"(img-|curl/)[\w.]+"), r"\1…"),
    (re.compile(r"(date: ).*"), r"\1…"),
)


def page(text: str) -> str:
    """The page with what a new server of the default settings answers to its commands."""
    with ImagesMock() as mock:
        tables = {"errors": errors(mock), "paths": paths()}
    with ImagesMock(log_format="text") as mock, tempfile.TemporaryDirectory() as folder:
        shell = _Shell(mock.address, folder)
        text = BLOCK.sub(lambda found: _answered(shell, found), text)
    return _TABLE.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n", text)


def lasting(text: str) -> str:
    """A text without what differs from run to run."""
    for passing, sign in _PASSING:
        text = passing.sub(sign, text)
    return text


class _Shell:
    """Runs the page's blocks one by one; what they set stays set."""

    def __init__(self, address: str, folder: str) -> None:
        self._address, self._folder, self._before = address, folder, ""

    def output(self, script: str) -> str:
        """What a block prints."""
        if "curl" not in script:
            self._before += script
            return ""
        done = subprocess.run(
            ["sh", "-e", "-c", (self._before + script).replace(ADDRESS, self._address)],
            env={"PATH": os.defpath, "HOME": self._folder},  # no proxy, no settings of curl
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        told = done.stdout.replace(self._address.removeprefix("http://"), urlsplit(ADDRESS).netloc)
        told = told.replace('"port": "0"', '"port": "6780"')
        return _QUERY.sub("?st=…", told.replace("\r", ""))


def _answered(shell: _Shell, found: re.Match[str]) -> str:
    script, kind, told = found.groups()
    answer = shell.output(script)
    if kind is None:
        return found[0]
    if kind == "json":
        answer = laid_out(json.loads(answer)) + "\n"
    answer = f"{answer.rstrip()}\n"
    if lasting(answer) == lasting(told):
        return found[0]
    return f"```sh\n{script}```\n\n```{kind}\n{answer}```\n"


def laid_out(value: Any, indent: int = 0, before: int = 0) -> str:
    """JSON with each list and object on a line of its own where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + before + len(line) < WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner, pad = indent + 2, " " * (indent + 2)
    if isinstance(value, list):
        rows = [laid_out(item, inner) for item in value]
    else:
        rows = [
            f"{json.dumps(name)}: {laid_out(item, inner, len(name) + 4)}"
            for name, item in value.items()
        ]
    opens, closes = "[]" if isinstance(value, list) else "{}"
    body = ",\n".join(pad + row for row in rows)
    return f"{opens}\n{body}\n{' ' * indent}{closes}"


def errors(mock: ImagesMock) -> str:
    """Each error that a rule can give, as a client of the default day gets it."""
    lines = ["| name | status | `code` | message |", "|---|---|---|---|"]
    for reason in Reason:
        _asked(mock, "_mock/rules", {"then": {"error": reason.value}, "next": True})
        status, told = _asked(mock, "v1/images/generations", {"prompt": "a red fox"})
        error = told["error"]
        if isinstance(error, str):  # as the administration says some
            error = {"message": error, "code": None}
        message = re.sub(r"(req_|org-|127\.0\.0\.1:)\w+", r"\1…", error["message"])
        if len(message) > _CUT:
            message = message[:_CUT].rsplit(" ", 1)[0] + " …"
        code = f"`{error['code']}`" if error["code"] else "null"
        lines.append(f"| `{reason.value}` | {status} | {code} | {message} |")
    return "\n".join(lines) + "\n"


def _asked(mock: ImagesMock, path: str, value: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {_KEY}", "Mock-Sandbox-Key": _KEY}
    headers["Content-Type"] = "application/json"
    with closing(HTTPConnection(urlsplit(mock.address).netloc)) as line:
        line.request("POST", f"/{path}", json.dumps(value), headers)
        response = line.getresponse()
        return response.status, json.load(response)


def paths() -> str:
    """What is under /_mock/, from the control API's own document."""
    rows = [f"| `{method}` | `{path}` | {summary} |" for method, path, summary in operations()]
    return "\n".join(["| | path | |", "|---|---|---|", *rows]) + "\n"


def operations() -> Iterator[tuple[str, str, str]]:
    """Method, path and summary of each operation."""
    for path, methods in document()["paths"].items():
        for method, told in methods.items():
            yield method.upper(), path, told.get("summary", "Who serves, to anyone")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
