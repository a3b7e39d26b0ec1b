#!/usr/bin/env bash
# Within freezegun's freeze_time, a thread sees datetime.now() frozen always, but time.time() and
# time.monotonic() real or frozen by how many calls deep it asks.
# Packages: freezegun==1.5.5 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   1 call deep:  datetime.now frozen, time.time real, time.monotonic real
#   2 calls deep: datetime.now frozen, time.time real, time.monotonic real
#   3 calls deep: datetime.now frozen, time.time real, time.monotonic real
#   4 calls deep: datetime.now frozen, time.time real, time.monotonic real
#   5 calls deep: datetime.now frozen, time.time frozen, time.monotonic frozen
# Matters: the stand-in for an image API that a test suite runs in a thread has two clocks at once.
# `created` may say one year and the expiry of a picture's URL another; a helper function more, and both
# change. freezegun leaves the clock real for a call that has "threading" among its last five callers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet freezegun==1.5.5
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import datetime, threading, time
from freezegun import freeze_time

FROZEN = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)

def look(calls):
    if calls > 1:
        return look(calls - 1)
    told.append(datetime.datetime.now(datetime.UTC) == FROZEN)
    told.append(time.time() == FROZEN.timestamp())
    told.append(time.monotonic() == FROZEN.timestamp())

with freeze_time("2024-01-01"):
    for calls in range(1, 6):
        told = []
        thread = threading.Thread(target=look, args=(calls,))
        thread.start()
        thread.join()
        words = ("frozen" if frozen else "real" for frozen in told)
        pairs = zip(("datetime.now", "time.time", "time.monotonic"), words)
        deep = f"{calls} call{'s' if calls > 1 else ''} deep:".ljust(13)
        print(deep, ", ".join(f"{name} {word}" for name, word in pairs))
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
