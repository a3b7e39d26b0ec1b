#!/usr/bin/env bash
# A form with a file, whose schema says of two other fields that they exclude each other: Schemathesis asks
# its own validator about its own stand-in for the file, and pytest collects no test of the operation.
# Packages: schemathesis==4.32.5, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   without the rule: 1 passed
#   with the rule: 1 error: ValueError: Unsupported type: 'Binary'
#   with the rule, the file a text: 1 passed
# Matters: "n is 1 where stream is true" is a rule of every API that edits pictures. Whoever writes it into a
# contract as `allOf: [{not: …}]` loses all tests of that operation; it has to stand under a key of one's own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5 pytest==9.2.0
cat > "$dir/test_edits.py" <<'EOF'
import os
import schemathesis
from hypothesis import settings

kind, has_rule = os.environ["KIND"], "RULE" in os.environ
body = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string", **({"format": "binary"} if kind == "file" else {})},
        "n": {"type": "integer"},
        "stream": {"type": "boolean"},
    },
}
if has_rule:
    both = {"n": {"const": 2}, "stream": {"const": True}}
    body["allOf"] = [{"not": {"properties": both, "required": [*both]}}]
operation = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": body}}},
    "responses": {"200": {"description": "ok"}},
}
document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}
schema = schemathesis.openapi.from_dict(document | {"paths": {"/edits": {"post": operation}}})

@schema.parametrize()
@settings(max_examples=10)
def test_edits(case):
    assert case.path == "/edits"
EOF
run() {
  local name=$1
  shift
  (cd "$dir" && env "$@" venv/bin/python -m pytest -q -p no:cacheprovider test_edits.py > out 2>&1) || true
  printf '%s: %s' "$name" "$(tail -n 1 "$dir/out" | sed 's/ in .*//')"
  sed -n "s/^E   \(ValueError: .*\)/: \1/p" "$dir/out" | sort -u | tr -d '\n'
  echo
}
{
  run "without the rule" KIND=file
  run "with the rule" KIND=file RULE=1
  run "with the rule, the file a text" KIND=text RULE=1
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
