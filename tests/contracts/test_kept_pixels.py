"""An edit leaves alone what its mask keeps: this mock's promise, which the contract does not make.

The real DALL·E 2 drew its own picture over the upload, and promised nothing byte for byte; so this
is no check of the suite that judges any server.
"""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from contracts.cases.uploads import encoded, picture, rules_of
from mockserver.facts import load
from tests.conftest import Api

RULES = rules_of(load().operations["images.edit"])
SIDE = 256
SIZE = (SIDE, SIDE)
PAIRS: list[tuple[str, str | None]] = [(mode, None) for mode in RULES.image_modes]
PAIRS += [(mode, mask) for mode in RULES.image_modes_with_mask for mask in RULES.mask_modes]
BLACK = Image.new("RGB", SIZE)


def hole_of(shape: Image.Image) -> Image.Image:
    """255 where something new is asked for: alpha 0, or black where there is no alpha (assumed)."""
    clear = shape.getchannel("A") if "A" in shape.getbands() else shape
    return clear.point([255] + [0] * 255)


@pytest.mark.parametrize(("mode", "mask"), PAIRS)
def test_pixels_that_are_kept_are_the_uploads_own(api: Api, mode: str, mask: str | None) -> None:
    source = picture(mode, SIZE, b"image")
    shape = source if mask is None else picture(mask, SIZE, b"mask")
    files = {"image": encoded(source)} | ({} if mask is None else {"mask": encoded(shape)})
    asked = {"prompt": "x", "size": f"{SIDE}x{SIDE}", "response_format": "b64_json"}
    (item,) = api().post("/v1/images/edits", data=asked, files=files).json()["data"]
    made = Image.open(BytesIO(b64decode(item["b64_json"])))
    changed, hole = ImageChops.difference(made, source.convert("RGB")), hole_of(shape)
    assert Image.composite(BLACK, changed, hole).getbbox() is None
    assert Image.composite(changed, BLACK, hole).getbbox()
