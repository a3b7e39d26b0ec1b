"""Work on large pictures strip by strip: some of Pillow's holds Python's lock to its end.

`alpha_composite`, `split`, `merge`, `ImageChops`, `transpose` do, and saving a JPEG; decoding,
`resize`, `convert`, `crop`, `paste`, `composite`, `quantize` and saving others do not.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

PIXELS = 1 << 20  # of a strip: some 8 ms of `alpha_composite`


def in_strips(work: Callable[..., Image.Image], *images: Image.Image) -> Image.Image:
    """What is made of images of one size by work that looks at each pixel alone."""
    width, height = images[0].size
    rows = max(1, PIXELS // width)
    if rows >= height:
        return work(*images)
    found = None
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        strip = work(*[image.crop(box) for image in images])
        if found is None:
            found = Image.new(strip.mode, (width, height), None)
        found.paste(strip, box[:2])
    return found or work(*images)
