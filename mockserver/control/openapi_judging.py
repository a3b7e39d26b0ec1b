"""The JSON schema of what is told about the program that asks. Serves nothing."""

from __future__ import annotations

from mockserver.control.openapi_records import TEXTS, named, table
from mockserver.core.judging.coverage import AS_JSON, Reaction
from mockserver.core.shapes import FLAG, TEXT, WHOLE, Schema, listed

_MET = table(request=TEXT, reaction={"enum": [*Reaction]}, sandbox=TEXT)
#: A kind of failure, and what met it.
FAILURE: Schema = table(
    **dict.fromkeys(AS_JSON, TEXT)
    | {"swallowed": FLAG, "of": {"enum": ["request", "download"]}, "met": listed(_MET)}
)
#: All of them, what was never met, and what no request could have met.
COVERAGE: Schema = table(
    failures=listed(named("Failure")), never_met=TEXTS, out_of_reach=TEXTS, requests=WHOLE
)
