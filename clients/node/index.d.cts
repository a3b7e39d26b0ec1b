import type {
  ClockRecord,
  Condition,
  Coverage,
  EffectMethods,
  Effects,
  File,
  Ledger,
  Limits,
  Part,
  RequestRecord,
  SandboxOptions,
  Verdict,
} from "./lib/generated.cjs";

export type * from "./lib/generated.cjs";

/** How many requests a rule meets (one for `next`, all for `on` unless you say), and what reports call it. */
export interface RuleOptions {
  times?: number;
  name?: string;
}

/** The API's fields, as the API spells them; `contains` and `regex` are of the prompt. */
export type Asked = Condition & { contains?: string; regex?: RegExp | string };

type OrNull<T> = { [K in keyof T]?: T[K] | null };

/** What was sent, or filled in; null is what was not there. */
export type Sent = OrNull<Omit<Asked, "call">> & {
  /** Of several all, in their order. */
  image?: File | File[];
  mask?: File;
  markup?: File;
};

export interface Presence {
  /** Fields that the client must have sent itself. */
  sent?: string | string[];
  /** Fields that it must have left out. */
  notSent?: string | string[];
  /** What a loop of the program's own repeats counts with the call that it repeats. */
  ownRetries?: boolean;
}

export declare class ControlError extends Error {
  /** Undefined if there was no answer at all. */
  readonly status?: number;
}

export interface Request extends RequestRecord {}
/** One request under `/v1`, or one download; and what became of it. */
export declare class Request {
  private constructor();
  /** The fields that the client sent, without what was filled in. */
  get sent(): Record<string, unknown>;
  get prompt(): string | undefined;
  get model(): string | undefined;
  get size(): string | undefined;
  get n(): number | undefined;
  /** The files that were sent, in their order. */
  get images(): Upload[];
  get isOutside(): boolean;
  get isForPictures(): boolean;
  get asksAgain(): boolean;
}

export interface Upload {
  sha256: string;
  bytes: number;
  format?: string;
  mode?: string;
  width?: number;
  height?: number;
}

/** A rule that was given to the server. */
export declare class Rule {
  private constructor();
  readonly id: string;
  readonly name: string;
  /** How many requests it has met so far. */
  get fired(): number;
  remove(): void;
}

export interface Script extends EffectMethods {}
/** Says what happens to the requests that are meant. */
export declare class Script {
  private constructor();
  /** Several things in one rule: `several({ delay: 2, error: "internal" })`. */
  several(effects: Effects & RuleOptions, options?: RuleOptions): Rule;
  truncatedPicture(options?: RuleOptions): Rule;
  pictureOfWrongSize(options?: RuleOptions): Rule;
  pictureOfWrongFormat(options?: RuleOptions): Rule;
  largePicture(options?: RuleOptions): Rule;
}

/** A sandbox's time. Limits, expiry, `created` and the day of `asOf` follow it. */
export interface Clock {
  /** Seconds since the epoch. */
  readonly now: number;
  /** Moves it on, by seconds or a table; returns what it shows then. */
  advance(time: number | { seconds?: number | string; minutes?: number; hours?: number; days?: number }): ClockRecord["now"];
  /** In the place of a program's own wait: the clock moves on at once, and nobody waits. */
  sleep(milliseconds: number): Promise<void>;
}

export interface Budget {
  usd?: number | null;
  day?: number | null;
  month?: number | null;
}

export interface Begun extends SandboxOptions {
  /** The clock runs, and waits are as long as told. */
  realTime?: boolean;
}

export type MockEvent =
  | { kind: "request" | "download"; id: string; request: Request }
  | { kind: "changed"; what: string; sandbox: string }
  | { kind: "missed"; events: number | null };

export interface Events extends AsyncIterableIterator<MockEvent> {
  close(): void;
}

/** One API key's own share of a server. Nothing of it is awaited: each call has its answer. */
export declare class Sandbox {
  constructor(url: string, apiKey: string, options?: { controlToken?: string });
  readonly address: string;
  readonly apiKey: string;
  readonly clock: Clock;
  /** What to give as `baseURL`, or OPENAI_BASE_URL. */
  get url(): string;
  get env(): { OPENAI_BASE_URL: string; OPENAI_API_KEY: string };
  /** Begins anew: nothing asked, nothing scripted, and a clock that stands still. */
  begin(options?: Begun): this;
  reset(...parts: Part[]): void;
  /** Scripts the next request, or the next `times` ones; goes before `on`. */
  get next(): Script;
  /** Scripts every request like this, or the `call`-th of them alone; the newest goes first. */
  on(fields?: Asked): Script;
  /** The images a minute; without a number, those of the tier. */
  limits(perMinute?: number | null, options?: { tier?: SandboxOptions["tier"] }): Limits["limits"];
  refill(): void;
  /** Refuses what would cost more: in all, or in a day, in a month; null lifts a bound. */
  budget(bound: number | null | Budget): void;
  /** All requests under `/v1`, the oldest first. A retry is a request too. */
  get requests(): Request[];
  /** The requests by call: each with its retries behind it. */
  get calls(): Request[][];
  get downloads(): Request[];
  get late(): Request[];
  get others(): { name: string; key: string; requests: number }[];
  /** Real seconds between a refusal and the next try, where one wait was a second or more. */
  get waited(): number;
  /** What all pictures would have cost, in USD. */
  get spent(): number;
  get ledger(): Ledger;
  get coverage(): Coverage;
  /** Resolves once it listens. */
  events(options?: { since?: string; signal?: AbortSignal }): Promise<Events>;
  /** What the program does wrong, as far as its requests show. */
  verdict(options?: { ignore?: string[] }): Verdict;
  /** The rules that no request has met, and scripts without an effect, in a line each. */
  unusedRules(): string[];
  unexpectedErrors(): Request[];
  /** What there is to know after a test that failed. */
  report(): string;
  assertCalled(fields?: Sent, options?: Presence & { times?: number }): void;
  assertCalledOnce(fields?: Sent, options?: Presence): void;
  assertNotCalled(fields?: Sent, options?: Presence): void;
  assertSpentAtMost(usd: number): void;
  assertNothingPaidTwice(): void;
  assertDownloaded(times?: number): void;
}

/** Settings of the command line, in camelCase: `{ tier: "off", asOf: "2023-12-01" }`. */
export type Settings = Record<string, string | number | string[] | undefined>;

export declare class Server {
  private constructor();
  readonly address: string;
  get url(): string;
  /** A sandbox, begun anew: of a key of its own, unless you name one. */
  sandbox(options?: Begun & { apiKey?: string }): Sandbox;
  /** Resolves once the process has ended; nothing happens to a server that was joined. */
  stop(): Promise<void>;
}

export interface Start {
  /** What is started: `images-mock`, or what IMAGES_MOCK_COMMAND says. */
  command?: string;
  /** How many milliseconds it has until it is ready: 60000. */
  timeout?: number;
}

/** Starts `images-mock` on a free port. It ends by `stop()`, and with this process. */
export declare function start(settings?: Settings, options?: Start): Promise<Server>;
/** A server that runs already: at this URL, or at IMAGES_MOCK_URL. */
export declare function join(url?: string, options?: { controlToken?: string }): Server;
/** The one at IMAGES_MOCK_URL, else one that is started. */
export declare function startOrJoin(settings?: Settings, options?: Start): Promise<Server>;
/** The sandbox that OPENAI_BASE_URL and OPENAI_API_KEY lead to. */
export declare function ownSandbox(): Sandbox;
