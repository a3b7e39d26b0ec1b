"""Writes SVG of rows of flat colours: shapes alone, no text to be set, no script, no links.

All corners are on whole pixels, so that it shows at its own size what a PNG of the same rows does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape

from mockserver.pictures.pure.metadata import svg_description
from mockserver.pictures.pure.png import Row

_RUNS = re.compile(rb"(.)\1*", re.DOTALL)
#: What no XML may have in it (XML 1.0, 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Run = tuple[int, int, int]  # left, right, number of the colour


def svg(
    width: int,
    height: int,
    colours: Sequence[bytes],
    rows: Iterable[Row],
    title: str,
    description: str,
) -> bytes:
    """An SVG file, UTF-8, of `width` × `height` pixels.

    Args:
        width: in pixels.
        height: in pixels.
        colours: by number, RGB or RGBA.
        rows: of pixels that are these numbers, one byte each.
        title: what is read out, and shown where the pointer rests.
        description: JSON that says what the picture is.
    """
    shapes: dict[bytes, list[str]] = defaultdict(list)
    for number, found in sorted(_shapes(rows).items()):
        shapes[colours[number]] += found
    paths = [_path(colour, found) for colour, found in shapes.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">',
            f"<title>{escape(_NOT_XML.sub(chr(0xFFFD), title), quote=False)}</title>",
            svg_description(description),
            *filter(None, paths),
            "</svg>\n",
        ]
    ).encode()


def _shapes(rows: Iterable[Row]) -> dict[int, list[str]]:
    """Rectangles by the number of their colour, each as a piece of a path."""
    shapes: dict[int, list[str]] = defaultdict(list)
    standing: dict[_Run, int] = {}  # runs that the row above has, too, by the row they begin in
    y = 0
    for strips, times in rows:
        runs = _RUNS.finditer(b"".join([pixels for pixels, _ in strips]))
        found = {(run.start(), run.end(), run[1][0]): y for run in runs}
        for run, top in standing.items():
            if run in found:
                found[run] = top
            else:
                _add(shapes, run, top, y)
        standing, y = found, y + times
    for run, top in standing.items():
        _add(shapes, run, top, y)
    return shapes


def _add(shapes: dict[int, list[str]], run: _Run, top: int, bottom: int) -> None:
    left, right, number = run
    width = right - left
    shapes[number].append(f"M{left} {top}h{width}v{bottom - top}h-{width}z")


def _path(colour: bytes, shapes: Sequence[str]) -> str:
    """An element for all shapes of a colour; none if it is clear."""
    alpha = colour[3] if len(colour) > 3 else 255
    opacity = "" if alpha == 255 else f' fill-opacity="{alpha / 255:.4g}"'
    return f'<path fill="#{colour[:3].hex()}"{opacity} d="{"".join(shapes)}"/>' if alpha else ""
