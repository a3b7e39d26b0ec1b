"use strict";
// The way to a server's control API. It asks from a thread of its own, and waits for the answer: no test
// can forget an `await`, and what tests replace (fetch, timers, node:http) is not met there.
const { join } = require("node:path");
const threads = require("node:worker_threads");

const LONGEST = 60_000; // milliseconds
// One thread a process. Jest loads this file anew for each test file, but never node's own modules.
const SLOT = Symbol.for("openai-images-mock.line");

class ControlError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "ControlError";
    this.status = status; // undefined if there was no answer at all
  }
}

function opened() {
  const { port1, port2 } = new threads.MessageChannel();
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const worker = new threads.Worker(join(__dirname, "worker.cjs"), {
    workerData: { turn, port: port2 },
    transferList: [port2],
    env: {}, // else NODE_OPTIONS would load there what tests want to be loaded
    execArgv: [],
  });
  worker.unref();
  return { worker, turn, port: port1 };
}

function exchange(request) {
  const line = (threads[SLOT] ??= opened());
  Atomics.store(line.turn, 0, 0);
  line.port.postMessage(request);
  if (Atomics.wait(line.turn, 0, 0, LONGEST) === "timed-out") {
    threads[SLOT] = undefined; // what it tells later is of no use
    void line.worker.terminate();
    return { error: `nothing came within ${LONGEST / 1000} s` };
  }
  return threads.receiveMessageOnPort(line.port).message;
}

class Remote {
  constructor(address, apiKey, controlToken) {
    this.address = address;
    this.headers = { "content-type": "application/json", "mock-sandbox-key": apiKey };
    if (controlToken) this.headers.authorization = `Bearer ${controlToken}`;
  }

  // What the control API answers, decoded; ControlError if it refuses, is gone, or is none.
  ask(method, path, value) {
    const asked = `${method} /_mock/${path} at ${this.address}`;
    const body = value === undefined ? undefined : JSON.stringify(value);
    const url = `${this.address}/_mock/${path}`;
    const { status, text, error } = exchange({ method, url, headers: this.headers, body });
    if (error) throw new ControlError(`no images-mock answers ${asked}: ${error}.`);
    return decoded(asked, status, text);
  }
}

function decoded(asked, status, text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new ControlError(`${asked} got ${status}, but not from an images-mock.`, status);
  }
  if (status < 400) return told;
  throw new ControlError(`${asked} got ${status}: ${told.error?.message ?? "no reason told"}`, status);
}

// An address with or without /v1 behind it.
function addressOf(url) {
  if (/^https?:\/\/[^/]/i.test(url)) return String(url).replace(/\/+$/, "").replace(/\/v1$/, "");
  throw new TypeError(`a server's address begins with http:// or https://, which ${url} does not`);
}

module.exports = { ControlError, Remote, addressOf, decoded };
