// AzureOpenAI of the SDK: what each call gave, a line of JSON each.
import OpenAI, { AzureOpenAI, toFile } from "openai";
import { told } from "./told.mjs";

const { AZURE_OPENAI_ENDPOINT: endpoint, AZURE_OPENAI_API_KEY: apiKey } = process.env;
const model = "gpt-image-2";
const fox = { model, prompt: "a fox", size: "1024x1024" };
const files = ({ data }) => data.map(({ b64_json: text }) => Buffer.from(text, "base64"));
const looks = (answer) => files(answer).map((file) => file.toString("latin1", 1, 4));
const made = (client, more = {}) => client.images.generate({ ...fox, ...more }).then(looks);

// The SDK takes OPENAI_BASE_URL for Azure's, too, where it is set, and then allows no endpoint.
await told("OPENAI_BASE_URL", () => made(new AzureOpenAI()));
await told("OPENAI_BASE_URL and an endpoint", () => new AzureOpenAI({ endpoint }));
delete process.env.OPENAI_BASE_URL;
const client = new AzureOpenAI();
const [picture] = files(await client.images.generate(fox));
const image = await toFile(picture, "image.png", { type: "image/png" });
await told("a deployment", () => made(new AzureOpenAI({ deployment: model }), { model: "gpt-image-1.5" }));
const v1 = { baseURL: `${endpoint}/openai/v1`, apiVersion: "preview" };
await told("a base URL", () => made(new AzureOpenAI(v1)));
await told("the API's own client", () => made(new OpenAI({ baseURL: v1.baseURL, apiKey })));
await told("an edit", () => client.images.edit({ ...fox, image: [image, image] }).then(looks));
await told("a stream", async () => {
  const types = [];
  const ask = { ...fox, stream: true, partial_images: 1 };
  for await (const event of await client.images.generate(ask)) types.push(event.type);
  return types;
});
await told("no such deployment", () => made(client, { model: "my-images" }));
await told("a refusal", () => made(client, { prompt: "a fox mock:refuse" }));
await told("a limit that passes", () => made(client, { prompt: "a fox mock:429x2" }));
delete process.env.AZURE_OPENAI_API_KEY; // the SDK allows no token beside it
await told("a token", () => made(new AzureOpenAI({ azureADTokenProvider: async () => apiKey })));
