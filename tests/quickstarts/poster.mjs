// npm install openai && node --test poster.mjs
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import OpenAI, { toFile } from "openai";

const mock = process.env.IMAGES_MOCK_URL ?? "http://127.0.0.1:6780";
const key = "sk-mock-node"; // its sandbox is this program's own
const app = new OpenAI({ baseURL: `${mock}/v1`, apiKey: key });

async function ask(method, path, value) {
  const headers = { "Mock-Sandbox-Key": key, "Content-Type": "application/json" };
  const body = value && JSON.stringify(value);
  const answer = await fetch(`${mock}/_mock/${path}`, { method, headers, body });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
}

beforeEach(() => ask("POST", "sandbox", { standing: true })); // anew; told waits take a thousandth

test("a 429 is tried again", async () => {
  await ask("POST", "rules", { then: { rate_limit: { retry_after: 20 } }, times: 2 });
  const answer = await app.images.generate({ prompt: "a red fox", size: "256x256" });
  assert.equal((await fetch(answer.data[0].url)).headers.get("content-type"), "image/png");
  const { requests } = await ask("GET", "requests");
  assert.deepEqual(requests.map((request) => request.status), [429, 429, 200]);
});

test("a refusal is told", async () => {
  await ask("POST", "rules", { when: { prompt: { contains: "gore" } }, then: { refuse: true } });
  const refused = app.images.generate({ prompt: "gore, please" });
  await assert.rejects(refused, { status: 400, code: "content_policy_violation" });
});

test("an edit says what its file is", async () => {
  await ask("POST", "sandbox", { as_of: "2025-06-15" });
  const clear = // 64x64, all of it to be drawn anew
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAJ0lEQVR42u3BAQ0AAADCoPdPbQ43oAAAAAAAAAAA" +
    "AAAAAAAAAIB3A0BAAAGveg7oAAAAAElFTkSuQmCC";
  const edit = async (options) => {
    const image = await toFile(Buffer.from(clear, "base64"), "photo.png", options);
    return app.images.edit({ model: "dall-e-2", image, prompt: "a neon sunset" });
  };
  assert.equal((await edit({ type: "image/png" })).data.length, 1);
  await assert.rejects(edit(), { status: 400, code: "unsupported_file_mimetype" });
});
