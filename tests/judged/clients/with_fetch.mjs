// Node's fetch: `node with_fetch.mjs faulty_error_swallowed`.

import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAMS = {
  async faulty_retry_after_ignored() {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await ask();
      if (answer.status !== 429) return answer.json();
      await answer.text();
      await sleep(1);
    }
  },

  async mended_retry_after_ignored() {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await ask();
      if (answer.status !== 429) return answer.json();
      await answer.text();
      await sleep(Number(answer.headers.get("retry-after-ms")));
    }
  },

  async faulty_error_swallowed() {
    const { data = [] } = await (await ask()).json();
    for (const one of data) await writeFile("fox.png", one.b64_json, "base64");
  },

  async mended_error_swallowed() {
    const answer = await ask();
    if (!answer.ok) throw new Error(await answer.text());
    const { data } = await answer.json();
    for (const one of data) await writeFile("fox.png", one.b64_json, "base64");
  },

  async faulty_url_altered() {
    const url = new URL(await picture());
    await download(url.origin + url.pathname);
  },

  async mended_url_altered() {
    await download(await picture());
  },

  async faulty_empty_file_saved() {
    await writeFile("fox.png", await download(await picture()));
  },

  async mended_empty_file_saved() {
    const url = await picture();
    let file = await download(url);
    for (let left = 2; left && !file.length; left -= 1) file = await download(url);
    if (!file.length) throw new Error("no picture came");
    await writeFile("fox.png", file);
  },

  async faulty_paid_for_nothing() {
    const ending = new AbortController();
    const draw = (prompt) => picture({ prompt }, ending.signal);
    try {
      await Promise.all(["a fox", "a cat", "a dog"].map(draw));
    } finally {
      ending.abort();
    }
  },

  async mended_paid_for_nothing() {
    const draw = (prompt) => picture({ prompt }).then(download);
    const ended = await Promise.allSettled(["a fox", "a cat", "a dog"].map(draw));
    for (const one of ended) if (one.reason) console.error(one.reason.message);
  },
};

async function ask(fields = {}, signal = AbortSignal.timeout(180_000)) {
  return fetch(`${process.env.OPENAI_BASE_URL}/images/generations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${process.env.OPENAI_API_KEY}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ model: "gpt-image-2", prompt: "a red fox", ...fields }),
    signal,
  });
}

async function picture(fields = {}, signal = undefined) {
  const answer = await ask({ model: "dall-e-3", ...fields }, signal);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).data[0].url;
}

async function download(url) {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

await PROGRAMS[process.argv[2]]();
