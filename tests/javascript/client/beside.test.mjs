// Libraries that close the net to what they don't replace. Run where they are installed.
import assert from "node:assert/strict";
import test from "node:test";

import nock from "nock";
import OpenAI from "openai";
import { startOrJoin } from "openai-images-mock";
import { MockAgent, getGlobalDispatcher, setGlobalDispatcher } from "undici";

const mock = (await startOrJoin()).sandbox({ tier: "off" });
const api = new OpenAI({ baseURL: mock.url, apiKey: mock.apiKey, maxRetries: 0 });
const draw = () => api.images.generate({ model: "dall-e-2", prompt: "a fox" });

test("nock", async () => {
  nock.disableNetConnect();
  await assert.rejects(draw(), OpenAI.APIConnectionError);
  await assert.rejects(mock.events(), /Disallowed net connect/);
  mock.assertNotCalled();
  nock.enableNetConnect("127.0.0.1");
  await draw();
  (await mock.events()).close();
  mock.assertCalledOnce();
  nock.restore();
});

test("MockAgent of undici", async () => {
  mock.begin({ tier: "off" });
  const before = getGlobalDispatcher();
  const agent = new MockAgent();
  agent.disableNetConnect();
  setGlobalDispatcher(agent);
  await assert.rejects(draw(), OpenAI.APIConnectionError);
  mock.assertNotCalled();
  agent.enableNetConnect(/^127\.0\.0\.1/);
  await draw();
  mock.assertCalledOnce();
  setGlobalDispatcher(before);
});
