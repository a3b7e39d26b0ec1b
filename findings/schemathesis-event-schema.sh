#!/usr/bin/env bash
# Of text/event-stream, schemathesis holds each event, as an object of event and data, against the schema: documents
# that describe what stands in `data`, as OpenAI's does, or the text, fail on a good stream, in OpenAPI 3.1 and 3.2.
# Packages: schemathesis==4.32.5 (PyPI)
# Seen: 2026-11-28
# Output:
#   3.1.0, schema: the picture's fields: Event #0: "type" is a required property
#   3.1.0, schema: string: Event #0 is not of type "string"
#   3.1.0, schema: event and data, data with the picture's fields: exit 0
#   3.1.0, schema: event and data, data with other fields: Event #0: "other" is a required property
#   3.2.0, itemSchema: the picture's fields: Event #0: "type" is a required property
# Matters: a contract run by OpenAI's own document calls each streamed picture of a right server a violation. What is
# meant has to be written as an object with a `data` of contentMediaType application/json and contentSchema.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5
cat > "$dir/run.py" <<'EOF'
import http.server, json, os, pathlib, re, subprocess, sys, threading
STREAM = b'event: image_generation.completed\ndata: {"type": "image_generation.completed", "b64_json": "aGk="}\n\n'
class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAM)
    log_message = lambda *_: None
def fields(*names):
    return {"type": "object", "required": list(names)}
def event(inside):
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": inside}
    return {**fields("event", "data"), "properties": {"event": {"type": "string"}, "data": data}}
picture, text, both = fields("type", "b64_json"), {"type": "string"}, "event and data, data with"
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.chdir(sys.argv[1])
for version, name, media in (
    ("3.1.0", "schema: the picture's fields", {"schema": picture}),
    ("3.1.0", "schema: string", {"schema": text}),
    ("3.1.0", f"schema: {both} the picture's fields", {"schema": event(picture)}),
    ("3.1.0", f"schema: {both} other fields", {"schema": event(fields("other"))}),
    ("3.2.0", "itemSchema: the picture's fields", {"itemSchema": picture}),
):
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    post = {"requestBody": body, "responses": {"200": {"description": "", "content": {"text/event-stream": media}}}}
    document = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/v1/images": {"post": post}}}
    pathlib.Path("document.json").write_text(json.dumps(document))
    command = ["venv/bin/schemathesis", "run", "document.json", "-n", "3", "--seed", "1", "--phases", "fuzzing",
               "--checks", "response_schema_conformance", "--url", f"http://127.0.0.1:{server.server_port}"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    why = re.search(r"ST108 .*\n\n +(.*)", ran.stdout)
    said = why[1] if why else f"exit {ran.returncode}"
    print(f"{version}, {name}:", re.sub(r"(#0): \{.* is not", r"\1 is not", said), flush=True)
EOF
"$dir/venv/bin/python" "$dir/run.py" "$dir" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
