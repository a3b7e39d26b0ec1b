#!/usr/bin/env bash
# A vcrpy cassette of images.generate replays when it is matched on the body; one of images.edit never
# does, as the SDK's form has a random boundary; by the default matchers another edit gets its answer.
# Packages: openai==3.57.0, vcrpy==9.4.2 (PyPI)
# Seen: 2026-11-28
# Output:
#   generate, match_on body, the same prompt: replayed
#   edit, match_on body, the same prompt: CannotOverwriteExistingCassetteException
#   edit, default matchers, the same prompt: replayed
#   edit, default matchers, another prompt: replayed
# Matters: no matcher that comes with vcrpy tells two recorded edits apart: a suite of edits is green with
# the wrong answers, or records (and pays) anew each time. A retried edit has another boundary too, so
# neither its bytes nor a hash of them say that it is the same request.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0 vcrpy==9.4.2
"$dir/venv/bin/python" - "$dir" <<'EOF' | tee "$dir/seen"
import http.server, sys, threading
import openai, vcr

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
client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1")

def generate(prompt):
    client.images.generate(prompt=prompt)

def edit(prompt):
    client.images.edit(image=("x.png", b"\x89PNG"), prompt=prompt)

DEFAULT = {}
BODY = {"match_on": ["method", "path", "body"]}
CASES = [
    ("generate, match_on body, the same prompt", generate, BODY, "a fox"),
    ("edit, match_on body, the same prompt", edit, BODY, "a fox"),
    ("edit, default matchers, the same prompt", edit, DEFAULT, "a fox"),
    ("edit, default matchers, another prompt", edit, DEFAULT, "an owl"),
]
for number, (name, call, match, prompt) in enumerate(CASES):
    cassette = f"{sys.argv[1]}/{number}.yaml"
    with vcr.use_cassette(cassette, record_mode="once", **match):
        call("a fox")
    try:
        with vcr.use_cassette(cassette, record_mode="none", **match) as replay:
            call(prompt)
        print(f"{name}: {'replayed' if replay.play_count else 'sent'}")
    except vcr.errors.CannotOverwriteExistingCassetteException as error:
        print(f"{name}: {type(error).__name__}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
