#!/usr/bin/env bash
# steady answers a good request to an operation without a numbered 2xx by the smallest number that is listed, in
# whatever order and before any range: a DELETE of 404 and 401 is 401, even beside `2XX`.
# Packages: @stdy/cli@0.22.2, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   404, 401: 401, x-steady-request-valid: true
#   404, 401, 204: 204, x-steady-request-valid: true
#   404, 401, 2XX: 401, x-steady-request-valid: true
#   default, 404: 404, x-steady-request-valid: true
#   default: 200, x-steady-request-valid: true
#   told in its log: error[E1019] of 4 operations
# Matters: a client whose key is good is told that it is not, and whoever reads "401" looks at the key. steady
# says in its log that an operation "has no 2xx success response", and serves all the same; it says so of
# `2XX`, too, which OpenAPI allows, so that a document has to list a number for each success.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @stdy/cli@0.22.2 node@22.23.3
cat > "$dir/delete.mjs" <<'EOF'
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";

const [command, folder] = process.argv.slice(2);
const listed = [["404", "401"], ["404", "401", "204"], ["404", "401", "2XX"], ["default", "404"], ["default"]];
// Written by hand, as an object of JavaScript would put the numbers into their order.
const responses = (statuses) => `{${statuses.map((status) => `"${status}": {"description": ""}`).join(", ")}}`;
const paths = listed.map((statuses, i) => `"/v1/models/m${i}": {"delete": {"responses": ${responses(statuses)}}}`);
const head = `"openapi": "3.1.0", "info": {"title": "Models", "version": "1"}`;
fs.writeFileSync(`${folder}/document.json`, `{${head}, "paths": {${paths.join(", ")}}}`);

const taken = net.createServer();
await new Promise((listening) => taken.listen(0, "127.0.0.1", listening));
const { port } = taken.address();
await new Promise((closed) => taken.close(closed));
const options = ["--quiet", "--no-color", "--host", "127.0.0.1", "--port", String(port)];
const steady = spawn(command, [...options, `${folder}/document.json`]);
process.on("exit", () => steady.kill());
let log = "";
await new Promise((ready, failed) => {
  const read = (text) => (log += text).includes("Ready to accept requests") && ready();
  steady.stdout.on("data", read);
  steady.stderr.on("data", read);
  steady.on("exit", () => failed(new Error(log)));
});
for (const [i, statuses] of listed.entries()) {
  const url = `http://127.0.0.1:${port}/v1/models/m${i}`;
  const response = await fetch(url, { method: "DELETE", headers: { authorization: "Bearer k" } });
  const valid = response.headers.get("x-steady-request-valid");
  console.log(`${statuses.join(", ")}: ${response.status}, x-steady-request-valid: ${valid}`);
}
console.log(`told in its log: error[E1019] of ${log.split("error[E1019]").length - 1} operations`);
process.exit();
EOF
"$dir/node_modules/.bin/node" "$dir/delete.mjs" "$dir"/node_modules/@stdy/cli-*/bin/steady "$dir" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
