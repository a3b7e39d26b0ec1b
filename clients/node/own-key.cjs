"use strict";
// Before a test file and the SDK: a key of its own, which is a sandbox of its own, and the way to the
// server at IMAGES_MOCK_URL. Vitest and Jest: `setupFiles`; node:test: `--import`.
const { join } = require("./index.cjs");

if (!process.env.IMAGES_MOCK_URL) {
  throw new Error(
    "IMAGES_MOCK_URL leads to no images-mock: run the tests as `with-images-mock COMMAND`, or take " +
      "openai-images-mock/global-setup as globalSetup",
  );
}
// Files that share their modules (Vitest's `isolate: false`) share the program's client, and so its key.
const shared = Symbol.for("openai-images-mock.own-key");
globalThis[shared] ??= join().sandbox().env;
Object.assign(process.env, globalThis[shared]);
