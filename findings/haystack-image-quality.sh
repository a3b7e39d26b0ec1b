#!/usr/bin/env bash
# Haystack's OpenAIImageGenerator checks quality where it is made and not where it is run: made with hd for
# dall-e-3 it asks for "auto", run with hd it asks for hd, run with a misspelt word for that word.
# Packages: haystack-ai==3.4.1, openai==3.57.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   made for dall-e-3, no quality: auto is asked for
#   made for dall-e-3, quality=hd: auto is asked for, "Invalid quality: hd. Defaulting to 'auto'."
#   made for dall-e-3, run with quality=hd: hd is asked for
#   made for dall-e-3, run with quality=hihg: hihg is asked for
#   a pipeline's file with dall-e-3 and hd: auto is asked for, "Invalid quality: hd. Defaulting to 'auto'."
#   that pipeline, saved again: quality: auto
#   made for dall-e-2, no quality: auto is asked for
# Matters: quality is always sent, with a word of the GPT image models, whatever the model; a pipeline that was
# saved for DALL-E loses its hd with the next save, and what a person mistypes at run() is the API's to refuse.
# A log line is all that tells. Give the quality to run(), and hold a test to what was asked for.
set -euo pipefail
export NO_PROXY=127.0.0.1 HAYSTACK_TELEMETRY_ENABLED=False OPENAI_API_KEY=k
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet haystack-ai==3.4.1 openai==3.57.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, json, logging, threading
from haystack import Pipeline
from haystack.components.generators import OpenAIImageGenerator

asked, warned = [], []

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["quality"])
        body = b'{"created": 1, "data": [{"b64_json": "aGk="}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    log_message = lambda *_: None

class Warned(logging.Handler):
    def emit(self, record):
        warned.append(record.getMessage())

def tell(name, generator, **run):
    generator.run("a cat", **run)
    said = "".join(f', "{text}"' for text in warned)
    warned.clear()
    print(f"{name}: {asked.pop()} is asked for{said}", flush=True)

def made(model="dall-e-3", **given):
    return OpenAIImageGenerator(model=model, api_base_url=url, **given)

log = logging.getLogger("haystack")
log.handlers, log.propagate = [Warned(logging.WARNING)], False
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
tell("made for dall-e-3, no quality", made())
tell("made for dall-e-3, quality=hd", made(quality="hd"))
tell("made for dall-e-3, run with quality=hd", made(), quality="hd")
tell("made for dall-e-3, run with quality=hihg", made(), quality="hihg")
saved = Pipeline()
saved.add_component("draw", made())
file = saved.dumps().replace("quality: auto", "quality: hd")
pipeline = Pipeline.loads(file)
tell("a pipeline's file with dall-e-3 and hd", pipeline.get_component("draw"))
print("that pipeline, saved again:", next(line.strip() for line in pipeline.dumps().splitlines() if "quality" in line))
tell("made for dall-e-2, no quality", made("dall-e-2"))
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
