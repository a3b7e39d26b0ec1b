#!/usr/bin/env bash
# Portkey's Python client carries an openai package of its own: its errors print as openai.RateLimitError
# and no `except openai.…` catches them; nor is a 429 tried again, whatever max_retries says.
# Packages: portkey-ai==2.3.4, openai==3.57.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   openai: openai.RateLimitError, caught by except openai.OpenAIError: True, 3 requests
#   portkey: openai.RateLimitError, caught by except openai.OpenAIError: False, 1 request
#   portkey without Authorization= sends: Bearer OPENAI_API_KEY
# Matters: a program moved behind this gateway client goes on to import its exceptions from openai and
# loses all its error handling on the first limit; the traceback names the class that it does catch.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet portkey-ai==2.3.4 openai==3.57.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, threading
import openai
from portkey_ai import Portkey

keys = []

class Stub(http.server.BaseHTTPRequestHandler):
    """Answers 429 always, and that a moment's wait is enough."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        keys.append(self.headers["authorization"])
        body = b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
        self.send_response(429)
        self.send_header("retry-after-ms", "1")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def ask(client):
    keys.clear()
    try:
        client.images.generate(model="gpt-image-2", prompt="x")
    except Exception as error:
        return error

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
for name, client in (
    ("openai", openai.OpenAI(api_key="k", base_url=url, max_retries=2)),
    ("portkey", Portkey(api_key="k", Authorization="Bearer k", base_url=url, max_retries=2)),
):
    error = ask(client)
    caught = isinstance(error, openai.OpenAIError)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    requests = f"{len(keys)} request{'s' if len(keys) > 1 else ''}"
    print(f"{name}: {kind}, caught by except openai.OpenAIError: {caught}, {requests}")
ask(Portkey(api_key="k", base_url=url))
print(f"portkey without Authorization= sends: {keys[0]}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
