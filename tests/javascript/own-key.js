// Before each test file: a key of its own, which is a sandbox of its own, and the way to the server.
import { randomUUID } from "node:crypto";
import { inject } from "vitest";

process.env.OPENAI_BASE_URL = `${inject("images-mock")}/v1`;
process.env.OPENAI_API_KEY = `sk-mock-${randomUUID()}`;
