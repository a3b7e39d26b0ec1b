"""The order of right-to-left text, held against the Unicode consortium's cases and fribidi.

`right_to_left.tsv` has real prompts and what stands in the picture from left to right, with the
presentation forms of Arabic letters: by fribidi 1.0.8, with its own shaping.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.pictures.font import glyph
from mockserver.pictures.pure import text as module
from mockserver.pictures.pure.text import shaped
from tests.core.lettering import bits, glyphs, one_line

TABLE = Path(__file__).with_name("right_to_left.tsv").read_text("utf-8").splitlines()
PROMPTS = dict(line.split("\t") for line in TABLE)
RLM, LRM, RLI, LRI, PDI, RLO, PDF = "\u200f\u200e\u2067\u2066\u2069\u202e\u202c"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום", "םולש"),
        ("שלום 3.14 ok", "ok 3.14 םולש"),
        ("שלום (ab)", "(ab) םולש"),
        ("שלום (אב)", "(בא) םולש"),
        ("100% שלום", "םולש 100%"),
        ("say שלום עולם now", "say םלוע םולש now"),
        ("say שלום 12 עולם!", "say םלוע 12 םולש!"),
        ("ⴰ \u07ca\u07cb", "ⴰ \u07cb\u07ca"),
    ],
)
def test_right_to_left_text_is_put_in_the_order_of_sight(text: str, seen: str) -> None:
    assert bits(one_line(text)) == glyphs(seen)


@pytest.mark.parametrize(
    ("text", "leftward"), [("שלום ok", True), ("1. قطة", True), ("ok שלום", False), ("12", False)]
)
def test_the_first_letter_tells_on_which_side_lines_begin(text: str, leftward: bool) -> None:
    assert one_line(text).leftward is leftward


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ببب", "\ufe90\ufe92\ufe91"),
        ("دب", "\ufe8f\ufea9"),
        ("سلام", "\ufee1\ufefc\ufeb3"),
        ("پا", "\ufe8e\ufb58"),
        ("ب\u200cب", "\ufe8f\ufe8f"),
        ("بـب", "\ufe90\u0640\ufe91"),
    ],
)
def test_arabic_letters_take_the_form_of_their_place(text: str, seen: str) -> None:
    assert bits(one_line(text)) == glyphs(seen)


def test_a_mark_does_not_part_arabic_letters() -> None:
    assert [cell.text for cell in cells("ب\u064bب")] == ["\ufe91", "\ufe90"]


def cells(text: str) -> list[module.Cell]:
    """A text's cells, in the order of reading."""
    return [cell for word in shaped(text).words for cell in word.cells]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_real_prompt_stands_in_the_picture_as_fribidi_has_it(prompt: str) -> None:
    assert bits(one_line(prompt)) == glyphs(PROMPTS[prompt])


@pytest.mark.parametrize(
    ("prompt", "columns", "seen"),
    [
        ("סדר 10-12", 6, ["רדס", "10-12"]),
        ("س 10-12", 6, ["\ufeb1", "12-10"]),  # Arabic letters rule the digits of the next line
        ("שלום hello! אב", 6, ["םולש", "!hello", "בא"]),
        ("hello שלום! אב", 6, ["hello", "!םולש", "בא"]),
        ("אב (גד) הו", 7, ["(דג) בא", "וה"]),
        ("אב ab cd גד", 6, ["ab בא", "דג cd"]),
    ],
)
def test_lines_are_cut_as_the_text_is_read(prompt: str, columns: int, seen: list[str]) -> None:
    assert [bits(line) for line in shaped(prompt).lines(8 * columns, 9)] == [*map(glyphs, seen)]


@pytest.mark.parametrize(
    ("prompt", "seen"),
    [("שלום עולם", "…םולש"), ("hi אב גדהו", "hi בא…"), ("אב abcd ef", "…abcd בא")],
)
def test_the_ellipsis_stands_where_the_text_goes_on(prompt: str, seen: str) -> None:
    (line,) = shaped(prompt).lines(8 * len(seen), 1)
    assert bits(line) == glyphs(seen)


