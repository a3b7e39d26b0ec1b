"""Records as JSON, for those who listen: what `Record.as_json` tells, written in half the time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Any

from mockserver.core.journal import AS_JSON, Record

Say = Callable[[Any], str]

to_json = json.JSONEncoder(check_circular=False).encode  # of a record nothing holds itself
_text: Say = encode_basestring_ascii


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _error(error: Mapping[str, Any] | None) -> str:
    return "null" if error is None else to_json(error)


#: How a value is said that is no text. A status may be one of `http.HTTPStatus`.
_SAID: Mapping[str, Say] = {
    **dict.fromkeys(("time", "usd"), repr),
    **dict.fromkeys(("status", "milliseconds", "retries"), int.__repr__),
    **dict.fromkeys(("filled", "trace", "rules"), _texts),
    "scripted": {False: "false", True: "true"}.__getitem__,
    "error": _error,
}
_FORM = "{" + ", ".join(f'"{name}": %s' for name in AS_JSON) + "}"
_values = attrgetter(*AS_JSON)


class Telling:
    """Tells records. Equal requests have the same fields, one object, which is written once."""

    def __init__(self) -> None:
        said = {**_SAID, "fields": self._fields}
        self._said = [said.get(name, _text) for name in AS_JSON]
        self._last: object = None
        self._written = ""

    def told(self, record: Record) -> str:
        """A record as one line of JSON."""
        values = zip(self._said, _values(record), strict=True)
        text = _FORM % tuple([say(value) for say, value in values])
        some = record.some
        return f"{text[:-1]}, {to_json(some)[1:]}" if some else text

    def _fields(self, fields: Mapping[str, Any]) -> str:
        if fields is not self._last:
            self._last, self._written = fields, to_json(fields)
        return self._written
