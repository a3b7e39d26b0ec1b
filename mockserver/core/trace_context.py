"""The trace that a request is part of, as W3C's Trace Context tells it. Starts and sends none."""

import re
from collections.abc import Sequence

_IDS = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
#: Version 00 ends there. Of a later one the rest is not known, and left out.
_FORM = re.compile(f"(00{_IDS})|((?!00|ff)[0-9a-f]{{2}}{_IDS})(?:-.*)?")


def traceparent_in(values: Sequence[bytes]) -> str:
    """The header `traceparent` of these values; "" where the standard wants it ignored."""
    found = _FORM.fullmatch(values[0].decode("latin-1").strip(" \t")) if len(values) == 1 else None
    return (found[1] or found[2]) if found else ""
