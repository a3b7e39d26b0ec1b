#!/usr/bin/env bash
# httpretty with allow_net_connect=True breaks honest connections to a server on a port that no mocked address
# has: the request arrives, and the answer is lost. To mock anything at that port mends two clients of three.
# Packages: httpretty==1.1.4, requests==2.34.2, httpx2==2.16.2 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   without httpretty:
#     urllib: ok; requests: ok; httpx2: ok
#     the server was asked 3 times
#   with images.example mocked:
#     urllib: RemoteDisconnected; requests: ConnectionError; httpx2: RemoteProtocolError
#     the server was asked 3 times
#   with images.example mocked at the server's port:
#     urllib: ok; requests: ok; httpx2: RemoteProtocolError
#     the server was asked 3 times
# Matters: a local server for an API stands beside mocks of other hosts, at a free port. Its log is full of
# successes and the program's of broken connections. Whether a socket speaks HTTP is decided by its port
# alone (80, 443, and those of mocked addresses); its answers are read from a file that only such a port fills.
set -euo pipefail
export NO_PROXY=127.0.0.1,images.example
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet httpretty==1.1.4 requests==2.34.2 httpx2==2.16.2
# In a process of its own, whose sockets httpretty leaves alone.
cat > "$dir/server.py" <<'EOF'
import http.server, sys

class Stub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked", file=sys.stderr, flush=True)
        self.wfile.write(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok")

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Stub)
print(server.server_port, flush=True)
server.serve_forever()
EOF
cat > "$dir/ask.py" <<'EOF'
import atexit, contextlib, logging, pathlib, subprocess, sys, urllib.request
import httpretty, httpx2, requests

def through_urllib(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()

clients = {
    "urllib": through_urllib,
    "requests": lambda url: requests.get(url, timeout=5).text,
    "httpx2": lambda url: httpx2.get(url, timeout=5).text,
}

def told(ask):
    try:
        return ask(url)
    except Exception as error:
        return type(error).__name__

logging.disable()
log = pathlib.Path(sys.argv[1], "log")
command = [sys.executable, f"{sys.argv[1]}/server.py"]
server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log.open("w"), text=True)
atexit.register(server.terminate)
port = server.stdout.readline().strip()
url = f"http://127.0.0.1:{port}/v1/models"
mocked = {
    "without httpretty": None,
    "with images.example mocked": "http://images.example/a.png",
    "with images.example mocked at the server's port": f"http://images.example:{port}/a.png",
}
asked = 0
for name, address in mocked.items():
    with httpretty.enabled(allow_net_connect=True) if address else contextlib.nullcontext():
        if address:
            httpretty.register_uri("GET", address, body="a picture")
        seen = "; ".join(f"{client}: {told(ask)}" for client, ask in clients.items())
    so_far = log.read_text().count("asked\n")
    print(f"{name}:\n  {seen}\n  the server was asked {so_far - asked} times", flush=True)
    asked = so_far
EOF
"$dir/venv/bin/python" "$dir/ask.py" "$dir" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
