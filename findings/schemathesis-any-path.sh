#!/usr/bin/env bash
# Schemathesis finds no negative example for an operation whose only parameter is a path of any text, and seeks it
# until Hypothesis gives up, 459 times; a bound, a pattern or a second parameter is found at once.
# Packages: schemathesis==4.32.5, hypothesis==6.170.17 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   any text: none, 459 of 459 test cases failed
#   any text but none: none, 459 of 459 test cases failed
#   two characters or more: found
#   at most 100 characters: found
#   ^file-: found
#   any text, and a number in the query: found
# Matters: GET and DELETE of an id are such operations. Each costs up to seconds of making cases for none, and what
# a server says to a bad id is never tried. Whatever stands in a path is text, so there is nothing to negate, and
# 459 is where Hypothesis stops; an honest bound for the id in the document brings the cases and the time back.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5 hypothesis==6.170.17
"$dir/venv/bin/python" - 2> /dev/null <<'EOF' | tee "$dir/seen"
import re
import hypothesis, schemathesis

TEXT = {"type": "string"}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}

def strategy(path, *more):
    parameters = [{"name": "file_id", "in": "path", "required": True, "schema": path}, *more]
    operation = {"parameters": parameters, "responses": {"200": {"description": "ok"}}}
    paths = {"/v1/files/{file_id}": {"get": operation}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    found = schemathesis.openapi.from_dict(document)["/v1/files/{file_id}"]["GET"]
    return found.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

def tell(name, *parameters):
    made = []

    @hypothesis.settings(
        max_examples=10, database=None, deadline=None, derandomize=True,
        phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(strategy(*parameters))
    def collect(case):
        made.append(case)

    try:
        collect()
        told = "found"
    except hypothesis.errors.Unsatisfiable as error:
        told = "none, " + re.search(r"\d+ of \d+ test cases failed", str(error))[0]
    print(f"{name}: {told}", flush=True)

tell("any text", TEXT)
tell("any text but none", TEXT | {"minLength": 1})
tell("two characters or more", TEXT | {"minLength": 2})
tell("at most 100 characters", TEXT | {"maxLength": 100})
tell("^file-", TEXT | {"pattern": "^file-"})
tell("any text, and a number in the query", TEXT, LIMIT)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
