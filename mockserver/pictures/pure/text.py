"""Sets text of any language in lines of bitmap glyphs. Colours and places nothing: see `drawing`.

It does what makes a prompt recognisable: lines, marks over letters, joined Arabic letters, right
to left where it is due. It does not know the conjuncts of Indic scripts, nor emoji sequences.

Python's character database grows with its version, and with it would the pictures. So only the
frozen one of Unicode 3.2 is asked; what is younger is told by ranges here, or by the font. The
order of right-to-left text is python-bidi's, whose tables are Unicode 16's on every Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache, reduce
from itertools import groupby, pairwise
from operator import add, attrgetter, or_
from typing import NamedTuple
from unicodedata import ucd_3_2_0 as frozen

from mockserver.pictures.font import HEIGHT, glyph

ELLIPSIS = "…"

#: Separators and controls: Zs, Zl, Zp and Cc of Unicode 3.2.
BLANKS = re.compile("[\0- \x7f-\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000]+")

#: Characters that only steer others: joiners, variation selectors, bidirectional controls, fillers,
#: skin tones, tags.
INVISIBLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0x1F3FB, 0x1F3FF), (0xE0000, 0xE0FFF),
)  # fmt: skip

#: Scripts that are broken between any two characters, for want of spaces: those of South-East Asia,
#: Chinese and Japanese; emoji, too. Korean has spaces.
UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xA4CF), (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F), (0xFF01, 0xFF60), (0x1F000, 0x1FAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
#: Closing punctuation, which starts no line.
CLINGING = frozenset(
    "、。，．・：；？！)]}）］｝〉》」』】〕”’…‥ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々.,:;!?%"
)

#: Characters of the scripts that are written from right to left, their digits and signs too.
LEFTWARD = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
#: Bidirectional controls: marks, embeddings, overrides, isolates.
CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

#: Form of an Arabic letter by whether it joins the one before and the one after it.
POSITIONS = {
    (False, False): "<isolated>",
    (False, True): "<initial>",
    (True, True): "<medial>",
    (True, False): "<final>",
}
ARABIC = re.compile("[\u0600-\u06ff]")
#: Lam with an alef is one sign; any other character is one by itself.
LETTERS = re.compile("\u0644[\u0622\u0623\u0625\u0627]|.", re.DOTALL)
TATWEEL = "\u0640"

#: Hexadecimal digits of 3 × 5 pixels for boxes, each row an octal digit.
DIGITS = (
    *("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111"),
    *("75757", "75717", "75755", "65656", "74447", "65556", "74747", "74744"),
)

#: 16 rows, each of a byte for each font pixel: 1 is ink.
Glyph = tuple[bytes, ...]


class Cell(NamedTuple):
    """A character with the marks on it, as it will be drawn."""

    text: str  # the character, without marks
    width: int  # font pixels
    rows: Glyph
    place: int = 0  # from the left, were the text one line; 0 if no letter reads leftward


PLACE = attrgetter("place")


class Line(NamedTuple):
    """A line of text as a bitmap."""

    width: int  # font pixels
    glyphs: tuple[Glyph, ...]  # its cells', from left to right
    leftward: bool  # of a text that reads from right to left, to be aligned right


class Word(NamedTuple):
    """What stays on one line: a word and the space behind it, or a single ideograph."""

    cells: Sequence[Cell]
    width: int  # font pixels, with the space
    inked: int  # without it


class Text(NamedTuple):
    """A text whose shapes are known, ready to be set in lines of any width."""

    words: list[Word]  # in the order of reading
    width: int  # font pixels, in one line
    leftward: bool  # read from right to left, by its first letter: so are all its lines

    def lines(self, width: int, limit: int) -> list[Line]:
        """At most `limit` lines of at most `width` font pixels; "…" says there was more."""
        rows = _wrapped(self.words, width)
        if len(rows) > limit:
            kept = rows[: max(limit, 0)]
            rows = [*kept[:-1], _shortened(kept[-1], width, self.leftward)] if kept else []
        return [_line(sorted(row, key=PLACE), self.leftward) for row in rows]


@lru_cache(maxsize=256)
def shaped(text: str) -> Text:
    """A text in cells: composed, Arabic letters joined, invisible characters left out.

    Of a very long one the first `LONGEST` cells, far more than a picture has room for.
    """
    clusters = _clusters(_joined(_cleaned(text)))[:LONGEST]
    if LEFTWARD.search("".join(clusters)):
        cells, leftward = _placed(clusters)
    else:
        cells, leftward = [_cell(cluster) for cluster in clusters], False
    return Text(_words(cells), _width(cells), leftward)


def spread(words: Sequence[Line], width: int) -> Line:
    """Lines, two or more, side by side from the left to the right end of `width`; or one."""
    free, gaps = width - sum([word.width for word in words]), max(1, len(words) - 1)
    glyphs = [*words[0].glyphs]
    for at, word in enumerate(words[1:]):
        gap = bytes(free * (at + 1) // gaps - free * at // gaps)
        glyphs += (gap,) * HEIGHT, *word.glyphs
    return Line(width if len(words) > 1 else words[0].width, tuple(glyphs), False)


def _cleaned(text: str) -> str:
    """Composed (NFC), with one plain space for any number of blanks and controls."""
    if not text.isascii():
        parts = groupby(text, key=lambda character: frozen.category(character) != "Cn")
        # Compositions among characters of Unicode 3.2 will never change; younger ones may.
        text = "".join(
            frozen.normalize("NFC", "".join(part)) if old else "".join(part) for old, part in parts
        )
    return BLANKS.sub(" ", text).strip(" ")


def _within(character: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


# Letters to cells


def _clusters(text: str) -> list[str]:
    """What is drawn as one: a character, the marks on it, and before it the controls of order."""
    if text.isascii():  # has neither
        return list(text)
    clusters: list[str] = []
    controls = ""
    for character in text:
        shape, combining = _shape(character)
        if shape and combining and clusters:
            clusters[-1] += character
        elif shape:
            clusters.append(controls + character)
            controls = ""
        elif character in CONTROLS:
            controls += character
    return clusters


@lru_cache(maxsize=4096)
def _cell(cluster: str) -> Cell:
    shapes = [shape for shape, _ in map(_shape, cluster) if shape]
    return reduce(_overlaid, shapes)


@lru_cache(maxsize=2048)
def _shape(character: str) -> tuple[Cell | None, bool]:
    """A character's cell, None if it is invisible; whether it goes over the one before."""
    if _within(character, INVISIBLE):
        return None, False
    found = glyph(ord(character))
    width, rows = (found.width, found.rows) if found else (16, _box(ord(character)))
    cell = Cell(character, width, tuple([_pixels(row, width) for row in rows]))
    return cell, bool(found and found.combining)


