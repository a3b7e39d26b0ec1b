#!/usr/bin/env bash
# ImageGenToolkit of CAMEL pays for a picture and then throws it away when image.png, its default name, is
# there already, so in every call but a folder's first; beside mcp 2 it cannot be imported.
# Packages: camel-ai==0.2.90, mcp==1.27.0, mcp==2.3.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   mcp 2.3.0: ImportError: cannot import name 'FastMCP' from 'mcp.server'
#   mcp 1.27.0, call 1: Image generated successfully. Image saved to image_save/image.png; 1 request so far
#   mcp 1.27.0, call 2: Error: File 'image_save/image.png' already exists. Please use a different image_name.; 2 requests so far
# Matters: the error is a text for the model, not an exception, so an agent tries again and pays again.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet camel-ai==0.2.90 mcp==2.3.0
cat > "$dir/twice.py" <<'EOF'
import base64, http.server, io, os, sys, threading
from importlib.metadata import version
from PIL import Image

requests = []

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        requests.append(self.rfile.read(int(self.headers["content-length"])))
        file = io.BytesIO()
        Image.new("RGB", (4, 4)).save(file, "PNG")
        picture = base64.b64encode(file.getvalue())
        body = b'{"created": 1, "data": [{"b64_json": "%s"}]}' % picture
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OPENAI_API_KEY"] = "k"
os.environ["OPENAI_API_BASE_URL"] = f"http://127.0.0.1:{server.server_port}/v1"
os.chdir(sys.argv[1])
try:
    from camel.toolkits import ImageGenToolkit
except ImportError as error:
    print(f"mcp {version('mcp')}: ImportError: {str(error).split(' (')[0]}")
    sys.exit()
toolkit = ImageGenToolkit(model="dall-e-3")
for call in (1, 2):
    told = toolkit.generate_image("x")
    so_far = f"{len(requests)} request{'s' if len(requests) > 1 else ''} so far"
    print(f"mcp {version('mcp')}, call {call}: {told}; {so_far}")
EOF
"$dir/venv/bin/python" -W ignore "$dir/twice.py" "$dir" 2>/dev/null | tee "$dir/seen"
"$dir/venv/bin/pip" install --quiet mcp==1.27.0
"$dir/venv/bin/python" -W ignore "$dir/twice.py" "$dir" 2>/dev/null | tee -a "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
