"""Which client a request comes from, by its headers, and the longest wait that it serves."""

from __future__ import annotations

import pytest

from mockserver.core.clients import client_of
from mockserver.facts.clients import clients

PYTHON = {"user-agent": "AsyncOpenAI/Python 3.57.0", "x-stainless-lang": "python"}
NPM = {"user-agent": "OpenAI/JS 7.59.0", "x-stainless-lang": "js"}
AI_SDK = {"user-agent": "ai/7.0.173 ai-sdk/provider-utils/5.0.81 runtime/node.js/22"}


@pytest.mark.parametrize(
    ("headers", "version", "name", "longest"),
    [
        (PYTHON, "3.57.0", "openai-python", 120_000),
        (PYTHON, "2.52.0", "openai-python", 120_000),
        (PYTHON, "2.51.0", "openai-python", 60_000),
        (PYTHON, "1.109.1", "openai-python", 60_000),
        (PYTHON, None, "openai-python", 120_000),
        (PYTHON, "4.0.0-beta.1", "openai-python", 120_000),
        (NPM, "7.59.0", "openai npm", 60_000),
        (AI_SDK, None, "AI SDK", 59_999),
    ],
)
def test_a_client_is_known_by_its_headers(
    headers: dict[str, str], version: str | None, name: str, longest: int
) -> None:
    told = headers | ({"x-stainless-package-version": version} if version else {})
    client = client_of(lambda header: told.get(header.decode()), clients())
    assert client
    assert (client.name, client.longest_ms) == (name, longest)


@pytest.mark.parametrize("agent", [None, "python-requests/2.32.3", "curl/8", "node"])
def test_others_are_not_guessed(agent: str | None) -> None:
    assert client_of(lambda header: agent if header == b"user-agent" else None, clients()) is None
