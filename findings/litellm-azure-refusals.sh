#!/usr/bin/env bash
# LiteLLM's image_generation over azure/ has no word of the refusal in its exception, only the status and the
# URL, and no ContentPolicyViolationError for the filter; its image_edit has both, but an empty response.
# Packages: litellm==1.110.2 (PyPI)
# Seen: 2026-11-28
# Output:
#   400 azure/, image_generation: BadRequestError of 1 request, words in response
#   400 azure/, image_edit: ContentPolicyViolationError of 1 request, words in text and body
#   400 openai/, image_generation: BadRequestError of 1 request, words in text and response
#   429 azure/, image_generation: RateLimitError of 1 request, words in response, retry-after 1
#   429 azure/, image_edit: RateLimitError of 1 request, words in text, retry-after None
#   429 openai/, image_generation: RateLimitError of 3 requests, words in text and response, retry-after 1
# Matters: a fallback on ContentPolicyViolationError works for edits and never for generations; a log of the
# exception says "Client error '400 Bad Request' for url …" and not which filter. What image_generation keeps is
# in `error.response`, where image_edit has nothing: the `retry-after` of a limit is in one of the two.
set -euo pipefail
export NO_PROXY=127.0.0.1 LITELLM_LOCAL_MODEL_COST_MAP=True
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet litellm==1.110.2
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import http.server, io, json, threading
import litellm

requests = []
FILTER = {"violence": {"filtered": True, "severity": "medium"}}
ERRORS = {
    400: {
        "code": "content_policy_violation",
        "message": "the words of the refusal",
        "inner_error": {"code": "ResponsibleAIPolicyViolation", "content_filter_results": FILTER},
    },
    429: {"code": "RateLimitReached", "message": "the words of the limit"},
}

class Stub(http.server.BaseHTTPRequestHandler):
    """Refuses everything with the current status, and says with a limit to wait a second."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        requests.append(self.path)
        body = json.dumps({"error": ERRORS[status]}).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", "1")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def edit(**arguments):
    return litellm.image_edit(image=io.BytesIO(b"\x89PNG\r\n\x1a\n"), **arguments)

def refused(call, **arguments):
    requests.clear()
    try:
        call(prompt="x", api_key="k", **arguments)
    except Exception as error:
        return error

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
litellm.suppress_debug_info = True
url = f"http://127.0.0.1:{server.server_port}"
AZURE = {"model": "azure/gpt-image-2", "api_base": url, "api_version": "2025-04-01-preview"}
PLAIN = {"model": "openai/gpt-image-2", "api_base": f"{url}/v1"}
for status, sent in ERRORS.items():
    for name, call, arguments in (
        ("azure/, image_generation", litellm.image_generation, AZURE),
        ("azure/, image_edit", edit, AZURE),
        ("openai/, image_generation", litellm.image_generation, PLAIN),
    ):
        error = refused(call, **arguments)
        told = {"text": str(error), "body": str(getattr(error, "body", "")), "response": error.response.text}
        places = [place for place, text in told.items() if sent["message"] in text]
        waits = f", retry-after {error.response.headers.get('retry-after')}" * (status == 429)
        count = f"{len(requests)} request{'s' * (len(requests) > 1)}"
        print(f"{status} {name}: {type(error).__name__} of {count}, words in {' and '.join(places)}{waits}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
