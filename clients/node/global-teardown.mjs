// Jest's `globalTeardown`. (Without it the server ends with Jest all the same.)
export default async function teardown() {
  await globalThis[Symbol.for("openai-images-mock.teardown")]?.();
}
