"""What pictures made from uploads promise: whose pixels they keep, and what they never do."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from hashlib import sha256, shake_128
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, PngImagePlugin

from mockserver.core.picture import Picture
from mockserver.pictures.decoding import Unreadable, decoded, pixels_digest
from mockserver.pictures.edits import edited, varied
from mockserver.pictures.pure.drawing import describe, identify
from mockserver.pictures.pure.png import SIGNATURE
from tests.conftest import up_to

MODES = ("RGBA", "LA", "RGB", "L", "P", "1", "I;16")


def picture(size: tuple[int, int] = (256, 256), index: int = 0, prompt: str = "a fox") -> Picture:
    return Picture(
        operation="images.edit",
        model="a-model",
        prompt=prompt,
        width=size[0],
        height=size[1],
        place=index,
        n=10,
        digest=sha256(f"{prompt} {size} {index}".encode()).digest()[:16],
        images=("an-upload",),
    )


def png(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def noise(mode: str, size: tuple[int, int], seed: bytes) -> Image.Image:
    """An image of pixels that look like chance; a channel of alpha is 0 in half of them."""
    depth = {"1": 1, "I;16": 2, "P": 1}.get(mode) or len(Image.new(mode, (1, 1)).getbands())
    raw = shake_128(seed).digest(size[0] * size[1] * depth)
    if mode == "1":
        return Image.frombytes("L", size, raw).convert("1")
    image = Image.frombytes(mode, size, raw)
    if mode == "P":
        image.putpalette(sha256(seed).digest() * 24)
    if mode in ("LA", "RGBA"):
        image.putalpha(image.getchannel("A").point([0] * 128 + [*range(128, 256)]))
    return image


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(width: int, depth: int, colour: int, row: bytes, *more: bytes) -> bytes:
    """A file of one row, for kinds of pixels that Pillow does not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return SIGNATURE + header + b"".join(more) + data + chunk(b"IEND", b"")


# Decoding


