#!/usr/bin/env bash
# The command line of schemathesis ends with 0 and "passed" when the server answers every single request
# by 401, or (positive mode) by 429, as long as the document names that status.
# Packages: schemathesis==4.32.5 (PyPI)
# Seen: 2026-11-28
# Output:
#   every answer 401: exit 0, "Authentication failed: 1 operation returned only 401/403 responses"
#   every answer 401, warnings fail: exit 1, "Authentication failed: 1 operation returned only 401/403 responses"
#   every answer 429, positive mode: exit 0, "Rate limited: 1 operation mostly returned 429 responses"
# Matters: a contract run with a revoked key or an empty budget is green and has judged no picture; in
# a pipeline set `[warnings] fail-on = true`, or count what was accepted.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet schemathesis==4.32.5
cat > "$dir/run.py" <<'EOF'
import http.server, json, os, pathlib, re, subprocess, sys, threading

SCHEMA = {"type": "object", "required": ["prompt"], "properties": {
    "prompt": {"type": "string", "maxLength": 20},
    "n": {"type": "integer", "minimum": 1, "maximum": 10}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Images", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {"/v1/images/generations": {"post": {
        "requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}},
        "responses": {status: {"description": ""} for status in ("200", "400", "401", "429")},
    }}},
}

class Stub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refuse(self):
        self.rfile.read(int(self.headers["content-length"] or 0))
        body = b'{"error": {"message": "refused"}}'
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = refuse
    do_OPTIONS = do_TRACE = do_QUERY = refuse

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.chdir(sys.argv[1])
pathlib.Path("document.json").write_text(json.dumps(DOCUMENT))
pathlib.Path("fail.toml").write_text("[warnings]\nfail-on = true\n")
for name, status, before, after in (
    ("every answer 401", 401, [], []),
    ("every answer 401, warnings fail", 401, ["--config-file", "fail.toml"], []),
    ("every answer 429, positive mode", 429, [], ["--mode", "positive"]),
):
    command = ["venv/bin/schemathesis", *before, "run", "document.json", "-n", "10", "--seed", "1",
               "--url", f"http://127.0.0.1:{server.server_port}", "-H", "Authorization: Bearer k", *after]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    (warning,) = re.findall(r"Warnings:\n\W*(\w.*)", ran.stdout)
    print(f'{name}: exit {ran.returncode}, "{warning}"', flush=True)
EOF
"$dir/venv/bin/python" "$dir/run.py" "$dir" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
