#!/usr/bin/env bash
# Who installs locust has a pytest plugin in every run: a fixture `session` that nobody wrote, which patches sockets
# and threads for all tests after it, and an option --host that a conftest.py may then no longer add.
# Packages: locust==2.47.0, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   without locust:
#     before: socket, threading
#     after: socket, threading
#     2 passed, 1 error: fixture 'session' not found
#     a conftest.py with --host: 1 passed
#   with locust:
#     before: socket, threading
#     session is an HttpSession of locust.clients
#     after: gevent._socket3, gevent.threading
#     3 passed
#     a conftest.py with --host: ValueError: option names {'--host'} already added
# Matters: a load test's tool beside a test suite. A forgotten fixture of that common name is no error any more, and
# what follows runs on gevent, or does not, by the order of the tests. Its requests are counted nowhere. Keep the two
# in environments of their own, or put `-p no:locust` into pytest's addopts.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
mkdir "$dir/plain" "$dir/option"
cat > "$dir/plain/test_order.py" <<'EOF'
import socket, threading

def look(when):
    print(f"\nSEEN   {when}: {socket.socket.__module__}, {threading.Thread.__module__}")

def test_before():
    look("before")

def test_forgotten(session):
    print(f"\nSEEN   session is an {type(session).__name__} of {type(session).__module__}")

def test_after():
    look("after")
EOF
printf 'def pytest_addoption(parser):\n    parser.addoption("--host")\n' > "$dir/option/conftest.py"
printf 'def test_host(request):\n    request.config.getoption("--host")\n' > "$dir/option/test_host.py"
run() {
  echo "$1:"
  (cd "$dir/plain" && ../venv/bin/python -m pytest -q -s -p no:cacheprovider > ../out 2>&1) || true
  sed -n 's/^SEEN //p' "$dir/out"
  missing=$(sed -n "s/^E *\(fixture '.*\)/: \1/p" "$dir/out")
  echo "  $(tail -n 1 "$dir/out" | sed 's/, [0-9]* warning.*//; s/ in .*//')$missing"
  (cd "$dir/option" && ../venv/bin/python -m pytest -q -p no:cacheprovider > ../out 2>&1) || true
  echo "  a conftest.py with --host: $(tail -n 1 "$dir/out" | sed 's/ in .*//')"
}
{
  "$dir/venv/bin/pip" install --quiet pytest==9.2.0
  run "without locust"
  "$dir/venv/bin/pip" install --quiet locust==2.47.0
  run "with locust"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
