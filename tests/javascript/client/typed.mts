import { ownSandbox, start, type Request, type Sandbox } from "openai-images-mock";

const server = await start({ tier: "1", asOf: "2023-12-01" });
const mock: Sandbox = server.sandbox({ tier: 2, perMinute: 5, budgetUsd: null });
const rule = mock.next.rateLimit({ times: 2, retryAfter: 20, asDate: true });
const fired: number = rule.fired;
mock.on({ contains: "fox", response_format: "b64_json" }).refuse();
mock.on({ regex: /fox/i, call: 2 }).refuse("picture", { name: "late" });
mock.on({ prompt: { contains: "fox" }, model: "gpt-*" }).several({ delay: "2s", error: "internal", times: 1 });
mock.next.respond({ status: 503, body: { a: 1 }, headers: { "x-y": "z" } });
mock.next.gateway();
mock.next.disconnect();
mock.next.stream({ events: [0, "generation_failed", { type: "x" }], end: "cut" });
mock.next.image(new Uint8Array([1]));
mock.next.download(404, { times: 1 });
mock.next.download({ respond: 503, first: 2 });
mock.next.truncatedPicture();
mock.assertCalledOnce({ prompt: "a", image: ["a.png", new Uint8Array()] }, { sent: ["size"] });
const first: Request | undefined = mock.requests[0];
const statuses: number[] = mock.requests.map((request) => request.status);
const told: number | undefined = first?.wait?.toldMs;
for await (const event of await mock.events({ signal: AbortSignal.timeout(5) })) {
  if (event.kind === "request") event.request.madeBy.length;
  if (event.kind === "changed") event.what.length;
}
mock.budget({ day: 0.5, month: null });
mock.verdict().findings.map((finding) => finding.id === "paid-twice");
await mock.clock.sleep(mock.clock.advance({ minutes: 1 }));
await server.stop();
ownSandbox().begin({ repeats: "vary" });

// @ts-expect-error no such error
mock.next.error("overlaoded");
// @ts-expect-error no such option
mock.next.quota({ tims: 2 });
// @ts-expect-error no such field
mock.on({ promt: "a" });
// @ts-expect-error it takes a value
mock.next.pictures();
// @ts-expect-error no such part
mock.reset("rule");
export { fired, statuses, told };
