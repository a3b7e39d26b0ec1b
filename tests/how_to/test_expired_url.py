import httpx2
import openai

from mockserver.handle import Sandbox


def picture(client: openai.OpenAI, prompt: str) -> bytes:
    """The code under test: asks once more if the URL has expired meanwhile."""
    for _ in range(2):
        answer = client.images.generate(model="dall-e-2", prompt=prompt)
        assert answer.data
        download = httpx2.get(answer.data[0].url or "")
        if download.status_code == 200:
            return download.content
    raise RuntimeError("no picture")


def test_it_asks_once_more(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.expired_url()
    assert picture(images_client, "a red fox")
    images_mock.assert_called(times=2, prompt="a red fox")
    assert [d.status for d in images_mock.downloads] == [403, 200]
    images_mock.assert_downloaded(times=1)


def test_a_url_is_good_for_an_hour(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    answer = images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert answer.data
    url = answer.data[0].url or ""
    images_mock.clock.advance(minutes=59)
    assert httpx2.get(url).status_code == 200
    images_mock.clock.advance(minutes=2)
    assert httpx2.get(url).status_code == 403
