import openai
import pytest

from mockserver.handle import Sandbox


def drawn(client: openai.OpenAI) -> str | None:
    answer = client.images.generate(prompt="a red fox", response_format="b64_json")
    return answer.data[0].b64_json if answer.data else None


def test_an_equal_request_gets_the_same_picture(images_client: openai.OpenAI) -> None:
    assert drawn(images_client) == drawn(images_client)


@pytest.mark.images_mock(repeats="vary")
def test_or_another_one(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    row = [drawn(images_client) for _ in range(3)]
    assert len(set(row)) == 3
    images_mock.begin(repeats="vary")
    images_mock.next.error("internal")  # an attempt that fails is not counted
    assert [drawn(images_client) for _ in range(3)] == row
