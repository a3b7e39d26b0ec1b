#!/usr/bin/env node
// with-images-mock COMMAND …: runs a command with one server for all of its processes, and ends with its
// exit code. For runners without a global setup, such as node:test before Node.js 24.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

import { startOrJoin } from "./index.mjs";

const [command, ...given] = process.argv.slice(2);
if (!command) {
  console.error("usage: with-images-mock COMMAND …, as with-images-mock node --test");
  process.exit(2);
}
try {
  const server = await startOrJoin();
  const env = { ...process.env, IMAGES_MOCK_URL: server.address };
  const child = spawn(command, given, { stdio: "inherit", env, shell: process.platform === "win32" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  const [code, signal] = await once(child, "exit");
  await server.stop();
  process.exitCode = code ?? 128 + constants.signals[signal];
} catch (error) {
  console.error(`with-images-mock: ${error.message}`);
  process.exitCode = 1;
}
