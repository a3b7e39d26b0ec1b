// What a page can't do by itself: it stays current, copies, takes keys, and remembers the scheme.
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

// -- current: the server renders, the parts that are live are put in the place of the old ones
const MANY = 20; // rows at once that nobody can read one by one
let news = 0, told = 0, timer = 0, took = 0, busy = false, again = false, fresh = 0, unseen = 0;
async function renew() {
  timer = 0;
  if (document.hidden || busy || isInUse()) return void (again = true);
  busy = true;
  again = false;
  const begun = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (!answer.ok) isRefused(answer.status);
    else if (isInUse()) again = true; // by now
    else put(new DOMParser().parseFromString(text, "text/html"));
  } catch { /* the server is gone: the stream tells when it is there again */ }
  took = Date.now() - begun;
  busy = false;
  if (again && !isInUse()) soon();
}
function soon() { // what comes without end must not put it off without end; a slow server is asked less
  if (!$("[data-live]")) return; // it has become too much to be judged as it comes
  timer ||= setTimeout(renew, Math.min(5000, (fresh > MANY ? 1000 : 150) + 4 * took));
}
function isReading() { // a list that grows above would push away what is read: it waits for who is back at the top
  return scrollY > 60 && !!$("[data-live=list]");
}
addEventListener("scroll", () => { if (again && !isReading()) soon(); }, { passive: true });
function isInUse() { return isSelected() || isReading(); }
function isSelected() { // somebody is about to copy what would be put away
  const chosen = getSelection();
  return !chosen.isCollapsed && $$("[data-live]").some((part) => chosen.containsNode(part, true));
}
document.addEventListener("selectionchange", () => { if (again && !isSelected()) soon(); });
function put(page) {
  fresh = unseen = 0;
  offer();
  const row = document.activeElement?.closest?.("[data-row][id]");
  const held = row ? $$("a, button", row).indexOf(document.activeElement) : -1;
  for (const old of $$("[data-live]")) {
    const next = page.getElementById(old.id);
    if (!next || next.innerHTML === old.innerHTML) continue;
    if (!("live" in next.dataset)) delete old.dataset.live;
    const known = new Set($$("[data-row][id]", old).map((row) => row.id));
    old.replaceChildren(...next.childNodes);
    const added = known.size ? $$("[data-row][id]", old).filter((row) => !known.has(row.id)) : [];
    fresh += added.length;
    if (added.length <= MANY) for (const row of added) row.classList.add("fresh");
    ready(old);
  }
  const token = $("[name=token]", page)?.value; // of another server, if this page was of one that ended
  if (token) for (const field of $$("[name=token]")) field.value = token;
  if (row && !row.isConnected) $$(`#${CSS.escape(row.id)} :is(a, button)`)[held]?.focus();
}
function say() {
  const now = Date.now();
  if (!news || now - told < 2000) return void (news && setTimeout(say, 2000 - (now - told)));
  $("#live").textContent = `${news} new request${news === 1 ? "" : "s"}`;
  told = now;
  news = 0;
  setTimeout(() => { if (Date.now() - told >= 1900) $("#live").textContent = ""; }, 1950);
}
function offer() {
  $("#news").hidden = !unseen;
  $("#news").textContent = `${unseen} new: show`;
}
$("#news").addEventListener("click", () => { $("#main").focus({ preventScroll: true }); scrollTo(0, 0); soon(); });

// -- whether the server is there: said once it is not for a while, and taken back
let away = 0, why = "";
function isAway(text) {
  why = text;
  away ||= setTimeout(() => { away = 0; if ($("#away").textContent !== why) $("#away").textContent = why; }, 1500);
}
function isBack() {
  clearTimeout(away);
  away = 0;
  if ($("#away").textContent) $("#away").textContent = "";
}
function isRefused(status) {
  isAway(status === 404 ? "What is shown here is not there any more: the server may have been started anew." : "The server does not show this any more: load it anew.");
}
if ($("[data-live]")) {
  const sandbox = new URLSearchParams(location.search).get("sandbox");
  let stream = null, later = 0;
  const listen = () => {
    clearTimeout(later);
    stream?.close();
    stream = new EventSource("/_mock/events" + (sandbox ? `?sandbox=${encodeURIComponent(sandbox)}` : ""));
    stream.addEventListener("request", () => {
      news += 1;
      say();
      soon();
      if (isReading()) { unseen += 1; offer(); }
    });
    for (const kind of ["download", "changed", "missed"]) stream.addEventListener(kind, soon);
    stream.addEventListener("open", () => { isBack(); soon(); });
    stream.addEventListener("error", () => { // a refusal ends it for good: the server may be another
      if (stream.readyState === EventSource.CLOSED) { clearTimeout(later); later = setTimeout(listen, 3000); soon(); }
      else isAway("The server does not answer. This page goes on as soon as it does.");
    });
  };
  const leave = () => { clearTimeout(later); stream?.close(); };
  // a browser has six lines to a server: a page that nobody sees gives its own back
  document.addEventListener("visibilitychange", () => document.hidden ? leave() : listen());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) listen(); });
  if (!document.hidden) listen();
}

