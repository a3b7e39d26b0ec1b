#!/usr/bin/env bash
# DallEAPIWrapper of LangChain for JavaScript returns a picture in four shapes, by n and by the form of
# the answer; for base64 that it did not ask for it returns undefined, or an empty list.
# Packages: @langchain/openai@1.6.0, @langchain/core@1.4.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   n 1, url asked, url comes: "https://example.com/x.png"
#   n 2, url asked, url comes: [{"type":"image_url","image_url":"https://example.com/x.png"}] twice
#   n 1, b64_json asked, b64_json comes: "iVBORw0KGgo="
#   n 2, b64_json asked, b64_json comes: [{"type":"image_url","image_url":{"url":"iVBORw0KGgo="}}] twice
#   n 1, url asked, b64_json comes: undefined
#   n 2, url asked, b64_json comes: []
# Matters: "url" holds bare base64 without "data:", which no message to a model and no <img> takes; and
# behind a gateway that overlooks response_format (the gpt-image models have none, and answer base64)
# the picture is lost.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
    @langchain/openai@1.6.0 @langchain/core@1.4.0 node@22.23.3
cat > "$dir/shapes.mjs" <<'EOF'
import http from "node:http";
import { DallEAPIWrapper } from "@langchain/openai";

const PICTURES = { url: { url: "https://example.com/x.png" }, b64_json: { b64_json: "iVBORw0KGgo=" } };
let comes;
const server = http.createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ created: 1, data: [PICTURES[comes]] }));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const baseUrl = `http://127.0.0.1:${server.address().port}/v1`;

function told(result) {
  if (!Array.isArray(result) || result.length !== 2) return String(JSON.stringify(result));
  const [first, second] = result.map((one) => JSON.stringify(one));
  return first === second ? `[${first}] twice` : `[${first},${second}]`;
}
for (const [asked, answered] of [["url", "url"], ["b64_json", "b64_json"], ["url", "b64_json"]]) {
  for (const n of [1, 2]) {
    comes = answered;
    const tool = new DallEAPIWrapper({ apiKey: "k", baseUrl, n, dallEResponseFormat: asked });
    console.log(`n ${n}, ${asked} asked, ${comes} comes: ${told(await tool.invoke("x"))}`);
  }
}
server.close();
server.closeAllConnections();
EOF
"$dir/node_modules/.bin/node" "$dir/shapes.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
