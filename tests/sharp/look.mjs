// Tells what sharp reads in picture files, each a line of JSON: what they are, and a digest of the
// pixels of each page, in RGBA.
import { createHash } from "node:crypto";

import sharp from "sharp";

for (const file of process.argv.slice(2)) {
  const told = await sharp(file, { animated: true }).metadata();
  const pages = [];
  for (let page = 0; page < (told.pages ?? 1); page += 1) {
    const pixels = await sharp(file, { page }).ensureAlpha().raw().toBuffer();
    pages.push(createHash("sha256").update(pixels).digest("hex"));
  }
  const alpha = told.hasAlpha
    ? await sharp(file).extractChannel("alpha").raw().toBuffer()
    : Buffer.alloc(0);
  const { format, width, pageHeight, height, hasAlpha, delay } = told;
  console.log(
    JSON.stringify({
      format,
      size: [width, pageHeight ?? height],
      hasAlpha,
      delay,
      pages,
      alpha: createHash("sha256").update(alpha).digest("hex"),
    }),
  );
}
