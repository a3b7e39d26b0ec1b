#!/usr/bin/env bash
# A test that calls atheris.Fuzz() ends the whole pytest run with 0 and without a summary, past the failures before
# it and the tests after it: what libFuzzer is done with, it ends the process for.
# Packages: atheris==3.0.0, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   Fuzz() in the test:
#     test_before_it, which fails
#     100 runs
#     pytest's last word: none; exit status 0
#   Fuzz() in a process of the test:
#     test_before_it, which fails
#     100 runs
#     after Fuzz(): exit code 0
#     test_after_it
#     pytest's last word: 1 failed, 2 passed; exit status 1
# Matters: a CI that goes by the exit status is green with a failed test. No finally, no atexit and no fixture's end
# is run, so servers that fixtures started stay; and a second target of the same script is never fuzzed. A process
# for each target, forked once the modules are instrumented, is all it needs.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet atheris==3.0.0 pytest==9.2.0
cat > "$dir/test_reader.py" <<'EOF'
import atexit, multiprocessing, os, pathlib, sys
import atheris

def tell(text):
    with pathlib.Path("told").open("a") as file:
        file.write(f"  {text}\n")

def fuzz():
    def read(data):
        nonlocal runs
        runs += 1
        if runs == 100:
            tell("100 runs")

    runs = 0
    atexit.register(tell, "atexit")
    try:
        atheris.Setup([sys.argv[0], "-runs=100"], read)
        atheris.Fuzz()
        tell("Fuzz() is back")
    finally:
        tell("finally")

def test_before_it():
    tell("test_before_it, which fails")
    assert False

def test_fuzz():
    if os.environ["HOW"] == "in the test":
        fuzz()
    process = multiprocessing.get_context("fork").Process(target=fuzz)
    process.start()
    process.join()
    tell(f"after Fuzz(): exit code {process.exitcode}")

def test_after_it():
    tell("test_after_it")
EOF
for how in "in the test" "in a process of the test"; do
  echo "Fuzz() $how:"
  rm -f "$dir/told"
  status=0
  (cd "$dir" && HOW=$how venv/bin/python -m pytest -q -p no:cacheprovider > out 2> stderr) || status=$?
  cat "$dir/told"
  word=$(sed -n 's/^\(.*\(passed\|failed\)\) in .*$/\1/p' "$dir/out")
  echo "  pytest's last word: ${word:-none}; exit status $status"
done | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
