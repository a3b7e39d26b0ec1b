"""The JSON schema of what the journal tells of a request. Serves nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.core.journal import Record
from mockserver.core.shapes import FLAG, TEXT, USD, WHOLE, Schema, listed, or_null

NUMBER: Schema = {"type": "number"}
OBJECT: Schema = {"type": "object"}
TEXTS = listed(TEXT)


def table(*optional: str, **properties: Schema) -> Schema:
    """An object of these properties, which are all there but for the optional ones."""
    required = [name for name in properties if name not in optional]
    return OBJECT | {"properties": properties, "required": required}


def mapping(values: Schema) -> Schema:
    """An object of such values, whatever their names."""
    return OBJECT | {"additionalProperties": values}


def named(name: str, kind: str = "schemas") -> Schema:
    """What stands under `components`."""
    return {"$ref": f"#/components/{kind}/{name}"}


#: A record's fields by what they hold in an empty one.
_BY_TYPE: Mapping[type, Schema] = {
    str: TEXT,
    bool: FLAG,
    int: WHOLE,
    float: USD,
    dict: OBJECT,
    **dict.fromkeys((list, tuple), TEXTS),
}
#: What a record has where there is such a thing, see `Record.some`.
_SOME: Mapping[str, Schema] = {
    "batch": TEXT | {"description": "the id of that which it was a line of"},
    "custom_id": TEXT | {"description": "of that line"},
    "traceparent": TEXT | {"description": "the header, where a valid one was sent"},
    "client": TEXT | {"description": "the beginning of its User-Agent"},
    "effects": TEXTS | {"description": "what rules did to the answer, as picture.truncated"},
    "noticed": TEXTS
    | {
        "description": "key_in_text, key_in_url, key_looks_real, ignored:NAME or deprecated:NAME "
        "of a parameter"
    },
    "standing": FLAG | {"description": "whether the sandbox's clock stood"},
    "moved": NUMBER | {"description": "seconds by which that clock had been moved on"},
    "pictures": TEXTS | {"description": "the names of the pictures in the answer's URLs"},
    "urls_for": WHOLE | {"description": "seconds after which those URLs end"},
    "length": WHOLE | {"description": "bytes of a download's body"},
    "wait": table(told_ms=WHOLE, sent_ms=WHOLE)
    | {"description": "the wait that the answer told, and what of it a standing clock lets wait"},
    "same_connection": FLAG
    | {"description": "whether the last request with the same body came over it as well"},
    "paid": {"enum": ["received", "lost"], "description": "lost: paid for, and nothing came of it"},
    "ended": {
        "enum": ["cut", "left", "released"],
        "description": "what ended the answer early: a rule, the client, the sandbox's end",
    },
}
_BY_NAME: Mapping[str, Schema] = {
    "time": NUMBER,
    "status": {"type": "integer"},
    "error": or_null(table(reason=TEXT, message=TEXT, code=or_null(TEXT))),
    "downloads": TEXTS | {"description": "ids of the downloads of its pictures"},
    "made_by": TEXT | {"description": 'of a download: the id of the picture\'s request, or ""'},
    "raw": named("Raw"),
    **_SOME,
}
SOMETIMES_TOLD = tuple(_SOME)
SOMETIMES = ("raw", *SOMETIMES_TOLD)
RECORD: dict[str, Schema] = {
    name: _BY_NAME.get(name) or _BY_TYPE[type(value)]
    for name, value in Record(id="", at=0, method="", path="").as_json().items()
} | {name: _BY_NAME[name] for name in (*SOMETIMES, "downloads", "made_by")}
