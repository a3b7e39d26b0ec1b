"use strict";
// What an assertion wants, whether it is so, and what its message says where it is not: as in Python.
const { CONDITIONS, SENDABLE } = require("./generated.cjs");
const { checkedNames, isTable, likely, likeness } = require("./names.cjs");
const { callsOf, dollars, shortened, uploadOf } = require("./requests.cjs");
const { condition } = require("./script.cjs");

const FILES = ["image", "mask", "markup"];
const FIELDS = [...CONDITIONS.filter((name) => name !== "call"), ...FILES];
const WEIGHTS = { operation: 8, model: 4, prompt: 3 }; // how much it matters that a field is as wanted
const OTHER = 2;
const CLOSE = 0.6; // of 1; texts that are closer may be meant
const LAST = 5; // requests of a report
const FILLED = "filled in: the client sent none";
const LOOP = [
  "  The SDK's own retries are of the call that they repeat; those of a loop in the program are",
  "  calls of their own. With { ownRetries: true } they count with the call that they repeat.",
];
const OTHER_KEY =
  "  Fix: let the client take its key from OPENAI_API_KEY, or give it the sandbox's apiKey.";

class Expectation {
  constructor(fields = {}, options = {}) {
    checkedNames(options, ["times", "sent", "notSent", "ownRetries"], "an assertion's options");
    this.when = Object.entries(wantedOf(fields));
    this.times = options.times;
    this.sent = namesOf(options.sent);
    this.leftOut = namesOf(options.notSent);
    this.ownRetries = options.ownRetries ?? false;
  }

  isMet(requests, ownRetries = this.ownRetries) {
    const seen = this.matching(callsOf(requests, ownRetries));
    return this.times === undefined ? seen > 0 : seen === this.times;
  }

  matching(calls) {
    return calls.filter(([first]) => this.fits(first)).length;
  }

  fits(request) {
    if (!request.isForPictures && !this.when.some(([name]) => name === "operation")) return false;
    return !differences(this.when, request).length && !this.unlike(request).length;
  }

  // A line for each field that the client should have sent itself, or left out, and did not.
  unlike(request) {
    const { sent, fields } = request;
    const missing = this.sent.filter((name) => !Object.hasOwn(sent, name)).map((name) => {
      const chosen = Object.hasOwn(fields, name) ? `; ${shown(fields[name])} was filled in` : "";
      return `≠ ${name}: wanted sent, but the client left it out${chosen}`;
    });
    const extra = this.leftOut.filter((name) => Object.hasOwn(sent, name));
    return [...missing, ...extra.map((name) => `≠ ${name}: wanted left out, but ${shown(sent[name])} was sent`)];
  }

  message(requests, rules, url, others) {
    const inside = requests.filter((one) => !one.isOutside);
    const ends = [...strays(requests), ...unusedLines(rules)];
    if (!inside.length) {
      const seen = `no request at all has come to ${url} with this sandbox's key`;
      return [`expected ${this}, but ${seen}`, ...linesOnOthers(others), ...ends].join("\n");
    }
    const calls = callsOf(inside, this.ownRetries);
    const also = inside.length > calls.length ? ` (${inside.length} requests)` : "";
    const seen = `${this.matching(calls)} of ${count(calls.length, "call")}${also}`;
    const loop = this.times && !this.ownRetries && this.isMet(inside, true) ? LOOP : [];
    const near = nearest(this.when, calls.map((call) => call.at(-1)), 3, (one) => this.unlike(one));
    return [`expected ${this}, but saw ${seen}; the closest:`, ...near, ...loop, ...ends].join("\n");
  }

  toString() {
    const often = { undefined: "at least 1", 0: "no" }[this.times] ?? `exactly ${this.times}`;
    const noun = this.times > 1 ? "calls" : "call";
    const present = [
      ...this.sent.map((name) => `${name} sent`),
      ...this.leftOut.map((name) => `${name} left out`),
    ];
    return `${often} ${noun}${withFields(this.when, present)}`;
  }
}

