// Made of the control API's document by generate.py: run that, and change nothing here.

import type { Rule, RuleOptions } from "../index.cjs";

/** A file's content, or a path to it. */
export type File = Uint8Array | string;

/** How a text must be; an expression as a text is Python's. */
export type Found = { contains: string } | { regex: RegExp | string };

export type ErrorName = "missing_key" | "incorrect_key" | "mismatched_organization" | "unverified" | "no_credit" | "hard_limit" | "organization_spend_limit" | "project_spend_limit" | "usage_limit" | "rate_limited" | "over_limit" | "not_of_tier" | "overloaded" | "refused" | "description_refused" | "picture_refused" | "unknown_url" | "outside_api" | "wrong_method" | "no_chat_model" | "no_such_model" | "wrong_host" | "body_too_large" | "request_timeout" | "wrong_content_type" | "unparsable_json" | "wrong_body_type" | "unknown_parameter" | "missing_parameter" | "duplicate_parameter" | "wrong_type" | "not_a_number" | "not_one_of" | "no_match" | "empty_list" | "list_too_long" | "for_json" | "for_forms" | "too_small" | "too_large" | "empty_prompt" | "prompt_too_long" | "prompt_over_model" | "unknown_model" | "size_not_of_model" | "one_image_only" | "size_not_listed" | "size_form" | "size_multiple" | "size_ratio" | "size_side" | "size_below" | "size_above" | "transparent_background" | "transparent_jpeg" | "png_compression" | "partials_without_stream" | "stream_of_many" | "input_fidelity" | "markup_and_mask" | "generation_failed" | "unparsable_form" | "no_boundary" | "file_type" | "not_a_png" | "image_mode" | "not_square" | "mask_mode" | "mask_size" | "mask_format" | "image_file" | "image_data" | "not_downloaded" | "no_such_file" | "no_such_cursor" | "no_such_file_object" | "not_downloadable" | "empty_file" | "file_too_large" | "no_room_for_file" | "no_such_batch" | "batch_ended" | "batch_file_purpose" | "batch_queue_full" | "metadata_too_many" | "metadata_name" | "metadata_value" | "batch_no_file" | "batch_empty" | "batch_too_many_lines" | "batch_too_large" | "batch_line" | "batch_duplicate" | "batch_url" | "batch_stream" | "batch_no_model" | "batch_model" | "batch_models" | "batch_no_room" | "missing_scopes" | "admin_key" | "no_such_page" | "no_input" | "no_text_model" | "tool_not_there" | "nothing_to_edit" | "no_such_response" | "no_previous_response" | "no_such_item" | "not_cancelled" | "no_partial_images" | "internal" | "control_refused" | "sandboxes_full" | "connections_full" | "no_room_for_body" | "state_away";

export type Part = "requests" | "rules" | "limits" | "ledger" | "clock" | "files" | "batches" | "responses";

export interface Condition {
  operation?: "images.generate" | "images.edit" | "images.vary" | "files.create" | "files.list" | "files.retrieve" | "files.content" | "files.delete" | "batches.create" | "batches.list" | "batches.retrieve" | "batches.cancel" | "organization.usage.images" | "organization.costs" | "responses.create" | "responses.retrieve" | "responses.delete" | "responses.input_items" | "responses.cancel" | Found;
  /** One of these, or with * for anything. */
  model?: "dall-e-2" | "dall-e-3" | "gpt-image-1" | "gpt-image-1-mini" | "gpt-image-1.5" | "gpt-image-1.5-2025-12-16" | "chatgpt-image-latest" | "gpt-image-2" | "gpt-image-2-2026-04-21" | "gpt-image-2.5-sunburst" | "gpt-image-2.5-sunburst-2026-09-08" | "gpt-image-2.5-flare" | "gpt-image-2.5-flare-2026-09-08" | "gpt-image-2.6-sunburst" | "gpt-image-2.6-flare" | Found | (string & {});
  prompt?: string | Found;
  n?: number;
  size?: "256x256" | "512x512" | "1024x1024" | "1024x1792" | "1792x1024" | "1024x1536" | "1536x1024" | "auto" | (string & {}) | Found;
  quality?: "standard" | "hd" | "low" | "medium" | "high" | "auto" | "xhigh" | "max" | Found;
  style?: "vivid" | "natural" | Found;
  background?: "transparent" | "opaque" | "auto" | Found;
  output_format?: "png" | "webp" | "jpeg" | "gif" | "svg" | Found;
  output_compression?: string | number | boolean | Found;
  response_format?: "b64_json" | "url" | Found;
  stream?: string | number | boolean | Found;
  partial_images?: string | number | boolean | Found;
  complexity?: "low" | "medium" | "high" | Found;
  frame_count?: string | number | boolean | Found;
  frame_duration_ms?: string | number | boolean | Found;
  input_fidelity?: "high" | "low" | Found;
  moderation?: "auto" | "low" | Found;
  safety_identifier?: string | number | boolean | Found;
  user?: string | number | boolean | Found;
  call?: number;
}

