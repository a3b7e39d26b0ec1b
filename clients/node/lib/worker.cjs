"use strict";
// The thread of line.cjs: one exchange after the other, over a connection that is kept.
const http = require("node:http");
const https = require("node:https");
const { workerData } = require("node:worker_threads");

const { turn, port } = workerData;
const kept = { "http:": [http, new http.Agent({ keepAlive: true })], "https:": [https, new https.Agent({ keepAlive: true })] };

function exchanged({ method, url, headers, body }, tell, isAgain = false) {
  const [{ request }, agent] = kept[new URL(url).protocol];
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const asking = request(url, { method, agent, headers: { ...headers, ...length } }, (answer) => {
    const pieces = [];
    answer.on("data", (piece) => pieces.push(piece));
    answer.on("error", (error) => tell({ error: error.message }));
    answer.on("end", () => tell({ status: answer.statusCode, text: Buffer.concat(pieces).toString() }));
  });
  asking.on("error", (error) => {
    // The server has ended a connection that was idle for long: once more over a new one.
    if (asking.reusedSocket && !isAgain) exchanged({ method, url, headers, body }, tell, true);
    else tell({ error: error.message || error.code });
  });
  asking.end(body);
}

// An answer that breaks off can be told twice: by its own error, and by that of the request.
function onlyOnce(tell) {
  let isTold = false;
  return (answer) => {
    if (!isTold) tell(answer);
    isTold = true;
  };
}

function tell(answer) {
  port.postMessage(answer);
  Atomics.store(turn, 0, 1);
  Atomics.notify(turn, 0);
}

port.on("message", (request) => {
  const told = onlyOnce(tell);
  try {
    exchanged(request, told);
  } catch (error) {
    told({ error: error.message });
  }
});
