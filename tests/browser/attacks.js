// What a page of another site can try on a server of this machine. Each attack takes a target,
// {method, url}, and tells what the page saw: "" is nothing that it could not know without.

const LATEST = 3000; // milliseconds: some elements say nothing of what they were refused

const reads = (response) => response.text().then((text) => `${response.status} ${text}`);
const nothing = () => "";
const opaque = (response) => (response.type === "opaque" ? "" : `read: ${response.type}`);
const BODY = JSON.stringify({ prompt: "a fox", when: {}, then: {} });
const hasBody = (method) => !["GET", "HEAD"].includes(method);
const sent = (method, type, body = BODY) =>
  hasBody(method) && { body: type ? new Blob([body], { type }) : body };

// What a look at something shows, unless the browser forbids it.
function seen(look) {
  try {
    return look();
  } catch (error) {
    return error.name === "SecurityError" ? "" : `${error}`;
  }
}

// An element that loads an address, and what it lets its page see once it has or has not.
function element(name, attributes, look = nothing) {
  return new Promise((told) => {
    const made = document.createElement(name);
    const done = () => {
      told(seen(() => look(made)));
      made.remove();
    };
    made.onload = made.onerror = made.onloadedmetadata = done;
    setTimeout(done, LATEST);
    Object.assign(made, attributes);
    document.body.append(made);
  });
}

function pixels(image) {
  if (!image.naturalWidth) return "";
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return `read: ${context.getImageData(0, 0, 1, 1).data}`;
}

// What is in a frame or a window of another origin: its document is null, or asking for it throws.
const inside = (opened) => opened?.document.body?.innerText || "";
const frame = (made) => inside(made.contentWindow);

function form(enctype) {
  return ({ method, url }) => {
    const made = document.createElement("form");
    const framed = Object.assign(document.createElement("iframe"), { name: `f${Math.random()}` });
    // With text/plain a form can write JSON: the name, an equals sign, the value.
    const field = Object.assign(document.createElement("input"), {
      name: '{"prompt": "a fox", "user": "',
      value: '"}',
    });
    made.append(field);
    Object.assign(made, { method, enctype, action: url, target: framed.name });
    document.body.append(made, framed); // the frame's own first page is there now
    return new Promise((told) => {
      framed.onload = () => told(seen(() => frame(framed)));
      setTimeout(told, LATEST, "");
      made.submit();
    }).finally(() => (made.remove(), framed.remove()));
  };
}

const attempt = (asked) => asked.then(reads, nothing);

const ATTACKS = {
  "fetch as JSON": ({ method, url }) =>
    attempt(
      fetch(url, {
        method,
        headers: { "Content-Type": "application/json", Authorization: "Bearer sk-mock-me" },
        ...sent(method),
      }),
    ),
  "fetch as text": ({ method, url }) =>
    attempt(fetch(url, { method, credentials: "include", ...sent(method, "text/plain") })),
  "fetch without a body": ({ method, url }) => attempt(fetch(url, { method })),
  "fetch no-cors": ({ method, url }) =>
    fetch(url, {
      method: hasBody(method) ? "POST" : method,
      mode: "no-cors",
      referrerPolicy: "no-referrer",
      ...sent(method, "text/plain"),
    }).then(opaque, nothing),
  "fetch with odd headers": ({ method, url }) =>
    attempt(
      fetch(url, {
        method: hasBody(method) ? "POST" : "GET",
        headers: {
          "Mock-Sandbox-Key": "sk-mock-me",
          "Api-Key": "sk-mock-me",
          "X-HTTP-Method-Override": method,
          "X-Forwarded-Host": "localhost",
        },
      }),
    ),
  "fetch with an odd method": ({ url }) => attempt(fetch(url, { method: "RESET" })),
  "fetch through a redirect": ({ method, url }) =>
    fetch(`/to?url=${encodeURIComponent(url)}`, {
      method: hasBody(method) ? "POST" : "GET",
      mode: "no-cors",
      ...sent(method, "text/plain"),
    }).then(opaque, nothing),
  beacon: ({ url }) => (navigator.sendBeacon(url, BODY), ""),
  "beacon as JSON": ({ url }) =>
    (navigator.sendBeacon(url, new Blob([BODY], { type: "application/json" })), ""),
  "request of old": ({ method, url }) =>
    new Promise((told) => {
      const asked = new XMLHttpRequest();
      asked.onload = () => told(`read: ${asked.responseText}`);
      asked.onerror = () => told(asked.getAllResponseHeaders());
      asked.open(method, url);
      asked.send(hasBody(method) ? BODY : null);
    }),
  "form, urlencoded": form("application/x-www-form-urlencoded"),
  "form, multipart": form("multipart/form-data"),
  "form, plain": form("text/plain"),
  "web socket": ({ url }) =>
    new Promise((told) => {
      const socket = new WebSocket(url.replace("http", "ws"));
      socket.onopen = () => told("open");
      socket.onerror = () => told("");
      socket.onmessage = (message) => told(`read: ${message.data}`);
    }),
  events: ({ url }) =>
    new Promise((told) => {
      const source = new EventSource(url);
      source.onmessage = (message) => told(`read: ${message.data}`);
      source.onopen = () => told("open");
      source.onerror = () => (source.close(), told(""));
    }),
  img: ({ url }) => element("img", { src: url }, pixels),
  "img for all": ({ url }) => element("img", { crossOrigin: "anonymous", src: url }, pixels),
  script: ({ url }) => element("script", { src: url }),
  module: ({ url }) => import(url).then((m) => `read: ${Object.keys(m)}`, nothing),
  stylesheet: ({ url }) =>
    element("link", { rel: "stylesheet", href: url }, (made) =>
      made.sheet ? `${[...made.sheet.cssRules]}` : "",
    ),
  prefetch: ({ url }) => element("link", { rel: "prefetch", href: url }),
  preload: ({ url }) => element("link", { rel: "preload", as: "fetch", href: url }),
  iframe: ({ url }) => element("iframe", { src: url }, frame),
  object: ({ url }) => element("object", { data: url }, frame),
  video: ({ url }) => element("video", { src: url }),
  window: ({ url }) =>
    new Promise((told) => {
      let heard = "";
      onmessage = (message) => (heard = `read: ${message.data}`);
      const opened = open(url);
      setTimeout(() => {
        opened.postMessage("hello", "*");
        heard ||= seen(() => inside(opened));
        opened.close();
        told(heard);
      }, 300);
    }),
  "worker's script": ({ url }) =>
    new Promise((told) => {
      const source = `try { importScripts("${url}") } catch {} postMessage(Object.keys(self).join())`;
      const worker = new Worker(URL.createObjectURL(new Blob([source])));
      worker.onmessage = () => told("");
      worker.onerror = () => told("");
    }),
  "service worker": ({ url }) =>
    navigator.serviceWorker
      ? navigator.serviceWorker.register(url).then(() => "registered", nothing)
      : "",
};

// One attack on many targets, a few at a time; what was seen of each.
async function attack(name, targets, at_once = 8) {
  const all = [];
  for (let i = 0; i < targets.length; i += at_once) {
    const some = targets.slice(i, i + at_once);
    all.push(...(await Promise.all(some.map((target) => tried(name, target)))));
  }
  return all;
}

async function tried(name, target) {
  try {
    return await ATTACKS[name](target);
  } catch (error) {
    return `${error}`;
  }
}
