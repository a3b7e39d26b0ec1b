#!/usr/bin/env bash
# The AI SDK asks dall-e-3 for three pictures by three requests at once; when one of them is refused the
# whole call fails at once, and the two others run on, are answered, and their pictures are thrown away.
# Packages: ai@7.0.173, @ai-sdk/openai@4.0.118, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   request 1 asks for 1 picture
#   request 2 asks for 1 picture
#   request 3 asks for 1 picture
#   the call fails: AI_APICallError 400, while 2 requests are open
#   of these the client gives up 0; 2 are answered with a picture
# Matters: a refused prompt can cost two pictures that nobody sees, three requests count against the limit
# instead of one, and a program that tries again for all three pays for five.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
    ai@7.0.173 @ai-sdk/openai@4.0.118 node@22.23.3
cat > "$dir/three.mjs" <<'EOF'
import http from "node:http";
import { createOpenAI } from "@ai-sdk/openai";
import { generateImage } from "ai";

const open = [];
let givenUp = 0;
const answer = (response, status, body) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  response.on("close", () => { if (!response.writableFinished) givenUp += 1; });
  open.push(response);
  console.log(`request ${open.length} asks for ${JSON.parse(body).n} picture`);
  if (open.length === 3) answer(open.shift(), 400, { error: { message: "refused" } });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const model = createOpenAI({ apiKey: "k", baseURL }).image("dall-e-3");
await generateImage({ model, prompt: "x", n: 3 }).catch((error) =>
  console.log(`the call fails: ${error.name} ${error.statusCode}, while ${open.length} requests are open`));
const taken = open.map((response) => new Promise((done) => response.on("close", done)));
for (const response of open) answer(response, 200, { created: 1, data: [{ b64_json: "iVBORw0KGgo=" }] });
await Promise.all(taken);
console.log(`of these the client gives up ${givenUp}; ${open.length - givenUp} are answered with a picture`);
server.close();
server.closeAllConnections();
EOF
"$dir/node_modules/.bin/node" "$dir/three.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
