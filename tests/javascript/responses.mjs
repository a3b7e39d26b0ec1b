// Pictures by way of the openai SDK's responses, whole and streamed. Reads the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { APIError } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const model = "gpt-5";
const tools = [{ type: "image_generation", size: "1024x1024", quality: "low" }];
const called = ({ output }) => output.filter(({ type }) => type === "image_generation_call");
const looks = (text) => Buffer.from(text, "base64").toString("latin1", 1, 4);
const draw = (more) => client.responses.create({ model, tools, input: "draw a fox", ...more });

test("a response has a picture, and what it took", async () => {
  const response = await draw();
  assert.deepEqual([response.object, response.status, response.error], ["response", "completed", null]);
  const [call] = called(response);
  assert.deepEqual([call.status, looks(call.result)], ["completed", "PNG"]);
  assert.ok(response.usage.total_tokens >= response.usage.input_tokens);
});

test("the next response of a conversation edits the picture of the one before", async () => {
  const { id } = await draw();
  const [call] = called(await draw({ previous_response_id: id, input: "now in the snow" }));
  assert.equal(looks(call.result), "PNG");
});

test("a picture is sent along", async () => {
  const [{ result }] = called(await draw());
  const image_url = `data:image/png;base64,${result}`;
  const content = [
    { type: "input_text", text: "a fox in the snow" },
    { type: "input_image", image_url, detail: "auto" },
  ];
  const [call] = called(await draw({ input: [{ role: "user", content }] }));
  assert.equal(call.status, "completed");
});

test("the SDK reads the events of a stream, and its last one is the response", async () => {
  const streamed = [{ ...tools[0], partial_images: 2 }];
  const types = [];
  let last;
  for await (const event of await draw({ stream: true, tools: streamed })) {
    types.push(event.type);
    if (event.type === "response.image_generation_call.partial_image") assert.equal(looks(event.partial_image_b64), "PNG");
    last = event;
  }
  assert.equal(types[0], "response.created");
  assert.equal(types.filter((type) => type.endsWith("partial_image")).length, 2);
  assert.equal(last.type, "response.completed");
  assert.equal(looks(called(last.response)[0].result), "PNG");
});

test("the SDK's helper of streams ends with the response", async () => {
  const final = await client.responses.stream({ model, tools, input: "draw a fox" }).finalResponse();
  assert.equal(called(final).length, 1);
});

test("a response is kept until it is deleted", async () => {
  const { id } = await draw();
  assert.equal((await client.responses.retrieve(id)).id, id);
  await client.responses.delete(id);
  await assert.rejects(client.responses.retrieve(id), (error) => error instanceof APIError && error.status === 404);
});

test("a tool that does not take a size refuses it", async () => {
  const wrong = [{ ...tools[0], size: "7x7" }];
  await assert.rejects(draw({ tools: wrong }), (error) => error instanceof APIError && error.status === 400);
});
