// Requests that come whether or not earlier ones were answered, as those of many users do.
//
//   images-mock --tier off --latency measured --capacity 4
//   k6 run -e BASE_URL=http://127.0.0.1:6780 -e RATE=12 deploy/load/k6.js
//
// RATE is requests a minute. 4 places of 12.5 s each are 19 a minute: above that the line grows.
import { check } from "k6";
import http from "k6/http";
import { Rate, Trend } from "k6/metrics";

const server = new Trend("server_time", true);
const overloaded = new Rate("overloaded");

export const options = {
  scenarios: {
    painters: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 12),
      timeUnit: "1m",
      duration: __ENV.DURATION || "10m",
      preAllocatedVUs: 50,
      maxVUs: 1000,
    },
  },
  thresholds: {
    checks: ["rate>0.99"],
    overloaded: ["rate<0.01"],
  },
};

export default function paint() {
  const base = __ENV.BASE_URL || "http://127.0.0.1:6780";
  const body = JSON.stringify({ model: "dall-e-3", prompt: "a lighthouse at dawn" });
  const answer = http.post(`${base}/v1/images/generations`, body, {
    headers: { Authorization: "Bearer sk-mock-load", "Content-Type": "application/json" },
    timeout: "600s",
  });
  overloaded.add(answer.status === 429);
  check(answer, { "a picture came": (got) => got.status === 200 && got.json("data.0") !== null });
  const told = answer.headers["Openai-Processing-Ms"];
  if (told) server.add(Number(told));
}
