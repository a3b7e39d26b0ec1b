#!/usr/bin/env bash
# Under a Content-Security-Policy without unsafe-eval, Playwright's waitForFunction of an expression passes or raises
# EvalError by the moment: true at the first look it returns, else the second look is what the policy forbids.
# Packages: playwright-core@1.65.1, @sparticuz/chromium@153.0.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   without-a-policy, an expression: not yet true: passes; true already: passes
#   without-a-policy, a function as a string: not yet true: passes; true already: passes
#   without-a-policy, a function: not yet true: passes; true already: passes
#   with-a-policy, an expression: not yet true: EvalError; true already: passes
#   with-a-policy, a function as a string: not yet true: passes; true already: passes
#   with-a-policy, a function: not yet true: passes; true already: passes
# Matters: the test of a page with a strict policy is green on a fast machine and red on a slow one, and its error
# speaks of the page's policy, as if the page were at fault. An arrow before the expression is all it needs, in
# Python too, where there is nothing but strings. (The npm package's Chromium wants the machine's libnss3.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" playwright-core@1.65.1 @sparticuz/chromium@153.0.0 \
  node@22.23.3
export TMPDIR="$dir"  # where the browser is unpacked
cat > "$dir/wait.mjs" <<'EOF'
import http from "node:http";
import packed from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const script = "setTimeout(() => { window.drawn = true; }, 2000);";
const server = http.createServer((request, response) => {
  const isScript = request.url === "/draw.js";
  const [type, body] = isScript ? ["text/javascript", script] : ["text/html", "<script src=/draw.js></script>"];
  const policy = request.url === "/with-a-policy" ? { "content-security-policy": "script-src 'self'" } : {};
  response.writeHead(200, { "content-type": type, ...policy }).end(body);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const executablePath = await packed.executablePath();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const waits = {
  "an expression": () => page.waitForFunction("window.drawn === true"),
  "a function as a string": () => page.waitForFunction("() => window.drawn === true"),
  "a function": () => page.waitForFunction(() => window.drawn === true),
};
for (const path of ["without-a-policy", "with-a-policy"]) {
  for (const [name, wait] of Object.entries(waits)) {
    const seen = [];
    for (const late of [false, true]) {
      await page.goto(`http://127.0.0.1:${server.address().port}/${path}`);
      if (late) await page.waitForFunction(() => window.drawn === true);
      const told = await wait().then(() => "passes", (error) => /\w+Error/.exec(error.message)[0]);
      seen.push(`${late ? "true already" : "not yet true"}: ${told}`);
    }
    console.log(`${path}, ${name}: ${seen.join("; ")}`);
  }
}
await browser.close();
server.closeAllConnections();
server.close();
EOF
"$dir/node_modules/.bin/node" "$dir/wait.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
