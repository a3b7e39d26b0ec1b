// `globalSetup` of Vitest and of Jest: one server for the whole run, the one at IMAGES_MOCK_URL if it is
// set, else one that is started. Settings of its own it takes from IMAGES_MOCK_… as every images-mock.
import { startOrJoin } from "./index.mjs";

export default async function setup() {
  const server = await startOrJoin();
  process.env.IMAGES_MOCK_URL = server.address; // workers have the variables of who starts them
  globalThis[Symbol.for("openai-images-mock.server")] = server; // for Jest's globalTeardown
  return () => server.stop(); // Vitest's
}
