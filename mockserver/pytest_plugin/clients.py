"""The plugin's fixtures of the official SDK's clients. Loads the SDK only when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    import openai

_NO_SDK = "openai is not installed"


class Server(Protocol):
    """What a client has to know: `images_mock_server`."""

    @property
    def url(self) -> str:
        """Where it is; ends in /v1."""
        ...

    @property
    def api_key(self) -> str:
        """Of the tests' own sandbox."""
        ...


@pytest.fixture(scope="session", name="_images_http")
def images_http(images_mock_server: Server) -> Iterator[Any]:
    """The HTTP client that all tests share."""
    client = _made("DefaultHttpxClient", images_mock_server)
    yield client
    client.close()


@pytest.fixture
def images_client(images_mock_server: Server, _images_http: Any) -> openai.OpenAI:
    """The official SDK's client of this test's sandbox."""
    import openai

    url, key = images_mock_server.url, images_mock_server.api_key
    return openai.OpenAI(base_url=url, api_key=key, http_client=_images_http)


@pytest.fixture
def async_images_client(images_mock_server: Server) -> openai.AsyncOpenAI:
    """The official SDK's asynchronous client of this test's sandbox."""
    sdk = pytest.importorskip("openai", reason=_NO_SDK)
    limits = type(sdk.DEFAULT_CONNECTION_LIMITS)(max_keepalive_connections=0)
    # Nothing stays open, so nothing is left to close once the test's event loop is gone.
    http = _made("DefaultAsyncHttpxClient", images_mock_server, limits=limits)
    url, key = images_mock_server.url, images_mock_server.api_key
    client: openai.AsyncOpenAI = sdk.AsyncOpenAI(base_url=url, api_key=key, http_client=http)
    return client


def _made(kind: str, server: Server, **more: Any) -> Any:
    """An HTTP client as the SDK makes them; to reach plain HTTP it loads no certificates."""
    openai = pytest.importorskip("openai", reason=_NO_SDK)
    if server.url.startswith("http:"):
        import ssl

        more["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return getattr(openai, kind)(**more)
