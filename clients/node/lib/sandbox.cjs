"use strict";
// One API key's own share of a server: its rules, its time, its limits, its journal.
const { AssertionError } = require("node:assert");
const { setTimeout } = require("node:timers/promises");

const { Expectation, count, report, ruleLine, unused } = require("./expectation.cjs");
const { events } = require("./events.cjs");
const { Remote, addressOf } = require("./line.cjs");
const { checkedNames, fromControl, isTable, toControl } = require("./names.cjs");
const { Request, callsOf, dollars } = require("./requests.cjs");
const { Script, condition } = require("./script.cjs");

const SHORT = 250; // milliseconds; the SDK waits no longer for what is told in thousandths
const waiting = setTimeout; // itself, whatever takes its place later

// A sandbox's time. Limits, expiry, `created` and the day of `asOf` follow it.
class Clock {
  #remote;

  constructor(remote) {
    this.#remote = remote;
  }

  // Seconds since the epoch.
  get now() {
    return this.#remote.ask("GET", "clock").now;
  }

  // Moves it on, by seconds or by `{ minutes: 1 }`; returns what it shows then.
  advance(time) {
    const by = isTable(time) ? time : { seconds: time };
    return this.#remote.ask("POST", "clock/advance", by).now;
  }

  // In the place of a program's own wait: it moves on at once, and nobody waits. What the SDK's own
  // retries sleep, some thousandths, is slept besides: by that the server knows that a wait was served.
  async sleep(milliseconds) {
    this.advance(milliseconds / 1000);
    await waiting(milliseconds <= SHORT ? milliseconds : 0);
  }
}

class Sandbox {
  #remote;
  #unfinished = new Set(); // scripts that no effect has followed yet

