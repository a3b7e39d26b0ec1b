// What the client for Node tells and asserts. IMAGES_MOCK_URL leads to a server.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import * as client from "../../../clients/node/index.mjs";

const { ControlError, Sandbox, join } = client;
const HARE = "the hare";

function begun(options) {
  const mock = join().sandbox(options);
  const draw = (prompt, more = {}, retries = 0) =>
    fetch(`${mock.url}/images/generations`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${mock.apiKey}`,
        "content-type": "application/json",
        "x-stainless-retry-count": String(retries), // as the SDK says
      },
      body: JSON.stringify({ model: "dall-e-2", prompt, ...more }),
    });
  return { mock, draw };
}

function messageOf(assertion) {
  try {
    assertion();
  } catch (error) {
    assert.equal(error.name, "AssertionError");
    assert.match(error.stack.split("\n").find((line) => /^\s+at /.test(line)), /looks\.test\.mjs/);
    return error.message.replace(/\d+ ms/g, "… ms");
  }
  assert.fail("nothing was thrown");
}

test("an assertion that fails shows what came closest", async () => {
  const { mock, draw } = begun();
  await draw("a red fox", { size: "256x256" });
  await draw(HARE);
  mock.next.quota({ name: "broke" });
  const expected = messageOf(() => mock.assertCalledOnce({ prompt: "a red fix", size: "512x512" }, { sent: ["n"] }));
  assert.equal(
    expected,
    [
      'expected exactly 1 call with prompt "a red fix", size "512x512", n sent, but saw 0 of 2 calls; the closest:',
      '  200 images.generate dall-e-2 256x256 (n=1) "a red fox" $0.016 … ms',
      '    ≠ prompt: wanted "a red fix", got "a red fox"  (did you mean this?)',
      '    ≠ size: wanted "512x512", got "256x256"',
      "    ≠ n: wanted sent, but the client left it out; 1 was filled in",
      '  200 images.generate dall-e-2 (1024x1024) (n=1) "the hare" $0.016 … ms',
      '    ≠ prompt: wanted "a red fix", got "the hare"',
      '    ≠ size: wanted "512x512", got "1024x1024"  (filled in: the client sent none)',
      "    ≠ n: wanted sent, but the client left it out; 1 was filled in",
      "rules that never fired:",
      '  r1 "broke": error "no_credit" for the next request',
    ].join("\n"),
  );
});

test("fields are met in each way that they can be told", async () => {
  const { mock, draw } = begun();
  await draw("A red fox", { user: "me" });
  for (const fields of [
    { prompt: "A red fox" },
    { contains: "red" },
    { regex: /RED/i },
    { regex: "(?i)RED" },
    { prompt: { regex: /^A/g } },
    { model: "dall-*", n: 1 },
    { user: { contains: "m" } },
    { style: null },
    { operation: "images.generate" },
    undefined,
  ]) {
    mock.assertCalledOnce(fields);
    mock.assertCalledOnce(fields); // an expression with a memory has none here
  }
  for (const fields of [{ prompt: "a red fox" }, { n: "1" }, { model: "dall-?" }, { user: null }, { regex: /^red/ }]) {
    mock.assertNotCalled(fields);
  }
  mock.assertCalled({}, { sent: "user", notSent: "size" });
  assert.match(messageOf(() => mock.assertCalled({}, { notSent: "user" })), /≠ user: wanted left out, but "me" was sent/);
});

test("retries are of the call that they repeat; those of an own loop if you say so", async () => {
  const { mock, draw } = begun();
  mock.next.rateLimit({ times: 2 });
  for (const _ of [1, 2, 3]) await draw("a red fox");
  assert.match(messageOf(() => mock.assertCalledOnce()), /With \{ ownRetries: true \}/);
  mock.assertCalledOnce({ prompt: "a red fox" }, { ownRetries: true });
  mock.assertCalled({}, { times: 3 });
});

test("files are compared by their content", async () => {
  const { mock } = begun({ asOf: "2025-06-15" });
  const file = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAJ0lEQVR42u3BAQ0AAADCoPdPbQ43oAAAAAAAAAAA" +
      "AAAAAAAAAIB3A0BAAAGveg7oAAAAAElFTkSuQmCC",
    "base64",
  );
  const form = new FormData();
  form.set("model", "dall-e-2");
  form.set("prompt", "a red fox");
  form.set("image", new Blob([file], { type: "image/png" }), "photo.png");
  const headers = { authorization: `Bearer ${mock.apiKey}` };
  const answer = await fetch(`${mock.url}/images/edits`, { method: "POST", headers, body: form });
  assert.equal(answer.status, 200);
  mock.assertCalledOnce({ operation: "images.edit", image: file });
  mock.assertNotCalled({ operation: "images.edit", image: [file, file] });
  mock.assertNotCalled({ operation: "images.edit", mask: file });
  assert.deepEqual(mock.requests[0].images.map(({ width, bytes }) => [width, bytes]), [[64, file.length]]);
});

test("money, downloads, time", async () => {
  const { mock, draw } = begun({ budgetUsd: 1 });
  const { data } = await (await draw("a red fox", { n: 2 })).json();
  assert.match(messageOf(() => mock.assertDownloaded()), /expected at least 1 download, but saw 0/);
  assert.equal((await fetch(data[0].url)).status, 200);
  mock.assertDownloaded(1);
  assert.equal(mock.downloads[0].madeBy, mock.requests[0].id);
  assert.equal(mock.spent, 0.032);
  mock.assertSpentAtMost(0.032);
  assert.match(messageOf(() => mock.assertSpentAtMost(0.03)), /^spent \$0\.032, more than \$0\.03:\n  200 /);
  const before = mock.clock.now;
  await mock.clock.sleep(20_000);
  assert.equal(mock.clock.advance({ hours: 2 }) - before, 7220);
  assert.equal((await fetch(data[1].url)).status, 403);
  mock.budget({ usd: null, day: 0 });
  assert.equal((await draw("a red fox")).status, 400);
  assert.deepEqual([mock.ledger.budgetUsd, mock.ledger.budgetDayUsd], [null, 0]);
  assert.deepEqual(mock.unexpectedErrors(), []);
  mock.limits(1);
  mock.begin({ perMinute: 1 });
  assert.deepEqual([(await draw("a")).status, (await draw("a")).status], [200, 429]);
  mock.refill();
  assert.equal((await draw("a")).status, 200);
});

test("what was paid for twice is an error", async () => {
  const { mock, draw } = begun();
  mock.assertNothingPaidTwice();
  mock.next.lose("gateway_timeout");
  for (const retries of [0, 1]) await draw("a red fox", {}, retries);
  assert.match(messageOf(() => mock.assertNothingPaidTwice()), /Fix: /);
  assert.ok(mock.verdict().findings.some(({ id }) => id === "paid-twice"));
  assert.ok(!mock.verdict({ ignore: ["paid-twice"] }).findings.some(({ id }) => id === "paid-twice"));
  assert.ok(mock.coverage.neverMet.length > 0);
});

test("a report has the last requests, and whoever came with another key", async () => {
  const { mock, draw } = begun();
  const other = begun();
  await other.draw("a red fox");
  assert.match(mock.report(), /0 requests[^]*requests with other keys[^]*the sandbox's apiKey/);
  await draw("a red fox");
  assert.match(mock.report(), /^1 request, spent \$0\.016\n  200 images\.generate dall-e-2 \(1024x1024\)/);
  assert.match(messageOf(() => begun().mock.assertCalled()), /no request at all has come to .*\/v1 with this sandbox's key/);
});

test("a base URL without /v1 is told", async () => {
  const { mock } = begun();
  const headers = { authorization: `Bearer ${mock.apiKey}` };
  await fetch(`${mock.address}/images/generations`, { method: "POST", headers });
  assert.match(messageOf(() => mock.assertCalled()), /1 request came to \/images\/generations, outside \/v1; /);
  assert.deepEqual(mock.calls, []);
});

test("events come as they happen, from a request on, and end when they are left", async () => {
  const { mock, draw } = begun();
  await draw("one");
  const [{ id }] = mock.requests;
  await draw("two");
  const events = await mock.events({ since: id, signal: AbortSignal.timeout(60_000) });
  const prompts = [(await events.next()).value.request.prompt];
  await draw("three");
  prompts.push((await events.next()).value.request.prompt);
  assert.deepEqual(prompts, ["two", "three"]);
  mock.on().refuse();
  const { value } = await events.next();
  assert.deepEqual([value.kind, value.what], ["changed", "rules"]);
  events.close();
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  await assert.rejects(mock.events({ since: "nobody" }), ControlError);
});

test("timers and a fetch that tests replace are not met", async (t) => {
  const { mock, draw } = begun();
  await draw("a red fox");
  for (const name of ["fetch", "setTimeout", "setImmediate"]) {
    t.mock.method(globalThis, name, () => assert.fail(`not this ${name}`));
  }
  mock.assertCalledOnce({ prompt: "a red fox" });
  t.mock.restoreAll(); // what is left of the fetch above wants its own
  await mock.clock.sleep(60_000);
});

test("nobody there, somebody else there, and no address are told", async () => {
  const { createServer } = await import("node:http");
  const other = createServer((_, answer) => answer.end("hello"));
  await new Promise((listening) => other.listen(0, "127.0.0.1", listening));
  const address = `http://127.0.0.1:${other.address().port}`;
  const { Worker } = await import("node:worker_threads"); // the other one can't answer while this thread waits
  await new Promise((closed) => other.close(closed));
  assert.throws(() => new Sandbox(address, "sk-mock-me").requests, { name: "ControlError", message: /^no images-mock answers GET \/_mock\/requests at .*ECONNREFUSED/ });
  const worker = new Worker("require('node:http').createServer((_, a) => a.end('hello')).listen(0, '127.0.0.1', function () { require('node:worker_threads').parentPort.postMessage(this.address().port); })", { eval: true });
  const port = await new Promise((told) => worker.once("message", told));
  assert.throws(() => new Sandbox(`http://127.0.0.1:${port}/v1/`, "sk-mock-me").requests, { message: /got 200, but not from an images-mock/ });
  await worker.terminate();
  const url = process.env.IMAGES_MOCK_URL;
  delete process.env.IMAGES_MOCK_URL;
  assert.throws(() => join(), { message: /IMAGES_MOCK_URL/ });
  process.env.IMAGES_MOCK_URL = url;
});

test("both kinds of module have the same classes", () => {
  const required = createRequire(import.meta.url)("../../../clients/node/index.cjs");
  assert.deepEqual({ ...client }, { ...required });
});
