#!/usr/bin/env bash
# LiteLLM refuses response_format for dall-e-2 and dall-e-3, the two models that have it, before any
# request; and its image_variation sends nothing but the picture: n, size and model are dropped silently.
# Packages: litellm==1.110.2 (PyPI)
# Seen: 2026-11-28
# Output:
#   image_generation(dall-e-2, response_format="url"): UnsupportedParamsError, 0 requests
#   image_generation(dall-e-3, response_format="url"): UnsupportedParamsError, 0 requests
#   image_edit(dall-e-2, n=3, size="256x256"): 1 request with image[], model, n, prompt, size
#   image_variation(dall-e-2, n=3, size="256x256"): 1 request with image
# Matters: one picture of the default size comes where three small ones were asked for; and
# base64 from a DALL·E model needs extra_body={"response_format": "b64_json"}.
set -euo pipefail
export NO_PROXY=127.0.0.1 LITELLM_LOCAL_MODEL_COST_MAP=True
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet litellm==1.110.2
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, io, re, threading
import litellm

fields = []

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = self.rfile.read(int(self.headers["content-length"]))
        fields.append(sorted(re.findall(rb'form-data; name="([^"]+)"', form)))
        body = b'{"created": 1, "data": [{"url": "https://example.com/x.png"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def ask(name, call, **arguments):
    fields.clear()
    try:
        call(api_key="k", api_base=f"http://127.0.0.1:{server.server_port}/v1", **arguments)
    except litellm.UnsupportedParamsError as error:
        print(f"{name}: {type(error).__name__}, {len(fields)} requests")
        return
    (sent,) = fields
    print(f"{name}: 1 request with {b', '.join(sent).decode()}")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
litellm.suppress_debug_info = True
for model in ("dall-e-2", "dall-e-3"):
    ask(f'image_generation({model}, response_format="url")', litellm.image_generation,
        model=f"openai/{model}", prompt="x", response_format="url")
edited = {"model": "openai/dall-e-2", "n": 3, "size": "256x256"}
png = b"\x89PNG\r\n\x1a\n"
ask('image_edit(dall-e-2, n=3, size="256x256")', litellm.image_edit,
    image=io.BytesIO(png), prompt="x", **edited)
ask('image_variation(dall-e-2, n=3, size="256x256")', litellm.image_variation,
    image=("x.png", png), **edited)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
