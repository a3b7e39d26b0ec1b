// The AI SDK's image functions with GPT image models: what each call gave, a line of JSON each.
import { openai } from "@ai-sdk/openai";
import { generateImage } from "ai";

async function made(model, prompt, options = {}, n = 1) {
  const answer = await generateImage({
    model: openai.image(model),
    prompt,
    n,
    size: "1024x1024",
    providerOptions: { openai: options },
  });
  const { inputTokens, outputTokens, totalTokens } = answer.usage;
  const { images } = answer.providerMetadata.openai;
  console.log(JSON.stringify({
    types: answer.images.map((image) => image.mediaType),
    // Whether the sum is right, and whether the pictures that were sent are in it.
    usage: [outputTokens > 0 && totalTokens === inputTokens + outputTokens, images.some((image) => image.imageTokens > 0)],
    warnings: answer.warnings.length,
  }));
  return answer.images.map((image) => image.uint8Array);
}

const webp = { quality: "low", outputFormat: "webp", outputCompression: 60, moderation: "low" };
const two = await made("gpt-image-2", "a fox", webp, 2);
const [clear] = await made("gpt-image-1.5", "a fox", { background: "transparent" });
await made("gpt-image-2.6-flare", "a fox", { outputFormat: "gif", frameCount: 3, frameDurationMs: 100 });
await made("gpt-image-2", { text: "a fox", images: two });
await made("gpt-image-2", { text: "a fox", images: [clear], mask: clear });
