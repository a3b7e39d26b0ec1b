#!/usr/bin/env bash
# openinference's tracing of openai redacts large pictures where it names them as images, and puts the
# whole answer, base64 and all, into output.value of the same span; token counts it leaves out.
# Packages: openinference-instrumentation-openai==0.1.66, openai==3.57.0, opentelemetry-sdk==1.45.2 (PyPI)
# Seen: 2026-11-28
# Output:
#   span ImagesResponse of 4 pictures, 2,666,668 characters of base64 each
#   output.images.0.image.url: __REDACTED__
#   output.value: 10,666,884 characters
#   attributes that tell tokens: none
# Matters: collectors refuse a message of several megabytes (4 MB is the usual limit of gRPC), and drop
# the other spans that are in it; costs of pictures cannot be read from these traces.
set -euo pipefail
export NO_PROXY=127.0.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet \
    openinference-instrumentation-openai==0.1.66 openai==3.57.0 opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import base64, http.server, json, threading
import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PICTURE = base64.b64encode(bytes(2_000_000)).decode()
USAGE = {
    "input_tokens": 13, "output_tokens": 272, "total_tokens": 285,
    "input_tokens_details": {"text_tokens": 13, "image_tokens": 0},
}

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        answer = {"created": 1, "data": [{"b64_json": PICTURE}] * 4, "usage": USAGE}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
OpenAIInstrumentor().instrument(tracer_provider=provider)
client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1")
client.images.generate(model="gpt-image-2", prompt="x", n=4)
(span,) = exporter.get_finished_spans()
print(f"span {span.name} of 4 pictures, {len(PICTURE):,} characters of base64 each")
print(f"output.images.0.image.url: {span.attributes['output.images.0.image.url']}")
assert PICTURE in span.attributes["output.value"]
print(f"output.value: {len(span.attributes['output.value']):,} characters")
told = [name for name in span.attributes if "token" in name]
print(f"attributes that tell tokens: {', '.join(told) or 'none'}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
