from collections import Counter
from datetime import UTC, datetime

import openai
import pytest

from mockserver.handle import Sandbox

CLIENT = openai.OpenAI()  # no key of its own: the plugin has set OPENAI_ADMIN_KEY, too


def report(since: datetime) -> Counter[str]:
    """What each line of the bill cost, from the vendor's own report; in micro-dollars."""
    found = Counter[str]()
    page: str | openai.Omit = openai.omit
    while True:
        answer = CLIENT.admin.organization.usage.costs(
            start_time=int(since.timestamp()), group_by=["line_item"], page=page
        )
        for bucket in answer.data:
            for line in bucket.results:
                if line.object == "organization.costs.result" and line.amount:
                    found[line.line_item or ""] += round((line.amount.value or 0) * 1e6)
        if not answer.next_page:
            return found
        page = answer.next_page


def test_a_report_of_two_months(images_mock: Sandbox) -> None:
    since = datetime.fromtimestamp(images_mock.clock.now, UTC)
    CLIENT.images.generate(model="dall-e-2", prompt="a red fox", size="512x512", n=2)
    images_mock.clock.advance(days=31)
    CLIENT.images.generate(model="gpt-image-2", prompt="a red fox", size="1024x1024", quality="low")
    costs = report(since)
    assert [*costs] == ["dall-e-2", "gpt-image-2 image, output", "gpt-image-2 text, input"]
    assert costs.total() == round(images_mock.spent * 1e6)


def test_pictures_and_requests_by_the_hour(images_mock: Sandbox) -> None:
    start = int(images_mock.clock.now)
    for _ in range(2):
        CLIENT.images.generate(model="dall-e-3", prompt="a red fox")
        images_mock.clock.advance(hours=1)
    usage = CLIENT.admin.organization.usage.images(
        start_time=start, bucket_width="1h", group_by=["model", "size"]
    )
    results = [result for bucket in usage.data for result in bucket.results]
    told = [
        (result.model, result.size, result.images)
        for result in results
        if result.object == "organization.usage.images.result"
    ]
    assert told == [("dall-e-3", "1024x1024", 1)] * 2


@pytest.mark.images_mock(budget_month_usd=0.05)
def test_a_budget_of_a_month_is_there_again_in_the_next_one(images_mock: Sandbox) -> None:
    CLIENT.images.generate(model="dall-e-3", prompt="a red fox")
    with pytest.raises(openai.BadRequestError, match="hard limit"):
        CLIENT.images.generate(model="dall-e-3", prompt="a red fox")
    images_mock.clock.advance(days=31)
    assert CLIENT.images.generate(model="dall-e-3", prompt="a red fox").data