@pytest.mark.parametrize(
    ("prompt", "leftward", "seen"),
    [
        ("😀 אב", True, "בא 😀"),
        (f"{RLM}ab אב", True, "בא ab"),
        (f"{LRM}אב ab", False, "בא ab"),
        (f"a {RLI}אב 12{PDI} 3", False, "a 12 בא 3"),
        (f"אב {LRI}- 12 ab{PDI} 3", True, "3 - 12 ab בא"),
        (f"אב {RLO}abc{PDF} d", True, "d cba בא"),
        ("٣-٤", False, "٤-٣"),
        ("ab ، cd", False, "ab ، cd"),
    ],
)
def test_direction_and_controls_are_those_of_the_standard(
    prompt: str, leftward: bool, seen: str
) -> None:
    assert (bits(one_line(prompt)), one_line(prompt).leftward) == (glyphs(seen), leftward)


def test_a_turned_bracket_keeps_the_marks_on_it() -> None:
    rows = zip(bits(one_line(")\u0323")), glyphs("א"), strict=True)
    assert bits(one_line("א(\u0323")) == tuple(bracket << 8 | letter for bracket, letter in rows)


@given(
    st.text("אبعسa1٢3-+%#.,:()[«»] ،\u0323\u0651\ud800\uffff😀" + RLM + RLI + LRI + PDI + RLO + PDF)
)
@settings(deadline=None)
def test_every_cell_has_a_place_of_its_own(text: str) -> None:
    places = [cell.place for cell in cells("א" + text)]
    assert sorted(places) == [*range(len(places))]


def test_a_very_long_text_is_cut_before_it_is_ordered() -> None:
    assert len(cells("א" * 5000)) == module.LONGEST


