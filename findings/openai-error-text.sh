#!/usr/bin/env bash
# An error whose body is not quite the API's has its text in one official SDK's message and not in the other's.
# Packages: openai==3.57.0 (PyPI), openai@7.59.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   the API's own: python Error code: 403 - no access | javascript 403 no access
#   error is a text: python Error code: 403 | javascript 403 "no access"
#   message without error: python Error code: 403 - no access | javascript 403 no access
#   a page: python Error code: 403 | javascript 403 <h1>no access</h1>
# Matters: gateways answer with pages, and the API itself with a bare text where a key has no rights to an
# organization's costs. A log of the exception tells why in JavaScript; in Python it takes `error.body`.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 node@22.23.3
cat > "$dir/ask.mjs" <<'EOF'
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "k", baseURL: process.argv[2], maxRetries: 0 });
await client.images.generate({ model: "gpt-image-2", prompt: "x" }).catch(({ message }) => console.log(message));
EOF
cat > "$dir/both.py" <<'EOF'
import http.server, subprocess, sys, threading
import openai

BODIES = {
    "the API's own": ("application/json", '{"error": {"message": "no access"}}'),
    "error is a text": ("application/json", '{"error": "no access"}'),
    "message without error": ("application/json", '{"message": "no access"}'),
    "a page": ("text/html", "<h1>no access</h1>"),
}

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        kind, text = current
        body = text.encode()
        self.send_response(403)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def python(url):
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)
    try:
        client.images.generate(model="gpt-image-2", prompt="x")
    except openai.PermissionDeniedError as error:
        return str(error)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
for name, current in BODIES.items():
    javascript = subprocess.run([*sys.argv[1:], url], capture_output=True, text=True, check=True)
    print(f"{name}: python {python(url)} | javascript {javascript.stdout.strip()}", flush=True)
EOF
"$dir/venv/bin/python" "$dir/both.py" "$dir/node_modules/.bin/node" "$dir/ask.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
