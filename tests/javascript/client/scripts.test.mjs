// What the client for Node scripts: each effect, as the server's rule has it. IMAGES_MOCK_URL leads to a server.
import assert from "node:assert/strict";
import test from "node:test";

import { ControlError, join } from "../../../clients/node/index.mjs";

const PNG = Buffer.from("iVBORw0KGgo=", "base64");
const sandbox = (options) => join().sandbox(options);

// Each effect with what is called, and with what the server then tells of the rule.
const EFFECTS = {
  error: [["overloaded"], { error: "overloaded" }],
  rateLimit: [[{ retryAfter: 20, asDate: true }], { rate_limit: { retry_after: 20, as_date: true } }],
  refuse: [["picture"], { error: "picture_refused" }],
  quota: [[], { error: "no_credit" }],
  respond: [[{ status: 503, body: { aB: 1 }, headers: { "x-a_b": "c" } }], { respond: { status: 503, body: { aB: 1 }, headers: { "x-a_b": "c" } } }],
  gateway: [[504], { gateway: 504 }],
  headers: [[{ "x-a_b": "c" }], { headers: { "x-a_b": "c" } }],
  delay: [["250ms"], { delay: 0.25 }],
  stall: [[], { stall: true }],
  disconnect: [[], { disconnect: 0 }],
  drip: [[100], { drip: 100 }],
  contentType: [[], { content_type: "text/html" }],
  badJson: [[], { bad_json: true }],
  pictures: [[0], { pictures: 0 }],
  responseFormat: [["url"], { response_format: "url" }],
  lose: [[], { lose: "before_head" }],
  stream: [[{ events: [0, { type: "x", aB: 1 }], end: "break" }], { stream: { events: [0, { type: "x", aB: 1 }], end: "break" } }],
  picture: [["truncated"], { picture: "truncated" }],
  truncatedPicture: [[], { picture: "truncated" }],
  pictureOfWrongSize: [[], { picture: "wrong_size" }],
  pictureOfWrongFormat: [[], { picture: "wrong_format" }],
  largePicture: [[], { picture: "large" }],
  expiredUrl: [[], { expired_url: true }],
  image: [[PNG], { image: { bytes: PNG.length } }],
  addresses: [[{ "https://a.test/b.png": PNG, "https://a.test/cD": 404 }], { addresses: { "https://a.test/b.png": { bytes: PNG.length }, "https://a.test/cD": 404 } }],
  download: [[{ respond: 503, first: 2 }], { download: { respond: 503, first: 2 } }],
};

// What is wanted of a value, as far as it is wanted.
function holds(told, wanted) {
  if (wanted === null || typeof wanted !== "object") return assert.deepEqual(told, wanted);
  for (const [name, value] of Object.entries(wanted)) holds(told?.[name], value);
}

async function rulesOf(mock) {
  const headers = { "mock-sandbox-key": mock.apiKey };
  return (await (await fetch(`${mock.address}/_mock/rules`, { headers })).json()).rules;
}

test("each effect is a method, and its rule is what was meant", async () => {
  const mock = sandbox();
  const script = mock.on();
  const inherited = ["constructor", "several", "scripted", "toString"];
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(script));
  assert.deepEqual(methods.filter((name) => !inherited.includes(name)).sort(), Object.keys(EFFECTS).sort());
  for (const [method, [given, wanted]] of Object.entries(EFFECTS)) {
    mock.reset("rules");
    const rule = mock.on({ contains: "fox" })[method](...given);
    const [told] = await rulesOf(mock);
    assert.equal(told.id, rule.id);
    holds(told.when, { prompt: { contains: "fox" } });
    holds(told.then, wanted);
  }
});

test("times and a name go with a value, or among the fields of a table", async () => {
  const mock = sandbox();
  mock.on().delay(2, { times: 3, name: "late" });
  mock.on().rateLimit({ times: 3, name: "late" });
  mock.on().quota({ times: 3, name: "late" });
  mock.on().several({ error: "internal", delay: 1, times: 3, name: "late" });
  for (const { times, name } of await rulesOf(mock)) assert.deepEqual({ times, name }, { times: 3, name: "late" });
});

