"""A GIF is held to the frames and the time that were asked for."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from contracts.checks.asked import Asked
from contracts.checks.frames import frames
from contracts.trials import Outcome
from mockserver.facts import load

FACTS = load()
OPERATION = FACTS.operations["images.generate"]
MODEL = FACTS.models["dall-e-2"]
OPTIONS = {"output_format": "gif", "frame_count": 3, "frame_duration_ms": 200}
WANTED = Asked(FACTS, OPERATION, MODEL, MODEL.offers[OPERATION.id], {}, OPTIONS)


def gif(number: int, milliseconds: int) -> bytes:
    file = BytesIO()
    first, *others = (Image.new("RGB", (2, 2), (80 * i, 0, 0)) for i in range(number))
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds)
    return file.getvalue()


@pytest.mark.parametrize(
    ("file", "broken"),
    [
        (gif(3, 200), []),
        (gif(2, 200), ["A GIF has the frames that were asked for"]),
        (gif(3, 100), ["A GIF shows each frame as long as was asked for"]),
        (b"GIF89a", []),
        (b"\x89PNG", []),
    ],
    ids=["as asked", "too few", "too fast", "broken off", "no GIF"],
)
def test_frames_and_their_time_are_judged(file: bytes, broken: list[str]) -> None:
    told = frames(file, WANTED)
    assert [one.says for one in told if one.outcome == Outcome.BROKEN] == broken
