import openai
import pytest

from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock

CLIENT = openai.AzureOpenAI()  # no endpoint, key or version: the plugin has set the environment


def poster(prompt: str, deployment: str = "gpt-image-2") -> str | None:
    answer = CLIENT.images.generate(model=deployment, prompt=prompt, size="1024x1024")
    return answer.data[0].b64_json if answer.data else None


def test_a_client_of_azures_is_led_to_the_mock(images_mock: Sandbox) -> None:
    assert poster("a red fox")
    images_mock.assert_called_once(prompt="a red fox", model="gpt-image-2")


def test_it_waits_as_long_as_azure_says(images_mock: Sandbox) -> None:
    images_mock.next.rate_limit(retry_after=16)
    assert poster("a red fox")
    assert [r.status for r in images_mock.requests] == [429, 200]


def test_a_refusal_tells_what_the_filters_found(images_mock: Sandbox) -> None:
    images_mock.on(contains="gore").refuse()
    with pytest.raises(openai.BadRequestError) as error:
        poster("gore, please")
    assert isinstance(error.value.body, dict)
    assert error.value.body["inner_error"]["code"] == "ResponsibleAIPolicyViolation"


def test_a_deployment_has_to_be_there(images_mock: Sandbox) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        poster("a red fox", deployment="my-images")
    assert error.value.code == "DeploymentNotFound"


def test_a_server_with_a_deployment_of_your_own() -> None:
    with ImagesMock(deployment=["my-images=gpt-image-2"]) as mock:
        client = CLIENT.with_options(base_url=f"{mock.address}/openai")
        assert client.images.generate(model="my-images", prompt="a red fox").data
