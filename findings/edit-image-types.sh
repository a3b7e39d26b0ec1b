#!/usr/bin/env bash
# images.edit of openai for JavaScript accepts any value as `image` without an error: a Buffer goes out
# as one text field a byte, an ArrayBuffer or an unawaited toFile() as nothing at all.
# Packages: openai@7.59.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   Buffer: 8 parts, image[0]=137 image[1]=80 ...
#   [Buffer]: 8 parts, image[][0]=137 image[][1]=80 ...
#   ArrayBuffer: 0 parts
#   toFile(buffer), not awaited: 0 parts
#   await toFile(buffer): 1 part, image=file x.png of 8 bytes
# Matters: the first to complain is the server, of a missing `image`, which is no hint at the cause; and
# the body is some 95 times as large as the picture: a PNG of 1 MB makes 95 MB and minutes of work.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 node@22.23.3
cat > "$dir/edit.mjs" <<'EOF'
import http from "node:http";
import OpenAI, { toFile } from "openai";

let label;
const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const form = await new Response(Buffer.concat(chunks), { headers: request.headers }).formData();
  form.delete("prompt");
  const parts = [...form].map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : `file ${value.name} of ${value.size} bytes`}`);
  const shown = parts.length > 2 ? [...parts.slice(0, 2), "..."] : parts;
  console.log(`${label}: ${[`${parts.length} part${parts.length === 1 ? "" : "s"}`,
    ...(shown.length ? [shown.join(" ")] : [])].join(", ")}`);
  response.setHeader("content-type", "application/json").end('{"created":1,"data":[]}');
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const client = new OpenAI({ apiKey: "k", baseURL: `http://127.0.0.1:${server.address().port}/v1` });
const buffer = Buffer.from("89504e470d0a1a0a", "hex");    // a PNG's first eight bytes
const images = {
  "Buffer": buffer,
  "[Buffer]": [buffer],
  "ArrayBuffer": new Uint8Array(buffer).buffer,
  "toFile(buffer), not awaited": toFile(buffer, "x.png"),
  "await toFile(buffer)": await toFile(buffer, "x.png"),
};
for (const [name, image] of Object.entries(images)) {
  label = name;
  await client.images.edit({ image, prompt: "x" });
}
server.close();
EOF
"$dir/node_modules/.bin/node" "$dir/edit.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
