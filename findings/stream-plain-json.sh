#!/usr/bin/env bash
# Asked for a stream and answered by one JSON body with the picture, openai-python and openai for
# JavaScript both give a stream of no events and raise nothing; the content type is never looked at.
# Packages: openai==3.57.0 (PyPI), openai@7.59.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   openai-python, picture as JSON: Stream of 0 events
#   openai-python, error as JSON with 200: Stream of 0 events
#   openai npm, picture as JSON: Stream of 0 events
#   openai npm, error as JSON with 200: Stream of 0 events
# Matters: gateways, caches and stand-ins that know no streaming answer so. The picture is paid for,
# a loop over events does nothing, and only a check "did a completed event come?" notices.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 node@22.23.3
cat > "$dir/stream.mjs" <<'EOF'
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "k", baseURL: process.argv[2] });
const stream = await client.images.generate({ model: "gpt-image-2", prompt: "x", stream: true });
let events = 0;
for await (const _ of stream) events += 1;
console.log(`${stream.constructor.name} of ${events} events`);
EOF
"$dir/venv/bin/python" - "$dir" <<'EOF' | tee "$dir/seen"
import http.server, json, subprocess, sys, threading
import openai

ANSWERS = {
    "picture as JSON": {"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]},
    "error as JSON with 200": {"error": {"message": "boom", "code": "server_error"}},
}

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWERS[self.path.split("/")[1].replace("+", " ")]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def from_python(url):
    client = openai.OpenAI(api_key="k", base_url=url)
    stream = client.images.generate(model="gpt-image-2", prompt="x", stream=True)
    return f"{type(stream).__name__} of {len(list(stream))} events"

def from_node(url):
    node = [f"{sys.argv[1]}/node_modules/.bin/node", f"{sys.argv[1]}/stream.mjs", url]
    return subprocess.run(node, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
for client, ask in (("openai-python", from_python), ("openai npm", from_node)):
    for name in ANSWERS:
        url = f"http://127.0.0.1:{server.server_port}/{name.replace(' ', '+')}/v1"
        print(f"{client}, {name}: {ask(url)}", flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
