#!/usr/bin/env bash
# A test whose subtest fails first and passes when run again is green under pytest-rerunfailures, and a failure in
# the JUnit file; with -x it ends the run, with exit code 1 and nothing failed. flaky counts it a success, and red.
# Packages: pytest-rerunfailures==16.7, flaky==3.8.1, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   no subtest, --reruns 1: 2 passed, 1 rerun; exit code 0, failures in junit.xml: 0
#   no subtest, --reruns 1 -x: 2 passed, 1 rerun; exit code 0, failures in junit.xml: 0
#   no subtest, --force-flaky: 2 passed; exit code 0, failures in junit.xml: 0, "Success!"
#   subtests fixture, --reruns 1: 2 passed, 1 subtests passed, 1 rerun; exit code 0, failures in junit.xml: 1
#   subtests fixture, --reruns 1 -x: 1 passed, 1 subtests passed, 1 rerun; exit code 1, failures in junit.xml: 1
#   subtests fixture, --force-flaky: 2 failed, 1 passed; exit code 1, failures in junit.xml: 2, "Success!"
#   unittest's subTest, --reruns 1: 1 failed, 2 passed; exit code 1, failures in junit.xml: 1
#   unittest's subTest, --reruns 1 -x: 1 failed, 1 passed; exit code 1, failures in junit.xml: 1
#   unittest's subTest, --force-flaky: 1 failed, 2 passed; exit code 1, failures in junit.xml: 1, "Success!"
# Matters: pytest logs a failed subtest at once, past runtestprotocol(item, log=False), so each plugin that runs a
# test again has to take the report back from whoever counted it; pytest-rerunfailures does so for the terminal and
# the exit code alone. A CI that reads the file is red where the job is green. A flaky test wants no subtests.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pytest-rerunfailures==16.7 flaky==3.8.1 pytest==9.2.0
cat > "$dir/test_plain.py" <<'EOF'
attempts = []

def test_picture():
    attempts.append("one")
    assert len(attempts) > 1

def test_after():
    pass
EOF
cat > "$dir/test_fixture.py" <<'EOF'
attempts = []

def test_picture(subtests):
    attempts.append("one")
    with subtests.test("a size"):
        assert len(attempts) > 1

def test_after():
    pass
EOF
cat > "$dir/test_unittest.py" <<'EOF'
import unittest

attempts = []

class TestPicture(unittest.TestCase):
    def test_picture(self):
        attempts.append("one")
        with self.subTest("a size"):
            self.assertGreater(len(attempts), 1)

def test_after():
    pass
EOF
run() {
  local name=$1 file=$2 other=$3 code=0 sums failures success
  shift 3
  (cd "$dir" && venv/bin/python -m pytest -q --tb=no -p no:cacheprovider -p "no:$other" --junitxml=junit.xml \
    "$file.py" "$@" > out 2>&1) || code=$?
  sums=$(sed -n 's/^\([0-9].*\) in [0-9.]*s$/\1/p' "$dir/out")
  failures=$(sed -n 's/.*<testsuite [^>]*failures="\([0-9]*\)".*/\1/p' "$dir/junit.xml")
  success=$(sed -n 's/^test_picture passed .* \(Success!\)$/, "\1"/p' "$dir/out")
  echo "$name, $*: $sums; exit code $code, failures in junit.xml: $failures$success"
}
each() {
  run "$1" "$2" flaky --reruns 1
  run "$1" "$2" flaky --reruns 1 -x
  run "$1" "$2" rerunfailures --force-flaky
}
{
  each "no subtest" test_plain
  each "subtests fixture" test_fixture
  each "unittest's subTest" test_unittest
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
