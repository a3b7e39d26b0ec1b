#!/usr/bin/env bash
# Edits and variations of openai-edge are forms that no server can read: their Content-Type says
# multipart/form-data twice and names a boundary that does not occur in the body; JSON calls work.
# Packages: openai-edge@1.2.2, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   /v1/images/generations: application/json
#   /v1/images/edits: multipart/form-data, multipart/form-data; boundary=...; boundary in the body: false
#   /v1/images/variations: multipart/form-data, multipart/form-data; boundary=...; boundary in the body: false
# Matters: the server has to refuse it (with 400, as a rule), and the client gives that as a Response and
# throws nothing; the cause is neither the key nor the picture.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" openai-edge@1.2.2 node@22.23.3
cat > "$dir/forms.mjs" <<'EOF'
import http from "node:http";
import { Configuration, OpenAIApi } from "openai-edge";

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const [type, boundary] = request.headers["content-type"].split("boundary=");
  const told = boundary ? `boundary=...; boundary in the body: ${Buffer.concat(chunks).includes(boundary)}` : "";
  console.log(`${request.url}: ${type}${told}`);
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const basePath = `http://127.0.0.1:${server.address().port}/v1`;
const api = new OpenAIApi(new Configuration({ apiKey: "k", basePath }));
const png = new File([Buffer.from("89504e470d0a1a0a", "hex")], "x.png", { type: "image/png" });
await api.createImage({ prompt: "x" });
await api.createImageEdit(png, "x");
await api.createImageVariation(png);
server.close();
EOF
"$dir/node_modules/.bin/node" "$dir/forms.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
