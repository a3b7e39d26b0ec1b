"""How many frames a moving picture has, and how long each is shown. Judges nothing else of it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from contracts.checks.asked import Asked
from contracts.checks.said import said
from contracts.trials import Verdict


def frames(file: bytes, wanted: Asked) -> Iterator[Verdict]:
    """Judge a GIF; any other file says nothing of it."""
    if wanted.format != "GIF" or not file.startswith(b"GIF8"):
        return
    from PIL import Image  # only here: 30 ms, and few runs make a GIF

    try:
        with Image.open(BytesIO(file)) as moving:
            number, shown = getattr(moving, "n_frames", 1), moving.info.get("duration")
    except (OSError, SyntaxError, ValueError):
        return  # a file that breaks off is another check's to find
    due, long = (wanted.options.get(name) for name in ("frame_count", "frame_duration_ms"))
    yield said("A GIF has the frames that were asked for", number == due, f"{number} for {due}")
    seen = f"{shown} ms for {long}"
    yield said("A GIF shows each frame as long as was asked for", shown == long, seen)