def _pixels(row: int, width: int) -> bytes:
    """Bits, the highest leftmost, in a byte each."""
    return format(row, f"0{width}b").encode().translate(BITS)


BITS = bytes.maketrans(b"01", b"\0\1")


def _overlaid(base: Cell, mark: Cell) -> Cell:
    """A mark drawn over a character, both centred."""
    width = max(base.width, mark.width)
    rows = [
        bytes(map(or_, below.center(width, b"\0"), above.center(width, b"\0")))
        for below, above in zip(base.rows, mark.rows, strict=True)
    ]
    return Cell(base.text, width, tuple(rows))


def _box(codepoint: int) -> tuple[int, ...]:
    """A frame with the code point in hexadecimal: for a character that the font does not have."""
    digits = f"{codepoint:04X}" if codepoint <= 0xFFFF else f"{codepoint:06X}"
    half = len(digits) // 2
    inner = [0, *_digit_rows(digits[:half]), 0, *_digit_rows(digits[half:]), 0]
    rows = [0x7FFE, *(0x4002 | row << (3 if half == 3 else 5) for row in inner), 0x7FFE]
    return (0, *rows)


def _digit_rows(digits: str) -> list[int]:
    """Five rows of hexadecimal digits side by side, each four pixels wide with its gap."""
    shapes = [DIGITS[int(digit, 16)] for digit in digits]
    return [reduce(lambda row, shape: row << 4 | int(shape[y]), shapes, 0) for y in range(5)]


# Arabic letters, which take their shape from their neighbours


@cache
def _forms() -> dict[tuple[str, str], str]:
    """Presentation forms of Arabic letters, and of lam with alef, by position in the word."""
    forms = {}
    for codepoint in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
        position, *letters = frozen.decomposition(chr(codepoint)).split() or [""]
        forms["".join([chr(int(letter, 16)) for letter in letters]), position] = chr(codepoint)
    return forms


def _joined(text: str) -> str:
    """The text with its Arabic letters in the forms they take in a word."""
    if not ARABIC.search(text):
        return text
    units = LETTERS.findall(text)
    bases = [at for at, unit in enumerate(units) if frozen.category(unit[0]) != "Mn"]
    around = [" ", *(units[at] for at in bases), " "]
    for at, before, unit, after in zip(bases, around, around[1:], around[2:], strict=False):
        position = POSITIONS[_join(before, unit), _join(unit, after)]
        units[at] = _forms().get((unit, position), unit)
    return "".join(units)