export interface Effects {
  error?: ErrorName;
  rateLimit?: boolean | {
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  };
  refuse?: boolean | "prompt" | "description" | "picture";
  quota?: boolean;
  /** An answer in place of the API's own, with its headers. */
  respond?: number | {
    status?: number;
    headers?: Record<string, string>;
    /** A text goes as it is, any other value as JSON. */
    body?: unknown;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  };
  /** One from before the API, without its headers; an HTML page of itself. */
  gateway?: number | boolean | {
    status?: number;
    headers?: Record<string, string>;
    /** A text goes as it is, any other value as JSON. */
    body?: unknown;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  };
  headers?: Record<string, string>;
  /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
  delay?: number | string;
  stall?: boolean;
  disconnect?: number;
  drip?: number;
  contentType?: string;
  badJson?: boolean;
  pictures?: number;
  responseFormat?: "url" | "b64_json";
  lose?: "before_head" | "gateway_timeout" | "timeout" | "after_head" | "in_picture";
  stream?: {
    /** Of each picture */
    events?: (number | ErrorName | "completed" | string | Record<string, unknown>)[];
    end?: "break" | "stall" | "cut" | "no_blank_line";
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    pause?: number | string;
  } | {
    asJson: true;
  };
  picture?: "truncated" | "wrong_size" | "wrong_format" | "large";
  expiredUrl?: boolean;
  image?: File;
  addresses?: Record<string, File | number>;
  /** What happens to downloads of the pictures; a status is an answer */
  download?: number | {
    /** An answer in place of the picture, with the store's headers. */
    respond?: number | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
    };
    /** One without them; an HTML page of itself. */
    gateway?: number | boolean | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
    };
    headers?: Record<string, string>;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    delay?: number | string;
    stall?: boolean;
    disconnect?: number;
    drip?: number;
    contentType?: string;
    /** So many downloads of each picture alone */
    first?: number;
  };
}

/** Each is a rule of its own. */
export interface EffectMethods {
  error(value: ErrorName, options?: RuleOptions): Rule;
  rateLimit(value: {
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  } & RuleOptions): Rule;
  rateLimit(options?: RuleOptions): Rule;
  refuse(value: "prompt" | "description" | "picture", options?: RuleOptions): Rule;
  refuse(options?: RuleOptions): Rule;
  quota(options?: RuleOptions): Rule;
  /** An answer in place of the API's own, with its headers. */
  respond(value: number, options?: RuleOptions): Rule;
  respond(value: {
    status?: number;
    headers?: Record<string, string>;
    /** A text goes as it is, any other value as JSON. */
    body?: unknown;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  } & RuleOptions): Rule;
  respond(options?: RuleOptions): Rule;
  /** One from before the API, without its headers; an HTML page of itself. */
  gateway(value: number, options?: RuleOptions): Rule;
  gateway(value: {
    status?: number;
    headers?: Record<string, string>;
    /** A text goes as it is, any other value as JSON. */
    body?: unknown;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    retryAfter?: number | string;
    asDate?: boolean;
  } & RuleOptions): Rule;
  gateway(options?: RuleOptions): Rule;
  headers(value: Record<string, string>, options?: RuleOptions): Rule;
  /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
  delay(value: number | string, options?: RuleOptions): Rule;
  stall(options?: RuleOptions): Rule;
  disconnect(value: number, options?: RuleOptions): Rule;
  disconnect(options?: RuleOptions): Rule;
  drip(value: number, options?: RuleOptions): Rule;
  contentType(value: string, options?: RuleOptions): Rule;
  contentType(options?: RuleOptions): Rule;
  badJson(options?: RuleOptions): Rule;
  pictures(value: number, options?: RuleOptions): Rule;
  responseFormat(value: "url" | "b64_json", options?: RuleOptions): Rule;
  lose(value: "before_head" | "gateway_timeout" | "timeout" | "after_head" | "in_picture", options?: RuleOptions): Rule;
  lose(options?: RuleOptions): Rule;
  stream(value: {
    /** Of each picture */
    events?: (number | ErrorName | "completed" | string | Record<string, unknown>)[];
    end?: "break" | "stall" | "cut" | "no_blank_line";
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    pause?: number | string;
  } & RuleOptions): Rule;
  stream(value: {
    asJson: true;
  } & RuleOptions): Rule;
  picture(value: "truncated" | "wrong_size" | "wrong_format" | "large", options?: RuleOptions): Rule;
  expiredUrl(options?: RuleOptions): Rule;
  image(value: File, options?: RuleOptions): Rule;
  addresses(value: Record<string, File | number>, options?: RuleOptions): Rule;
  /** What happens to downloads of the pictures; a status is an answer */
  download(value: number, options?: RuleOptions): Rule;
  download(value: {
    /** An answer in place of the picture, with the store's headers. */
    respond?: number | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
    };
    /** One without them; an HTML page of itself. */
    gateway?: number | boolean | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
    };
    headers?: Record<string, string>;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    delay?: number | string;
    stall?: boolean;
    disconnect?: number;
    drip?: number;
    contentType?: string;
    /** So many downloads of each picture alone */
    first?: number;
  } & RuleOptions): Rule;
}

