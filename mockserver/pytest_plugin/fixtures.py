"""The plugin's fixtures. Loads the official SDK only when one of its clients is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.pytest_plugin.server_settings import WrongOptions
from mockserver.pytest_plugin.session import SESSION

if TYPE_CHECKING:
    import openai

    from mockserver.client.sandbox import Sandbox
    from mockserver.pytest_plugin.ambient import SessionServer

_NO_SDK = "openai is not installed"


@pytest.fixture(scope="session")
def images_mock_options() -> dict[str, Any]:
    """Settings of the session's server, as of the command line; override it in conftest.py.

    `{"tier": "2", "as_of": "2023-12-01"}`, say.
    """
    return {}


@pytest.fixture(scope="session", autouse=True, name="_images_mock_settled")
def images_mock_settled(request: pytest.FixtureRequest, images_mock_options: Any) -> None:
    """Tells the server its settings before it can have started."""
    try:
        request.config.stash[SESSION].settle(images_mock_options)
    except WrongOptions as error:
        text = f"usage error: images_mock_options: {error}"
        raise pytest.fail.Exception(text, pytrace=False) from None


@pytest.fixture(scope="session")
def images_mock_server(request: pytest.FixtureRequest) -> SessionServer:
    """The session's server (one for each xdist worker)."""
    return request.config.stash[SESSION].ambient


@pytest.fixture
def images_mock(request: pytest.FixtureRequest) -> Sandbox:
    """The test's own sandbox: script what happens, move the time, assert what was sent."""
    return request.config.stash[SESSION].ambient.handle


@pytest.fixture
def images_model(request: pytest.FixtureRequest) -> str:
    """The model for which a test runs that has the marker `images_models`."""
    name = getattr(request, "param", None)
    if not isinstance(name, str):
        raise pytest.fail.Exception(_NO_MODELS.format(request.node.nodeid), pytrace=False)
    return name


_NO_MODELS = (
    "usage error: {} asks for images_model, and has no @pytest.mark.images_models(…): name the "
    "models for which it shall run"
)


@pytest.fixture(scope="session")
def images_contract(images_mock_server: SessionServer) -> Any:
    """Holds answers to the contract: `judge(response)`, or `schema` for Schemathesis.

    A `contracts.in_tests.ImagesContract`, which needs the extra `contracts`.
    """
    from mockserver.pytest_plugin.contract import contract_of

    server = images_mock_server
    return contract_of(server.as_of, server.url, server.api_key)


@pytest.fixture(scope="session", name="_images_http")
def images_http(images_mock_server: SessionServer) -> Iterator[Any]:
    """The HTTP client that all tests share."""
    client = _made("DefaultHttpxClient", images_mock_server)
    yield client
    client.close()


@pytest.fixture
def images_client(images_mock_server: SessionServer, _images_http: Any) -> openai.OpenAI:
    """The official SDK's client of this test's sandbox."""
    import openai

    url, key = images_mock_server.url, images_mock_server.api_key
    return openai.OpenAI(base_url=url, api_key=key, http_client=_images_http)


@pytest.fixture
def async_images_client(images_mock_server: SessionServer) -> openai.AsyncOpenAI:
    """The official SDK's asynchronous client of this test's sandbox."""
    sdk = pytest.importorskip("openai", reason=_NO_SDK)
    limits = type(sdk.DEFAULT_CONNECTION_LIMITS)(max_keepalive_connections=0)
    # Nothing stays open, so nothing is left to close once the test's event loop is gone.
    http = _made("DefaultAsyncHttpxClient", images_mock_server, limits=limits)
    url, key = images_mock_server.url, images_mock_server.api_key
    client: openai.AsyncOpenAI = sdk.AsyncOpenAI(base_url=url, api_key=key, http_client=http)
    return client


def _made(kind: str, server: SessionServer, **more: Any) -> Any:
    """An HTTP client as the SDK makes them; to reach plain HTTP it loads no certificates."""
    openai = pytest.importorskip("openai", reason=_NO_SDK)
    if server.url.startswith("http:"):
        import ssl

        more["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return getattr(openai, kind)(**more)
