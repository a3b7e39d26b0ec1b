#!/usr/bin/env bash
# What leads LiteLLM's edits and variations away from the real API does not lead its generations: of the variables
# they know OPENAI_BASE_URL and OPENAI_API_KEY alone, and both only as they were at the first call.
# Packages: litellm==1.110.2, openai==3.57.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   OPENAI_BASE_URL as first, then second: generation: first, first; edit: first, second; variation: first, second
#   OPENAI_API_BASE as first, then second: generation: real API, real API; edit: first, second; variation: first, second
#   litellm.api_base as first, then second: generation: real API, real API; edit: first, second; variation: first, second
#   argument api_base as first, then second: generation: first, second; edit: first, second; variation: first, second
#   OPENAI_API_KEY as first, then second: generation: first, first; edit: first, second; variation: first, second
# Matters: a suite whose edits show that its variable works pays for its generations; one that starts a server for
# each test sends all generations to the first one: the client is kept by its arguments, and a variable is none.
# Give api_base and api_key with each call.
set -euo pipefail
export NO_PROXY=127.0.0.1 LITELLM_LOCAL_MODEL_COST_MAP=True
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet litellm==1.110.2 openai==3.57.0
unset HTTPS_PROXY HTTP_PROXY ALL_PROXY https_proxy http_proxy all_proxy
"$dir/venv/bin/python" - <<'EOF' 2> "$dir/err" | grep '^SEEN ' | sed 's/^SEEN //' | tee "$dir/seen"
import http.server, os, socket, threading

asked = []
resolve = socket.getaddrinfo

def stay_here(host, *args, **kwargs):  # no request leaves this machine
    if host in ("127.0.0.1", b"127.0.0.1", "localhost", None):
        return resolve(host, *args, **kwargs)
    asked.append("real API" if host in ("api.openai.com", b"api.openai.com") else str(host))
    raise socket.gaierror("not from here")

socket.getaddrinfo = stay_here
import litellm

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        base, key = self.path.split("/")[1], self.headers["authorization"].split()[-1]
        asked.append(key if base == "key" else base)
        body = b'{"created": 1, "data": [{"b64_json": "aGk="}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    log_message = lambda *_: None

png = b"\x89PNG\r\n\x1a\n"
calls = {
    "generation": lambda **told: litellm.image_generation("a cat", model="openai/gpt-image-1", **told),
    "edit": lambda **told: litellm.image_edit(image=png, prompt="a hat", model="openai/gpt-image-1", **told),
    "variation": lambda **told: litellm.image_variation(image=png, model="openai/dall-e-2", **told),
}

def lead(way, name, call):
    litellm.api_base = f"{url}/{name}/v1" if way == "litellm.api_base" else None
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        os.environ.pop(variable, None)
        if way == variable:
            os.environ[variable] = f"{url}/{name}/v1"
    if way == "OPENAI_API_KEY":
        os.environ |= {"OPENAI_BASE_URL": f"{url}/key/v1", "OPENAI_API_KEY": name}
        return {}
    key = {"api_key": f"{way}, {call}".encode().hex()}  # a client of its own
    return key | ({"api_base": f"{url}/{name}/v1"} if way == "argument api_base" else {})

def where(way, call):
    asked.clear()
    for name in ("first", "second"):
        try:
            calls[call](max_retries=0, **lead(way, name, call))
        except litellm.exceptions.InternalServerError:
            pass
    return f"{call}: {', '.join(asked)}"

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
for way in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "litellm.api_base", "argument api_base", "OPENAI_API_KEY"):
    told = "; ".join(where(way, call) for call in calls)
    print(f"\nSEEN {way} as first, then second: {told}", flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