SIXTEEN = struct.pack(">4H", 0, 255, 256, 65535)
ALL_KINDS = {
    "1-bit grey": (raw_png(8, 1, 0, b"\xa5"), "L", [255, 0, 255, 0, 0, 255, 0, 255]),
    "2-bit grey": (raw_png(4, 2, 0, b"\x1b"), "L", [0, 85, 170, 255]),
    "4-bit grey": (raw_png(2, 4, 0, b"\x1f"), "L", [17, 255]),
    "16-bit grey is scaled": (raw_png(4, 16, 0, SIXTEEN), "L", [0, 0, 1, 255]),
    "16-bit grey and alpha": (
        raw_png(2, 16, 4, SIXTEEN), "RGBA", [(0, 0, 0, 0), (1, 1, 1, 255)],
    ),
    "16-bit colour": (raw_png(1, 16, 2, SIXTEEN[2:]), "RGB", [(0, 1, 255)]),
    "16-bit with alpha": (raw_png(1, 16, 6, SIXTEEN), "RGBA", [(0, 0, 1, 255)]),
    "1-bit, white clear": (
        raw_png(2, 1, 0, b"\x80", chunk(b"tRNS", b"\0\1")), "LA", [(255, 0), (0, 255)],
    ),
    "2-bit, a grey clear": (
        raw_png(4, 2, 0, b"\x1b", chunk(b"tRNS", b"\0\2")), "LA",
        [(0, 255), (85, 255), (170, 0), (255, 255)],
    ),
    "8-bit grey, one clear": (
        raw_png(2, 8, 0, b"\7\x08", chunk(b"tRNS", b"\0\7")), "LA", [(7, 0), (8, 255)],
    ),
    "16-bit grey, one clear": (
        raw_png(4, 16, 0, SIXTEEN, chunk(b"tRNS", b"\0\xff")), "LA",
        [(0, 255), (0, 0), (1, 255), (255, 255)],
    ),
    "colour, one clear": (
        raw_png(2, 8, 2, b"\1\2\3\1\2\4", chunk(b"tRNS", b"\0\1\0\2\0\3")), "RGBA",
        [(1, 2, 3, 0), (1, 2, 4, 255)],
    ),
    "palette": (raw_png(2, 8, 3, b"\1\0", chunk(b"PLTE", b"abcdef")), "RGB", [(100, 101, 102), (97, 98, 99)]),
    "palette, one clear": (
        raw_png(2, 8, 3, b"\1\0", chunk(b"PLTE", b"abcdef") + chunk(b"tRNS", b"\0")), "RGBA",
        [(100, 101, 102, 255), (97, 98, 99, 0)],
    ),
    "palette, alphas": (
        raw_png(2, 8, 3, b"\1\0", chunk(b"PLTE", b"abcdef") + chunk(b"tRNS", b"\5\6")), "RGBA",
        [(100, 101, 102, 6), (97, 98, 99, 5)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_of_pixels_becomes_8_bits_a_channel(kind: str) -> None:
    data, mode, pixels = ALL_KINDS[kind]
    image = decoded(data)
    assert (image.mode, image.info) == (mode, {})
    assert [image.getpixel((x, 0)) for x in range(image.width)] == pixels


def test_an_interlaced_file_has_the_pixels_of_its_passes() -> None:
    first_sixth_seventh = chunk(b"IDAT", zlib.compress(b"\0\1" + b"\0\2" + b"\0\3\4"))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 1))
    data = SIGNATURE + header + first_sixth_seventh + chunk(b"IEND", b"")
    assert decoded(data).tobytes() == b"\1\2\3\4"


def test_of_an_animation_the_first_frame_is_taken() -> None:
    first, second = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    data = png(first, save_all=True, append_images=[second])
    assert decoded(data).tobytes() == first.tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_the_digest_is_of_the_pixels_not_of_the_file(mode: str) -> None:
    image = noise(mode, (9, 7), b"digest")
    told = PngImagePlugin.PngInfo()
    told.add_text("Title", "x")
    plain = decoded(png(image))
    others = [png(image, compress_level=0), png(image, pnginfo=told), png(plain.convert("RGBA"))]
    assert {pixels_digest(decoded(data)) for data in others} == {pixels_digest(plain)}


def test_other_pixels_or_sizes_have_other_digests() -> None:
    images = [Image.new("RGBA", size) for size in ((2, 3), (3, 2), (6, 1))]
    assert len({pixels_digest(image) for image in [*images, images[0].point(lambda _: 1)]}) == 4


SMALL = {mode: png(noise(mode, (13, 11), b"small")) for mode in MODES}


@pytest.mark.parametrize("mode", MODES)
def test_no_beginning_of_a_file_is_readable(mode: str) -> None:
    for end in range(len(SMALL[mode])):
        with pytest.raises(Unreadable):
            decoded(SMALL[mode][:end])


@given(st.sampled_from(MODES), st.integers(0), st.integers(1, 255))
@settings(max_examples=up_to(300))
def test_a_file_with_one_byte_changed_is_unreadable(mode: str, place: int, change: int) -> None:
    data = bytearray(SMALL[mode])
    data[place % len(data)] ^= change
    with pytest.raises(Unreadable):
        decoded(bytes(data))


@given(st.sampled_from(MODES), st.data())
@settings(max_examples=up_to(300))
def test_a_chunk_of_nonsense_with_a_right_checksum_raises_nothing_else(
    mode: str, data: st.DataObject
) -> None:
    kinds = (
        b"IHDR",
        b"PLTE",
        b"tRNS",
        b"IDAT",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"iTXt",
        b"iCCP",
        b"eXIf",
    )
    kind = data.draw(st.sampled_from(kinds))
    body = data.draw(st.binary(max_size=40))
    at = data.draw(st.sampled_from((8, 33, len(SMALL[mode]) - 12)))
    spoilt = SMALL[mode][:at] + chunk(kind, body) + SMALL[mode][at:]
    with suppress(Unreadable):
        assert decoded(spoilt).mode in ("RGBA", "RGB", "LA", "L")


@given(st.binary(max_size=60))
def test_noise_for_pixels_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decoded(
            raw_png(300, 8, 6, b"").replace(
                chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IDAT", body)
            )
        )


def test_a_little_text_is_no_hindrance_even_if_it_is_damaged() -> None:
    assert decoded(raw_png(1, 8, 0, b"\7", chunk(b"zTXt", b"?"))).tobytes() == b"\7"


def test_other_formats_and_too_many_pixels_are_unreadable() -> None:
    gif = io.BytesIO()
    Image.new("L", (2, 2)).save(gif, "GIF")
    for data in (b"", gif.getvalue(), png(Image.new("1", (13000, 13000)))):
        with pytest.raises(Unreadable):
            decoded(data)


# Edits


def kept_and_edited(mask: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Where a decoded mask keeps and where it edits, as its reader would say."""
    if mask.mode in ("RGB", "L"):
        alpha = mask if mask.mode == "L" else Image.new("L", mask.size, 255)
    else:
        alpha = mask.getchannel("A")
    hole = alpha.point(lambda value: 255 if value == 0 else 0)
    return ImageChops.invert(hole), hole


def unlike(first: Image.Image, second: Image.Image, where: Image.Image) -> bool:
    found = ImageChops.difference(first, second)
    return Image.composite(found, Image.new("RGB", first.size), where).getbbox() is not None


sides = st.integers(1, 64)
seeds = st.binary(max_size=4)


@given(st.sampled_from(MODES), st.sampled_from((None, *MODES)), sides, sides, seeds)
@settings(max_examples=up_to(150))
def test_unmasked_pixels_are_the_uploads_and_masked_ones_not_all(
    mode: str, mask_mode: str | None, width: int, height: int, seed: bytes
) -> None:
    image = png(noise(mode, (width, height), seed))
    mask = png(noise(mask_mode, (width, height), seed + b"m")) if mask_mode else None
    asked = picture((width, height))
    made = edited(asked, image, mask)
    result, source = opened(made), decoded(image).convert("RGB")
    kept, hole = kept_and_edited(decoded(mask or image))
    assert (result.mode, result.size) == ("RGB", source.size)
    assert not unlike(result, source, kept)
    assert unlike(result, source, hole) == (hole.getbbox() is not None)
    assert edited(asked, image, mask) == made


def test_a_drawing_that_equals_the_upload_is_inverted() -> None:
    asked = picture((80, 60))
    first = opened(edited(asked, png(Image.new("RGBA", (80, 60))), None))
    first.putalpha(0)
    second = opened(edited(asked, png(first), None))
    assert second.tobytes() == ImageChops.invert(first.convert("RGB")).tobytes()


def half(image: Image.Image) -> Image.Image:
    """The image with its right half clear and black, as an eraser leaves it."""
    clear = Image.new("RGBA", image.size)
    clear.paste(image.convert("RGB"), (0, 0))
    clear.paste((0, 0, 0, 0), (image.width // 2, 0, image.width, image.height))
    return clear


@pytest.mark.parametrize("size", [(64, 64), (200, 200), (256, 128), (130, 300)])
def test_what_the_eraser_left_taints_no_kept_pixel_when_scaled(size: tuple[int, int]) -> None:
    image = half(Image.new("RGB", (100, 100), (250, 180, 20)))
    result = opened(edited(picture(size), png(image), None))
    left = result.crop((0, 0, size[0] // 2, size[1]))
    assert left.getcolors() == [(left.width * left.height, (250, 180, 20))]
    assert result.getpixel((size[0] // 2, size[1] // 2)) != (250, 180, 20)


def test_a_scaled_edit_with_a_mask_is_the_scaled_upload_outside_it() -> None:
    image = noise("RGB", (50, 40), b"s")
    result = opened(edited(picture((100, 100)), png(image), png(half(image))))
    scaled = image.resize((100, 100), Image.Resampling.LANCZOS, (5, 0, 45, 40))
    assert result.crop((0, 0, 50, 100)).tobytes() == scaled.crop((0, 0, 50, 100)).tobytes()


@pytest.mark.parametrize("alpha", [1, 254])
def test_only_alpha_0_is_edited_and_other_alpha_is_lost(alpha: int) -> None:
    image = Image.new("RGBA", (64, 64), (9, 8, 7, alpha))
    result = opened(edited(picture((64, 64)), png(image), None))
    assert result.getcolors() == [(4096, (9, 8, 7))]


def test_an_opaque_mask_edits_nothing_and_a_clear_one_everything() -> None:
    image = Image.new("RGB", (96, 96), (9, 8, 7))
    nothing = edited(picture((96, 96)), png(image), png(image))
    everything = edited(picture((96, 96)), png(image), png(Image.new("RGBA", (96, 96))))
    assert opened(nothing).tobytes() == image.tobytes()
    assert (9, 8, 7) not in [pixel for _, pixel in opened(everything).getcolors(9999) or []]


def test_the_prompt_is_seen_in_the_hole_of_any_shape_with_room_for_it() -> None:
    for shape in ((100, 100, 220, 140), (10, 10, 50, 250), (60, 60, 250, 250)):
        mask = Image.new("RGBA", (256, 256), "white")
        ImageDraw.Draw(mask).rectangle(shape, (0, 0, 0, 0))
        fox, owl = (
            opened(edited(picture()._replace(prompt=prompt), png(mask), None))
            for prompt in ("a fox", "an owl")
        )
        assert unlike(fox, owl, Image.new("L", fox.size, 255))


# Variations


@given(st.sampled_from(MODES), sides, sides, st.integers(1, 90), st.integers(1, 90), seeds)
@settings(max_examples=up_to(100))
def test_a_variation_has_the_size_asked_for_and_is_never_the_source(
    mode: str, width: int, height: int, wide: int, high: int, seed: bytes
) -> None:
    image = png(noise(mode, (width, height), seed))
    asked = picture((wide, high))
    made = varied(asked, image)
    result = opened(made)
    assert (result.mode, result.size) == ("RGB", (wide, high))
    assert varied(asked, image) == made
    if (wide, high) == (width, height):
        assert unlike(result, decoded(image).convert("RGB"), Image.new("L", result.size, 255))


@pytest.mark.parametrize("colour", ["white", "black", "grey", "red"])
def test_variations_even_of_a_flat_image_differ_by_index_and_from_it(colour: str) -> None:
    flat = Image.new("RGB", (64, 64), colour)
    colours = {opened(varied(picture(index=i), png(flat))).getpixel((9, 9)) for i in range(10)}
    assert len(colours - {flat.getpixel((0, 0))}) == 10


def test_a_variation_keeps_the_composition() -> None:
    image = Image.new("RGB", (256, 256), "black")
    ImageDraw.Draw(image).ellipse((60, 60, 140, 140), "white")
    result = opened(varied(picture(), png(image))).convert("L")
    for x, y in ((10, 10), (100, 100), (65, 65), (200, 100)):
        dark = image.getpixel((x, y)) == (0, 0, 0)
        assert (result.getpixel((x, y)) < 128) == dark  # type: ignore[operator]


# Files


@pytest.mark.parametrize("prompt", ["", "a fox in a café 🦊", "שלום"])
def test_both_tell_what_they_are_and_carry_nothing_else(prompt: str) -> None:
    asked = picture(prompt=prompt)
    image = png(half(noise("RGB", (64, 64), b"t")), dpi=(300, 300))
    for made in (edited(asked, image, None), varied(asked, image)):
        assert identify(made) == describe(asked)
        assert [*opened(made).info] == ["images-mock"]


#: Digests of pixels: the same on Python 3.11 to 3.13 and any Pillow from 12 on.
GOLDEN = ["baad289bae07fcaa", "92a97817c507768f", "e2d21065849c504b"]
GOLDEN += ["1b75b11ec11fa6b0", "b1f72e79bf37d34f"]


def test_the_pixels_are_the_same_everywhere() -> None:
    image = noise("RGBA", (48, 48), b"golden").resize((300, 300), Image.Resampling.NEAREST)
    tall = noise("RGBA", (30, 400), b"tall")
    made = (
        edited(picture((64, 64)), png(tall), None),
        edited(picture((300, 300)), png(image), None),
        edited(picture((256, 384)), png(image), png(half(image))),
        varied(picture((300, 300)), png(image)),
        varied(picture((384, 256), 3), png(image)),
    )
    assert [pixels_digest(decoded(data)).hex()[:16] for data in made] == GOLDEN