def test_the_library_is_loaded_only_for_letters_that_read_leftward() -> None:
    program = (
        "import sys; from mockserver.pictures.pure.text import shaped\n"
        "shaped('a fox, 一只猫 «3%» \\u200f'); print('bidi' in sys.modules)\n"
        "shaped('שלום'); print('bidi' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]


# At length, with what Debian has of others


def needed(found: object, package: str) -> None:
    """Skips where a package of the system is missing, but never in CI."""
    if not found and not os.environ.get("CI"):
        pytest.skip(f"needs Debian's {package}")
    assert found, f"needs Debian's {package}"


CASES = Path("/usr/share/unicode/BidiCharacterTest.txt")
TURNED = dict(zip("()[]{}<>〈〉\u2329\u232a", ")(][}{><〉〈\u232a\u2329", strict=True))


def cases() -> Iterator[tuple[str, str]]:
    """Texts, and what is seen of them from left to right; a mark in front sets their direction."""
    for line in CASES.read_text("utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        codes, _, direction, levels, order = line.split(";")
        text = "".join(chr(int(code, 16)) for code in codes.split())
        # Captions have no tabs, no paragraphs, and no blanks at the end of a line.
        if {"\t", "\u2029"} & {*text} or text.rstrip() != text:
            continue
        odd = {at for at, level in enumerate(levels.split()) if level != "x" and int(level) % 2}
        seen = [
            TURNED.get(text[at], text[at]) if at in odd else text[at]
            for at in map(int, order.split())
        ]
        yield (RLM if direction == "1" else LRM) + text, "".join(seen)


@pytest.mark.bidi
def test_the_order_is_that_of_the_unicode_consortiums_cases() -> None:
    needed(CASES.exists(), "unicode-data")
    wrong, tried = [], 0
    for text, seen in cases():
        clusters = module._clusters(text)
        if not clusters or any(module._shape(character)[1] for character in seen):
            continue  # a mark is drawn with its character
        cells, leftward = module._placed(clusters)
        rows = [cell.rows for cell in sorted(cells, key=module.PLACE)]
        expected = [module._cell(character).rows for character in module._clusters(seen)]
        tried += 1
        if (rows, leftward) != (expected, text[0] == RLM):
            wrong.append(text)
    assert (tried > 90_000, wrong) == (True, [])


@pytest.mark.bidi
def test_a_newer_library_orders_each_drawn_character_as_before() -> None:
    """Its tables are in the pictures: if they change, so does this digest, and the CHANGELOG."""
    drawn = "".join(chr(code) for code in range(0x20000) if glyph(code))
    seen = [get_display(f"א{each}1{each}a{each}ع1{each}2{each}") for each in drawn]
    assert hashlib.sha256("".join(seen).encode()).hexdigest()[:16] == "205e4f64894724e1"


class Fribidi:
    """The C library: what it makes of a text that is cut into lines."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library

    def leftward(self, text: str) -> bool:
        types = self._types(text)
        return bool(self.library.fribidi_get_par_direction(types, len(text)) & 1)

    def lines(self, text: str, spans: list[tuple[int, int]]) -> list[str]:
        """Each span of the text from left to right, brackets turned."""
        size, seen, types = len(text), self._codes(text), self._types(text)
        brackets, levels = (ctypes.c_uint32 * size)(), (ctypes.c_int8 * size)()
        base = ctypes.c_uint32(0x111 if self.leftward(text) else 0x110)
        self.library.fribidi_get_bracket_types(self._codes(text), size, types, brackets)
        self.library.fribidi_get_par_embedding_levels_ex(
            types, brackets, size, ctypes.byref(base), levels
        )
        self.library.fribidi_shape_mirroring(levels, size, seen)
        for start, end in spans:
            self.library.fribidi_reorder_line(
                0, types, end - start, start, base, levels, seen, None
            )
        return ["".join(map(chr, seen[start:end])) for start, end in spans]

    def _codes(self, text: str) -> ctypes.Array[ctypes.c_uint32]:
        return (ctypes.c_uint32 * len(text))(*map(ord, text))

    def _types(self, text: str) -> ctypes.Array[ctypes.c_uint32]:
        types = (ctypes.c_uint32 * len(text))()
        self.library.fribidi_get_bidi_types(self._codes(text), len(text), types)
        return types


@pytest.fixture(scope="module")
def fribidi() -> Fribidi:
    try:
        return Fribidi(ctypes.CDLL("libfribidi.so.0"))
    except OSError:
        needed(None, "libfribidi0")
        raise


WORDS = sorted({word for prompt in PROMPTS for word in prompt.replace("\u200c", "").split()})
SIGNS = "0123456789٣۵-+%٪#$₪€°.,:;/()[]{}<>«»\"'!?…&=*@_،؛؟😀→abאבעسر"


@pytest.mark.bidi
def test_thousands_of_mixes_stand_as_fribidi_has_them_in_lines_of_any_width(
    fribidi: Fribidi,
) -> None:
    dice, wrong = random.Random(19), []
    for _ in range(4000):
        words = [mixed(dice) for _ in range(dice.randint(1, 12))]
        text = module._joined(module._cleaned(" ".join(words)))
        set_text, width = shaped(text), 8 * dice.randint(4, 60)
        seen = fribidi.lines(text, spans(text, width))
        lines = set_text.lines(width, 999)
        if [*map(bits, lines)] != [*map(glyphs, seen)] or set_text.leftward != fribidi.leftward(
            text
        ):
            wrong.append(text)
    assert wrong == []


def mixed(dice: random.Random) -> str:
    """A word of a real prompt, or of signs; or both."""
    signs = "".join(dice.choices(SIGNS, k=dice.randint(1, 6)))
    word = dice.choice(WORDS)
    return dice.choice([word, word, signs, word + signs, signs + word])


def spans(text: str, width: int) -> list[tuple[int, int]]:
    """First and last + 1 of the characters in each line; each of them is drawn by itself."""
    whole, found, start = cells(text), [], 0
    for row in module._wrapped(shaped(text).words, width):
        start += whole[start : start + len(row)] != row  # the blank at the end of a line
        found.append((start, start + len(row)))
        start += len(row)
    return found
