"use strict";
// A server: one that is started here as a process, or one that runs already.
const { spawn } = require("node:child_process");
const { randomUUID } = require("node:crypto");
const { once } = require("node:events");
const { createInterface } = require("node:readline");
const { clearTimeout, setTimeout } = require("node:timers"); // no fake ones of a test

const { addressOf } = require("./line.cjs");
const { Sandbox } = require("./sandbox.cjs");

const READY = /^READY (\S+)$/;
const LONGEST = 60_000; // milliseconds
const NOT_THERE = (command) =>
  `${command} could not be started: it is not on the PATH. Install it with Python 3.11 or newer ` +
  "(pip install openai-images-mock) and activate its environment, or tell where it is: " +
  'start({}, { command: "/path/to/images-mock" }), or IMAGES_MOCK_COMMAND. A server that runs ' +
  "already, such as a container, is joined by IMAGES_MOCK_URL.";

class Server {
  #child;
  #controlToken;

  constructor(url, { child, controlToken } = {}) {
    this.address = addressOf(url);
    this.#child = child;
    this.#controlToken = controlToken;
  }

  get url() {
    return `${this.address}/v1`;
  }

  // A sandbox, begun anew: of a key of its own, unless you name one.
  sandbox({ apiKey = `sk-mock-${randomUUID()}`, ...options } = {}) {
    return new Sandbox(this.address, apiKey, { controlToken: this.#controlToken }).begin(options);
  }

  // Resolves once the process has ended; nothing happens to one that was joined.
  async stop() {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, "exit");
    child.stdin.end(); // that ends it everywhere; there are no signals on Windows
    await ended;
  }
}

// Starts `images-mock` on a free port; settings are those of its command line, in camelCase. It ends by
// `stop()`, and with this process, however that ends.
async function start(settings = {}, options = {}) {
  const { command = process.env.IMAGES_MOCK_COMMAND || "images-mock", timeout = LONGEST } = options;
  const all = { port: 0, logFormat: "none", ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => flagsOf(name, value));
  const child = spawn(command, [...flags, "--until-eof"], { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  child.stdin.on("error", () => {}); // it has ended; what it says is told below
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  let timer;
  const ready = new Promise((resolve, reject) => {
    child.once("error", (error) => reject(error.code === "ENOENT" ? new Error(NOT_THERE(command)) : error));
    child.once("close", (code) => reject(new Error(`${command} ended with exit code ${code} before it was ready:\n${said.trim()}`)));
    timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${command} was not ready within ${timeout} ms:\n${said.trim()}`));
    }, timeout);
    createInterface({ input: child.stdout }).on("line", (line) => READY.test(line) && resolve(READY.exec(line)[1]));
  });
  try {
    return new Server(await ready, { child, controlToken: all.controlToken });
  } finally {
    clearTimeout(timer);
    for (const one of [child, child.stdin, child.stdout, child.stderr]) one?.unref(); // it keeps nobody alive
  }
}

function flagsOf(name, value) {
  if (value === undefined || value === null) return [];
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return [value].flat().flatMap((one) => [flag, String(one)]);
}

// A server that runs already.
function join(url = process.env.IMAGES_MOCK_URL, { controlToken } = {}) {
  if (!url) throw new Error("join() takes the server's address, or IMAGES_MOCK_URL has it");
  return new Server(url, { controlToken });
}

// The one at IMAGES_MOCK_URL, else one that is started.
async function startOrJoin(settings, options) {
  return process.env.IMAGES_MOCK_URL ? join() : start(settings, options);
}

// The sandbox that OPENAI_BASE_URL and OPENAI_API_KEY lead to.
function ownSandbox() {
  const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
  if (OPENAI_BASE_URL && OPENAI_API_KEY?.startsWith("sk-mock-")) return new Sandbox(OPENAI_BASE_URL, OPENAI_API_KEY);
  throw new Error('nothing leads to an images-mock yet: import "openai-images-mock/own-key" first, before the SDK');
}

module.exports = { Server, join, ownSandbox, start, startOrJoin };
