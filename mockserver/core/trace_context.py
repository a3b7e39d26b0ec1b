"""The trace that a request is part of, as W3C Trace Context has it in `traceparent`. Starts none."""

import re

#: Version, trace id, parent's span id, flags; what a later version has behind them is cut off.
_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?=$|-)")
PATTERN = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"


def traceparent_in(value: bytes) -> str:
    """The header, if it is one; "" is what the standard wants ignored."""
    found = _FORM.match(value.strip(b" \t"))
    if not found:
        return ""
    version, trace, span = found.groups()
    is_longer = version == b"00" and found.end() < len(value.strip(b" \t"))
    if version == b"ff" or is_longer or not (trace.strip(b"0") and span.strip(b"0")):
        return ""
    return found[0].decode("ascii")


def trace_of(traceparent: str) -> tuple[str, str]:
    """The ids of the trace, and of the span in which the request was sent."""
    _, trace, span, _ = traceparent.split("-")
    return trace, span
