#!/usr/bin/env bash
# With respx active, images.generate of openai-python goes past it to the real address and raises
# nothing, because the SDK speaks httpx2 by now and respx patches httpx alone.
# Packages: openai==3.57.0, httpx2==2.16.2, respx==0.23.1, httpx==0.28.1 (PyPI)
# Seen: 2026-11-28
# Output:
#   the SDK's own client: answered by the server; respx was called 0 times
#   http_client=httpx.Client(): answered by respx; respx was called 1 times
# Matters: a suite that respx kept away from a paid API calls it for real after an update of openai,
# and only assert_all_called tells, once the test is over and the picture paid for.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0 httpx2==2.16.2 respx==0.23.1 httpx==0.28.1
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, threading
import httpx, openai, respx

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"created": 1, "data": []}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
clients = {"the SDK's own client": lambda: None, "http_client=httpx.Client()": httpx.Client}
for name, http_client in clients.items():
    with respx.mock(assert_all_called=False) as router:
        route = router.post(path="/v1/images/generations").respond(json={"created": 2, "data": []})
        url = f"http://127.0.0.1:{server.server_port}/v1"
        client = openai.OpenAI(api_key="k", base_url=url, http_client=http_client())
        by = {1: "the server", 2: "respx"}[client.images.generate(prompt="x").created]
        print(f"{name}: answered by {by}; respx was called {route.call_count} times", flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