export interface SandboxOptions {
  tier?: "free" | "1" | "2" | "3" | "4" | "5" | "off" | 1 | 2 | 3 | 4 | 5 | null;
  asOf?: string | null;
  seed?: string | number | null;
  sizes?: string | null;
  prices?: string | null;
  latency?: string | null;
  batchTime?: string | null;
  shortestWait?: string | null;
  abandoned?: "paid" | "unpaid" | null;
  repeats?: "same" | "vary" | null;
  perMinute?: number | null;
  budgetUsd?: number | null;
  budgetDayUsd?: number | null;
  budgetMonthUsd?: number | null;
}

export interface RequestRecord {
  id: string;
  time: number;
  sandbox: string;
  method: string;
  path: string;
  operation: string;
  fields: Record<string, unknown>;
  filled: string[];
  status: number;
  error: {
    reason: string;
    message: string;
    code: string | null;
  } | null;
  usd: number;
  milliseconds: number;
  trace: string[];
  scripted: boolean;
  rule: string;
  rules: string[];
  call: string;
  retries: number;
  raw?: Raw;
  /** the id of that which it was a line of */
  batch?: string;
  /** of that line */
  customId?: string;
  /** the header, where a valid one was sent */
  traceparent?: string;
  /** the beginning of its User-Agent */
  client?: string;
  /** what rules did to the answer, as picture.truncated */
  effects?: string[];
  /** key_in_text, key_in_url, key_looks_real, ignored:NAME or deprecated:NAME of a parameter */
  noticed?: string[];
  /** whether the sandbox's clock stood */
  standing?: boolean;
  /** seconds by which that clock had been moved on */
  moved?: number;
  /** the names of the pictures in the answer's URLs */
  pictures?: string[];
  /** seconds after which those URLs end */
  urlsFor?: number;
  /** bytes of a download's body */
  length?: number;
  /** the wait that the answer told, and what of it a standing clock lets wait */
  wait?: {
    toldMs: number;
    sentMs: number;
  };
  /** whether the last request with the same body came over it as well */
  sameConnection?: boolean;
  /** lost: paid for, and nothing came of it */
  paid?: "received" | "lost";
  /** what ended the answer early: a rule, the client, the sandbox's end */
  ended?: "cut" | "left" | "released";
  /** ids of the downloads of its pictures */
  downloads: string[];
  /** of a download: the id of the picture's request, or "" */
  madeBy: string;
}

export interface Raw {
  line: string;
  headers: Record<string, string>;
  /** its first 8192 bytes */
  body: string;
  encoding: "utf-8" | "base64";
  /** of the whole body */
  bytes: number;
  cut: boolean;
}

