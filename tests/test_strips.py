"""Large pictures are worked on in strips, with the pixels that they have in one piece."""

from __future__ import annotations

import pytest

from mockserver.core.picture import Picture
from mockserver.pictures import strips
from mockserver.pictures.decoding import decoded
from mockserver.pictures.edits import edited
from mockserver.pictures.several import flattened
from tests.test_edits import noise, png


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("key", [None, 7])
def test_what_is_made_in_strips_is_what_is_made_in_one(
    mode: str, key: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = noise(mode, (40, 30), b"strips")
    named = key if mode in ("1", "L", "P", "I;16") else (key, key, key)
    data = png(source, **({} if key is None or mode in ("LA", "RGBA") else {"transparency": named}))
    asked = Picture("images.edit", "dall-e-2", "x", 16, 16, 0, 1, bytes(16))
    found = []
    for pixels in (strips.PIXELS, 90):
        monkeypatch.setattr(strips, "PIXELS", pixels)
        image = decoded(data)
        file = edited(asked, data + bytes([pixels % 256]), None)
        found.append((image.mode, image.tobytes(), flattened(image).tobytes(), file))
    assert found[0] == found[1]
