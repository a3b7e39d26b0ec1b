import base64
import pathlib

import openai
import pytest

from mockserver.handle import Sandbox


class Painter:
    """Your agent: it shows a picture while it is drawn, and goes on from it as it is told."""

    def __init__(self, client: openai.OpenAI, shown: pathlib.Path) -> None:
        self.client = client
        self.shown = shown
        self.last: str | None = None
        self.previews = 0

    def tell(self, text: str) -> None:
        kept = self.shown.read_bytes() if self.last else b""
        try:
            with self.client.responses.stream(
                model="gpt-5",
                input=text,
                previous_response_id=self.last,
                tools=[{"type": "image_generation", "partial_images": 2}],
            ) as events:
                for event in events:
                    if event.type == "response.image_generation_call.partial_image":
                        self.shown.write_bytes(base64.b64decode(event.partial_image_b64))
                        self.previews += 1
                response = events.get_final_response()  # RuntimeError where a stream just ends
        except (openai.OpenAIError, RuntimeError):
            self.shown.write_bytes(kept)  # no preview stays in the picture's place
            raise
        (picture,) = [item for item in response.output if item.type == "image_generation_call"]
        self.shown.write_bytes(base64.b64decode(picture.result or ""))
        self.last = response.id


@pytest.fixture
def painter(images_client: openai.OpenAI, tmp_path: pathlib.Path) -> Painter:
    return Painter(images_client, tmp_path / "picture.png")


def test_a_picture_is_shown_while_it_is_drawn(images_mock: Sandbox, painter: Painter) -> None:
    painter.tell("a red fox")
    assert painter.previews == 2
    images_mock.assert_final(painter.shown)
    assert images_mock.requests[-1].trace[-1] == "stream: partial 0, partial 1, completed"


def test_the_next_word_changes_the_last_picture(images_mock: Sandbox, painter: Painter) -> None:
    painter.tell("a red fox")
    fox = painter.shown.read_bytes()
    painter.tell("now with a hat")
    images_mock.assert_called_once(operation="responses.create", prompt="now with a hat", image=fox)


@pytest.mark.parametrize("events", [[0, "generation_failed"], [0, 1]])  # an error; a clean end
def test_a_picture_that_fails_leaves_the_one_before(
    images_mock: Sandbox, painter: Painter, events: list[int | str]
) -> None:
    painter.tell("a red fox")
    fox = painter.shown.read_bytes()
    images_mock.next.stream(events)
    with pytest.raises((openai.APIError, RuntimeError)):
        painter.tell("now with a hat")
    assert painter.shown.read_bytes() == fox
    painter.tell("now with a hat")
    images_mock.assert_final(painter.shown)
