#!/usr/bin/env bash
# The async model of llm's image plugin is a sync one: its base is a KeyModel and stands before AsyncKeyModel,
# so get_async_model() gives what returns a sync Response, and each prompt is a TypeError before any request.
# Packages: llm==0.36, llm-openai-images==0.3.1, openai==3.57.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   the async model's prompt() returns a Response
#   sync generate: a file; asked: /v1/images/generations
#   sync edit: a file; asked: /v1/images/edits
#   async generate: TypeError: 'async_generator' object is not iterable; asked: nothing
#   async edit: TypeError: 'async_generator' object is not iterable; asked: nothing
# Matters: the model is listed among the async ones and found by name, so only a prompt shows it; and a server
# sees nothing of it. The same order of bases in any plugin of llm does the same, without a word at import.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LLM_USER_PATH="$dir/llm"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet llm==0.36 llm-openai-images==0.3.1 openai==3.57.0
"$dir/venv/bin/python" -W ignore - "$dir" <<'EOF' | tee "$dir/seen"
import asyncio, http.server, os, pathlib, sys, threading

asked = []

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        asked.append(self.path)
        body = b'{"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ |= {"OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1", "OPENAI_API_KEY": "k"}
import llm

folder = pathlib.Path(sys.argv[1])
source, output = folder / "source.png", folder / "output.png"
source.write_bytes(b"\x89PNG\r\n\x1a\n")
MODEL = "openai/gpt-image-1.5"

def say(how, ask):
    asked.clear()
    output.unlink(missing_ok=True)
    try:
        ask()
        seen = "a file" if output.exists() else "no file"
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
    print(f"{how}: {seen}; asked: {', '.join(asked) or 'nothing'}")

def sync_ask(attachments):
    llm.get_model(MODEL).prompt("x", output=str(output), attachments=attachments).text()

def async_ask(attachments):
    async def ask():
        await llm.get_async_model(MODEL).prompt("x", output=str(output), attachments=attachments).text()
    asyncio.run(ask())

answer = llm.get_async_model(MODEL).prompt("x")
print(f"the async model's prompt() returns a {type(answer).__name__}")
for kind, ask in (("sync", sync_ask), ("async", async_ask)):
    say(f"{kind} generate", lambda: ask([]))
    say(f"{kind} edit", lambda: ask([llm.Attachment(path=str(source))]))
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
