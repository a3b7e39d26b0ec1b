"""The JSON schema of rules. Serves nothing.

What it can't say the reader says (`core.rules`): whether an expression or a `*` fits any value
that there is, and that a time as people write it ends at a day.
"""

from __future__ import annotations

from mockserver.core.options import SIZE
from mockserver.core.rules.conditions import rule_fields
from mockserver.core.rules.effects import EFFECTS, PICTURES_MAX, effects_schema
from mockserver.core.rules.files import ADDRESSES_TOLD, IMAGE_TOLD
from mockserver.core.rules.parser import PARTS
from mockserver.core.shapes import END, FLAG, POSITIVE, TEXT, Schema, asked, schemas
from mockserver.facts import ever, fields, free_fields
from mockserver.facts.platform import called

# -- when --------------------------------------------------------------------------------------

_FOUND: list[Schema] = [
    asked(contains=TEXT) | {"required": ["contains"]},
    asked(regex=TEXT | {"format": "regex"}) | {"required": ["regex"]},
]
MATCHER: Schema = {
    "description": "The value itself; or how a text must be. Null is one that was left out.",
    "anyOf": [{"not": {"type": "object"}}, *_FOUND],
}


def _listed(name: str) -> Schema:
    free = [TEXT | {"pattern": f"^{SIZE}{END}"}] if name in free_fields() else []
    known = called() if name == "operation" else ever()[name]
    return {"anyOf": [{"enum": list(known)}, *free, *_FOUND]}


_OPERATION = _listed("operation")
#: What a look back asks for: whatever was sent.
WHEN = asked(**{n: {"$ref": "#/components/schemas/Matcher"} for n in fields().order}) | {
    "description": "Which requests are meant: all of these must be so."
}
WHEN["properties"]["operation"] = _OPERATION
_OF_A_RULE: dict[str, Schema] = {
    "model": {
        "description": "One of these, or with * for anything.",
        "anyOf": [*_listed("model")["anyOf"], TEXT | {"pattern": r"[*?\[]"}],
    },
    "prompt": {"anyOf": [TEXT, *_FOUND]},
    "n": {"type": "integer", "minimum": 1, "maximum": PICTURES_MAX},
}
_FREE: Schema = {"anyOf": [{"type": ["string", "number", "boolean"]}, *_FOUND]}


def _of_a_rule(name: str) -> Schema:
    return _OF_A_RULE.get(name) or (_listed(name) if name in ever() else _FREE)


#: What a rule asks for: what a valid request could have on some day.
_WHEN_OF_RULE = asked(**{n: _of_a_rule(n) for n in rule_fields()}, call=POSITIVE)

# -- then --------------------------------------------------------------------------------------

_ASKED = schemas(EFFECTS)
_TOLD = _ASKED | {"image": IMAGE_TOLD, "addresses": ADDRESSES_TOLD}
EFFECT = effects_schema(_ASKED) | {"description": "False is as good as not there."}
#: An effect as it is told: of an image only which file it is.
EFFECT_TOLD = asked(**_TOLD)


def _rule(then: Schema) -> Schema:
    parts = schemas(PARTS)
    parts["next"] = FLAG | {"description": "Waits in the queue that goes before all other rules"}
    return asked(when=_WHEN_OF_RULE, then=then, **parts) | {"required": ["then"]}


RULE = _rule({"$ref": "#/components/schemas/Effect"})
#: What may take a rule's place: its image may be told as it was told.
RULE_PUT = _rule({"anyOf": [{"$ref": "#/components/schemas/Effect"}, effects_schema(_TOLD)]})
