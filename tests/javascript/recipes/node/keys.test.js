// A sandbox for each test, so that tests of one file run side by side: the program takes its client.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import OpenAI from "openai";
import { startOrJoin } from "openai-images-mock";

const server = await startOrJoin({ tier: "off" });
after(() => server.stop());

function begun(options) {
  const mock = server.sandbox(options);
  return { mock, api: new OpenAI({ baseURL: mock.url, apiKey: mock.apiKey, maxRetries: 0 }) };
}

const draw = (api, prompt) => api.images.generate({ model: "dall-e-2", prompt });

describe("side by side", { concurrency: true }, () => {
  test("five a minute", async () => {
    const { mock, api } = begun({ perMinute: 5 });
    for (const number of [1, 2, 3, 4, 5]) await draw(api, `fox ${number}`);
    await assert.rejects(draw(api, "fox 6"), OpenAI.RateLimitError);
    mock.clock.advance({ minutes: 1 });
    await draw(api, "fox 6");
  });

  test("no more than was meant to be spent", async () => {
    const { mock, api } = begun();
    mock.budget(0.04);
    await draw(api, "a fox");
    await draw(api, "a hare");
    await assert.rejects(draw(api, "a deer"), { code: "billing_hard_limit_reached" });
    mock.assertSpentAtMost(0.04);
    mock.assertNotCalled({ prompt: "an owl" });
  });

  test("what happens is told as it happens", async () => {
    const { mock, api } = begun();
    const events = await mock.events({ signal: AbortSignal.timeout(30_000) });
    await draw(api, "a fox");
    for await (const event of events) {
      assert.equal(event.request.prompt, "a fox");
      break;
    }
  });
});
