// The program under test.
const { OpenAI } = require("openai");

const api = new OpenAI(); // no baseURL, no apiKey: it reads the environment

async function poster(prompt, options = {}) {
  const asked = { model: "dall-e-2", prompt, size: "256x256" };
  const answer = await api.images.generate(asked, options);
  const picture = await fetch(answer.data[0].url);
  if (!picture.ok) throw new Error(`the picture is gone: ${picture.status}`);
  return Buffer.from(await picture.arrayBuffer());
}

module.exports = { poster };
