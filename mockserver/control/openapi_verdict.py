"""The JSON schema of a verdict. Serves nothing."""

from __future__ import annotations

from mockserver.control.openapi_records import TEXTS, named, table
from mockserver.core.judging.findings import Severity
from mockserver.core.judging.verdict import JUDGES
from mockserver.core.shapes import TEXT, WHOLE, Schema, listed

#: One fault of a program.
FINDING: Schema = table(
    id={"enum": [*JUDGES]},
    severity={"enum": [*map(str, Severity)]},
    title=TEXT,
    seen=TEXT | {"description": "in one line"},
    requests=TEXTS | {"description": "ids; the first is where it shows"},
    **dict.fromkeys(("why", "source", "level", "fix"), TEXT),
    howto=TEXT | {"description": "an anchor of docs/findings.md"},
)
#: All of them.
VERDICT: Schema = table(findings=listed(named("Finding")), requests=WHOLE)
#: Which of them nobody wants.
IGNORE = (TEXT, "ids of findings that are left out, with commas between")
