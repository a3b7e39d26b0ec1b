// What the SDK makes of streams that rules have changed: a line of JSON for each `then` that is given.
import OpenAI from "openai";

const { IMAGES_MOCK_URL: baseURL, OPENAI_API_KEY: apiKey } = process.env;
const client = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
const ask = { model: "gpt-image-2", prompt: "a red fox", stream: true, partial_images: 1 };

async function seen(then) {
  const body = JSON.stringify({ next: true, then });
  const headers = { "Content-Type": "application/json", "Mock-Sandbox-Key": apiKey };
  await fetch(new URL("/_mock/rules", baseURL), { method: "POST", headers, body });
  const types = [];
  let raised = "";
  try {
    for await (const event of await client.images.generate(ask)) types.push(event.type ?? null);
  } catch (error) {
    raised = error.constructor.name;
  }
  return { types, raised };
}

for (const then of process.argv.slice(2)) console.log(JSON.stringify(await seen(JSON.parse(then))));
