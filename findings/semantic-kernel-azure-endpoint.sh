#!/usr/bin/env bash
# Semantic Kernel's AzureTextToImage refuses an endpoint of plain http, but a base_url of plain http it takes;
# and AZURE_OPENAI_ENDPOINT is checked even where base_url or a client of one's own makes it useless.
# Packages: semantic-kernel==1.45.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   endpoint= of http: URL scheme should be 'https'
#   base_url= of http: asks /openai/deployments/painter/images/generations
#   async_client=: asks /openai/deployments/painter/images/generations
#   async_client=, edit_image: asks /openai/images/edits
#   AZURE_OPENAI_ENDPOINT of http: URL scheme should be 'https'
#   AZURE_OPENAI_ENDPOINT of http and base_url=: URL scheme should be 'https'
#   AZURE_OPENAI_ENDPOINT of http and async_client=: URL scheme should be 'https'
# Matters: the SDK's AzureOpenAI takes the same variable with http, so an environment that leads to a local
# server works for the SDK and stops this class. And edit_image of a service with a deployment asks a path
# that names none.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet semantic-kernel==1.45.0
(cd "$dir" && venv/bin/python -) <<'EOF' | tee "$dir/seen"  # there it finds no .env
import asyncio, http.server, os, threading
from pathlib import Path
from openai import AsyncAzureOpenAI
from semantic_kernel.connectors.ai.open_ai import AzureTextToImage, OpenAITextToImageExecutionSettings
from semantic_kernel.exceptions import ServiceInitializationError

paths = []

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        paths.append(self.path.partition("?")[0])
        body = b'{"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

async def generate(**arguments):
    service = AzureTextToImage(deployment_name="painter", **arguments)
    await service.generate_images("x", settings=OpenAITextToImageExecutionSettings())

async def edit(**arguments):
    service = AzureTextToImage(deployment_name="painter", **arguments)
    await service.edit_image("x", image_paths=["x.png"])

def ask(name, call, **arguments):
    paths.clear()
    try:
        asyncio.run(call(**arguments))
        print(f"{name}: asks {', '.join(paths)}", flush=True)
    except ServiceInitializationError as error:
        (reason,) = {line for line in str(error).splitlines() if "URL" in line}
        print(f"{name}: {reason.strip().partition(' [')[0]}", flush=True)

def own():
    return AsyncAzureOpenAI(azure_endpoint=url, api_key="k")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
Path("x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
for name in [name for name in os.environ if name.startswith(("AZURE_OPENAI_", "OPENAI_"))]:
    del os.environ[name]
os.environ |= {"AZURE_OPENAI_API_KEY": "k", "OPENAI_API_VERSION": "2025-04-01-preview"}
ask("endpoint= of http", generate, endpoint=url)
ask("base_url= of http", generate, base_url=f"{url}/openai")
ask("async_client=", generate, async_client=own())
ask("async_client=, edit_image", edit, async_client=own())
os.environ["AZURE_OPENAI_ENDPOINT"] = url
ask("AZURE_OPENAI_ENDPOINT of http", generate)
ask("AZURE_OPENAI_ENDPOINT of http and base_url=", generate, base_url=f"{url}/openai")
ask("AZURE_OPENAI_ENDPOINT of http and async_client=", generate, async_client=own())
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
