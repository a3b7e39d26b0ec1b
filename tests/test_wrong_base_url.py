"""A client whose base URL misses the API, with the official SDK: what it is told, and where."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from mockserver.testing import ImagesMock


@pytest.mark.parametrize("kind", ["azure", "without v1"])
def test_the_sdk_with_a_wrong_base_url_is_told_the_right_one(server: ImagesMock, kind: str) -> None:
    images = server.sandbox(f"sk-mock-astray-{kind.replace(' ', '-')}").begin()
    common: dict[str, Any] = {"api_key": images.api_key, "max_retries": 0}
    client = (
        openai.AzureOpenAI(azure_endpoint=images.address, api_version="2024-02-01", **common)
        if kind == "azure"
        else openai.OpenAI(base_url=images.address, **common)
    )
    with client, pytest.raises(openai.NotFoundError):
        client.images.generate(prompt="x", model="dall-e-2")
    (request,) = images.requests
    hint = "Azure's paths" if kind == "azure" else "end the base URL in /v1"
    assert hint in request.hints[0]
    assert images.calls == []
    images.assert_not_called()
    assert hint in images.report()
    with pytest.raises(AssertionError, match=f"outside /v1; .*{hint}"):
        images.assert_called()
