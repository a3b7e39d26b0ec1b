#!/usr/bin/env bash
# A form with a field called contains, getAttribute or shadowRoot breaks Playwright's own selectors: getByText for
# a text elsewhere on the page raises, getByRole and getByLabel raise, or the form's button is not found.
# Packages: playwright-core@1.65.1, @sparticuz/chromium@153.0.0, node@22.23.3 (npm)
# Seen: 2026-11-28
# Output:
#   a field called prompt:
#     getByText: 1; the same, exact: 1; text=Ready: 1; getByRole: 1; getByLabel: 1; css button: 1
#   a field called contains:
#     getByText: TypeError; the same, exact: 1; text=Ready: TypeError; getByRole: 1; getByLabel: 1; css button: 1
#   a field called getAttribute:
#     getByText: 1; the same, exact: 1; text=Ready: 1; getByRole: TypeError; getByLabel: TypeError; css button: 1
#   a field called shadowRoot:
#     getByText: 1; the same, exact: 1; text=Ready: 1; getByRole: 0; getByLabel: 1; css button: 1
#   a field called children:
#     getByText: 1; the same, exact: 1; text=Ready: 1; getByRole: 1; getByLabel: 1; css button: 1
# Matters: a search's field is called as its query parameter is, and `contains` is a good name for one. form.contains
# is then the field, not the method, and a test of another part of the page fails with an error from Playwright's
# script that names neither form nor field; where getByRole finds nothing, a test that all is gone passes.
# (The npm package's Chromium wants the machine's libnss3.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" playwright-core@1.65.1 @sparticuz/chromium@153.0.0 \
  node@22.23.3
export TMPDIR="$dir"  # where the browser is unpacked
cat > "$dir/fields.mjs" <<'EOF'
import packed from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const executablePath = await packed.executablePath();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const looks = {
  "getByText": page.getByText("Ready"),
  "the same, exact": page.getByText("Ready", { exact: true }),
  "text=Ready": page.locator("text=Ready"),
  "getByRole": page.getByRole("button"),
  "getByLabel": page.getByLabel("Model"),
  "css button": page.locator("button"),
};
for (const name of ["prompt", "contains", "getAttribute", "shadowRoot", "children"]) {
  const form = `<form><input name="${name}"><label>Model <input></label><button>Draw</button></form>`;
  await page.setContent(`${form}<p>Ready</p>`);
  const seen = [];
  for (const [look, locator] of Object.entries(looks)) {
    const found = await locator.count().catch((error) => /\w+Error/.exec(error.message)[0]);
    seen.push(`${look}: ${found}`);
  }
  console.log(`a field called ${name}:\n  ${seen.join("; ")}`);
}
await browser.close();
EOF
"$dir/node_modules/.bin/node" "$dir/fields.mjs" | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
