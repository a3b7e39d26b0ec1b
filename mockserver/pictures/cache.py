"""The last pictures that were drawn, so that the same request costs its drawing only once."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

from mockserver.core.picture import Picture

KEPT = 256  # pictures in each form, of some 100 KB at most


@lru_cache(maxsize=KEPT)
def png(picture: Picture) -> bytes:
    """The picture as a PNG file."""
    # Imported at the first picture: a server is up 10 ms sooner.
    from mockserver.pictures.pure.drawing import draw

    return draw(picture)


@lru_cache(maxsize=KEPT)
def quoted_base64(picture: Picture) -> bytes:
    """The picture's PNG as a JSON string, ready to be spliced into a body."""
    return b'"%b"' % b64encode(png(picture))
