"""Every format as sharp reads it, which is libvips under Node.js: no code of Pillow's or ours."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mockserver.core.picture import MEDIA, Picture
from tests.node import installed, run
from tests.pictured import alpha, asked_for, file_of, frames, opened

LOOK = Path(__file__).parent / "sharp"
BACKGROUNDS = ("opaque", "transparent")
PICTURES = {
    f"{form}-{background}": asked_for(
        form,
        "a fox in a café, שלום",
        "1024x768",
        background=background,
        output_compression=90,
        frame_count=5,
        frame_duration_ms=120,
    )
    for form in MEDIA
    for background in BACKGROUNDS
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What sharp says of each picture."""
    folder = installed(tmp_path_factory, "sharp", LOOK.iterdir())
    pictures = tmp_path_factory.mktemp("pictures")
    for name, picture in PICTURES.items():
        (pictures / name).write_bytes(file_of(picture))
    done = run(folder, "node", "look.mjs", *(str(pictures / name) for name in PICTURES))
    assert done.returncode == 0, done.stderr
    return dict(zip(PICTURES, map(json.loads, done.stdout.splitlines()), strict=True))


def digest(image: Image.Image) -> str:
    return sha256(image.tobytes()).hexdigest()


def pages(picture: Picture) -> list[str]:
    """Digests of what Pillow sees."""
    return [digest(frame) for frame in frames(file_of(picture))]


@pytest.mark.javascript
@pytest.mark.parametrize("name", PICTURES)
def test_sharp_reads_the_format_size_alpha_and_count_that_were_asked_for(
    seen: dict[str, Any], name: str
) -> None:
    form, _, background = name.partition("-")
    told = seen[name]
    assert (told["format"], told["size"]) == (form.lower(), [1024, 768])
    assert told["hasAlpha"] is ((background == "transparent" and form != "JPEG") or form == "SVG")
    assert told.get("delay") == ([120] * 5 if form == "GIF" else None)


@pytest.mark.javascript
@pytest.mark.parametrize("name", [name for name in PICTURES if name.startswith(("PNG", "GIF"))])
def test_sharp_sees_the_pixels_that_pillow_sees(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["pages"] == pages(PICTURES[name])


@pytest.mark.javascript
def test_an_svg_shows_each_pixel_of_the_png(seen: dict[str, Any]) -> None:
    assert seen["SVG-opaque"]["pages"] == seen["PNG-opaque"]["pages"]


@pytest.mark.javascript
@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_sharp_sees_the_alpha_that_pillow_sees(seen: dict[str, Any], form: str) -> None:
    name = f"{form}-transparent"
    assert seen[name]["alpha"] == digest(alpha(opened(file_of(PICTURES[name]))))