export interface RuleRecord {
  id: string;
  when: Record<string, unknown>;
  then: {
    error?: ErrorName;
    rateLimit?: boolean | {
      /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
      retryAfter?: number | string;
      asDate?: boolean;
    };
    refuse?: boolean | "prompt" | "description" | "picture";
    quota?: boolean;
    /** An answer in place of the API's own, with its headers. */
    respond?: number | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
      /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
      retryAfter?: number | string;
      asDate?: boolean;
    };
    /** One from before the API, without its headers; an HTML page of itself. */
    gateway?: number | boolean | {
      status?: number;
      headers?: Record<string, string>;
      /** A text goes as it is, any other value as JSON. */
      body?: unknown;
      /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
      retryAfter?: number | string;
      asDate?: boolean;
    };
    headers?: Record<string, string>;
    /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
    delay?: number | string;
    stall?: boolean;
    disconnect?: number;
    drip?: number;
    contentType?: string;
    badJson?: boolean;
    pictures?: number;
    responseFormat?: "url" | "b64_json";
    lose?: "before_head" | "gateway_timeout" | "timeout" | "after_head" | "in_picture";
    stream?: {
      /** Of each picture */
      events?: (number | ErrorName | "completed" | string | Record<string, unknown>)[];
      end?: "break" | "stall" | "cut" | "no_blank_line";
      /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
      pause?: number | string;
    } | {
      asJson: true;
    };
    picture?: "truncated" | "wrong_size" | "wrong_format" | "large";
    expiredUrl?: boolean;
    image?: {
      sha256: string;
      bytes: number;
    };
    addresses?: Record<string, {
      sha256: string;
      bytes: number;
    } | number>;
    /** What happens to downloads of the pictures; a status is an answer */
    download?: number | {
      /** An answer in place of the picture, with the store's headers. */
      respond?: number | {
        status?: number;
        headers?: Record<string, string>;
        /** A text goes as it is, any other value as JSON. */
        body?: unknown;
      };
      /** One without them; an HTML page of itself. */
      gateway?: number | boolean | {
        status?: number;
        headers?: Record<string, string>;
        /** A text goes as it is, any other value as JSON. */
        body?: unknown;
      };
      headers?: Record<string, string>;
      /** Seconds, or a time such as 250ms, 1.5s, 2m or 1h */
      delay?: number | string;
      stall?: boolean;
      disconnect?: number;
      drip?: number;
      contentType?: string;
      /** So many downloads of each picture alone */
      first?: number;
    };
  };
  times?: number;
  name?: string;
  next?: boolean;
  fired: number;
  origin: "file" | "call" | "all";
  sandbox: string;
}

export interface ClockRecord {
  now: number;
  moved: number;
  standing: boolean;
}

export interface Ledger {
  spentUsd: number;
  receivedUsd: number;
  lostUsd: number;
  budgetUsd: number | null;
  spentDayUsd?: number;
  budgetDayUsd?: number;
  spentMonthUsd?: number;
  budgetMonthUsd?: number;
  prices: string;
  requests: ({
    id: string;
    model: string;
    size: string;
    n: number;
    usd: number;
    paid: "received" | "lost";
  })[];
}

export interface Limits {
  limits: ({
    model: string;
    perMinute: number | null;
    used: number;
  })[];
}

export interface Finding {
  id: "retry-after-ignored" | "retried-in-vain" | "never-retried" | "retry-storm" | "retry-without-jitter" | "over-limit-in-flight" | "paid-twice" | "paid-for-nothing" | "received-and-asked-again" | "url-kept-too-long" | "url-altered" | "url-never-downloaded" | "more-than-downloaded" | "empty-file-saved" | "broken-picture-trusted" | "error-swallowed" | "stream-not-completed" | "event-trusted-without-type" | "key-looks-real" | "key-in-url" | "key-in-text" | "personal-data-in-user" | "deprecated-parameter" | "ignored-parameter" | "model-left-out" | "no-timeout";
  severity: "error" | "warning" | "note";
  title: string;
  /** in one line */
  seen: string;
  /** ids; the first is where it shows */
  requests: string[];
  why: string;
  source: string;
  level: string;
  fix: string;
  /** an anchor of docs/findings.md */
  howto: string;
}

export interface Failure {
  id: string;
  title: string;
  swallowed: boolean;
  needs: string;
  of: "request" | "download";
  why: string;
  source: string;
  level: string;
  met: ({
    request: string;
    reaction: "asked again after the told wait" | "asked again, sooner than told" | "asked again after a pause of its own" | "asked again at once" | "asked again" | "asked something else" | "asked nothing more" | "is still waiting" | "downloaded it again" | "asked for the picture again";
    sandbox: string;
  })[];
}

export type Verdict = {
  findings: Finding[];
  requests: number;
};

export type Coverage = {
  failures: Failure[];
  neverMet: string[];
  outOfReach: string[];
  requests: number;
};

export type Ready = {
  status: "ready";
  server: "images-mock";
  version: string;
  startId: string | null;
  since: number;
};
