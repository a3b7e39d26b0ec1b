"""Files to upload: what the rules say of them, good ones, and near misses. Sends nothing.

The rules are held with Pillow, which reads the whole file, and not by the server's own code.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from hashlib import shake_256
from io import BytesIO
from typing import Any

from PIL import Image

from mockserver.facts import Operation, UploadRules, load

Files = dict[str, bytes]  # by the name of the field
Size = tuple[int, int]  # pixels

ALL_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
#: Small: what they make is large enough.
SIDES = (1, 2, 7, 16, 61)
#: The last chunk of a PNG file; Pillow does not read it to its end.
END = b"\0\0\0\0IEND\xaeB`\x82"
BYTES_A_PIXEL = {"1": 1, "L": 1, "LA": 2, "P": 1, "RGB": 3, "RGBA": 4, "I;16": 2}


def model_for(operation: Operation, day: date | None = None, named: str = "") -> str:
    """The model of a form that names one, or none: then the default one, or the first there is."""
    there = [m.id for m in load(day).models.values() if operation.id in m.offers]
    return next((m for m in (named, operation.default_model, *there) if m in there), "")


def rules_of(operation: Operation, day: date | None = None, named: str = "") -> UploadRules:
    """The rules of an operation's files on a day, by the model that a form names."""
    model = load(day).models.get(model_for(operation, day, named))
    rules = model.offers[operation.id].upload if model else None
    if rules is None:
        raise ValueError(f"{operation.id} takes no files")
    return rules


def needs_mask(operation: Operation) -> bool:
    """Whether no image is taken without a mask."""
    return any(p.name == "mask" and p.required for p in operation.parameters)


# What the rules say


def kept(rules: UploadRules, files: Mapping[str, bytes], others: Sequence[bytes] = ()) -> bool:
    """Whether an image, its mask if there is one, and others are what `rules` ask for."""
    if rules.formats:
        return _kept_several(rules, files, others)
    image = seen(rules, files["image"])
    if image is None or image.width != image.height:
        return False
    if "mask" not in files:
        return image.mode in rules.image_modes
    mask = seen(rules, files["mask"])
    if mask is None or image.mode not in rules.image_modes_with_mask:
        return False
    return mask.mode in rules.mask_modes and mask.size == image.size


def _kept_several(rules: UploadRules, files: Mapping[str, bytes], others: Sequence[bytes]) -> bool:
    further = [files["markup"]] if "markup" in files else []
    found = [seen(rules, file) for file in (files["image"], *others, *further)]
    if None in found or "mask" not in files:
        return None not in found
    as_mask = rules._replace(formats=("PNG",), bytes_max=rules.mask_bytes_max)
    mask, (first, *_) = seen(as_mask, files["mask"]), found
    has_alpha = mask is not None and (mask.mode.endswith("A") or "transparency" in mask.info)
    return mask is not None and first is not None and has_alpha and mask.size == first.size


def seen(rules: UploadRules, file: bytes) -> Image.Image | None:
    """The picture in a whole file within the bounds of `rules`; None if it is none."""
    is_png = file.startswith(b"\x89PNG")
    if len(file) >= rules.bytes_max or (is_png and END not in file):
        return None
    try:
        formats = [*(rules.formats or ("PNG",))]
        with Image.open(BytesIO(file), formats=formats) as picture:
            if max(picture.size) > rules.side_max:
                return None
            picture.verify()  # every chunk, to the last; after it the file must be opened again
        again = Image.open(BytesIO(file), formats=formats)
        again.load()
    except (OSError, SyntaxError, ValueError):
        return None
    return again


# Files that are made


def picture(mode: str, size: Size, seed: bytes = b"") -> Image.Image:
    """Noise that follows from `seed`. Where there is alpha, it is 0 in the first pixel."""
    width, height = size
    noise = shake_256(seed).digest(width * height * BYTES_A_PIXEL[mode])
    match mode:
        case "1":
            return Image.frombytes("L", size, noise).convert("1")
        case "P":
            made = Image.frombytes("P", size, noise)
            made.putpalette(shake_256(b"palette").digest(768))
            return made
        case "LA" | "RGBA":
            made = Image.frombytes(mode, size, noise)
            alpha = made.getchannel("A").point([0] * 128 + [255] * 127 + [128])
            alpha.putpixel((0, 0), 0)
            made.putalpha(alpha)
            return made
        case _:
            return Image.frombytes(mode, size, noise)


