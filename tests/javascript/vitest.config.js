import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { globalSetup: "./one-server.js", setupFiles: "./own-key.js" },
});