// A name that is no slip; others may be fields that only some other API knows.
function namesOf(names = []) {
  for (const name of [names].flat()) {
    const close = SENDABLE.includes(name) ? undefined : likely(name, SENDABLE);
    if (close) throw new TypeError(`a request has no field ${name}; did you mean ${close}?`);
  }
  return [names].flat();
}

// The wanted value of each field; files are compared by their content, several in their order.
function wantedOf(fields) {
  const [uploads, others] = [true, false].map((isFile) =>
    Object.entries(fields).filter(([name, value]) => value !== undefined && FILES.includes(name) === isFile),
  );
  const asIs = (value) => value; // an expression is looked for here, as JavaScript does
  const wanted = condition(Object.fromEntries(others), FIELDS, asIs);
  for (const [name, value] of uploads) {
    const found = [value].flat().map(uploadOf);
    wanted[name] = found.length === 1 ? found[0] : found;
  }
  return wanted;
}

function fits(name, wanted, value) {
  if (isTable(wanted) && "contains" in wanted) return typeof value === "string" && value.includes(wanted.contains);
  if (isTable(wanted) && "regex" in wanted) return typeof value === "string" && expression(wanted.regex).test(value);
  if (FILES.includes(name)) return sameFiles(wanted, value);
  if (name === "model" && typeof value === "string" && typeof wanted === "string") return glob(wanted).test(value);
  return wanted === value || (wanted === null && value === undefined) || JSON.stringify(wanted) === JSON.stringify(value);
}

const sameFiles = (wanted, value) => {
  const [left, right] = [wanted, value].map((one) => [one ?? []].flat().map((file) => file?.sha256));
  return left.length === right.length && left.every((sha256, place) => sha256 && sha256 === right[place]);
};

// A new one each time: one with the flag g would go on from where it was. Flags of Python's stand at
// the beginning of a text.
function expression(regex) {
  if (typeof regex !== "string") return new RegExp(regex.source, regex.flags.replace(/[gy]/g, ""));
  const [, flags = "", source] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(regex);
  return new RegExp(source, flags);
}

const glob = (text) =>
  new RegExp(`^${text.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".").replace(/\[!/g, "[^")}$`, "s");

function fieldsOf(request) {
  const { images } = request;
  if (!images.length) return request.fields;
  return { ...request.fields, image: images.length === 1 ? images[0] : images };
}

// A line for each field that is not as wanted, with how much each of them matters.
function differences(when, request) {
  const given = fieldsOf(request);
  return when
    .filter(([name, wanted]) => !fits(name, wanted, given[name]))
    .map(([name, wanted]) => ({ name, wanted, got: given[name], filled: request.filled.includes(name) }));
}

function distance(when, request) {
  const costs = differences(when, request).map(({ name, wanted, got }) => {
    const text = textOf(wanted);
    const like = typeof text === "string" && typeof got === "string" ? likeness(text, got) : 0;
    return (WEIGHTS[name] ?? OTHER) * (1 - like / 2);
  });
  return costs.reduce((sum, cost) => sum + cost, 0);
}

// The requests that come closest, each with what is not as wanted; of equals the last.
function nearest(when, requests, most, unlike = () => []) {
  const ranked = requests.map((request, place) => ({
    request,
    place,
    cost: distance(when, request) + OTHER * unlike(request).length,
  }));
  ranked.sort((one, other) => one.cost - other.cost || other.place - one.place);
  return ranked.slice(0, most).flatMap(({ request }) => {
    const lines = [...differences(when, request).map(line), ...unlike(request)];
    return [`  ${request}`, ...(lines.length ? lines : ["= as wanted"]).map((one) => `    ${one}`)];
  });
}

function line({ name, wanted, got, filled }) {
  const hint = filled ? FILLED : hintOf(wanted, got);
  return `≠ ${name}: wanted ${shownWanted(wanted)}, got ${got === undefined ? "nothing" : shown(got)}${hint && `  (${hint})`}`;
}

