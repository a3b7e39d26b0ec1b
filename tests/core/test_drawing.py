"""What a placeholder promises: its size, its bytes everywhere, what it says of itself."""

from __future__ import annotations

import io
import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mockserver.core.picture import Picture, shown
from mockserver.pictures.pure import drawing, landscape
from mockserver.pictures.pure.canvas import Canvas
from mockserver.pictures.pure.drawing import describe, draw, identify
from mockserver.pictures.pure.landscape import PALETTES, SCENES, Dice, Palette
from mockserver.pictures.pure.metadata import KEYWORD
from mockserver.pictures.pure.png import Alphabet, png
from tests.conftest import up_to

SIZES = (
    *("256x256", "512x512", "1024x1024", "1024x1536", "1536x1024", "1024x1792", "1792x1024"),
    *("3840x2160", "2160x3840", "64x64", "64x3840", "3840x64", "65x101", "1023x769"),
)


def picture(prompt: str = "a white siamese cat", size: str = "256x256", seed: str = "") -> Picture:
    width, height = map(int, size.split("x"))
    return Picture(
        operation="images.generate",
        model="a-model",
        prompt=shown(prompt),
        width=width,
        height=height,
        place=0,
        n=4,
        digest=sha256(f"{prompt} {size} {seed}".encode()).digest()[:16],
        options=(("quality", None), ("style", "vivid")),
    )


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_has_exactly_the_size_asked_for_in_rgb(size: str) -> None:
    asked = picture(size=size)
    image = decoded(draw(asked))
    assert (image.mode, image.size) == ("RGB", (asked.width, asked.height))


#: The first 16 digits of each file's SHA-256: the same on Python 3.11, 3.12 and 3.13.
GOLDEN = {
    ("a white siamese cat", "256x256"): "6bd147884f5acedc",
    ("An oil painting of a fox who reads a newspaper at dawn, " * 3, "1024x1024"): (
        "8278d5290676c66e"
    ),
    ("שלום עולם (3.14)", "512x512"): "5e7e9f3884cbde57",
    ("一只猫 🐱 坐在屋顶上", "1024x1536"): "44c35daf0c9efeb9",
    ("قطة بيضاء تجلس على السطح", "1792x1024"): "f9a9a8c7d6627de2",
    ("خصم 50% (رقم 10-12)", "512x512"): "94c1bad7501861bc",
    ("छत पर बिल्ली e\u0301 \u0378", "3840x2160"): "f6aeabac41cf93d2",
    ("", "64x64"): "1c8ab060f08974b3",
}


@pytest.mark.parametrize(("prompt", "size"), GOLDEN)
def test_a_picture_has_the_same_bytes_everywhere_and_for_ever(prompt: str, size: str) -> None:
    assert sha256(draw(picture(prompt, size))).hexdigest()[:16] == GOLDEN[prompt, size]


@given(st.text(max_size=130), st.integers(64, 400), st.integers(64, 400))
@settings(max_examples=up_to(150), deadline=None)
def test_any_prompt_and_size_gives_a_picture_that_tells_what_it_is(
    prompt: str, width: int, height: int
) -> None:
    asked = picture(prompt.encode("utf-8", "replace").decode(), f"{width}x{height}")
    data = draw(asked)
    assert decoded(data).size == (width, height)
    assert identify(data) == describe(asked)


def test_lone_surrogates_are_drawn_as_what_shown_makes_of_them() -> None:
    asked = picture()._replace(prompt=shown("a \ud800 cat"))
    assert identify(draw(asked)) == describe(asked)


def test_a_picture_describes_itself() -> None:
    asked = picture()._replace(place=1)
    assert describe(asked) == {
        "operation": "images.generate",
        "model": "a-model",
        "prompt": "a white siamese cat",
        "size": "256x256",
        "image": "2/4",
        "quality": None,
        "style": "vivid",
        "code": asked.code,
    }


@pytest.mark.parametrize("text", ["", "[1]", "3", "{", "[" * 100_000, "\0"])
def test_other_pictures_are_not_identified(text: str) -> None:
    alphabet = Alphabet([b"abc"])
    row = [alphabet.ink(b"abc").run(1)], 1
    assert identify(png(1, 1, alphabet, [row], KEYWORD, text)) is None
    assert identify(png(1, 1, alphabet, [row])) is None


