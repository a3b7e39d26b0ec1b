// One server for the whole run: the one at IMAGES_MOCK_URL, else one that is started here.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

export default async function oneServer({ provide }) {
  if (process.env.IMAGES_MOCK_URL) {
    provide("images-mock", process.env.IMAGES_MOCK_URL.replace(/(\/v1)?\/?$/, ""));
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "images-mock-"));
  const readyFile = join(folder, "address");
  const flags = ["--port", "0", "--ready-file", readyFile, "--log-format", "none"];
  const server = spawn("images-mock", flags, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(server, "exit");
  const address = await Promise.race([
    contentOf(readyFile),
    ended.then(([code]) => Promise.reject(new Error(`images-mock ended with exit code ${code}`))),
  ]);
  provide("images-mock", address.trim());
  return async () => {
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
}

async function contentOf(file) {
  for (;;) {
    const content = await readFile(file, "utf8").catch(() => "");
    if (content) return content;
    await setTimeout(20, undefined, { ref: false }); // it never keeps a run alive that has failed
  }
}