  constructor(url, apiKey, { controlToken = process.env.IMAGES_MOCK_CONTROL_TOKEN } = {}) {
    this.address = addressOf(url);
    this.apiKey = apiKey;
    this.#remote = new Remote(this.address, apiKey, controlToken);
    this.clock = new Clock(this.#remote);
  }

  // What to give as `baseURL`, or OPENAI_BASE_URL.
  get url() {
    return `${this.address}/v1`;
  }

  // The variables that the official SDK and others read.
  get env() {
    return { OPENAI_BASE_URL: this.url, OPENAI_API_KEY: this.apiKey };
  }

  // Begins anew: nothing asked, nothing scripted, and a clock that stands still, unless `realTime`.
  begin({ realTime = false, ...options } = {}) {
    this.#remote.ask("POST", "sandbox", { ...toControl(options), standing: !realTime });
    this.#unfinished.clear();
    return this;
  }

  // Empties it, or these parts of it.
  reset(...parts) {
    this.#remote.ask("POST", "reset", parts.length ? { only: parts } : {});
  }

  // --- what shall happen

  // Scripts the next request, or the next `times` ones; goes before `on`.
  get next() {
    return new Script(this.#remote, {}, true, this.#unfinished);
  }

  // Scripts every request like this, or the `call`-th of them alone; the newest goes first.
  on(fields = {}) {
    if (!isTable(fields)) {
      const text = JSON.stringify(fields);
      throw new TypeError(`on() takes fields: say on({ prompt: ${text} }), or { contains: ${text} } for a part of it`);
    }
    return new Script(this.#remote, condition(fields), false, this.#unfinished);
  }

  // The images a minute; without a number, those of the tier.
  limits(perMinute = null, options = {}) {
    checkedNames(options, ["tier"], "limits()");
    const { tier } = options;
    return fromControl(this.#remote.ask("PUT", "limits", { per_minute: perMinute, tier })).limits;
  }

  refill() {
    this.#remote.ask("POST", "limits/refill", {});
  }

  // Refuses what would cost more: in all, or `{ usd, day, month }`; null lifts a bound.
  budget(bound) {
    if (isTable(bound)) checkedNames(bound, ["usd", "day", "month"], "a budget");
    const { usd, day, month } = isTable(bound) ? bound : { usd: bound };
    this.#remote.ask("PUT", "ledger", { budget_usd: usd, budget_day_usd: day, budget_month_usd: month });
  }

  // --- what has happened

  // All requests under /v1, the oldest first. A retry is a request too.
  get requests() {
    return this.#journal().requests.map((record) => new Request(record));
  }

  // The requests by call: each with its retries behind it.
  get calls() {
    return callsOf(this.requests.filter((request) => !request.isOutside));
  }

  // All requests for pictures' files.
  get downloads() {
    return this.#remote.ask("GET", "downloads").downloads.map((record) => new Request(record));
  }

  // What was asked before this sandbox began anew, and answered after.
  get late() {
    return this.#journal().late.map((record) => new Request(record));
  }

  // Sandboxes of other keys that were asked since this one began.
  get others() {
    return this.#remote.ask("GET", "requests/elsewhere").sandboxes;
  }

  // Real seconds between a refusal and the next try, where one wait was a second or more.
  get waited() {
    return this.#journal().waited;
  }

  // What all pictures would have cost, in USD.
  get spent() {
    return this.ledger.spentUsd;
  }

  get ledger() {
    return fromControl(this.#remote.ask("GET", "ledger"));
  }

  // What happens from now on, as it happens: `for await (const event of await mock.events())`.
  events(options) {
    return events(this.#remote, options);
  }

  // What the program does wrong, as far as its requests show; findings of these ids are left out.
  verdict(options = {}) {
    checkedNames(options, ["ignore"], "verdict()");
    const ignore = [options.ignore ?? []].flat();
    const query = ignore.length ? `?ignore=${encodeURIComponent(ignore.join(","))}` : "";
    return fromControl(this.#remote.ask("GET", `verdict${query}`));
  }

  // Which kinds of failure it met, and how it went on.
  get coverage() {
    return fromControl(this.#remote.ask("GET", "coverage"));
  }

  // The rules that no request has met, and scripts without an effect, in a line each.
  unusedRules() {
    const scripts = [...this.#unfinished].map((one) => `${one} does nothing: let an effect follow, as .refuse()`);
    return [...unused(this.#rules()).map(ruleLine), ...scripts];
  }

  // The requests that failed, though no rule, limit, budget or magic value made them.
  unexpectedErrors() {
    return this.requests.filter((request) => request.status >= 400 && !request.scripted);
  }

  // What there is to know after a test that failed.
  report() {
    const requests = this.requests;
    const others = requests.length ? [] : this.others;
    return report(requests, this.#rules(), this.#remote.ask("GET", "ledger"), others);
  }

  // --- what should have happened

  // There was a call like this, or `times` of them; retries are of the call that they repeat.
  assertCalled(fields, options) {
    this.#expect(fields, options, this.assertCalled);
  }

  assertCalledOnce(fields, options) {
    this.#expect(fields, { ...options, times: 1 }, this.assertCalledOnce);
  }

  assertNotCalled(fields, options) {
    this.#expect(fields, { ...options, times: 0 }, this.assertNotCalled);
  }

  assertSpentAtMost(usd) {
    const spent = this.spent;
    if (spent <= usd) return;
    const lines = this.requests.filter((request) => request.usd).map((request) => `  ${request}`);
    fail([`spent ${dollars(spent)}, more than ${dollars(usd)}:`, ...lines].join("\n"), this.assertSpentAtMost);
  }

  // No call was paid for again whose answer was paid for, and lost.
  assertNothingPaidTwice() {
    const found = this.verdict().findings.filter((finding) => finding.id === "paid-twice");
    if (found.length) fail(found.map(({ seen, fix }) => `${seen}\n  Fix: ${fix}`).join("\n"), this.assertNothingPaidTwice);
  }

  // A picture's file was downloaded, or exactly so many times.
  assertDownloaded(times) {
    const downloads = this.downloads;
    const seen = downloads.filter((one) => one.status < 400).length;
    if (times === undefined ? seen : seen === times) return;
    const wanted = times === undefined ? "at least 1 download" : `exactly ${count(times, "download")}`;
    const saw = seen === downloads.length ? `saw ${seen}` : `${seen} of ${downloads.length} came through`;
    fail([`expected ${wanted}, but ${saw}`, ...downloads.slice(-5).map((one) => `  ${one}`)].join("\n"), this.assertDownloaded);
  }

  #expect(fields = {}, options, caller) {
    if (!isTable(fields)) throw new TypeError(`assertions take fields: say { prompt: ${JSON.stringify(fields)} }`);
    const expected = new Expectation(fields, options);
    const requests = this.requests;
    if (expected.isMet(requests)) return;
    const others = requests.length ? [] : this.others;
    fail(expected.message(requests, this.#rules(), this.url, others), caller);
  }

  #journal() {
    return this.#remote.ask("GET", "requests");
  }

  #rules() {
    return this.#remote.ask("GET", "rules").rules;
  }
}

function fail(message, stackStartFn) {
  throw new AssertionError({ message, stackStartFn });
}

module.exports = { Sandbox };
