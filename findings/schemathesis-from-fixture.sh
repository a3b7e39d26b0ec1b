#!/usr/bin/env bash
# Beside pytest 9.2.0 each test of schemathesis.pytest.from_fixture() fails before its first case, on an
# attribute that pytest's Function no longer has; beside pytest 9.1.1, and without the fixture, it passes.
# Packages: schemathesis==4.32.5, pytest==9.1.1, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   pytest 9.1.1, schema.parametrize: 1 passed
#   pytest 9.1.1, from_fixture: 1 passed, 1 subtests passed
#   pytest 9.2.0, schema.parametrize: 1 passed
#   pytest 9.2.0, from_fixture: 1 failed: AttributeError: 'Function' object has no attribute '_nodeid'
# Matters: pip installs the two beside each other without a word, and from_fixture is for the contract of a
# server that a fixture starts. Pin pytest below 9.2 for it, or load the document with the module and give
# the address to case.call().
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
cat > "$dir/test_models.py" <<'EOF'
import pytest
import schemathesis
from hypothesis import settings

operation = {"responses": {"200": {"description": "ok"}}}
document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/v1/models": {"get": operation}}}
schema = schemathesis.openapi.from_dict(document)

@pytest.fixture
def loaded():
    return schema

@schema.parametrize()
@settings(max_examples=10)
def test_parametrize(case):
    assert case.path == "/v1/models"

@schemathesis.pytest.from_fixture("loaded").parametrize()
@settings(max_examples=10)
def test_from_fixture(case):
    assert case.path == "/v1/models"
EOF
run() {
  local name=$1 test=$2
  (cd "$dir" && venv/bin/python -m pytest -q -p no:cacheprovider "test_models.py::$test" > out 2>&1) || true
  printf '%s: %s' "$name" "$(tail -n 1 "$dir/out" | sed 's/ in .*//')"
  sed -n "s/^E   \(AttributeError: .*\)/: \1/p" "$dir/out" | sort -u | tr -d '\n'
  echo
}
both() {
  run "$1, schema.parametrize" test_parametrize
  run "$1, from_fixture" test_from_fixture
}
{
  "$dir/venv/bin/pip" install --quiet schemathesis==4.32.5 pytest==9.1.1
  both "pytest 9.1.1"
  "$dir/venv/bin/pip" install --quiet pytest==9.2.0
  both "pytest 9.2.0"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
