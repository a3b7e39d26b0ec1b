#!/usr/bin/env bash
# Schemathesis computes all cases of its coverage phase while pytest collects, also for tests that -m or -k
# deselects right after; a node id, or the phase turned off, spares it.
# Packages: schemathesis==4.32.5, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   all: tests to run: 3, cases made before: 82
#   -m not contract: tests to run: 1, cases made before: 82
#   -k test_quick: tests to run: 1, cases made before: 82
#   test_images.py::test_quick: tests to run: 1, cases made before: 0
#   -m not contract, without the coverage phase: tests to run: 1, cases made before: 0
# Matters: `-m "not contract"` takes a contract's tests out of the quick run and leaves their cases in it, 41 for
# an operation of three fields. Keep such tests in files of their own that the quick run does not collect.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5 pytest==9.2.0
cat > "$dir/test_images.py" <<'EOF'
import pytest
import schemathesis

body = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string"},
        "user": {"type": "string"},
        "n": {"type": "integer", "minimum": 1, "maximum": 10},
    },
}
operation = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    "responses": {"200": {"description": "ok"}},
}
paths = {f"/v1/images/{name}": {"post": operation} for name in ("generations", "edits")}
schema = schemathesis.openapi.from_dict({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths})
made = []

@schema.hook
def map_case(context, case):
    made.append(case)
    return case

@pytest.mark.contract
@schema.parametrize()
def test_contract(case):
    pass

def test_quick():
    pass
EOF
cat > "$dir/conftest.py" <<'EOF'
def pytest_configure(config):
    config.addinivalue_line("markers", "contract: tries a server")

def pytest_collection_finish(session):
    made = session.items[0].module.made
    print(f"\nSEEN tests to run: {len(session.items)}, cases made before: {len(made)}")
EOF
run() {
  local name=$1
  shift
  (cd "$dir" && venv/bin/python -m pytest -q --collect-only -p no:cacheprovider "$@" > out 2>&1) || cat "$dir/out"
  sed -n "s/^SEEN /$name: /p" "$dir/out"
}
{
  run "all"
  run "-m not contract" -m "not contract"
  run "-k test_quick" -k test_quick
  run "test_images.py::test_quick" test_images.py::test_quick
  printf '[phases.coverage]\nenabled = false\n' > "$dir/schemathesis.toml"
  run "-m not contract, without the coverage phase" -m "not contract"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