// -- copy
function ready(part) {
  for (const button of $$("[data-copy]", part)) button.hidden = false;
  for (const time of $$("[data-left], [data-now]", part)) time.since = performance.now();
}
ready(document);
addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch { // not a secure context: select it
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = "Selected";
  }
  $("#live").textContent = button.textContent; // for who hears the page: the button's name says what, not that
  setTimeout(() => { $("#live").textContent = ""; button.textContent = "Copy"; }, 2000);
});

// -- the sandbox
for (const form of $$("[data-auto]")) form.addEventListener("change", () => form.submit());

// -- undo is offered for ten seconds, or until who is about to press it has left it; it is said once
for (const form of $$("[data-undo]")) setTimeout(() => {
  if (!form.contains(document.activeElement)) form.remove();
  else form.addEventListener("focusout", () => form.remove());
}, 10_000);
if ($(".said")) {
  const here = new URL(location.href);
  for (const name of ["said", "undo", "sign"]) here.searchParams.delete(name);
  history.replaceState(null, "", here);
}

// -- what passes by itself: the time, and a limit that fills again
function tick() {
  for (const time of $$("[data-now]")) {
    const now = 1000 * time.dataset.now + performance.now() - time.since;
    time.textContent = new Date(now).toISOString().slice(0, 19).replace("T", " ");
  }
  for (const cell of $$("[data-left]")) {
    const left = Math.max(0, cell.dataset.left - (performance.now() - cell.since) / 1000);
    const meter = $("meter", cell.closest("tr"));
    const used = Math.ceil((left / 60) * meter.max);
    cell.textContent = left ? `in ${Math.ceil(left)} s` : "now";
    meter.value = used;
    meter.setAttribute("aria-label", `${used} of ${meter.max} used`);
    meter.nextElementSibling.textContent = used;
    if (!left) delete cell.dataset.left;
  }
}
setInterval(tick, 1000);

// -- the scheme
const scheme = $("[data-theme-switch]");
const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
function name() { scheme.textContent = dark() ? "Light" : "Dark"; }
scheme.hidden = false;
name();
scheme.addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  try { localStorage.setItem("images-mock-theme", document.documentElement.dataset.theme); } catch { /* for this page alone */ }
  name();
});

// -- a file that is dropped is identified
for (const form of $$("[data-drop]")) {
  const over = (on) => form.classList.toggle("over-it", on);
  addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  addEventListener("dragleave", () => over(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer.files.length) return;
    $("input[type=file]", form).files = event.dataTransfer.files;
    form.submit();
  });
}

// -- keys, but not while something is typed, nor where who speaks to a browser has turned them off
const keysOn = $("#keys-on");
try { keysOn.checked = localStorage.getItem("images-mock-keys") !== "off"; } catch { keysOn.checked = true; }
keysOn.addEventListener("change", () => {
  try { localStorage.setItem("images-mock-keys", keysOn.checked ? "on" : "off"); } catch { /* for this page alone */ }
});
$("[data-keys]").hidden = false;
$("[data-keys]").addEventListener("click", () => $("#keys").showModal());
addEventListener("keydown", (event) => {
  if (!keysOn.checked || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  const rows = $$("[data-row] a");
  const at = rows.indexOf(document.activeElement);
  const keys = {
    j: () => rows[Math.min(at + 1, rows.length - 1)]?.focus(),
    k: () => rows[Math.max(at - 1, 0)]?.focus(),
    "/": () => $("#q")?.focus(),
    "?": () => $("#keys").showModal(),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
