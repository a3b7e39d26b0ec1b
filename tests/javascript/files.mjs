// The openai SDK's files: uploads, pages, bytes, an edit by file_id, refusals. Reads the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { APIError, NotFoundError, toFile } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const drawn = await client.images.generate({ model: "gpt-image-2", prompt: "a fox", quality: "low" });
const png = Buffer.from(drawn.data[0].b64_json, "base64");
const upload = async (name, purpose = "vision", more = {}) =>
  client.files.create({ file: await toFile(png, name, { type: "image/png" }), purpose, ...more });

test("an upload is told as it was sent, and its bytes come back", async () => {
  const file = await upload("fox.png");
  assert.deepEqual([file.object, file.filename, file.bytes, file.purpose], ["file", "fox.png", png.length, "vision"]);
  assert.deepEqual(await client.files.retrieve(file.id), file);
  const answer = await client.files.content(file.id);
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(png));
});

test("a file that expires tells when", async () => {
  const { created_at, expires_at } = await upload("fox.png", "vision", {
    expires_after: { anchor: "created_at", seconds: 3600 },
  });
  assert.equal(expires_at, created_at + 3600);
});

test("the SDK walks through the pages of a list", async () => {
  const ids = [];
  for (const name of ["one.png", "two.png", "three.png"]) ids.push((await upload(name, "evals")).id);
  const found = [];
  for await (const file of client.files.list({ purpose: "evals", limit: 2, order: "asc" })) found.push(file.id);
  assert.deepEqual(found, ids);
});

test("an edit refers to a file by its id", async () => {
  const { id: file_id } = await upload("fox.png");
  const body = { model: "gpt-image-2", prompt: "a fox", images: [{ file_id }], quality: "low" };
  const edited = await client.post("/images/edits", { body });
  assert.equal(Buffer.from(edited.data[0].b64_json, "base64").toString("latin1", 1, 4), "PNG");
  assert.ok(edited.usage.input_tokens_details.image_tokens > 0);
});

test("a file that was deleted is there no longer", async () => {
  const file = await upload("fox.png");
  assert.deepEqual(await client.files.delete(file.id), { object: "file", id: file.id, deleted: true });
  await assert.rejects(client.files.retrieve(file.id), NotFoundError);
});

test("a file of another key is not there", async () => {
  const file = await upload("fox.png");
  const other = client.withOptions({ apiKey: `${client.apiKey}-other` });
  await assert.rejects(other.files.retrieve(file.id), NotFoundError);
});

test("a purpose that does not exist is refused", async () => {
  await assert.rejects(upload("fox.png", "art"), (error) => error instanceof APIError && error.status === 400);
});
