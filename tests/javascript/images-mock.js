// Scripts the sandbox of this test file's key. What else there is: GET /_mock/openapi.json.
async function ask(method, path, value) {
  const { OPENAI_BASE_URL, OPENAI_API_KEY, IMAGES_MOCK_CONTROL_TOKEN } = process.env;
  const headers = { "Mock-Sandbox-Key": OPENAI_API_KEY, "Content-Type": "application/json" };
  if (IMAGES_MOCK_CONTROL_TOKEN) headers.Authorization = `Bearer ${IMAGES_MOCK_CONTROL_TOKEN}`;
  const body = value && JSON.stringify(value);
  const answer = await fetch(new URL(`/_mock/${path}`, OPENAI_BASE_URL), { method, headers, body });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
}

// Anew, on a clock that stands: the waits that a 429 tells take a thousandth of the time.
export const begin = (options = {}) => ask("POST", "sandbox", { standing: true, ...options });
export const on = (when, then, more = {}) => ask("POST", "rules", { when, then, ...more });
export const next = (then, times = 1) => on({}, then, { next: true, times });
export const advance = (seconds) => ask("POST", "clock/advance", { seconds });
export const requests = async () => (await ask("GET", "requests")).requests;
