export default {
  testMatch: ["<rootDir>/jest/*.test.cjs"],
  globalSetup: "openai-images-mock/global-setup", // one server for the whole run
  globalTeardown: "openai-images-mock/global-teardown",
  setupFiles: ["openai-images-mock/own-key"], // a key of its own for each test file
};
