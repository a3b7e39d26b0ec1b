#!/usr/bin/env bash
# The Agents SDK's traces are meant for api.openai.com wherever its model is asked, with the OPENAI_API_KEY of
# the moment when the first of them leave: within 5 s, or as the program ends.
# Packages: openai-agents==0.24.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   OPENAI_BASE_URL:
#     the stub is asked for /v1/responses with the key of the test
#     api.openai.com is looked for
#   an own default client:
#     the stub is asked for /v1/responses with the key of the client
#     api.openai.com is looked for
#   OPENAI_BASE_URL, and traces to the stub:
#     the stub is asked for /v1/responses with the key of the test
#     the stub is asked for /v1/traces with the key of after the test
#   OPENAI_BASE_URL, and traces to the stub, some before:
#     the stub is asked for /v1/responses with the key of the test
#     the stub is asked for /v1/traces with the key of the test
#     the stub is asked for /v1/traces with the key of the test
#   OPENAI_BASE_URL and OPENAI_AGENTS_DISABLE_TRACING:
#     the stub is asked for /v1/responses with the key of the test
# Matters: a short test whose OPENAI_BASE_URL leads to a local server stays local until it is over. Then pytest
# has put the environment back, and the traces leave with the developer's own key; after a longer one, with the
# test's. (Here every host but 127.0.0.1 is refused before it is looked up.)
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai-agents==0.24.0
cat > "$dir/draw.py" <<'EOF'
import asyncio, atexit, http.server, json, os, socket, sys, threading

told = set()  # printed last of all, as this comes before what the SDK does at the end
atexit.register(lambda: print(*(f"  {host} is looked for\n" for host in told), sep="", end=""))

import agents
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from openai import AsyncOpenAI

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["authorization"].removeprefix("Bearer ")
        print(f"  the stub is asked for {self.path} with the {key}", flush=True)
        text = {"type": "output_text", "text": "", "annotations": []}
        output = [
            {"type": "image_generation_call", "id": "i", "status": "completed", "result": "iVBORw0KGgo="},
            {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]},
        ]
        body = json.dumps({"id": "r", "object": "response", "created_at": 1, "output": output}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def only_loopback(host, *rest, look_up=socket.getaddrinfo, **more):
    """Nothing leaves the machine: another host is told at the end, and does not exist."""
    if host == "127.0.0.1":
        return look_up(host, *rest, **more)
    told.add(host)
    raise socket.gaierror(f"{host} is not to be found")

socket.getaddrinfo = only_loopback
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
os.environ["OPENAI_API_KEY"] = "key of the test"
match sys.argv[1]:
    case "OPENAI_BASE_URL":
        os.environ["OPENAI_BASE_URL"] = url
    case "an own default client":
        agents.set_default_openai_client(AsyncOpenAI(base_url=url, api_key="key of the client"))
    case "OPENAI_BASE_URL and OPENAI_AGENTS_DISABLE_TRACING":
        os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    case "OPENAI_BASE_URL, and traces to the stub" | "OPENAI_BASE_URL, and traces to the stub, some before":
        os.environ["OPENAI_BASE_URL"] = url
        exporter = BackendSpanExporter(endpoint=f"{url}/traces")
        traces = BatchTraceProcessor(exporter, schedule_delay=3600)  # else every 5 s
        agents.set_trace_processors([traces])
tool = agents.ImageGenerationTool({"type": "image_generation"})
asyncio.run(agents.Runner.run(agents.Agent("painter", model="gpt-5.5", tools=[tool]), "a fox"))
if sys.argv[1].endswith("some before"):
    traces.force_flush()
    with agents.trace("another"):
        pass
os.environ["OPENAI_API_KEY"] = "key of after the test"
EOF
unset OPENAI_AGENTS_DISABLE_TRACING OPENAI_BASE_URL
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
for how in \
    OPENAI_BASE_URL \
    "an own default client" \
    "OPENAI_BASE_URL, and traces to the stub" \
    "OPENAI_BASE_URL, and traces to the stub, some before" \
    "OPENAI_BASE_URL and OPENAI_AGENTS_DISABLE_TRACING"; do
    echo "$how:"
    "$dir/venv/bin/python" "$dir/draw.py" "$how" 2> "$dir/stderr"
done | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