@given(st.binary())
def test_garbage_is_not_identified(data: bytes) -> None:
    assert identify(data) is None


def test_pillow_reads_the_description_too() -> None:
    asked = picture("שלום 猫 🐱")
    assert json.loads(decoded(draw(asked)).text[KEYWORD]) == describe(asked)  # type: ignore[attr-defined]


def test_different_digests_give_different_landscapes() -> None:
    """Even with the same caption: what lies above it differs."""
    asked = [picture()._replace(digest=n.to_bytes(16, "big")) for n in range(200)]
    landscapes = {decoded(draw(each)).crop((8, 8, 248, 150)).tobytes() for each in asked}
    assert len(landscapes) == 200


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "a white siamese cow"},
        {"model": "another-model"},
        {"place": 1},
        {"n": 3},
        {"height": 257},
        {"digest": bytes(16)},
    ],
)
def test_what_is_shown_changes_the_pixels(other: dict[str, object]) -> None:
    changed = picture()._replace(**other)  # type: ignore[arg-type]
    assert decoded(draw(changed)).tobytes() != decoded(draw(picture())).tobytes()


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", ["256x256", "64x64", "90x700", "700x90"])
def test_every_scene_suits_every_window(
    scene: object, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landscape, "SCENES", [scene])
    image = decoded(draw(picture(size=size)))
    assert len(image.getcolors(1 << 16) or ()) >= 6


@pytest.mark.parametrize("number", range(len(PALETTES)))
def test_every_palette_has_an_alphabet(number: int) -> None:
    assert drawing._paints(PALETTES[number]).paper.pixel == PALETTES[number].paper


@pytest.mark.parametrize("palette", PALETTES)
def test_text_stands_out_from_the_paper(palette: Palette) -> None:
    """By the contrast ratio of WCAG 2.2: 7 for text at its best, 4.5 for all."""
    assert contrast(palette.ink, palette.paper) >= 7
    assert contrast(palette.muted(), palette.paper) >= 4.5


def contrast(first: bytes, second: bytes) -> float:
    darker, lighter = sorted([luminance(first), luminance(second)])
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: bytes) -> float:
    red, green, blue = [
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_short_prompt_is_printed_larger_than_a_long_one() -> None:
    def tallest(prompt: str) -> int:
        return drawing._prompt(picture(prompt), drawing._page(picture()))[0]

    assert [tallest(prompt) for prompt in ("cat", "a white cat on a roof", "cat " * 12)] == [
        3,
        2,
        1,
    ]


def test_the_caption_leaves_most_of_the_picture_to_the_landscape() -> None:
    asked = picture("all work and no play " * 9)
    caption = [*drawing._caption(asked, drawing._page(asked), drawing._paints(PALETTES[0]))]
    assert sum(times for _, times in caption) <= 256 * 45 // 100


def test_what_falls_outside_a_canvas_is_ignored() -> None:
    canvas = Canvas(2, 3, bytes(3))
    canvas.stamp(0, -1, b"\1\2\3\4\5")
    canvas.stamp(1, 2, b"\6\7")
    canvas.stamp(2, 0, b"\1")
    canvas.fill(1, -2, 5, 1, 8)
    canvas.fill(-3, 3, 5, 9, 1)
    assert canvas.lines() == [b"\2\x08", b"\3\0", b"\4\6"]
    canvas.paint(-1, [(0, 3), (2, 9)], canvas.solid(5))
    canvas.paint(2, [(0, 3)], canvas.solid(5))
    canvas.replace(1, [b"\1\2\3\4", b"\1\1\1"])
    assert canvas.lines() == [b"\2\1", b"\3\2", b"\5\3"]


def test_dice_are_fair_and_never_run_out() -> None:
    dice = Dice(b"digest")
    thrown = [dice.between(1, 6) for _ in range(6000)]
    assert set(thrown) == {1, 2, 3, 4, 5, 6}
    assert 2.5 < sum(thrown) / 6000 < 4.5


def test_a_large_picture_stays_small_as_a_file() -> None:
    sizes = [len(draw(picture("fox " * 30, "1024x1024", str(n)))) for n in range(30)]
    assert max(sizes) <= 64 * 1024
