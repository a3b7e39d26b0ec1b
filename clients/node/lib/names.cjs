"use strict";
// The mock's own names are camelCase here and snake_case in the control API. What the API names
// (`response_format`), headers, bodies and other people's events are left as they are.
const { OPAQUE } = require("./generated.cjs");

const asked = new Set(OPAQUE);
const told = new Set([...OPAQUE, "fields", "when"]);

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

const isTable = (value) =>
  value !== null && typeof value === "object" && [Object.prototype, null].includes(prototypeOf(value));

// A table of another realm (each test file of Jest is one) has another Object.prototype.
function prototypeOf(value) {
  const found = Object.getPrototypeOf(value);
  return found && Object.getPrototypeOf(found) === null ? Object.prototype : found;
}

function renamed(value, rename, opaque) {
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename, opaque));
  if (!isTable(value)) return value;
  const rows = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    rows.map(([name, one]) => [
      rename(name),
      opaque.has(rename === camel ? name : snake(name)) ? one : renamed(one, rename, opaque),
    ]),
  );
}

const toControl = (value) => renamed(value, snake, asked);
const fromControl = (value) => renamed(value, camel, told);

// The known name that a slip may have meant, if one is near.
function likely(name, known) {
  const [best] = [...known].map((one) => [likeness(one, name), one]).sort(([a], [b]) => b - a);
  return best && best[0] >= 0.6 ? best[1] : undefined;
}

// 0 to 1: how many pairs of neighbouring letters two texts have in common.
function likeness(one, other) {
  const pairs = (text) => Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2));
  const left = pairs(one.slice(0, 500)), right = pairs(other.slice(0, 500));
  const all = left.length + right.length;
  if (!all) return one === other ? 1 : 0;
  let common = 0;
  const rest = new Map();
  for (const pair of right) rest.set(pair, (rest.get(pair) ?? 0) + 1);
  for (const pair of left) {
    const count = rest.get(pair) ?? 0;
    if (count) rest.set(pair, count - 1), common++;
  }
  return (2 * common) / all;
}

function checkedNames(given, known, what) {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const close = likely(name, known);
    const guess = close ? `did you mean ${close}?` : `it is one of ${known.join(", ")}`;
    throw new TypeError(`${what} has no ${name}; ${guess}`);
  }
}

module.exports = { camel, checkedNames, fromControl, isTable, likely, likeness, toControl };
