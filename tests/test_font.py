"""What the bundled font holds, and what it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mockserver.pictures import font
from mockserver.pictures.font import glyph


def drawn(codepoint: int) -> list[str]:
    found = glyph(codepoint)
    assert found is not None
    return [format(row, f"0{found.width}b").replace("0", ".") for row in found.rows]


def test_a_letter_has_the_shape_that_unifont_gives_it() -> None:
    assert drawn(ord("A"))[4:14] == [
        *("...11...", "..1..1..", "..1..1..", ".1....1.", ".1....1."),
        *(".111111.", ".1....1.", ".1....1.", ".1....1.", ".1....1."),
    ]


@pytest.mark.parametrize("character", "Aé€Ωжאبगกあ漢한ᚠ☃")
def test_scripts_of_the_basic_plane_have_glyphs(character: str) -> None:
    assert any(glyph(ord(character)).rows)  # type: ignore[union-attr]


@pytest.mark.parametrize("codepoint", [0x1F600, 0x1F680, 0x1F1E6, 0x1FAE0, 0x1D400, 0x10330])
def test_emoji_and_symbols_of_the_upper_plane_have_glyphs(codepoint: int) -> None:
    assert any(glyph(codepoint).rows)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "codepoint",
    [-1, 0, 0x1F, 0x7F, 0x378, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x1FFFF, 0x10FFFF, 1 << 40],
)
def test_controls_surrogates_private_and_unassigned_code_points_have_none(codepoint: int) -> None:
    assert glyph(codepoint) is None


def test_every_glyph_is_16_rows_of_its_width() -> None:
    for codepoint in range(0x20000):
        found = glyph(codepoint)
        if found:
            assert found.width in (8, 16)
            assert len(found.rows) == 16
            assert max(found.rows) < 1 << found.width


@pytest.mark.parametrize(("letter", "mark"), [("a", "\u0301"), ("ก", "\u0e31"), ("क", "\u093f")])
def test_marks_are_known_from_letters(letter: str, mark: str) -> None:
    assert [glyph(ord(each)).combining for each in (letter, mark)] == [False, True]  # type: ignore[union-attr]


def test_importing_the_font_reads_no_data() -> None:
    code = "import mockserver.pictures.font as f; print(f._data.cache_info().currsize)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stdout.strip() == b"0"


def test_caches_are_bounded() -> None:
    assert font.glyph.cache_info().maxsize is not None
    assert font._block.cache_info().maxsize is not None
