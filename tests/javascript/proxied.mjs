import OpenAI from "openai";
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new EnvHttpProxyAgent());   // Node 20 alone wants it

const client = new OpenAI({ baseURL: "https://api.openai.com/v1" });
const made = await client.images.generate({ model: "dall-e-2", prompt: "a red fox", size: "256x256" });
const png = await (await fetch(made.data[0].url)).arrayBuffer();
console.log(png.byteLength);
