from typing import Any

import hypothesis
import openai
import pytest
from schemathesis import Case

from mockserver.handle import Sandbox


def test_an_answer_keeps_the_contract(images_contract: Any, images_client: openai.OpenAI) -> None:
    # any client's answer, as that of your gateway: the SDK's raw one, or one of requests or httpx
    images = images_client.images.with_raw_response
    images_contract.judge(images.generate(model="dall-e-2", prompt="a red fox", n=2))


def test_an_answer_that_breaks_it_is_told(
    images_contract: Any, images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.truncated_picture()
    answer = images_client.images.with_raw_response.generate(model="dall-e-2", prompt="a red fox")
    with pytest.raises(AssertionError, match="A picture's file decodes whole"):
        images_contract.judge(answer)


@pytest.mark.images_mock(real_time=True)  # an answer tells when it was made
def test_answers_to_generated_requests_keep_it(images_contract: Any) -> None:
    operation = images_contract.schema["/images/variations"]["POST"]

    @hypothesis.settings(max_examples=5, deadline=None, database=None)
    @hypothesis.given(operation.as_strategy())
    def keeps_the_contract(case: Case[Any]) -> None:
        case.call_and_validate()  # of the session's server; of another one by `base_url`

    keeps_the_contract()
