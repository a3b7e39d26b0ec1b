"use strict";
// What happens in a sandbox, as the server tells it: one event after the other.
const http = require("node:http");
const https = require("node:https");
const { once } = require("node:events");

const { ControlError, decoded } = require("./line.cjs");
const { Request } = require("./requests.cjs");

const KINDS = new Set(["request", "download", "changed", "missed"]);

// It listens once this has resolved; it ends with the server, or by `close`, or a `break` of the loop.
async function events(remote, { since, signal } = {}) {
  const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
  const url = new URL(`${remote.address}/_mock/events${query}`);
  const { request } = url.protocol === "https:" ? https : http;
  const asking = request(url, { headers: remote.headers, signal, agent: false }).end();
  const [answer] = await once(asking, "response").catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new ControlError(`no images-mock answers GET /_mock/events at ${remote.address}: ${error.message}.`);
  });
  asking.on("error", () => {}); // the end of the answer tells it
  answer.setEncoding("utf8");
  if (answer.statusCode !== 200) {
    let text = "";
    for await (const piece of answer) text += piece;
    decoded(`GET /_mock/events at ${remote.address}`, answer.statusCode, text);
  }
  return new Events(answer);
}

class Events {
  #answer;
  #told;

  constructor(answer) {
    this.#answer = answer;
    this.#told = told(answer);
  }

  next() {
    return this.#told.next();
  }

  async return() {
    this.close();
    return { done: true, value: undefined };
  }

  close() {
    this.#answer.destroy();
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

async function* told(answer) {
  let rest = "";
  try {
    for await (const piece of answer) {
      const blocks = (rest + piece).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
        if (KINDS.has(fields.event)) yield event(fields);
      }
    }
  } catch (error) {
    if (error.code !== "ECONNRESET" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

function event({ event: kind, data, id }) {
  const value = JSON.parse(data);
  if (kind === "changed" || kind === "missed") return { kind, ...value };
  return { kind, id, request: new Request({ downloads: [], made_by: "", ...value }) };
}

module.exports = { events };
