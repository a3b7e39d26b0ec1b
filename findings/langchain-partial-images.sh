#!/usr/bin/env bash
# ChatOpenAI asks for one partial picture in every stream with the image tool and throws it away; whoever sets
# partial_images, be it to 0, gets a NotImplementedError.
# Packages: langchain-openai==1.7.4 (PyPI)
# Seen: 2026-11-28
# Output:
#   invoke with {"type": "image_generation"} sends {"type": "image_generation"}; the picture comes: True, a partial one: False
#   stream with {"type": "image_generation"} sends {"type": "image_generation", "partial_images": 1}; the picture comes: True, a partial one: False
#   stream with {"type": "image_generation", "partial_images": 0}: NotImplementedError, 0 requests
#   stream with {"type": "image_generation", "partial_images": 2}: NotImplementedError, 0 requests
# Matters: the API bills 100 output tokens for each partial picture, so a stream costs more than invoke for the
# same picture, and no option of the tool prevents it.
set -euo pipefail
export NO_PROXY=127.0.0.1 LANGSMITH_TRACING=false
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet langchain-openai==1.7.4
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, json, threading
from langchain_openai import ChatOpenAI

WHOLE, PARTIAL = "iVBORw0KGgo=", "cGFydGlhbA=="
CALL = {"type": "image_generation_call", "id": "i", "status": "completed", "result": WHOLE}
RESPONSE = {
    "id": "r", "object": "response", "created_at": 1, "model": "gpt-5.5", "status": "completed",
    "output": [CALL], "tools": [], "tool_choice": "auto", "parallel_tool_calls": True,
}
sent = []

def events(partial_images):
    yield "response.created", {"response": RESPONSE | {"status": "in_progress", "output": []}}
    yield "response.output_item.added", {"item": CALL | {"status": "in_progress", "result": None}}
    for index in range(partial_images):
        partial = {"item_id": "i", "partial_image_index": index, "partial_image_b64": PARTIAL}
        yield "response.image_generation_call.partial_image", partial
    yield "response.output_item.done", {"item": CALL}
    yield "response.completed", {"response": RESPONSE}

def stream(tool):
    for number, (name, fields) in enumerate(events(tool.get("partial_images", 0))):
        event = {"type": name, "sequence_number": number, "output_index": 0} | fields
        yield f"event: {name}\ndata: {json.dumps(event)}\n\n"

class Stub(http.server.BaseHTTPRequestHandler):
    """Draws with as many partial pictures as the tool wants."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        (tool,) = asked["tools"]
        sent.append(tool)
        streamed = asked.get("stream")
        body = ("".join(stream(tool)) if streamed else json.dumps(RESPONSE)).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def ask(how, **options):
    sent.clear()
    tool = {"type": "image_generation"} | options
    bound = chat.bind_tools([tool])
    try:
        got = str([bound.invoke("a fox")] if how == "invoke" else list(bound.stream("a fox")))
    except NotImplementedError as error:
        print(f"{how} with {json.dumps(tool)}: NotImplementedError, {len(sent)} requests")
        return
    print(f"{how} with {json.dumps(tool)} sends {json.dumps(sent)[1:-1]}", end="; ")
    print(f"the picture comes: {WHOLE in got}, a partial one: {PARTIAL in got}")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
chat = ChatOpenAI(
    model="gpt-5.5", api_key="k", base_url=url, use_responses_api=True, output_version="v1"
)
ask("invoke")
ask("stream")
ask("stream", partial_images=0)
ask("stream", partial_images=2)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
