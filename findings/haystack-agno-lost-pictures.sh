#!/usr/bin/env bash
# The image components of Haystack and agno take one of the two forms that a picture comes in and report
# the other as success or as the API's failure: an empty string, "No images were generated".
# Packages: haystack-ai==3.4.1, agno==3.1.10, openai==3.57.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   haystack OpenAIImageGenerator, answer has url: {'images': [''], 'revised_prompt': ''}
#   haystack OpenAIImageGenerator, answer has b64_json: {'images': ['iVBORw0KGgo='], 'revised_prompt': ''}
#   agno DalleTools, answer has url: Image has been generated at the URL https://example.com/x.png
#   agno DalleTools, answer has b64_json: No images were generated
#   agno OpenAITools, answer has url: Failed to generate image: No content received from API.
#   agno OpenAITools, answer has b64_json: Image generated successfully.
# Matters: Haystack offers dall-e-2 and dall-e-3, whose default answer is a URL, and never sends
# response_format; behind a gateway that answers in the other form each of the three is paid for and
# shows nothing, and raises nothing that a test could catch.
set -euo pipefail
export NO_PROXY=127.0.0.1 HAYSTACK_TELEMETRY_ENABLED=False AGNO_TELEMETRY=false
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet haystack-ai==3.4.1 agno==3.1.10 openai==3.57.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, json, os, threading
from agno.tools.dalle import DalleTools
from agno.tools.openai import OpenAITools
from haystack.components.generators import OpenAIImageGenerator
from haystack.utils import Secret

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"created": 1, "data": [picture]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def haystack():
    return OpenAIImageGenerator(api_key=Secret.from_token("k"), api_base_url=url).run("x")

def agno_dalle():
    return DalleTools(api_key="k").create_image("x").content.strip()

def agno_openai():
    return OpenAITools(api_key="k", image_model="gpt-image-2").generate_image("x").content

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{server.server_port}/v1"
for name, ask in (
    ("haystack OpenAIImageGenerator", haystack),
    ("agno DalleTools", agno_dalle),
    ("agno OpenAITools", agno_openai),
):
    for picture in ({"url": "https://example.com/x.png"}, {"b64_json": "iVBORw0KGgo="}):
        print(f"{name}, answer has {next(iter(picture))}: {ask()}", flush=True)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
