"""How many bytes a value takes, roughly as CPython holds it. Measures nothing: it adds up.

The numbers are those of `sys.getsizeof` on 64 bits, rounded up; a test holds them against it. What
many share (True, None, the text of a constant) weighs nothing or is counted again: better too much.
"""

from __future__ import annotations

from typing import Any

TEXT = 60  # of a text without its letters
WIDE = 80  # the same, where a letter is not ASCII
TABLE = 136  # of a dict without its entries
ENTRY = 48  # of a dict, without key and value
LIST = 88
ITEM = 9  # lists that grew have room to spare
NUMBER = 32
WIDEST = 4  # bytes of a letter in such a text


def weight(value: Any) -> int:
    """The bytes of a JSON value, with all that is in it."""
    match value:
        case str():
            return TEXT + len(value) if value.isascii() else WIDE + WIDEST * len(value)
        case dict():
            total = TABLE + ENTRY * len(value)
            for k, v in value.items():
                is_text = isinstance(v, str) and v.isascii()  # by far the most frequent
                total += TEXT + len(v) if is_text else weight(v)
                total += TEXT + len(k) if k.isascii() else weight(k)
            return total
        case list() | tuple():
            return sum(map(weight, value), LIST + ITEM * len(value))
        case None | bool():
            return 0
        case int():
            return NUMBER + value.bit_length() // 7
        case _:
            return NUMBER
