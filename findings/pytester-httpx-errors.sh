#!/usr/bin/env bash
# After the first test that has pytest's pytester, `except httpx.ConnectError` and `except httpx2.ConnectError` catch
# nothing: the errors of httpcore come out as they are, and out of openai-python one that is no OpenAIError.
# Packages: pytest==9.2.0, httpx==0.28.1, httpx2==2.16.2, openai==3.57.0 (PyPI)
# Seen: 2026-11-29, Python 3.11
# Output:
#   four tests of pytester:
#     httpx, nobody listens: httpx.ConnectError, then httpcore.ConnectError
#     httpx2, nobody listens: httpx2.ConnectError, then httpcore2.ConnectError
#     openai, nobody answers: openai.APITimeoutError, then httpcore2.ReadTimeout
#   with httpcore and httpcore2 imported by conftest.py:
#     httpx, nobody listens: httpx.ConnectError
#     httpx2, nobody listens: httpx2.ConnectError
#     openai, nobody answers: openai.APITimeoutError
# Matters: whoever tests a plugin for an API does so with pytester, and asks a server until it is there: that loop's
# `except` holds in the first such test, and in each one run alone. Both libraries load their transport at the first
# request and keep a table of its errors; pytester takes out of sys.modules what came in during its test, so the next
# one loads another copy, whose errors are in no table. The two imports above mend it.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pytest==9.2.0 httpx==0.28.1 httpx2==2.16.2 openai==3.57.0
cat > "$dir/test_errors.py" <<'END'
import socket

import httpx, httpx2, openai, pytest

@pytest.fixture(scope="module")
def silent():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"

@pytest.fixture(scope="module")
def closed():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"

def test_errors(pytester, silent, closed, number):
    client = openai.OpenAI(api_key="k", base_url=silent, max_retries=0, timeout=1)
    asks = {
        "httpx, nobody listens": lambda: httpx.get(closed),
        "httpx2, nobody listens": lambda: httpx2.get(closed),
        "openai, nobody answers": lambda: client.images.generate(prompt="x"),
    }
    for name, ask in asks.items():
        with pytest.raises(Exception) as caught:
            ask()
        print(f"\nTOLD {name}: {caught.type.__module__}.{caught.type.__name__}")
END
told() {
  printf '%s:\n' "$1"
  printf '%s\ndef pytest_generate_tests(metafunc):\n    metafunc.parametrize("number", range(4))\n' "$2" > "$dir/conftest.py"
  (cd "$dir" && venv/bin/python -m pytest -q -s -p pytester -p no:cacheprovider test_errors.py > out)
  for name in "httpx, nobody listens" "httpx2, nobody listens" "openai, nobody answers"; do
    printf '  %s: %s\n' "$name" "$(sed -n "s/^TOLD $name: //p" "$dir/out" | uniq | paste -s -d, | sed 's/,/, then /g')"
  done
}
{
  told "four tests of pytester" ""
  told "with httpcore and httpcore2 imported by conftest.py" "import httpcore, httpcore2"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
