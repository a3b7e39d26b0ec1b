import assert from "node:assert/strict";
import test, { afterEach, beforeEach } from "node:test";

import { ownSandbox } from "openai-images-mock";

import { poster } from "../poster.js";

const mock = ownSandbox();

beforeEach(() => {
  mock.begin(); // no rules, no past, a full minute, and a clock that stands
});
afterEach(() => assert.deepEqual(mock.unusedRules(), []));

test("the picture is what was asked for", async () => {
  const png = await poster("a red fox");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [256, 256]);
  mock.assertCalledOnce({ prompt: "a red fox", size: "256x256" }, { sent: "model" });
  mock.assertDownloaded(1);
});

test("a 429 is tried again until it passes", async () => {
  mock.next.rateLimit({ times: 2, retryAfter: 20 }); // nobody waits 20 s here
  await poster("a red fox");
  assert.deepEqual(mock.requests.map((request) => request.status), [429, 429, 200]);
  mock.assertCalledOnce(); // retries are of the call that they repeat
});

test("a refusal is told as one", async () => {
  mock.on({ contains: "gore" }).refuse();
  const refusal = { status: 400, code: "content_policy_violation" };
  await assert.rejects(poster("gore, please"), refusal);
});

test("a picture that is gone is an error", async () => {
  mock.next.expiredUrl();
  await assert.rejects(poster("a red fox"), { message: "the picture is gone: 403" });
});

test("nobody waits for ever", async () => {
  mock.next.stall();
  const late = poster("a red fox", { signal: AbortSignal.timeout(200) });
  await assert.rejects(late, { message: "Request was aborted." });
});
