#!/usr/bin/env bash
# case.validate_response() of Schemathesis, given an answer of 500 to a case of an undeclared Content-Type,
# sends a request of its own, outside the caller's session: what the server says now decides about what it said.
# Packages: schemathesis==4.32.5, pytest==9.2.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   500 to application/json: ServerError; requests sent: 0
#   500 to text/plain, the server answers 200 now: ContentTypeServerError; requests sent: 1 (0 with the key)
#   500 to text/plain, the server answers 401 now: ContentTypeServerError; requests sent: 1 (0 with the key)
#   500 to text/plain, the server answers 500 now: no failure; requests sent: 1 (0 with the key)
#   500 to text/plain, the session is told, too: no failure; requests sent: 1 (1 with the key)
#   500 to text/plain, the server is gone: ConnectionError; requests sent: 0
#   500 to text/plain, not_a_server_error excluded: no failure; requests sent: 0
# Matters: such an answer cannot be judged offline, and costs one request more than the session counted, which
# is a good one: where the server draws, a picture. Without the key it is a 401, as a rule, so that the
# Content-Type is blamed for a server that fails at everything. Give validate_response() the session in
# transport_kwargs, or exclude that check.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5 pytest==9.2.0
cat > "$dir/test_validate.py" <<'EOF'
import http.server, threading
import requests, schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error

body = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}
operation = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    "responses": {status: {"description": ""} for status in ("200", "400", "401", "500")},
}
schema = schemathesis.openapi.from_dict({
    "openapi": "3.1.0",
    "info": {"title": "Images", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {"/v1/images/generations": {"post": operation}},
})
keys = []    # of the requests that came
answers = {}    # 500 to either type, with its case

class Stub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        keys.append(self.headers["authorization"])
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
server.status = 500
threading.Thread(target=server.serve_forever, daemon=True).start()
session = requests.Session()
session.headers["authorization"] = "Bearer k"

@schema.parametrize()
@settings(max_examples=10)
def test_ask(case):
    content_type = case.headers.get("Content-Type", "application/json")
    is_ordinary = case.method == "POST" and case.meta.generation.mode.is_positive
    if content_type not in answers and (is_ordinary or content_type == "text/plain"):
        response = case.call(base_url=f"http://127.0.0.1:{server.server_port}", session=session)
        answers[content_type] = case, response

def validate(name, content_type="text/plain", **how):
    case, response = answers[content_type]
    keys.clear()
    seen = "no failure"
    try:
        case.validate_response(response, **how)
    except BaseExceptionGroup as failures:
        seen = ", ".join(type(failure).__name__ for failure in failures.exceptions)
    except requests.RequestException as error:
        seen = type(error).__name__
    with_key = f" ({keys.count('Bearer k')} with the key)" if keys else ""
    print(f"500 to {content_type}{name}: {seen}; requests sent: {len(keys)}{with_key}", flush=True)

def test_judge():
    print()
    validate("", "application/json")
    for server.status in (200, 401, 500):
        validate(f", the server answers {server.status} now")
    validate(", the session is told, too", transport_kwargs={"session": session})
    server.shutdown()
    server.server_close()
    session.close()
    validate(", the server is gone")
    validate(", not_a_server_error excluded", excluded_checks=[not_a_server_error])
EOF
(cd "$dir" && venv/bin/python -m pytest -q -s -p no:cacheprovider test_validate.py) > "$dir/out" || cat "$dir/out"
grep '^500 to ' "$dir/out" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
