"""A client whose base URL misses the API, with the official SDK: what it is told, and where."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from mockserver.testing import ImagesMock


def test_the_sdk_with_a_wrong_base_url_is_told_the_right_one(server: ImagesMock) -> None:
    images = server.sandbox("sk-mock-astray-without-v1").begin()
    client = openai.OpenAI(base_url=images.address, api_key=images.api_key, max_retries=0)
    with client, pytest.raises(openai.NotFoundError):
        client.images.generate(prompt="x", model="dall-e-2")
    (request,) = images.requests
    hint = "end the base URL in /v1"
    assert hint in request.hints[0]
    assert images.calls == []
    images.assert_not_called()
    assert hint in images.report()
    with pytest.raises(AssertionError, match=f"outside /v1; .*{hint}"):
        images.assert_called()


def test_a_client_of_azures_that_took_the_base_url_of_another_is_told_so(
    server: ImagesMock,
) -> None:
    images = server.sandbox("sk-mock-astray-azure").begin()
    common: dict[str, Any] = {"api_key": images.api_key, "max_retries": 0}
    client = openai.AzureOpenAI(base_url=images.url, api_version="2025-04-01-preview", **common)
    with client, pytest.raises(openai.NotFoundError):  # as Node's does with OPENAI_BASE_URL
        client.images.generate(prompt="x", model="gpt-image-2")
    (request,) = images.requests
    assert "unset it, and set AZURE_OPENAI_ENDPOINT" in request.hints[0]
