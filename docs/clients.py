"""Writes docs/clients.md of clients.toml and gpt-clients.json beside it: python docs/clients.py."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("clients.toml")
RESULTS = Path(__file__).with_name("gpt-clients.json")
PAGE = Path(__file__).with_name("clients.md")
_HEAD = """\
# What your client does with it

What client libraries send, how often they try again, how long they wait and what they lose without
a word, so that you know what to test for. Made of `docs/clients.toml` by `docs/clients.py`. Where
**run** stands, the tests (`pytest -m clients`) run the library and hold it to the fields sent, the
number of requests and its [verdict](findings.md); all else was measured once on loopback, with the
version named. What a verdict finds with a library is told in its section, and nothing else is
found: that the programs name a model that the API has no more (`deprecated-parameter`), and
download nothing (`url-never-downloaded`), is their own.

| client | version | fields sent, beside the prompt | requests for a 429 that stays | checked |
|---|---|---|---|---|
"""
_AFTER = """
## A wait that is too long

Under a clock that stands still a 429 tells its wait in thousandths, and the client's own retry
serves it. A wait that this client would not serve is told in full: it does then what it would do
with the real API. `explain last` and `request.trace` say so.

| client | longest wait that is served | a longer one |
|---|---|---|
"""
_GPT = """
## GPT image models

The libraries ran unmodified, and this table is the result: `tests/test_gpt_clients.py` and, for
agents, `tests/test_agents.py` hold them to it, and write it anew with
`UPDATE_CLIENTS=1 pytest -n 0 -m "clients or javascript"`. In Python each picture was decoded. A
[verdict](findings.md) finds nothing in any of them.

| client | packages | requests, and the error if there was one | what comes of it |
|---|---|---|---|
"""
_ROWS = (("waits", "Waits"), ("timeout", "Timeout"), ("retried", "Tried again"))


def clients() -> list[dict[str, Any]]:
    """The rows of the table."""
    return list(tomllib.loads(TABLE.read_text("utf-8"))["client"])


def page() -> str:
    """The page, as Markdown."""
    return "".join(
        (
            _HEAD,
            *map(_row, clients()),
            _GPT,
            *_gpt(),
            _AFTER,
            *_longest(),
            *map(_section, clients()),
        )
    )


def _row(client: Mapping[str, Any]) -> str:
    sent = ", ".join(f"`{k}={v}`" for k, v in client.get("sent", {}).items()) or "as given"
    requests = client.get("requests_on_429", "as openai (Python)")
    checked = "run" if "program" in client else "measured"
    return f"| {client['name']} | {client['version']} | {sent} | {requests} | {checked} |\n"


def _gpt() -> Iterator[str]:
    for name, result in json.loads(RESULTS.read_text("utf-8")).items():
        requests = "; ".join(result["requests"])
        yield f"| {name} | {result['packages']} | {requests} | {result['seen']} |\n"


def _longest() -> Iterator[str]:
    from mockserver.facts.clients import clients as known

    newer = set[str]()
    for client in known():
        name = f"{client.name}, from {client.since} on" if client.since else client.name
        name += ", before that" if client.name in newer else ""
        newer.add(client.name)
        yield f"| {name} | {client.longest_ms / 1000:g} s | {client.beyond} |\n"


def _section(client: Mapping[str, Any]) -> str:
    lines = [f"\n## {client['name']}\n\n"]
    lines += [f"* **{title}**: {client[key]}.\n" for key, title in _ROWS]
    found = client.get("findings", {}).items()
    lines += [f"* **Verdict**: [`{id_}`](findings.md#{id_}): {why}.\n" for id_, why in found]
    lines += ["* **Lost, or not said**:\n", *(f"  * {loss}.\n" for loss in client["losses"])]
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
