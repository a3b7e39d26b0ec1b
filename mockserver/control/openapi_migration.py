"""The JSON schema of what the control API tells of a migration. Serves nothing."""

from __future__ import annotations

from mockserver.control.openapi_records import TEXTS, table
from mockserver.core.shapes import FLAG, TEXT, USD, WHOLE, Schema, listed, or_null

_FAULT = table(
    status=WHOLE,
    code=or_null(TEXT),
    message=TEXT,
    param=or_null(TEXT),
    reason=TEXT,
    about=TEXT | {"description": "in short, as size 256x256"},
    fix=TEXT | {"description": 'what to do; "" where that is not known'},
)
_OTHER = table(name=TEXT, before={}, after={})
_MOVE = table(
    where=TEXT | {"description": "the request's id"},
    operation=TEXT,
    model=TEXT,
    status=WHOLE,
    faults=listed(_FAULT)
    | {"description": "the first is what the API would say, then what would come next"},
    others=listed(_OTHER) | {"description": "what is filled in, where that is other"},
    missing=TEXTS | {"description": "fields of the answer that would not be there"},
    url_was_read=FLAG,
    limited=TEXT,
    before=USD,
    after=USD | {"description": "0 of what would be refused"},
    mended=or_null(USD),
    least=USD,
    most=USD,
    unsure=TEXTS,
)
MIGRATION: Schema = table(
    **{"from": TEXTS, "to": TEXT, "day": TEXT, "text": TEXT},
    refused=WHOLE,
    already=WHOLE | {"description": "requests that ask for this model"},
    unjudged=WHOLE,
    usd=table(before=USD, after=USD, least=USD, most=USD)
    | {"description": "of what would not be refused"},
    moves=listed(_MOVE),
)
