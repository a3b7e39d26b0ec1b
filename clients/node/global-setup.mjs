// `globalSetup` of Vitest and of Jest: one server for the whole run, the one at IMAGES_MOCK_URL if it is
// set, else one that is started. Settings of its own it takes from IMAGES_MOCK_… as every images-mock.
import { startOrJoin } from "./index.mjs";

export default async function setup() {
  const before = process.env.IMAGES_MOCK_URL;
  const server = await startOrJoin();
  process.env.IMAGES_MOCK_URL = server.address; // workers have the variables of who starts them
  const teardown = async () => {
    if (!before) delete process.env.IMAGES_MOCK_URL; // the next run (`jest --watch`) starts its own
    await server.stop();
  };
  globalThis[Symbol.for("openai-images-mock.teardown")] = teardown; // for Jest's globalTeardown
  return teardown; // Vitest's
}