function hintOf(wanted, got) {
  const text = textOf(wanted);
  if (typeof text !== "string" || typeof got !== "string") {
    const isOther = got !== undefined && got !== null && typeof wanted !== typeof got;
    return isOther ? `it is a ${typeof got}` : "";
  }
  const [one, other] = [text, got].map((each) => each.split(/\s+/).filter(Boolean).join(" "));
  if (one === other) return "only the white space differs";
  if (text.toLowerCase() === got.toLowerCase()) return "only the case differs";
  return likeness(text, got) >= CLOSE ? "did you mean this?" : "";
}

const textOf = (wanted) => (isTable(wanted) ? wanted.contains ?? String(wanted.regex?.source ?? wanted.regex) : wanted);

function shownWanted(wanted) {
  if (isTable(wanted) && "contains" in wanted) return `contains ${shown(wanted.contains)}`;
  if (isTable(wanted) && "regex" in wanted) return `regex ${wanted.regex}`;
  return shown(wanted);
}

const shown = (value) => shortened(JSON.stringify(value) ?? "nothing");

function withFields(when, present = []) {
  const parts = [...when.map(([name, wanted]) => `${name} ${shownWanted(wanted)}`), ...present];
  return parts.length ? ` with ${parts.join(", ")}` : "";
}

function strays(requests) {
  const paths = new Map();
  for (const { isOutside, path, trace } of requests) {
    if (!isOutside) continue;
    const hints = trace.filter((one) => one.startsWith("hint: ")).map((one) => one.slice(6));
    const told = [`${shortened(path)}, outside /v1`, ...hints].join("; ");
    paths.set(told, (paths.get(told) ?? 0) + 1);
  }
  return [...paths].map(([told, number]) => `${count(number, "request")} came to ${told}`);
}

function linesOnOthers(others) {
  if (!others.length) return [];
  const lines = others
    .slice(0, LAST)
    .map((one) => `  ${count(one.requests, "request")} with the key ${one.key} (sandbox ${one.name.slice(0, 6)})`);
  return ["requests with other keys, which are other sandboxes:", ...lines, OTHER_KEY];
}

// The rules of tests that no request has met.
const unused = (rules) => rules.filter((rule) => rule.origin === "call" && !rule.fired);

function ruleLine(rule) {
  const { id, name, then, when, next } = rule;
  const { call, ...rest } = when;
  const fields = Object.entries(rest);
  const effects = Object.entries(then).map(([key, value]) => (value === true ? key : `${key} ${shown(value)}`));
  const meant = `${next ? "the next" : "every"} request${withFields(fields, call ? [`call ${call}`] : [])}`;
  return `${id}${name ? ` "${name}"` : ""}: ${effects.join(", ")} for ${meant}`;
}

function unusedLines(rules) {
  const found = unused(rules);
  return found.length ? ["rules that never fired:", ...found.map((rule) => `  ${ruleLine(rule)}`)] : [];
}

// What there is to know of a sandbox after a test that failed.
function report(requests, rules, ledger, others) {
  const recent = requests.slice(-LAST);
  const last = requests.length > LAST ? `last ${LAST} of ` : "";
  const within = ledger.budget_usd === null ? "" : ` of ${dollars(ledger.budget_usd)}`;
  const filled = recent.some((one) => one.filled.length);
  const missed = unused(rules).flatMap((rule) => {
    const { call: _, ...when } = rule.when;
    return [`  ${ruleLine(rule)}`, ...nearest(Object.entries(when), requests, 1).map((one) => `  ${one}`)];
  });
  return [
    `${last}${count(requests.length, "request")}, spent ${dollars(ledger.spent_usd)}${within}`,
    ...recent.map((one) => `  ${one}`),
    ...(filled ? ["  (in brackets: what the client left out, and the API fills in)"] : []),
    ...linesOnOthers(others),
    ...(missed.length ? ["rules that never fired, and the request that came closest:", ...missed] : []),
  ].join("\n");
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

module.exports = { Expectation, count, report, ruleLine, unused };
