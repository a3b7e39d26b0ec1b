#!/usr/bin/env bash
# The same image stream that ends badly, read by OpenAI's SDKs for Python and JavaScript: where one drops the
# last picture in silence the other gives it, where one is silent the other raises, and the reverse.
# Packages: openai==3.57.0 (PyPI), openai@7.59.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   last event without its blank line: python nothing; javascript image_generation.completed
#   last event cut in half: python nothing; javascript raised SyntaxError
#   error event with a flat message: python error; javascript raised APIError
#   named event without data: python raised JSONDecodeError; javascript raised SyntaxError
#   line broken after a partial image: python image_generation.partial_image, raised APIConnectionError; javascript image_generation.partial_image, raised TypeError
# Matters: a gateway in two languages has two truths about one stream. Only a completed event with a picture
# says that there is one; a clean end says nothing. In JavaScript a line that breaks raises no APIError, so
# `catch (e) { if (e instanceof OpenAI.APIError) … }` lets the most frequent failure through.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 node@22.23.3
cat > "$dir/read.mjs" <<'EOF'
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "k", baseURL: process.argv[2], maxRetries: 0 });
console.error = () => {};
const seen = [];
try {
  const stream = await client.images.generate({ model: "gpt-image-2", prompt: "x", stream: true });
  for await (const event of stream) seen.push(event.type);
} catch (error) {
  seen.push(`raised ${error.constructor.name}`);
}
console.log(seen.join(", ") || "nothing");
EOF
cat > "$dir/both.py" <<'EOF'
import http.server, subprocess, sys, threading
import openai

PARTIAL = 'data: {"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}\n\n'
WHOLE = 'data: {"type":"image_generation.completed","b64_json":"AAAA"}'
BREAKS = "line broken after a partial image"
STREAMS = {
    "last event without its blank line": f"{WHOLE}\n",
    "last event cut in half": WHOLE[: len(WHOLE) // 2],
    "error event with a flat message": 'event: error\ndata: {"type":"error","message":"boom"}\n\n',
    "named event without data": "event: ping\n\n",
    BREAKS: PARTIAL,
}

class Stub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = current.encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body) + 10 * (name == BREAKS)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass

def python(url):
    seen = []
    try:
        client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)
        for event in client.images.generate(model="gpt-image-2", prompt="x", stream=True):
            seen.append(event.type)
    except (ValueError, openai.OpenAIError) as error:
        seen.append(f"raised {type(error).__name__}")
    return ", ".join(seen) or "nothing"

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
for name, current in STREAMS.items():
    javascript = subprocess.run([*sys.argv[1:], url], capture_output=True, text=True, check=True)
    print(f"{name}: python {python(url)}; javascript {javascript.stdout.strip()}", flush=True)
EOF
"$dir/venv/bin/python" "$dir/both.py" "$dir/node_modules/.bin/node" "$dir/read.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
