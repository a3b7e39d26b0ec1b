import OpenAI from "openai";
import { beforeEach, expect, test } from "vitest";

import { advance, begin, next, on, requests } from "./images-mock.js";

const app = new OpenAI(); // no baseURL, no apiKey: own-key.js has set the environment

async function poster(prompt) {
  const answer = await app.images.generate({ model: "dall-e-2", prompt, size: "256x256" });
  return answer.data[0].url;
}

beforeEach(() => begin());

test("the picture is downloaded from its URL", async () => {
  const answer = await fetch(await poster("a red fox"));
  expect(answer.headers.get("content-type")).toBe("image/png");
  const png = Buffer.from(await answer.arrayBuffer());
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
});

test("a 429 is tried again until it passes", async () => {
  await next({ rate_limit: { retry_after: 20 } }, 2); // nobody waits 20 s here
  await poster("a red fox");
  expect((await requests()).map((request) => request.status)).toEqual([429, 429, 200]);
});

test("a refusal is no crash", async () => {
  await on({ prompt: { contains: "gore" } }, { refuse: "prompt" });
  await expect(poster("gore, please")).rejects.toMatchObject({
    status: 400,
    code: "content_policy_violation",
  });
  await poster("a red fox");
});

test("a URL is of no use two hours later", async () => {
  const url = await poster("a red fox");
  await advance(2 * 60 * 60);
  expect((await fetch(url)).status).toBe(403);
});