test("an expression of JavaScript's is one of the server's", async () => {
  const mock = sandbox();
  mock.on({ regex: /^A (red|blue) fox$/im }).refuse();
  const [{ when }] = await rulesOf(mock);
  assert.deepEqual(when, { prompt: { regex: "(?im)^A (red|blue) fox$" } });
  assert.throws(() => mock.on({ regex: /a/u }), { message: /flags i, m and s/ });
});

test("a slip is told where it was made", () => {
  const mock = sandbox();
  const slips = {
    "a request has no promt; did you mean prompt?": () => mock.on({ promt: "a" }),
    "rateLimit() has no retryAftr; did you mean retryAfter?": () => mock.next.rateLimit({ retryAftr: 1 }),
    "pictures() takes a value": () => mock.next.pictures(),
    "tell the prompt in one way, not by prompt and contains": () => mock.on({ prompt: "a", contains: "b" }),
    'on() takes fields: say on({ prompt: "a" }), or { contains: "a" } for a part of it': () => mock.on("a"),
    'assertions take fields: say { prompt: "a" }': () => mock.assertCalled("a"),
    "an assertion's options has no time; did you mean times?": () => mock.assertCalled({}, { time: 1 }),
    "a request has no field qualty; did you mean quality?": () => mock.assertCalled({}, { notSent: "qualty" }),
    "a budget has no montly; did you mean month?": () => mock.budget({ montly: 5 }),
    "limits() has no teir; it is one of tier": () => mock.limits(5, { teir: "1" }),
    "verdict() has no ignor; did you mean ignore?": () => mock.verdict({ ignor: [] }),
    "tell the prompt in one way, not by prompt and regex": () => mock.assertCalled({ prompt: "a", regex: /b/ }),
    "a server's address begins with http:// or https://, which localhost:6780 does not": () => join("localhost:6780"),
  };
  for (const [message, slip] of Object.entries(slips)) assert.throws(slip, { name: "TypeError", message });
  assert.throws(() => mock.next.error("overlaoded"), (error) => error instanceof ControlError && error.status === 400 && /did you mean overloaded/.test(error.message));
  assert.deepEqual(mock.requests, []);
});

test("what nothing can be compared with is refused, where an assertion would pass whatever was asked", () => {
  const mock = sandbox();
  const matcher = Object.create({ asymmetricMatch: () => true });
  const wrong = [/fox/, (prompt) => prompt.includes("fox"), matcher, ["a fox"], {}, { contain: "fox" }, { contains: /fox/ }, { regex: 1 }];
  for (const prompt of wrong) {
    for (const slip of [() => mock.assertNotCalled({ prompt }), () => mock.on({ prompt })]) {
      assert.throws(slip, { name: "TypeError", message: /^prompt is a value, \{ contains: "a text" \} or \{ regex: / });
    }
  }
  for (const prompt of ["a fox", null, { contains: "fox" }, { regex: /fox/u }, { regex: "(?i)FOX" }]) mock.assertNotCalled({ prompt });
});

test("what every object has is no field of a request", async () => {
  const mock = sandbox();
  const headers = { authorization: `Bearer ${mock.apiKey}`, "content-type": "application/json" };
  await fetch(`${mock.url}/images/generations`, { method: "POST", headers, body: '{"prompt": "a fox"}' });
  mock.assertCalled({}, { notSent: ["constructor", "__proto__", "toString"] });
  assert.throws(() => mock.assertCalled({}, { sent: "constructor" }), { name: "AssertionError" });
});

test("a script that nothing follows, and a rule that nothing meets, are told", () => {
  const mock = sandbox();
  mock.on({ contains: "fox" });
  const rule = mock.next.rateLimit({ name: "busy" });
  assert.deepEqual(mock.unusedRules(), [
    'r1 "busy": rate_limit for the next request',
    'on({ prompt: {"contains":"fox"} }) does nothing: let an effect follow, as .refuse()',
  ]);
  rule.remove();
  assert.equal(mock.unusedRules().length, 1);
  assert.deepEqual(mock.begin().unusedRules(), []);
});
