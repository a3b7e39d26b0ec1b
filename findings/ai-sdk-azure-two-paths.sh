#!/usr/bin/env bash
# One baseURL of the AI SDK's provider for Azure means two paths: on *.openai.azure.com `/v1` and an api-version
# are added, on any other host, a customer's API Management among them, neither.
# Packages: ai@7.0.173, @ai-sdk/azure@4.0.85, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   baseURL https://HOST/openai
#     HOST gateway.example: /openai/images/generations
#     HOST NAME.openai.azure.com: /openai/v1/images/generations?api-version=v1
#     HOST NAME.azure-api.net: /openai/images/generations
#   baseURL https://HOST/openai/v1
#     HOST gateway.example: /openai/v1/images/generations
#     HOST NAME.openai.azure.com: /openai/v1/images/generations
#     HOST NAME.azure-api.net: /openai/v1/images/generations
#   baseURL https://HOST/openai, useDeploymentBasedUrls
#     HOST gateway.example: /openai/deployments/gpt-image-2/images/generations?api-version=v1
#     HOST NAME.openai.azure.com: /openai/deployments/gpt-image-2/images/generations?api-version=v1
#     HOST NAME.azure-api.net: /openai/deployments/gpt-image-2/images/generations?api-version=v1
# Matters: an address that works against Azure is answered 404 behind a proxy, a gateway or a stand-in at the
# same path. `/openai/v1` asks for the same everywhere, and so does `useDeploymentBasedUrls`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
    ai@7.0.173 @ai-sdk/azure@4.0.85 node@22.23.3
cat > "$dir/paths.mjs" <<'EOF'
import http from "node:http";
import { createAzure } from "@ai-sdk/azure";
import { generateImage } from "ai";

const seen = [];
const server = http.createServer((request, response) => {
  seen.push(request.url);
  const body = { created: 1, data: [{ b64_json: "iVBORw0KGgo=" }] };
  request.resume().on("end", () =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body)));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
// Whichever host is asked, the request goes to the stub, and its path is what the provider made.
const toStub = (url, init) =>
  fetch(Object.assign(new URL(url), { protocol: "http:", host: `127.0.0.1:${server.address().port}` }), init);
const hosts = {
  "gateway.example": "https://gateway.example",
  "NAME.openai.azure.com": "https://name.openai.azure.com",
  "NAME.azure-api.net": "https://name.azure-api.net",
};
const rows = [
  ["/openai", {}],
  ["/openai/v1", {}],
  ["/openai", { useDeploymentBasedUrls: true }],
];
for (const [path, options] of rows) {
  console.log(`baseURL https://HOST${path}${options.useDeploymentBasedUrls ? ", useDeploymentBasedUrls" : ""}`);
  for (const [name, host] of Object.entries(hosts)) {
    const azure = createAzure({ baseURL: host + path, apiKey: "k", fetch: toStub, ...options });
    seen.length = 0;
    await generateImage({ model: azure.image("gpt-image-2"), prompt: "x" });
    console.log(`  HOST ${name}: ${seen}`);
  }
}
server.close();
server.closeAllConnections();
EOF
"$dir/node_modules/.bin/node" "$dir/paths.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
