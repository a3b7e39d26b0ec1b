import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
const headers = { Authorization: `Bearer ${OPENAI_API_KEY}` };

// The API's answer; one that says when to come again is asked again then.
async function ask(path, body, more = {}) {
  for (let tries = 1; ; tries++) {
    const signal = AbortSignal.timeout(120_000);
    const answer = await fetch(OPENAI_BASE_URL + path, { method: "POST", headers: { ...headers, ...more }, body, signal });
    const [ms, seconds] = ["retry-after-ms", "retry-after"].map((name) => answer.headers.get(name));
    const wait = Number(ms ?? (seconds && 1000 * seconds));
    if (answer.status !== 429 || !wait || tries === 3) return [answer.status, await answer.json()];
    await answer.body.cancel(); // or the connection stays in use
    await sleep(wait);
  }
}

const json = { "Content-Type": "application/json" };
const generate = (wanted) => ask("/images/generations", JSON.stringify({ model: "dall-e-2", ...wanted }), json);

async function save(file, [status, answer]) {
  if (status !== 200) return console.log(`${status}: ${answer.error.message}`);
  const download = await fetch(answer.data[0].url, { signal: AbortSignal.timeout(60_000) });
  const png = Buffer.from(await download.arrayBuffer());
  if (png.toString("latin1", 0, 8) !== "\x89PNG\r\n\x1a\n") throw new Error("this is no PNG");
  await writeFile(file, png);
  console.log(`${file}: ${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`);
}

const edit = new FormData(); // fetch says multipart/form-data, and the boundary, by itself
for (const name of ["image", "mask"]) {
  edit.set(name, new Blob([await readFile(`${name}.png`)], { type: "image/png" }), `${name}.png`);
}
for (const [name, value] of Object.entries({ model: "dall-e-2", prompt: "a café at dusk", size: "512x512" })) {
  edit.set(name, value);
}

await save("fox.png", await generate({ prompt: "a red fox", size: "256x256" }));
await save("edit.png", await ask("/images/edits", edit));
await save("no.png", await generate({ prompt: "a red fox", size: "300x300" }));
