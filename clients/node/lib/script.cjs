"use strict";
// Says what happens to the requests that are meant. Each effect of the server is a method; each call of
// one is a rule of its own.
const { readFileSync } = require("node:fs");

const { CONDITIONS, DEFAULTS, EFFECTS } = require("./generated.cjs");
const { camel, checkedNames, isTable, toControl } = require("./names.cjs");

const OPTIONS = ["times", "name"];
const PROMPTS = ["contains", "regex"];
// Names that tests of other languages know.
const PICTURES = {
  truncatedPicture: "truncated",
  pictureOfWrongSize: "wrong_size",
  pictureOfWrongFormat: "wrong_format",
  largePicture: "large",
};

// The `when` of a rule: the API's fields as the API spells them; `contains` and `regex` are of the prompt.
function condition(fields, known = CONDITIONS, spelt = ofPython) {
  checkedNames(fields, [...known, ...PROMPTS], "a request");
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const prompts = given.map(([name]) => name).filter((name) => ["prompt", ...PROMPTS].includes(name));
  if (prompts.length > 1) throw new TypeError(`tell the prompt in one way, not by ${prompts.join(" and ")}`);
  return Object.fromEntries(
    given.map(([name, value]) => {
      const wanted = PROMPTS.includes(name) ? { [name]: value } : value;
      checkedValue(name, wanted);
      return [PROMPTS.includes(name) ? "prompt" : name, spelt(wanted)];
    }),
  );
}

// One that is compared with nothing would let assertNotCalled pass, whatever was asked.
function checkedValue(name, value) {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return;
  const [[how, text] = [], ...more] = isTable(value) ? Object.entries(value) : [];
  if (how === "contains" && !more.length && typeof text === "string") return;
  if (how === "regex" && !more.length && (typeof text === "string" || typeof text?.source === "string")) return;
  throw new TypeError(`${name} is a value, { contains: "a text" } or { regex: /an expression/ }, not ${String(value)}`);
}

// An expression of JavaScript's as one of Python's, which the server searches by.
function ofPython(value) {
  const regex = isTable(value) ? value.regex : undefined;
  if (typeof regex?.source !== "string") return value;
  const flags = [...regex.flags].filter((flag) => !"gdy".includes(flag)).join("");
  if (/[^ims]/.test(flags)) throw new TypeError(`the server knows the flags i, m and s, not ${flags}`);
  return { regex: `${flags && `(?${flags})`}${regex.source}` };
}

function content(file) {
  return Buffer.from(typeof file === "string" ? readFileSync(file) : file);
}

// An effect as the control API takes it, files as base64.
function told(name, value) {
  const { file, files } = EFFECTS[name] ?? {};
  if (file) return content(value).toString("base64");
  if (!files) return toControl({ [name]: value })[name];
  const rows = Object.entries(value);
  return Object.fromEntries(
    rows.map(([k, one]) => [k, typeof one === "number" ? one : content(one).toString("base64")]),
  );
}

// Which of a call's arguments are the effect, and which the options of its rule.
function parted(name, [first, second]) {
  const { flag, fields, map } = EFFECTS[name];
  const optional = DEFAULTS[name] ?? (flag ? true : undefined);
  if (isTable(first) && !map) {
    const { times, name: called, ...rest } = first;
    const options = { times, name: called, ...second };
    checkedNames(rest, [...(fields ?? []).map(camel), ...OPTIONS], `${camel(name)}()`);
    return [Object.keys(rest).length ? rest : optional, options];
  }
  return [first === undefined ? optional : first, second ?? {}];
}

class Rule {
  #remote;

  constructor(remote, id, name) {
    this.#remote = remote;
    this.id = id;
    this.name = name;
  }

  // How many requests it has met so far.
  get fired() {
    return this.#remote.ask("GET", `rules/${this.id}`).fired;
  }

  remove() {
    this.#remote.ask("DELETE", `rules/${this.id}`);
  }
}

class Script {
  #remote;
  #when;
  #isNext;
  #unfinished;

  constructor(remote, when, isNext, unfinished) {
    [this.#remote, this.#when, this.#isNext, this.#unfinished] = [remote, when, isNext, unfinished];
    unfinished.add(this);
  }

  // Several things in one rule: `several({ delay: 2, error: "internal" })`. (In other languages it is
  // `then`; here that would make a promise of the script.)
  several(effects, options = {}) {
    const { times, name, ...rest } = effects;
    checkedNames(rest, Object.keys(EFFECTS).map(camel), "a rule");
    const snaked = Object.entries(rest).map(([key, value]) => {
      const known = Object.keys(EFFECTS).find((effect) => camel(effect) === key);
      return [known, told(known, value)];
    });
    return this.#added(Object.fromEntries(snaked), { times, name, ...options });
  }

  scripted(effect, given) {
    const [value, options] = parted(effect, given);
    if (value === undefined) throw new TypeError(`${camel(effect)}() takes a value`);
    return this.#added({ [effect]: told(effect, value) }, options);
  }

  #added(then, options) {
    checkedNames(options, OPTIONS, "a rule's options");
    const rule = { when: this.#when, then, ...(this.#isNext ? { next: true } : {}), ...options };
    this.#unfinished.delete(this);
    const made = this.#remote.ask("POST", "rules", rule);
    return new Rule(this.#remote, made.id, made.name ?? "");
  }

  toString() {
    const fields = Object.entries(this.#when).map(([k, v]) => `${k}: ${JSON.stringify(v)}`);
    return this.#isNext ? "next" : `on({ ${fields.join(", ")} })`;
  }
}

for (const effect of Object.keys(EFFECTS)) {
  Script.prototype[camel(effect)] = function (...given) {
    return this.scripted(effect, given);
  };
}
for (const [called, kind] of Object.entries(PICTURES)) {
  Script.prototype[called] = function (options) {
    return this.picture(kind, options);
  };
}

module.exports = { Rule, Script, condition, content };
