// The openai SDK's batches of images: made, run, read line by line, cancelled. Reads the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { BadRequestError, ConflictError, toFile } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const endpoint = "/v1/images/generations";
const fox = { model: "gpt-image-2", prompt: "a fox", size: "1024x1024", quality: "low" };

async function batch(...bodies) {
  const lines = bodies.map((body, at) => ({ custom_id: `line-${at}`, method: "POST", url: endpoint, body }));
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  const { id } = await client.files.create({ file: await toFile(Buffer.from(text), "lines.jsonl"), purpose: "batch" });
  return client.batches.create({ input_file_id: id, endpoint, completion_window: "24h", metadata: { for: "tests" } });
}

async function lines(id) {
  const text = await (await client.files.content(id)).text();
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

test("a batch is made, run and read", async () => {
  const made = await batch(fox, { ...fox, prompt: "a hare" });
  assert.deepEqual([made.object, made.status, made.metadata], ["batch", "validating", { for: "tests" }]);
  const done = await client.batches.retrieve(made.id);
  assert.equal(done.status, "completed");
  assert.deepEqual(done.request_counts, { total: 2, completed: 2, failed: 0 });
  const answers = await lines(done.output_file_id);
  assert.deepEqual(answers.map(({ custom_id }) => custom_id).sort(), ["line-0", "line-1"]);
  for (const { response, error } of answers) {
    assert.deepEqual([response.status_code, error], [200, null]);
    assert.equal(Buffer.from(response.body.data[0].b64_json, "base64").toString("latin1", 1, 4), "PNG");
  }
});

test("a line that the API refuses is in the file of errors", async () => {
  const { id } = await batch(fox, { ...fox, size: "7x7" });
  const done = await client.batches.retrieve(id);
  assert.deepEqual(done.request_counts, { total: 2, completed: 1, failed: 1 });
  const [refused] = await lines(done.error_file_id);
  assert.deepEqual([refused.custom_id, refused.response.status_code], ["line-1", 400]);
});

test("the SDK walks through the pages of a list", async () => {
  const { id } = await batch(fox);
  const found = [];
  for await (const { id } of client.batches.list({ limit: 1 })) found.push(id);
  assert.equal(found[0], id);
  assert.equal(new Set(found).size, found.length);
});

test("a batch is cancelled, unless it is done", async () => {
  const many = Array.from({ length: 100 }, (_, at) => ({ ...fox, prompt: `fox ${at}` })); // takes a while
  const { id } = await batch(...many);
  assert.equal((await client.batches.cancel(id)).status, "cancelling");
  assert.equal((await client.batches.retrieve(id)).status, "cancelled");
  const done = await batch(fox);
  await client.batches.retrieve(done.id);
  await assert.rejects(client.batches.cancel(done.id), ConflictError);
});

test("a batch of a file that is not there fails, and says why", async () => {
  const made = await client.batches.create({ input_file_id: "file-none", endpoint, completion_window: "24h" });
  const { status, errors } = await client.batches.retrieve(made.id);
  assert.equal(status, "failed");
  assert.match(errors.data[0].message, /file-none/);
});

test("a window that does not exist is refused", async () => {
  const ask = { input_file_id: "file-none", endpoint, completion_window: "1h" };
  await assert.rejects(client.batches.create(ask), BadRequestError);
});
