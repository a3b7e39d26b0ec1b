// The type of a file in a form, as the openai package says it.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { toFile } from "openai";

const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
const app = new OpenAI();
const clear = Buffer.from( // 64x64, all of it to be drawn anew
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAJ0lEQVR42u3BAQ0AAADCoPdPbQ43oAAAAAAAAAAA" +
    "AAAAAAAAAIB3A0BAAAGveg7oAAAAAElFTkSuQmCC",
  "base64",
);

test("an edit says what its file is", async () => {
  const headers = { "Mock-Sandbox-Key": OPENAI_API_KEY, "Content-Type": "application/json" };
  const body = JSON.stringify({ as_of: "2025-06-15" });
  await fetch(new URL("/_mock/sandbox", OPENAI_BASE_URL), { method: "POST", headers, body });
  const edit = async (options) => {
    const image = await toFile(clear, "photo.png", options);
    return app.images.edit({ model: "dall-e-2", image, prompt: "a neon sunset" });
  };
  assert.equal((await edit({ type: "image/png" })).data.length, 1);
  await assert.rejects(edit(), { status: 400, code: "unsupported_file_mimetype" });
});
