"use strict";
// A request as a test sees it, of a record of the journal. Asks no server.
const { createHash } = require("node:crypto");

const { fromControl, isTable } = require("./names.cjs");
const { content } = require("./script.cjs");

const SHOWN = 60; // characters of a prompt, a path or a message
const AGAIN = new Set([0, 408, 409, 429]); // and from 500 on: clients try again
const INSIDE = /^\/(v1(\/|$)|private\/|openai\/)/;

class Request {
  constructor(record) {
    Object.assign(this, fromControl(record));
    this.call ||= this.id;
  }

  // What the client sent, without what was filled in.
  get sent() {
    const own = ([name]) => name !== "operation" && !this.filled.includes(name);
    return Object.fromEntries(Object.entries(this.fields).filter(own));
  }

  get prompt() { return this.fields.prompt; }
  get model() { return this.fields.model; }
  get size() { return this.fields.size; }
  get n() { return this.fields.n; }

  // The pictures that were sent, as files or in a JSON body, in their order: sha256, bytes, width, …
  get images() {
    return [this.fields.images ?? this.fields.image].flat().filter((one) => one?.sha256);
  }

  // Whether it came to a path beside the API: meant for it, and not served.
  get isOutside() {
    return !INSIDE.test(this.path);
  }

  // At whatever endpoint, a line of a batch or a response too.
  get isForPictures() {
    return this.operation.startsWith("images.") || (this.operation !== "" && "prompt" in this.fields);
  }

  get asksAgain() {
    return AGAIN.has(this.status) || this.status >= 500;
  }

  toString() {
    const { status, operation, method, path, filled, prompt, error } = this;
    const shown = { model: this.model, size: this.size, n: this.n === undefined ? "" : `n=${this.n}` };
    const words = Object.entries(shown).filter(([, word]) => word);
    return [
      status,
      operation || `${method} ${shortened(path)}`,
      ...words.map(([name, word]) => (filled.includes(name) ? `(${word})` : word)),
      prompt === undefined ? "" : JSON.stringify(shortened(String(prompt))),
      this.usd ? dollars(this.usd) : "",
      this.paid === "lost" ? "lost" : "",
      `${this.milliseconds} ms`,
      this.retries ? `retry ${this.retries}` : "",
      error ? `${error.reason}: ${shortened(error.message)}` : "",
      this.scripted ? "(scripted)" : "",
    ].filter((word) => word !== "").join(" ");
  }
}

// The requests of each call: the first one, then its retries. With `ownRetries` an equal call after one
// that was told to try again belongs to it, too.
function callsOf(requests, ownRetries = false) {
  const calls = new Map();
  for (const request of requests) {
    if (!calls.has(request.call)) calls.set(request.call, []);
    calls.get(request.call).push(request);
  }
  return ownRetries ? joined([...calls.values()]) : [...calls.values()];
}

function joined(calls) {
  const found = [];
  const last = new Map(); // by what was asked
  for (const call of calls) {
    const asked = JSON.stringify([call[0].path, Object.entries(call[0].fields).sort()]);
    const before = last.get(asked);
    if (before?.at(-1).asksAgain) before.push(...call);
    else {
      last.set(asked, [...call]);
      found.push(last.get(asked));
    }
  }
  return found;
}

// What tells one file from another.
function uploadOf(file) {
  if (isTable(file)) return file;
  return { sha256: createHash("sha256").update(content(file)).digest("hex") };
}

const shortened = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text);

function dollars(usd) {
  const [whole, part = ""] = usd.toFixed(6).replace(/\.?0+$/, "").split(".");
  return `$${whole}.${part.padEnd(2, "0")}`;
}

module.exports = { Request, callsOf, dollars, shortened, uploadOf };
