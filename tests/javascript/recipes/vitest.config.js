import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["vitest/*.test.js"],
    globalSetup: "openai-images-mock/global-setup", // one server for the whole run
    setupFiles: "openai-images-mock/own-key", // a key of its own for each test file
  },
});