def _join(first: str, second: str) -> bool:
    """Whether two neighbours reach out to each other."""
    forms = _forms()
    return ((first, "<initial>") in forms or first == TATWEEL) and (
        (second, "<final>") in forms or second == TATWEEL
    )


# Order: the Unicode bidirectional algorithm (UAX #9)

#: Two ranges of digits to number cells with: tags, which have no direction but their neighbour's.
HIGH, LOW, BASE = 0xE0020, 0xE0050, 48
NUMERALS = re.compile("[\U000e0020-\U000e007f]{2}")
LONGEST = BASE * BASE


def _placed(clusters: Sequence[str]) -> tuple[list[Cell], bool]:
    """Cells with their places, brackets turned where they read leftward; whether the text does.

    In a line two cells stand as they would if the whole text were one line: what turns them
    round (rule L2) depends on what lies between them and on no more. So lines can be cut later.
    """
    # Most prompts never need it, and the server shall start fast.
    from bidi import get_base_level, get_display
    from bidi.mirror import MIRRORED

    # The library returns a string, with brackets as they were. A numeral behind each cluster tells
    # which one it was; it is backwards where the text reads leftward.
    numerals = [chr(HIGH + at // BASE) + chr(LOW + at % BASE) for at in range(len(clusters))]
    known = {numeral: at for at, numeral in enumerate(numerals)}
    text = "".join(map(add, clusters, numerals)).encode("utf-8", "replace").decode("utf-8")
    leftward = get_base_level(text) == 1
    # At the end of the line the last numeral would count as a blank (rule L1).
    base, end = ("R", "\u200f") if leftward else ("L", "\u200e")
    cells = [_cell(cluster) for cluster in clusters]
    for place, numeral in enumerate(NUMERALS.findall(get_display(text + end, base_dir=base))):
        turned = numeral not in known
        at = known[numeral[::-1] if turned else numeral]
        own = cells[at].text
        drawn = _cell(clusters[at].replace(own, MIRRORED.get(own, own))) if turned else cells[at]
        cells[at] = Cell(own, drawn.width, drawn.rows, place)  # lines break as the text is read
    return cells, leftward


# Cells to lines


def _words(cells: Sequence[Cell]) -> list[Word]:
    texts = [cell.text for cell in cells]
    ends = [at for at, pair in enumerate(pairwise(texts), 1) if _breaks(*pair)]
    bounds = pairwise([0, *ends, len(cells)]) if cells else ()
    return [_word(cells[start:end]) for start, end in bounds]


def _word(cells: Sequence[Cell]) -> Word:
    width = _width(cells)
    return Word(cells, width, width - cells[-1].width if cells[-1].text == " " else width)


def _parts(word: Word, width: int) -> Iterator[Word]:
    """A word in parts that are no wider than a line, but for a single cell."""
    start, room = 0, width
    for at, cell in enumerate(word.cells):
        if at > start and cell.width > room:
            yield _word(word.cells[start:at])
            start, room = at, width
        room -= cell.width
    yield _word(word.cells[start:])


def _wrapped(words: Iterable[Word], width: int) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    room = -1
    for word in words:
        for part in (word,) if word.width <= width else _parts(word, width):
            if part.inked > room:
                rows.append([])
                room = width
            rows[-1] += part.cells
            room -= part.width
    return [row[:-1] if row and row[-1].text == " " else row for row in rows]


@lru_cache(maxsize=4096)
def _breaks(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if after == " " or after in CLINGING:
        return False
    return before == " " or _within(before, UNSPACED) or _within(after, UNSPACED)


def _width(cells: Iterable[Cell]) -> int:
    return sum([cell.width for cell in cells])


def _shortened(row: list[Cell], width: int, leftward: bool) -> list[Cell]:
    """The row cut so that "…" fits behind it."""
    ending = _cell(ELLIPSIS)
    while row and (_width([*row, ending]) > width or row[-1].text in (" ", ELLIPSIS)):
        row = row[:-1]
    place = -1 if leftward else max(map(PLACE, row), default=0)
    return [*row, ending._replace(place=place)]


def _line(cells: Sequence[Cell], leftward: bool) -> Line:
    return Line(_width(cells), tuple([cell.rows for cell in cells]), leftward)
