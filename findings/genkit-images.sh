#!/usr/bin/env bash
# Genkit's OpenAI plugin draws the system prompt instead of the prompt where both are given, drops the
# size for gpt-image-1, asks gpt-image-2 at /chat/completions, and labels every picture image/png.
# Packages: genkit@1.42.0, @genkit-ai/compat-oai@1.42.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   dall-e-3, size: /v1/images/generations {"model":"dall-e-3","prompt":"a fox","response_format":"b64_json","size":"1024x1792"}, image/png of a JPEG
#   dall-e-3, system prompt: /v1/images/generations {"model":"dall-e-3","prompt":"Use oil paint.","response_format":"b64_json"}, image/png of a JPEG
#   gpt-image-1, size: /v1/images/generations {"model":"gpt-image-1","prompt":"a fox"}, image/png of a JPEG
#   gpt-image-2: /v1/chat/completions {"model":"gpt-image-2","messages":[{"role":"user","content":"a fox"}]}, no picture
# Matters: nothing is raised: the picture is of the wrong thing or size, and is paid for; only the request
# as it was sent shows it.
set -euo pipefail
export GENKIT_ENV=prod
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
    genkit@1.42.0 @genkit-ai/compat-oai@1.42.0 node@22.23.3
cat > "$dir/images.mjs" <<'EOF'
import http from "node:http";
import { openAI } from "@genkit-ai/compat-oai/openai";
import { genkit } from "genkit";

let sent;
const JPEG = "/9j/4AAQSkZJRg==";
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  sent = `${request.url} ${JSON.stringify(JSON.parse(body))}`;
  const choices = [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }];
  response.writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ created: 1, data: [{ b64_json: JPEG }], choices }));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const ai = genkit({ plugins: [openAI({ apiKey: "k", baseURL })] });
for (const [name, model, options] of [
  ["dall-e-3, size", "dall-e-3", { config: { size: "1024x1792" } }],
  ["dall-e-3, system prompt", "dall-e-3", { system: "Use oil paint." }],
  ["gpt-image-1, size", "gpt-image-1", { config: { size: "1024x1536" } }],
  ["gpt-image-2", "gpt-image-2", {}],
]) {
  const { media } = await ai.generate({ model: openAI.model(model), prompt: "a fox", ...options });
  const picture = media?.url.endsWith(JPEG) ? `${media.contentType} of a JPEG` : "no picture";
  console.log(`${name}: ${sent}, ${picture}`);
}
process.exit(0);
EOF
"$dir/node_modules/.bin/node" "$dir/images.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
