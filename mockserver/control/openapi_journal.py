"""What the OpenAPI document of the control API says of the journal. Serves nothing."""

from __future__ import annotations

from mockserver.control.journal import LONGEST, OPERATIONS
from mockserver.control.openapi_parts import (
    USD,
    does,
    id_of,
    listed,
    named,
    or_null,
    query,
    table,
    time_of,
)
from mockserver.control.openapi_rules import FLAG, POSITIVE, TEXT, WHOLE, Schema, asked
from mockserver.core.journal import Record
from mockserver.core.raw_request import BODY

_BY_TYPE: dict[type, Schema] = {str: TEXT, bool: FLAG, int: WHOLE, float: USD}
_BY_TYPE |= {dict: {"type": "object"}, list: listed(TEXT), tuple: listed(TEXT)}
_BY_NAME: dict[str, Schema] = {
    "time": {"type": "number"},
    "status": {"type": "integer"},
    "error": or_null(table({"reason": TEXT, "message": TEXT, "code": or_null(TEXT)})),
}
_EMPTY = Record(id="", at=0, method="", path="").as_json()
RECORD = table(
    {k: _BY_NAME.get(k) or _BY_TYPE[type(v)] for k, v in _EMPTY.items()}
    | {
        "downloads": listed(TEXT) | {"description": "ids of the downloads of its pictures"},
        "made_by": TEXT | {"description": 'of a download: the id of the picture\'s request, or ""'},
        "raw": named("Raw"),
    },
    "raw",
)
RAW = table(
    {
        "line": TEXT,
        "headers": {"type": "object", "additionalProperties": TEXT},
        "body": TEXT | {"description": f"its first {BODY} bytes"},
        "encoding": {"enum": ["utf-8", "base64"]},
        "bytes": WHOLE | {"description": "of the whole body"},
        "cut": FLAG,
    }
) | {"description": "As it came over the wire; what may be a key is ***."}

_REQUEST = id_of("^[A-Za-z0-9_-]+$")
_STATUS = query(
    "status",
    {"anyOf": [{"const": 0}, {"type": "integer", "minimum": 100, "maximum": 599}]},
    "of the answer; 0 is none",
)
_PATH = query("path", TEXT | {"pattern": "^/[^?]*$"}, "as the client sent it, without its query")
_SINCE = query("since", TEXT, "what came after the one of this id; 404 if it is not there")
_FILTERS = [
    _STATUS,
    query("operation", {"enum": list(OPERATIONS)}, 'or "" for what is none on images'),
    _PATH,
    query("model", TEXT, "as sent, or filled in"),
    query("rule", TEXT, 'id or name of the rule that fired, or ""; 404 if there is none'),
    query("call", TEXT, "id of the call's first request; 404 if it is not there"),
    _SINCE,
]
_MADE_BY = query("made_by", TEXT, "id of the pictures' request; 404 if it is not there")
_OF_LIST = [
    query("limit", WHOLE, "the last so many"),
    query("raw", FLAG, "each as it came over the wire, too"),
]
_GROUPS: Schema = {"type": "object", "additionalProperties": POSITIVE}
_OF_LOOK: dict[str, Schema] = {"when": named("When")}
_RECORDS = listed(named("Record"))


def journal() -> Schema:
    """Its paths."""
    return {
        "/_mock/requests": {
            "get": does(
                "requests.list",
                "What was asked under /v1, or meant to be, the oldest first; and what came late",
                table({"requests": _RECORDS, "late": _RECORDS, "waited": USD}),
                parameters=[*_FILTERS, *_OF_LIST],
            ),
            "delete": does("requests.clear", "Empty the journal alone", named("Nothing")),
        },
        "/_mock/requests/last": {
            "get": does("requests.last", "The last request, explained", named("Explained"))
        },
        "/_mock/requests/summary": {
            "get": does(
                "requests.summary",
                'How many there were of each kind; "" is what has none',
                table(
                    {"requests": WHOLE}
                    | {f"by_{k}": _GROUPS for k in ("status", "operation", "model", "rule")}
                ),
                parameters=_FILTERS,
            )
        },
        "/_mock/requests/count": {
            "post": does(
                "requests.count",
                "How many requests were so",
                table({"count": WHOLE}),
                body=asked(**_OF_LOOK),
            )
        },
        "/_mock/requests/wait": {
            "post": does(
                "requests.wait",
                "The same, once there are enough; or when the time is over, which is real",
                table({"count": WHOLE, "reached": FLAG}),
                body=asked(
                    **_OF_LOOK,
                    count=WHOLE,
                    timeout=time_of(LONGEST),
                ),
            )
        },
        "/_mock/requests/elsewhere": {
            "get": does(
                "requests.elsewhere",
                "The sandboxes of other keys that were asked since this one began",
                table({"sandboxes": listed(table({"name": TEXT, "key": TEXT, "requests": WHOLE}))}),
            )
        },
        "/_mock/requests/{id}": {
            "get": does(
                "requests.get", "One request, explained", named("Explained"), parameters=[_REQUEST]
            )
        },
        "/_mock/downloads": {
            "get": does(
                "downloads.list",
                "What was downloaded, the oldest first",
                table({"downloads": _RECORDS}),
                parameters=[_STATUS, _PATH, _MADE_BY, _SINCE, *_OF_LIST],
            )
        },
    }
