#!/usr/bin/env bash
# openai-python takes every event of an image stream that it does not know for a partial image, fails on
# a comment line that comes after an `id:` line, and drops a last event without its blank line.
# Packages: openai==3.57.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   event of a new name: ImageGenPartialImageEvent(type='image_generation.moderated', b64_json=None)
#   error that is not under "error": ImageGenPartialImageEvent(type='error', b64_json=None)
#   partial image, then a clean end: ImageGenPartialImageEvent(type='image_generation.partial_image', b64_json='AAAA')
#   completed event, its blank line missing: nothing
#   partial image, comment: ImageGenPartialImageEvent(type='image_generation.partial_image', b64_json='AAAA')
#   partial image with an id, comment: raised JSONDecodeError
# Matters: match on `event.type`, never on the class; b64_json of a "partial image" can be None; a stream
# that loses its picture ends like a good one; and a gateway that numbers events while it keeps the
# connection alive with comments breaks the client, with an error that is no openai.OpenAIError.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, threading
import openai

PARTIAL = 'data: {"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}\n\n'
STREAMS = {
    "event of a new name": 'data: {"type":"image_generation.moderated"}\n\n',
    'error that is not under "error"': 'data: {"type":"error","message":"boom"}\n\n',
    "partial image, then a clean end": PARTIAL,
    "completed event, its blank line missing":
        'data: {"type":"image_generation.completed","b64_json":"AAAA"}\n',
    "partial image, comment": f"{PARTIAL}: still working\n\n",
    "partial image with an id, comment": f"id: 1\n{PARTIAL}: still working\n\n",
}

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = current.encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1")
for name, current in STREAMS.items():
    try:
        events = list(client.images.generate(model="gpt-image-2", prompt="x", stream=True))
    except ValueError as error:
        assert not isinstance(error, openai.OpenAIError)
        print(f"{name}: raised {type(error).__name__}", flush=True)
        continue
    shown = [f"{type(e).__name__}(type={e.type!r}, b64_json={e.b64_json!r})" for e in events]
    print(f"{name}: {', '.join(shown) or 'nothing'}", flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
