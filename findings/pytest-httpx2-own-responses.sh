#!/usr/bin/env bash
# pytest-httpx2's fixture takes responses of httpx alone: one of httpx2 itself is refused, in a list by an assertion
# without words. An error has to be one of httpx2, and an instance: what is mocked is raised as it is.
# Packages: pytest-httpx2==1.0.0, respx==0.23.1, httpx2==2.16.2, httpx==0.28.1, pytest==9.2.0 (PyPI)
# Seen: 2026-11-29, Python 3.11
# Output:
#   of httpx:
#     return_value=Response(200): httpx2.Response
#     side_effect=[Response(200)]: httpx2.Response
#     side_effect=lambda request: Response(200): httpx2.Response
#     side_effect=ConnectTimeout("late"): httpx.ConnectTimeout: late
#     side_effect=ConnectTimeout: httpx.ConnectTimeout: Mock Error
#   of httpx2:
#     return_value=Response(200): TypeError: <Response [200 OK]> is not an instance of httpx.Response
#     side_effect=[Response(200)]: AssertionError: ''
#     side_effect=lambda request: Response(200): TypeError: Side effects must return; either a `httpx.Response`
#     side_effect=ConnectTimeout("late"): httpx2.ConnectTimeout: late
#     side_effect=ConnectTimeout: TypeError: RequestError.__init__() missing 1 required positional argument: 'message'
# Matters: who leaves httpx for httpx2, as openai-python did, and renames the import in the tests too, has each mocked
# answer refused; who leaves it as it was has timeouts that no `except httpx2.TimeoutException` catches, so that the
# program's branch for them is not tested. Answers from httpx, errors from httpx2 and made, is what works.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pytest-httpx2==1.0.0 respx==0.23.1 httpx2==2.16.2 httpx==0.28.1 pytest==9.2.0
cat > "$dir/test_mocks.py" <<'END'
import httpx, httpx2, pytest

URL = "https://images.example/v1/images/generations"
HOW = [
    "return_value=Response(200)",
    "side_effect=[Response(200)]",
    "side_effect=lambda request: Response(200)",
    'side_effect=ConnectTimeout("late")',
    "side_effect=ConnectTimeout",
]

def named(kind):
    return f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")

@pytest.mark.httpx2(assert_all_called=False)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("library", [httpx, httpx2])
def test_mocks(httpx2_mock, library, how):
    try:
        httpx2_mock.post(URL).mock(**eval(f"dict({how})", vars(library).copy()))
        told = named(type(httpx2.post(URL)))
    except Exception as error:
        told = f"{named(type(error))}: {str(error).partition(',')[0] or repr('')}"
    with open("told", "a") as file:
        print(f"of {library.__name__}:" * (how == HOW[0]), f"  {how}: {told}", file=file, sep="\n")
END
# Pytest adds its own words to an assertion of the tests' packages, and respx is a plugin.
(cd "$dir" && venv/bin/python -m pytest -q -p no:cacheprovider --assert=plain test_mocks.py > out)
grep . "$dir/told" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
