#!/usr/bin/env bash
# Why a proxy refuses a CONNECT stands in its status line and its body: most clients tell the line, fetch and curl the
# number alone, none of these the body; and beside niquests, requests no longer has the words.
# Packages: httpx2==2.16.2, requests==2.34.2, aiohttp==3.14.5, pycurl==7.49.0, openai==3.57.0, niquests==3.21.2 (PyPI),
# openai@7.59.0, undici@7.30.2, axios@1.21.1, node@22.23.3 (npm)
# Seen: 2026-11-29, Python 3.11
# Output:
#   httpx2, 1 CONNECT: words at depth 0
#   aiohttp, 1 CONNECT: words at depth 0
#   requests, 1 CONNECT: words at depth 0
#   curl, 1 CONNECT: no words; depth 0: "(7, 'CONNECT tunnel failed, response 403')"
#   openai-python, 3 CONNECT: words at depth 1
#   node:https, 1 CONNECT: words at depth 0
#   axios, 1 CONNECT: words at depth 0
#   fetch, 1 CONNECT: no words; depth 2: "Proxy response (403) !== 200 when HTTP Tunneling"
#   openai npm, 3 CONNECT: no words; depth 3: "Proxy response (403) !== 200 when HTTP Tunneling"
#   beside niquests: requests, 1 CONNECT: no words; depth 3: "Tunnel connection failed: 403 Forbidden"
# Matters: a proxy that keeps a test's requests off the paid API, and a company's that lists hosts, tells in words
# which host and which list. The SDKs print "Connection error." and ask three times, as if it was the network: in Python
# the words are one `__cause__` below, in JavaScript nowhere. Installed later for anything, niquests brings
# urllib3-future, which takes urllib3's place for all. A proxy's own log is the one place that has the words always.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet \
    httpx2==2.16.2 requests==2.34.2 aiohttp==3.14.5 pycurl==7.49.0 openai==3.57.0
npm install --silent --no-audit --no-fund --prefix "$dir" openai@7.59.0 undici@7.30.2 axios@1.21.1 node@22.23.3
cat > "$dir/clients.mjs" <<'END'
import https from "node:https";
import axios from "axios";
import OpenAI from "openai";
import { ProxyAgent } from "undici";

const [client] = process.argv.slice(2);
const base = "https://images.example/v1";
const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY);
const asks = {
  "node:https": () => new Promise((done, failed) => https.get(base, done).on("error", failed)),
  "axios": () => axios.get(base),
  "fetch": () => fetch(base),
  "openai npm": () =>
    new OpenAI({ apiKey: "k", baseURL: base, fetchOptions: { dispatcher } }).images.generate({ prompt: "x" }),
};
const chain = [];
try {
  await asks[client]();
} catch (error) {
  for (let at = error; at; at = at.cause) chain.push(at.message);
}
console.log(JSON.stringify(chain));
process.exit();
END
cat > "$dir/ask.py" <<'END'
import asyncio, json, logging, os, socketserver, subprocess, sys, threading
import aiohttp, httpx2, openai, pycurl, requests

BASE = "https://images.example/v1"
LINE, BODY = "not on the list", "ask the team for it"
asked = 0

class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        global asked
        asked += self.rfile.readline().startswith(b"CONNECT images.example:443 ")
        while self.rfile.readline().strip():
            pass
        head = f"HTTP/1.1 403 {LINE}\r\ncontent-length: {len(BODY)}\r\nconnection: close\r\n\r\n"
        self.wfile.write((head + BODY).encode())

async def through_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(BASE):
        pass

def through_curl():
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, BASE)
    handle.perform()

clients = {
    "httpx2": lambda: httpx2.get(BASE),
    "aiohttp": lambda: asyncio.run(through_aiohttp()),
    "requests": lambda: requests.get(BASE),
    "curl": through_curl,
    "openai-python": lambda: openai.OpenAI(api_key="k", base_url=BASE).images.generate(prompt="x"),
}

def of_python(client):
    chain = []
    try:
        clients[client]()
    except Exception as error:
        while error:
            chain.append(str(error))
            error = error.__cause__ or error.__context__
    return chain

def of_node(client):
    command = [f"{folder}/node_modules/.bin/node", f"{folder}/clients.mjs", client]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)

logging.disable()
folder, *names = sys.argv[1:]
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = f"http://127.0.0.1:{server.server_address[1]}"
os.environ["NODE_USE_ENV_PROXY"] = "1"
for name in names:
    asked = 0
    chain = of_python(name) if name in clients else of_node(name)
    with_words = [depth for depth, text in enumerate(chain) if LINE in text]
    assert not any(BODY in text for text in chain)
    told = f"words at depth {with_words[0]}" if with_words else f'no words; depth {len(chain) - 1}: "{chain[-1]}"'
    print(f"{name}, {asked} CONNECT: {told}", flush=True)
END
ask() {
  env -u NO_PROXY -u no_proxy "$dir/venv/bin/python" "$dir/ask.py" "$dir" "$@"
}
{
  ask httpx2 aiohttp requests curl openai-python node:https axios fetch "openai npm"
  "$dir/venv/bin/pip" install --quiet niquests==3.21.2
  printf 'beside niquests: '
  ask requests
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
