#!/usr/bin/env bash
# One `retry-after` makes three official clients do three things: openai-python obeys up to 120 s and
# above that does not retry at all, openai for JavaScript falls back to its own short wait above 60 s,
# and the AI SDK does so from 60 s on.
# Packages: openai==3.57.0 (PyPI), openai@7.59.0, ai@7.0.173, @ai-sdk/openai@4.0.118, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   openai-python  59: obeyed        60: obeyed        61: obeyed        120: obeyed       121: no retry
#   openai npm     59: obeyed        60: obeyed        61: own back-off  120: own back-off 121: own back-off
#   AI SDK         59: obeyed        60: own back-off  61: own back-off  120: own back-off 121: own back-off
# Matters: image limits are counted by the minute, so a wait of about 60 s can well be told. The same 429
# is waited out, or asked again within seconds, or ends the program at once; a test with `retry-after: 1`
# shows none of it.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" \
    openai@7.59.0 ai@7.0.173 @ai-sdk/openai@4.0.118 node@22.23.3
cat > "$dir/clients.mjs" <<'EOF'
import OpenAI from "openai";
import { createOpenAI } from "@ai-sdk/openai";
import { generateImage } from "ai";

const [client, ...urls] = process.argv.slice(2);
let waits;
const realSetTimeout = globalThis.setTimeout;
// The clients' waits are noted and skipped; the timers of fetch and the limit of 600 s stay as they are.
globalThis.setTimeout = (call, ms, ...rest) => {
  if (!(ms > 1 && ms < 590_000) || new Error().stack.includes("undici"))
    return realSetTimeout(call, ms, ...rest);
  waits.push(ms / 1000);
  return realSetTimeout(call, 0, ...rest);
};
const ask = {
  "openai npm": (baseURL) =>
    new OpenAI({ apiKey: "k", baseURL }).images.generate({ model: "gpt-image-2", prompt: "x" }),
  "AI SDK": (baseURL) =>
    generateImage({ model: createOpenAI({ apiKey: "k", baseURL }).image("gpt-image-2"), prompt: "x" }),
};
const all = [];
for (const url of urls) {
  waits = [];
  await ask[client](url);
  all.push(waits);
}
console.log(JSON.stringify(all));
EOF
"$dir/venv/bin/python" - "$dir" <<'EOF' | tee "$dir/seen"
import base64, http.server, json, subprocess, sys, threading, time, zlib
import openai

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        for name, body in (
            (b"IHDR", bytes.fromhex("00000001000000010800000000")),
            (b"IDAT", zlib.compress(b"\0\0")),
            (b"IEND", b""),
        )
    )
).decode()
asked = set()

class Stub(http.server.BaseHTTPRequestHandler):
    """First answers 429 with the `retry-after` that the path names, then a picture."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        first = self.path not in asked
        asked.add(self.path)
        answer = {"error": {"message": "slow down"}} if first else {
            "created": 1, "data": [{"b64_json": PNG}]}
        body = json.dumps(answer).encode()
        self.send_response(429 if first else 200)
        if first:
            self.send_header("retry-after", self.path.split("/")[2])
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def python_waits(url):
    waits = []
    time.sleep = waits.append
    try:
        openai.OpenAI(api_key="k", base_url=url).images.generate(model="gpt-image-2", prompt="x")
    except openai.RateLimitError:
        assert waits == []
    return waits

def node_waits(client, urls):
    node = [f"{sys.argv[1]}/node_modules/.bin/node", f"{sys.argv[1]}/clients.mjs", client, *urls]
    return json.loads(subprocess.run(node, stdout=subprocess.PIPE, check=True).stdout)

def told(waits, seconds):
    if not waits:
        return "no retry"
    (wait,) = waits
    return "obeyed" if wait == seconds else "own back-off" if wait <= 4 else str(wait)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
SECONDS = (59, 60, 61, 120, 121)
for client in ("openai-python", "openai npm", "AI SDK"):
    base = f"http://127.0.0.1:{server.server_port}/{client.replace(' ', '-')}"
    urls = [f"{base}/{seconds}/v1" for seconds in SECONDS]
    waits = map(python_waits, urls) if client == "openai-python" else node_waits(client, urls)
    cells = (f"{s}: {told(w, s)}".ljust(18) for s, w in zip(SECONDS, waits))
    print((client.ljust(15) + "".join(cells)).rstrip(), flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
