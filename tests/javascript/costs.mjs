// The openai SDK's reports of usage and costs, with the admin key of the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { APIError } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const { usage } = client.admin.organization;
const DAY = 24 * 3600;
const first = await client.images.generate({ model: "gpt-image-2", prompt: "a fox", size: "1024x1024", quality: "low" });
await client.images.generate({ model: "gpt-image-2", prompt: "a fox", size: "1536x1024", quality: "low", n: 2 });
const start_time = first.created - (first.created % DAY);

async function results(report, ask) {
  const found = [];
  let page;
  do {
    const answer = await report({ start_time, ...ask, ...(page && { page }) });
    for (const bucket of answer.data) {
      assert.equal(bucket.start_time % DAY, 0);
      found.push(...bucket.results);
    }
    page = answer.next_page;
  } while (page);
  return found;
}

test("usage counts pictures and requests by size", async () => {
  const found = await results((ask) => usage.images(ask), { group_by: ["size"] });
  assert.deepEqual(found.map(({ size, images, num_model_requests: n }) => [size, images, n]).sort(), [
    ["1024x1024", 1, 1],
    ["1536x1024", 2, 1],
  ]);
});

test("costs are told by line item, in USD", async () => {
  const found = await results((ask) => usage.costs(ask), { group_by: ["line_item"] });
  assert.ok(found.length >= 2);
  for (const { amount, line_item } of found) {
    assert.equal(amount.currency, "usd");
    assert.match(line_item, /^gpt-image-2/);
  }
  const { usage: told } = first;
  assert.ok(found.reduce((sum, { amount }) => sum + Number(amount.value), 0) > (told.output_tokens * 30) / 1e6);
});

test("a key that is no admin's is refused", async () => {
  const other = client.withOptions({ adminAPIKey: client.apiKey });
  await assert.rejects(
    other.admin.organization.usage.costs({ start_time }),
    (error) => error instanceof APIError && [401, 403].includes(error.status),
  );
});
