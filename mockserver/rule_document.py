"""The JSON schema of rules, and the parts that it shares with others. Serves nothing."""

from __future__ import annotations

from typing import Any

from mockserver.core.errors import Reason
from mockserver.core.rules import FORMATS, PICTURES, PICTURES_MAX, WEIGHTS
from mockserver.core.scripts import MOST

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
ON: Schema = {"const": True}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": MOST}
POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": MOST}
SECONDS: Schema = {"type": "number", "minimum": 0, "maximum": 86_400}
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def asked(**properties: Schema) -> Schema:
    """An object that may have each of these properties, and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


MATCHER: Schema = {
    "description": "The value itself; or how a text must be.",
    "anyOf": [
        {"type": ["string", "integer", "boolean"]},
        asked(contains=TEXT) | {"required": ["contains"]},
        asked(regex=TEXT | {"format": "regex"}) | {"required": ["regex"]},
    ],
}
WHEN = asked(**{name: {"$ref": "#/components/schemas/Matcher"} for name in WEIGHTS})
_WAIT = {"retry_after": SECONDS, "as_date": FLAG}
_STATUS: Schema = {"type": "integer", "minimum": 200, "maximum": 599}
_HEADERS: Schema = {
    "type": "object",
    "propertyNames": {
        "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "not": {"enum": ["connection", "content-length", "transfer-encoding"]},
    },
    "additionalProperties": TEXT | {"pattern": "^[ -~]*$"},
}
_BODY: Schema = {"description": "A text goes as it is, any other value as JSON."}
_REPLY = asked(status=_STATUS, headers=_HEADERS, body=_BODY, **_WAIT)
EFFECT = asked(
    error={"enum": [r.value for r in Reason]},
    rate_limit={"anyOf": [ON, asked(**_WAIT)]},
    refuse={"enum": [True, "prompt", "description", "picture"]},
    quota=ON,
    respond={
        "description": "An answer in place of the API's own, with its headers.",
        "anyOf": [_STATUS, _REPLY],
    },
    gateway={
        "description": "One from before the API, without its headers; an HTML page of itself.",
        "anyOf": [_STATUS, ON, _REPLY],
    },
    headers=_HEADERS | {"minProperties": 1},
    pictures=WHOLE | {"maximum": PICTURES_MAX},
    response_format={"enum": list(FORMATS)},
    delay=SECONDS,
    stall=ON,
    disconnect=WHOLE,
    drip=POSITIVE,
    bad_json=ON,
    content_type=TEXT | {"pattern": "^[ -~]*$"},
    picture={"enum": list(PICTURES)},
    expired_url=ON,
    image=TEXT | {"contentEncoding": "base64", "pattern": _BASE64},
)
