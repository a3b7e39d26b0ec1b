"""Lines of text: order, marks, wrapping, and what stands for a character without a glyph."""

from __future__ import annotations

import sys
from unicodedata import ucd_3_2_0

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.pictures.pure.text import BLANKS, Line, shaped, spread
from tests.core.lettering import bits, glyphs, one_line


def wrapped(text: str, columns: int, limit: int = 9) -> list[str]:
    """The lines of a text of narrow glyphs, read back from their bitmaps."""
    known = {glyphs(character): character for character in {*text, "…"}}
    return [read(line, known) for line in shaped(text).lines(8 * columns, limit)]


def read(line: Line, known: dict[tuple[int, ...], str]) -> str:
    cells = range(line.width - 8, -8, -8)
    return "".join(known[tuple(row >> at & 255 for row in bits(line))] for at in cells)


def test_letters_stand_in_their_order() -> None:
    line = one_line("Ab1")
    assert (line.width, bits(line), line.leftward) == (24, glyphs("Ab1"), False)


def test_marks_are_drawn_over_the_character_before_them() -> None:
    (x,), (dot,) = [glyphs("x")], [glyphs("\u0323")]
    assert bits(one_line("x\u0323")) == tuple(a | b for a, b in zip(x, dot, strict=True))
    assert one_line("1\ufe0f\u20e3").width == 16  # the keycap is wider than the digit


def test_a_letter_and_its_accent_are_composed() -> None:
    assert one_line("e\u0301") == one_line("é")
    assert one_line("\u1112\u1161\u11ab") == one_line("한")


def test_blanks_and_controls_are_one_space() -> None:
    assert one_line("\ta\u3000\r\n\x00 \u2028b ") == one_line("a b")


def test_blanks_are_what_unicode_3_2_calls_separators_and_controls() -> None:
    kinds = ("Zs", "Zl", "Zp", "Cc")
    known = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if ucd_3_2_0.category(character) in kinds
    }
    assert {character for character in map(chr, range(0x10000)) if BLANKS.match(character)} == known


def test_invisible_characters_take_no_room() -> None:
    plain = one_line("a👋b")
    assert one_line("a\u200d\ufeff👋\U0001f3fd\ufe0f\u202eb\U000e0041") == plain


@pytest.mark.parametrize("codepoint", [0x378, 0xE000, 0xFFFF, 0xD800, 0x1FFFF, 0x10FFFF])
def test_a_character_without_a_glyph_is_a_box_with_its_code_point(codepoint: int) -> None:
    line = one_line(chr(codepoint))
    rows = bits(line)
    assert line.width == 16
    assert rows[0] == 0
    assert rows[1] == rows[15] == 0x7FFE
    assert all(row & 0x4002 == 0x4002 for row in rows[2:15])


def test_boxes_of_different_code_points_differ() -> None:
    assert len({one_line(chr(0xE000 + n)).glyphs for n in range(512)}) == 512


def test_lines_break_between_words() -> None:
    assert wrapped("the quick brown fox", 9) == ["the quick", "brown fox"]
    assert wrapped("the quick brown fox", 8) == ["the", "quick", "brown", "fox"]


def test_a_word_wider_than_a_line_is_cut() -> None:
    assert wrapped("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]


def test_a_space_before_a_word_as_wide_as_the_line_leaves_an_empty_line() -> None:
    empty, full = shaped("\u2060 abcd").lines(32, 9)
    assert (empty.width, empty.glyphs, full.width) == (0, (), 32)


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert wrapped("the quick brown fox", 9, limit=1) == ["the quic…"]
    assert wrapped("the quick brown fox", 5, limit=2) == ["the", "quic…"]
    assert wrapped("the quick", 9, limit=1) == ["the quick"]
    assert wrapped("abc def…", 4, limit=1) == ["abc…"]


def test_no_line_is_set_where_none_fits() -> None:
    assert shaped("abc").lines(80, 0) == []
    assert shaped(" \n\u200b").lines(80, 3) == []


def test_chinese_japanese_and_thai_break_anywhere_but_not_before_closing_punctuation() -> None:
    assert [line.width for line in shaped("一二三四五").lines(48, 9)] == [48, 32]
    assert [line.width for line in shaped("一二三。五").lines(48, 9)] == [32, 48]
    assert [line.width for line in shaped("กขคงจ").lines(24, 9)] == [24, 16]


def test_spread_words_touch_both_margins() -> None:
    line = spread([one_line("a"), one_line("b"), one_line("c")], 41)
    assert line.width == 41
    a, b, c = glyphs("a"), glyphs("b"), glyphs("c")
    assert bits(line) == tuple(p << 33 | q << 17 | r for p, q, r in zip(a, b, c, strict=True))


@given(st.text(st.characters(), max_size=120), st.integers(16, 300), st.integers(0, 6))
@settings(deadline=None)
def test_any_text_keeps_to_its_width_and_number_of_lines(text: str, width: int, limit: int) -> None:
    lines = shaped(text).lines(width, limit)
    assert len(lines) <= limit
    for line in lines:
        assert 0 < line.width <= width
        rows = [*zip(*line.glyphs, strict=True)]
        assert len(rows) == 16
        assert {len(b"".join(row)) for row in rows} == {line.width}
