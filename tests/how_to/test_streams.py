import base64
import pathlib

import openai
import pytest

from mockserver.handle import Sandbox


def poster(client: openai.OpenAI, to: pathlib.Path) -> list[str]:
    """Your program: it shows a picture as it arrives, and says what it has shown."""
    shown = []
    for event in client.images.generate(
        model="gpt-image-2", prompt="a red fox", stream=True, partial_images=2
    ):
        if event.type not in ("image_generation.partial_image", "image_generation.completed"):
            continue  # by the type, never by the class: it is wrong for events that are new
        to.write_bytes(base64.b64decode(event.b64_json))
        shown.append(event.type.removeprefix("image_generation."))
    if shown[-1:] != ["completed"]:  # nothing is raised where a stream just ends
        to.unlink(missing_ok=True)
        raise RuntimeError("the picture did not come to its end")
    return shown


def test_a_picture_is_shown_as_it_arrives(
    images_mock: Sandbox, images_client: openai.OpenAI, tmp_path: pathlib.Path
) -> None:
    assert poster(images_client, tmp_path / "fox.png") == ["partial_image"] * 2 + ["completed"]
    images_mock.assert_final(tmp_path / "fox.png")  # no preview was kept in its place
    images_mock.assert_called_once(model="gpt-image-2", stream=True)
    assert images_mock.requests[-1].trace[-1] == "stream: partial 0, partial 1, completed"


def test_a_preview_is_never_taken_for_the_picture(
    images_mock: Sandbox, images_client: openai.OpenAI, tmp_path: pathlib.Path
) -> None:
    images_mock.next.stream([0, 1])  # and a clean end
    with pytest.raises(RuntimeError, match="did not come to its end"):
        poster(images_client, tmp_path / "fox.png")
    assert not (tmp_path / "fox.png").exists()


def test_an_error_in_the_middle(
    images_mock: Sandbox, images_client: openai.OpenAI, tmp_path: pathlib.Path
) -> None:
    images_mock.next.stream([0, "generation_failed"])  # or any other name of an error
    with pytest.raises(openai.APIError) as failed:  # it has no status_code, and is not retried
        poster(images_client, tmp_path / "fox.png")
    assert failed.value.code == "image_generation_failed"


def test_the_first_event_is_there_before_the_second(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.stream(pause=30)  # for real, until the client leaves: nobody waits for it
    with images_client.images.generate(
        model="gpt-image-2", prompt="a red fox", stream=True, partial_images=1
    ) as stream:
        assert next(iter(stream)).type == "image_generation.partial_image"
    assert images_mock.requests[-1].trace[-1].startswith("stream: partial 0")
