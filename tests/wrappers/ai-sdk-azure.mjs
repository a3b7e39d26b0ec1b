// The AI SDK's provider for Azure: what each call gave, a line of JSON each.
import { createAzure } from "@ai-sdk/azure";
import { generateImage } from "ai";
import { told } from "./told.mjs";

// It makes a host of AZURE_RESOURCE_NAME, and reads no variable that holds an address.
const address = process.env.AZURE_OPENAI_ENDPOINT;
const v1 = createAzure({ baseURL: `${address}/openai/v1` });
const byDeployment = createAzure({
  baseURL: `${address}/openai`,
  useDeploymentBasedUrls: true,
  apiVersion: process.env.OPENAI_API_VERSION,
});
let picture;

async function drawn(azure, prompt = "a fox") {
  const { images, usage } = await generateImage({ model: azure.image("gpt-image-2"), prompt, size: "1024x1024" });
  [{ uint8Array: picture }] = images;
  return { types: images.map(({ mediaType }) => mediaType), usage: usage.totalTokens > 0 };
}

await told("v1", () => drawn(v1));
await told("by deployment", () => drawn(byDeployment));
await told("an edit", () => drawn(byDeployment, { text: "a fox", images: [picture, picture] }));
await told("a refusal", () => drawn(v1, "a fox mock:refuse"));
