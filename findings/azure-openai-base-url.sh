#!/usr/bin/env bash
# AzureOpenAI of the SDK for JavaScript takes its base URL from OPENAI_BASE_URL, the plain client's variable,
# before Azure's own, and then refuses an explicit endpoint; the SDK for Python does neither.
# Packages: openai==3.57.0 (PyPI), openai@7.59.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   Azure's variables, no arguments:
#     Python asks /azure/openai/deployments/gpt-image-2/images/generations with "azure key"
#     JavaScript asks /azure/openai/deployments/gpt-image-2/images/generations with "azure key"
#   and OPENAI_BASE_URL, no arguments:
#     Python asks /azure/openai/deployments/gpt-image-2/images/generations with "azure key"
#     JavaScript asks /plain/v1/deployments/gpt-image-2/images/generations with "azure key"
#   and OPENAI_BASE_URL, an endpoint:
#     Python asks /azure/openai/deployments/gpt-image-2/images/generations with "azure key"
#     JavaScript raises "baseURL and endpoint are mutually exclusive"
#   Azure's variables, a token:
#     Python asks /azure/openai/deployments/gpt-image-2/images/generations with "Bearer token"
#     JavaScript raises "The `apiKey` and `azureADTokenProvider` arguments are mutually exclusive; only one can be passed at a time."
# Matters: whoever points the plain client at a gateway sends Azure's key and deployments there too, without a
# word, or is told of a baseURL that the program has nowhere. The same variables do no harm in Python; in
# JavaScript it takes `baseURL: null` beside the endpoint, and `apiKey: null` beside a token.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 node@22.23.3
cat > "$dir/ask.mjs" <<'EOF'
import { AzureOpenAI } from "openai";

const endpoint = process.env.AZURE_OPENAI_ENDPOINT;
const made = {
  "no arguments": () => new AzureOpenAI(),
  "an endpoint": () => new AzureOpenAI({ endpoint }),
  "a token": () => new AzureOpenAI({ azureADTokenProvider: async () => "token" }),
};
try {
  await made[process.argv[2]]().images.generate({ model: "gpt-image-2", prompt: "x" });
} catch (error) {
  console.log(`raises "${error.message}"`);
}
EOF
cat > "$dir/ask.py" <<'EOF'
import os, sys
import openai

made = {
    "no arguments": {},
    "an endpoint": {"azure_endpoint": os.environ["AZURE_OPENAI_ENDPOINT"]},
    "a token": {"azure_ad_token_provider": lambda: "token"},
}
try:
    client = openai.AzureOpenAI(**made[sys.argv[1]])
    client.images.generate(model="gpt-image-2", prompt="x")
except openai.OpenAIError as error:
    print(f'raises "{error}"')
EOF
cat > "$dir/both.py" <<'EOF'
import http.server, os, subprocess, sys, threading

seen = []

class Stub(http.server.BaseHTTPRequestHandler):
    """Both servers: the path tells which of the two was asked."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["api-key"] or self.headers["authorization"]
        seen.append(f'asks {self.path.partition("?")[0]} with "{key}"')
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
url = f"http://127.0.0.1:{server.server_port}"
AZURE = {
    "AZURE_OPENAI_ENDPOINT": f"{url}/azure",
    "AZURE_OPENAI_API_KEY": "azure key",
    "OPENAI_API_VERSION": "2025-04-01-preview",
}
PLAIN = {"OPENAI_BASE_URL": f"{url}/plain/v1"}
clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
folder = sys.argv[1]
PROGRAMS = {
    "Python": [sys.executable, f"{folder}/ask.py"],
    "JavaScript": [f"{folder}/node_modules/.bin/node", f"{folder}/ask.mjs"],
}
for name, environment, argument in (
    ("Azure's variables", AZURE, "no arguments"),
    ("and OPENAI_BASE_URL", AZURE | PLAIN, "no arguments"),
    ("and OPENAI_BASE_URL", AZURE | PLAIN, "an endpoint"),
    ("Azure's variables", AZURE, "a token"),
):
    print(f"{name}, {argument}:")
    for language, program in PROGRAMS.items():
        seen.clear()
        raised = subprocess.run(
            [*program, argument], env=clean | environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        print(f"  {language} {raised or ', '.join(seen)}", flush=True)
EOF
"$dir/venv/bin/python" "$dir/both.py" "$dir" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
