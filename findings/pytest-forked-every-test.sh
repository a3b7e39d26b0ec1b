#!/usr/bin/env bash
# With pytest 9.2.0 every test under pytest-forked's --forked fails with "EXITED with status 3", an empty one too:
# the child cannot marshal the type that the report's node id has by now, and its exception is swallowed.
# Packages: pytest-forked==1.7.5, pytest==9.1.1, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   pytest 9.1.1: 1 passed
#   pytest 9.1.1, --forked: 1 passed
#   pytest 9.2.0: 1 passed
#   pytest 9.2.0, --forked: 1 failed (running the test EXITED with status 3)
#     of the report of its call, not to be marshalled: _id, a NodeId
# Matters: who forks each test, so that a server's threads or a patched client end with it, sees tests die without
# a line of output and looks for sys.exit(3) in the program. A plugin that puts a report's attributes through
# marshal, not through pytest's own pytest_report_to_serializable, breaks in the same way.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
printf 'def test_nothing():\n    pass\n' > "$dir/test_nothing.py"
cat > "$dir/look.py" <<'EOF'
import marshal
import pytest, pytest_forked

class Look:
    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            for name, value in pytest_forked.serialize_report(report).items():
                try:
                    marshal.dumps(value)
                except ValueError:
                    kind = type(value).__name__
                    print(f"\nSEEN   of the report of its call, not to be marshalled: {name}, a {kind}")

pytest.main(["-q", "-s", "-p", "no:cacheprovider", "test_nothing.py"], plugins=[Look()])
EOF
run() {
  local name=$1
  shift
  (cd "$dir" && venv/bin/python -m pytest -q -p no:cacheprovider test_nothing.py "$@" > out 2>&1) || true
  why=$(sed -n 's/^.*: \(running the test EXITED.*\)$/ (\1)/p' "$dir/out" | head -n 1)
  sed -n "s/^\(1 [a-z]*\) in .*$/$name: \1$why/p" "$dir/out"
}
{
  "$dir/venv/bin/pip" install --quiet pytest-forked==1.7.5 pytest==9.1.1
  run "pytest 9.1.1"
  run "pytest 9.1.1, --forked" --forked
  "$dir/venv/bin/pip" install --quiet pytest==9.2.0
  run "pytest 9.2.0"
  run "pytest 9.2.0, --forked" --forked
  (cd "$dir" && venv/bin/python look.py 2>&1) | sed -n 's/^SEEN //p'
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
