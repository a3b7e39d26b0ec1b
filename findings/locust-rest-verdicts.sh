#!/usr/bin/env bash
# locust's FastHttpUser.rest() takes any 200 that is no JSON for a failure, a good event stream too, and
# one with no body at all for a success; of a 502 in HTML it counts the page's words, not the status.
# Packages: locust==2.47.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   200, JSON with an error inside: success
#   200, no body: success
#   200, event stream: Could not parse response as JSON. event: image_generation.completed
#   502, HTML: Could not parse response as JSON. <p>Request 1</p>
#   502, HTML: Could not parse response as JSON. <p>Request 2</p>
#   rows in the table of failures for the two 502: 2
# Matters: a run against streamed pictures reports 100 % failures where all is well, an API that answers nothing is
# perfect, and behind a gateway that names the request on its error page each failure is a row of its own. Judge
# streams with client.request(catch_response=True), or call success() and failure(status) inside the with-block.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet locust==2.47.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
from locust import FastHttpUser
from locust.env import Environment
import http.server, itertools, threading
ANSWERS = {
    "200, JSON with an error inside": ("application/json", b'{"error": {"message": "no"}}'),
    "200, no body": ("application/json", b""),
    "200, event stream": ("text/event-stream", b'event: image_generation.completed\ndata: {"b64_json": "aGk="}\n\n'),
    "502, HTML": ("text/html", b"<p>Request %d</p>"),
}
names, numbers = list(ANSWERS), itertools.count(1)
class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        name = names[int(self.path[1:])]
        kind, body = ANSWERS[name]
        self.send_response(int(name[:3]))
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body % next(numbers) if b"%d" in body else body)
    log_message = lambda *_: None
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
FastHttpUser.host = f"http://127.0.0.1:{server.server_port}"
def tell(name, exception, **_):
    said = str(exception or "success").split("\n")[0].split(", response code")[0]
    print(f"{names[int(name[1:])]}: {said}")
environment = Environment(user_classes=[FastHttpUser])
environment.events.request.add_listener(tell)
environment.create_local_runner()  # keeps the tables
user = FastHttpUser(environment)
for name in [*names, names[-1]]:
    with user.rest("POST", f"/{names.index(name)}", json={"prompt": "a cat"}):
        pass
rows = sum(error.name == f"/{len(names) - 1}" for error in environment.stats.errors.values())
print("rows in the table of failures for the two 502:", rows)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
