from collections.abc import Iterator

import httpx2
import openai
import pytest

from mockserver.handle import Sandbox


def saved(client: openai.OpenAI, tries: int = 3) -> bytes:
    """The code under test: asks the store again where it fails."""
    answer = client.images.generate(model="dall-e-2", prompt="a red fox")
    assert answer.data
    for left in reversed(range(tries)):
        try:
            return httpx2.get(answer.data[0].url or "").raise_for_status().content
        except httpx2.HTTPError:
            if not left:
                raise
    raise AssertionError("it was never tried")


@pytest.fixture(params=[{"respond": 503}, {"disconnect": 100}, {"gateway": True}], ids=str)
def trouble(request: pytest.FixtureRequest, images_mock: Sandbox) -> Iterator[None]:
    images_mock.next.download(first=2, **request.param)  # the first two of each picture
    yield
    assert [d.scripted for d in images_mock.downloads] == [True, True, False]


@pytest.mark.usefixtures("trouble")
def test_a_store_in_trouble(images_client: openai.OpenAI) -> None:
    assert saved(images_client).startswith(b"\x89PNG")


def test_a_store_that_never_has_it(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on().download(404)
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        saved(images_client)
