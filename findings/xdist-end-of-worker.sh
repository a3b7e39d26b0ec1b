#!/usr/bin/env bash
# What fails at the end of a pytest-xdist worker fails no run: an exception in its pytest_sessionfinish is shown
# nowhere, and a StrEnum in its workeroutput ends ten workers of two, loses pytest-cov's lines, and exits with 0.
# Packages: pytest-xdist==3.8.0, pytest==9.2.0, pytest-cov==7.1.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   an exception, one process: exit code 1, KeyError: 'none'
#   an exception, -n 2: exit code 0, 4 passed, workers that ended: 2, sums of theirs: 0, covered: 100%
#     no error in what is printed
#   a str as the sum, -n 2: exit code 0, 4 passed, workers that ended: 2, sums of theirs: 2, covered: 100%
#     no error in what is printed
#   a StrEnum as the sum, -n 2: exit code 0, 4 passed, workers that ended: 10, sums of theirs: 0, covered: 50%
#     xdist: maximum crashed workers reached: 8
#     DumpError: can't serialize <enum 'Kind'>
# Matters: a plugin that adds up what its workers saw loses it all in a green run, and every other plugin's share
# with it: execnet takes a type, not what it is a subclass of, though a StrEnum is a str for json, for a dict and for
# mypy. Send str(value), or json.dumps of it all, and let pytest_testnodedown fail the run for a worker without sums.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pytest-xdist==3.8.0 pytest==9.2.0 pytest-cov==7.1.0
printf 'def price():\n    return 4\n' > "$dir/images.py"
cat > "$dir/test_images.py" <<'EOF'
import pytest
import images

@pytest.mark.parametrize("number", range(4))
def test_price(number):
    assert images.price() == 4
EOF
cat > "$dir/conftest.py" <<'EOF'
import enum
import os

class Kind(enum.StrEnum):
    SLOW = "slow"

sums = {"str": "slow", "StrEnum": Kind.SLOW}

def pytest_sessionfinish(session):
    output = getattr(session.config, "workeroutput", None)
    if output is not None or session.config.option.numprocesses is None:
        told = sums[os.environ["SUM"]]
        output["sum"] = told

def pytest_testnodedown(node, error):
    print("\nENDED", getattr(node, "workeroutput", {}).get("sum", "without"))
EOF
run() {
  local name=$1 code=0 out="$dir/out"
  export SUM=$2
  shift 2
  (cd "$dir" && venv/bin/python -m pytest -s -p no:cacheprovider --cov=images "$@" > out 2>&1) || code=$?
  printf '%s: exit code %s, ' "$name" "$code"
  if grep -q '^ENDED' "$out"; then
    printf '%s, ' "$(sed -n 's/^=* \(.* passed\) in .*/\1/p' "$out")"
    printf 'workers that ended: %s, ' "$(grep -c '^ENDED' "$out")"
    printf 'sums of theirs: %s, ' "$(grep -c '^ENDED slow' "$out" || true)"
    printf 'covered: %s\n' "$(sed -n 's/^TOTAL .* //p' "$out")"
    sed -n 's/^=* \(xdist: .*[0-9]\) =*$/  \1/p' "$out"
    grep -o '[A-Za-z]*Error: .*' "$out" | sort -u | sed 's/^/  /' | grep . || echo "  no error in what is printed"
  else
    grep '^KeyError' "$out"
  fi
}
{
  run "an exception, one process" none
  run "an exception, -n 2" none -n 2
  run "a str as the sum, -n 2" str -n 2
  run "a StrEnum as the sum, -n 2" StrEnum -n 2
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