def encoded(made: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    made.save(file, form, **options)
    return file.getvalue()


def png(mode: str, side: int = 16, high: int | None = None, seed: bytes = b"") -> bytes:
    """A PNG file, square unless `high` says otherwise."""
    return encoded(picture(mode, (side, side if high is None else high), seed))


@cache
def blank(mode: str, side: int, compress_level: int = 1) -> bytes:
    """A large square in one colour, as a PNG file; its making takes longer than all else."""
    return encoded(Image.new(mode, (side, side)), compress_level=compress_level)


def padded(file: bytes, length: int) -> bytes:
    """A PNG file of just `length` bytes, by a chunk that every reader passes over."""
    body = b"paDd" + bytes(length - len(file) - 12)
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return file[:-12] + chunk + file[-12:]


def good(
    operation: Operation,
    seed: bytes,
    *,
    masked: bool = False,
    day: date | None = None,
    model: str = "",
) -> Files:
    """An image that the rules take, with its mask if `masked` or needed; it follows from `seed`."""
    rules, lot = rules_of(operation, day, model), shake_256(seed).digest(3)
    masked = masked or needs_mask(operation)
    if rules.formats:
        side = SIDES[lot[0] % len(SIDES)]
        mode = ALL_MODES[lot[1] % len(ALL_MODES)]
        mask = {"mask": png(("LA", "RGBA")[lot[2] % 2], side, seed=b"mask" + seed)}
        return {"image": png(mode, side, seed=seed)} | (mask if masked else {})
    modes = rules.image_modes_with_mask if masked else rules.image_modes
    side = SIDES[lot[0] % len(SIDES)]
    files = {"image": png(modes[lot[1] % len(modes)], side, seed=seed)}
    if masked:
        mode = rules.mask_modes[lot[2] % len(rules.mask_modes)]
        files["mask"] = png(mode, side, seed=b"mask" + seed)
    return files


# Near misses


@cache
def near_misses(operation: Operation, day: date | None = None) -> dict[str, Files]:
    """Uploads that only just break one rule, by what is wrong with them."""
    rules = rules_of(operation, day)
    if rules.formats:
        return _of_several(rules)
    fine, alone = png(rules.image_modes[0]), not needs_mask(operation)
    beside = {} if alone else {"mask": png(rules.mask_modes[0])}
    told = {f"image {name}": {"image": file} | beside for name, file in _no_pngs(fine)}
    told |= {f"image {name}": {"image": file} | beside for name, file in _too_large(rules)}
    told |= _of_shape_and_mode(rules) if alone else {"no mask": {"image": fine}}
    if rules.mask_modes:
        told |= _with_masks(rules)
    return told


def _of_several(rules: UploadRules) -> dict[str, Files]:
    """Those of a GPT image model, which takes pictures of any mode and shape."""
    fine, mask = png("RGB"), png("RGBA")
    no_pictures = {n: f for n, f in _no_pngs(fine) if n not in ("JPEG", "WebP")}
    told = {f"image {name}": {"image": file} for name, file in no_pictures.items()}
    side = rules.side_max + 1
    told["image too long"] = {"image": encoded(Image.new("1", (side, 1)))}
    masks = dict(_no_pngs(mask)) | {m: png(m) for m in ALL_MODES if not m.endswith("A")}
    masks |= {f"{w}x{h}": png("RGBA", w, h) for w, h in ((8, 8), (16, 8), (17, 17))}
    masks["of 4 MB"] = padded(mask, rules.mask_bytes_max)
    told |= {f"mask {name}": {"image": fine, "mask": file} for name, file in masks.items()}
    return told | {"no image": {"mask": mask}}


def _of_shape_and_mode(rules: UploadRules) -> dict[str, Files]:
    told = {f"image {w}x{h}": {"image": png("RGBA", w, h)} for w, h in ((16, 8), (15, 16))}
    return told | {f"image {m}": {"image": png(m)} for m in ALL_MODES if m not in rules.image_modes}


def _with_masks(rules: UploadRules) -> dict[str, Files]:
    image, fine = png(rules.image_modes_with_mask[0]), png(rules.mask_modes[0])
    masks = dict(_no_pngs(fine))
    masks |= {m: png(m) for m in ALL_MODES if m not in rules.mask_modes}
    masks |= {f"{w}x{h}": png("RGBA", w, h) for w, h in ((8, 8), (16, 8), (17, 17))}
    told = {f"mask {name}": {"image": image, "mask": file} for name, file in masks.items()}
    for mode in ALL_MODES:
        if mode not in rules.image_modes_with_mask:
            told[f"image {mode} with mask"] = {"image": png(mode), "mask": fine}
    told["image 16x8 with mask"] = {"image": png("RGBA", 16, 8), "mask": png("RGBA", 16, 8)}
    told["no image"] = {"mask": fine}
    return told


def _no_pngs(fine: bytes) -> Iterator[tuple[str, bytes]]:
    """What is no PNG file, or no longer one."""
    plain = picture("RGB", (16, 16))
    yield "empty", b""
    yield "text", b"Example data"
    yield "JPEG", encoded(plain, "JPEG")
    yield "GIF", encoded(plain, "GIF")
    yield "WebP", encoded(plain, "WEBP", lossless=True)
    yield "signature alone", fine[:8]
    yield "header alone", fine[:33]
    yield "half", fine[: len(fine) // 2]
    yield "without its end", fine[:-12]
    yield "without its last byte", fine[:-1]
    at = fine.index(b"IDAT") + 8
    yield "damaged", fine[:at] + bytes([fine[at] ^ 1]) + fine[at + 1 :]
    yield "after a space", b" " + fine


def _too_large(rules: UploadRules) -> Iterator[tuple[str, bytes]]:
    mode = rules.image_modes[0]
    yield "of 4 MB", padded(png(mode), rules.bytes_max)
    yield "uncompressed", blank("RGBA", 1024, compress_level=0)
    side = rules.side_max + 1
    yield f"of {side} pixels a side", blank(mode, side)
