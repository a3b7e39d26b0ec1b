#!/usr/bin/env bash
# A page that Playwright's route.fulfill or setContent made counts as one of the public internet: Chromium lets
# none of its requests go to 127.0.0.1, while the same page from a server there may.
# Packages: playwright-core@1.65.1, @sparticuz/chromium@153.0.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   from a server on 127.0.0.1: ok; the API was asked 1 times
#   fulfilled at the same address: Failed to fetch; the API was asked 0 times
#   setContent: Failed to fetch; the API was asked 0 times
#   fulfilled as http://app.example: Failed to fetch; the API was asked 0 times
#   fulfilled as https://app.example: Failed to fetch; the API was asked 0 times
#   fulfilled as http://app.example, local-network-access granted: Failed to fetch; the API was asked 0 times
#   fulfilled as https://app.example, local-network-access granted: ok; the API was asked 1 times
# Matters: a test that a local server turns strange pages away, written so, is green without one request sent; and
# a program's page that is tried against a local API fails with nothing but "Failed to fetch". Serve the page
# from loopback, and count requests at the server. (The npm package's Chromium wants the machine's libnss3.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" playwright-core@1.65.1 @sparticuz/chromium@153.0.0 \
  node@22.23.3
export TMPDIR="$dir"  # where the browser is unpacked
cat > "$dir/pages.mjs" <<'EOF'
import http from "node:http";
import packed from "@sparticuz/chromium";
import { chromium } from "playwright-core";

let asked = 0;
const api = http.createServer((request, response) => {
  asked += 1;
  response.writeHead(200, { "access-control-allow-origin": "*" }).end("ok");
});
const html = "<p>the program's page</p>";
const pages = http.createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/html" }).end(html);
});
await new Promise((listening) => api.listen(0, "127.0.0.1", listening));
await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
const executablePath = await packed.executablePath();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext();
const page = await context.newPage();
const served = `http://127.0.0.1:${pages.address().port}/`;
const fulfilled = (url) => async () => {
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(url);
};
const ways = {
  "from a server on 127.0.0.1": () => page.goto(served),
  "fulfilled at the same address": fulfilled(served),
  "setContent": () => page.goto("about:blank").then(() => page.setContent(html)),
  "fulfilled as http://app.example": fulfilled("http://app.example/"),
  "fulfilled as https://app.example": fulfilled("https://app.example/"),
};
async function look(name, open) {
  asked = 0;
  await open();
  const url = `http://127.0.0.1:${api.address().port}/v1/models`;
  const told = await page.evaluate((url) => fetch(url).then((r) => r.text(), (error) => error.message), url);
  console.log(`${name}: ${told}; the API was asked ${asked} times`);
}
for (const [name, open] of Object.entries(ways)) await look(name, open);
await context.grantPermissions(["local-network-access"]);
for (const origin of ["http://app.example", "https://app.example"]) {
  await look(`fulfilled as ${origin}, local-network-access granted`, fulfilled(`${origin}/`));
}
await browser.close();
for (const server of [api, pages]) {
  server.closeAllConnections();
  server.close();
}
EOF
"$dir/node_modules/.bin/node" "$dir/pages.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
