"use strict";

// Everything that comes from an engine is text here: it becomes textContent of
// elements that this script makes, never markup.

const points = 60; // of a line, one for each update
const $ = (id) => document.getElementById(id);
const lines = { in: [], out: [], staged: [], conflicts: [], late: [] };
let paused = false;

// Figures

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function count(n) {
  if (n >= 1e10) return (n / 1e9).toFixed(1) + " G";
  if (n >= 1e7) return (n / 1e6).toFixed(1) + " M";
  return whole.format(n);
}

function rate(n) {
  return n > 0 && n < 10 ? n.toFixed(1) : count(n);
}

function time(ms) {
  if (ms >= 1e4) return (ms / 1e3).toFixed(1) + " s";
  if (ms >= 100) return ms.toFixed(0) + " ms";
  if (ms >= 10) return ms.toFixed(1) + " ms";
  if (ms >= 0.1 || ms === 0) return ms.toFixed(2) + " ms";
  return (ms * 1e3).toFixed(1) + " µs";
}

function bytes(n) {
  if (n >= 1 << 30) return (n / (1 << 30)).toFixed(1) + " GiB";
  if (n >= 1 << 20) return (n / (1 << 20)).toFixed(1) + " MiB";
  return (n / 1024).toFixed(0) + " KiB";
}

function share(part, of) {
  return of > 0 ? (100 * part / of).toFixed(part < of ? 1 : 0) + " %" : "–";
}

// Elements

function text(id, s) {
  const e = $(id);
  if (e.textContent !== s) e.textContent = s;
}

// make makes an element of a class around texts and elements.
function make(tag, kind, ...parts) {
  const e = document.createElement(tag);
  if (kind) e.className = kind;
  e.append(...parts);
  return e;
}

function draw(id, values) {
  const svg = $(id);
  const ns = "http://www.w3.org/2000/svg";
  if (!svg.firstChild) {
    svg.setAttribute("viewBox", `0 0 ${points - 1} 40`);
    svg.setAttribute("preserveAspectRatio", "none");
    for (const kind of ["area", "stroke"]) {
      const p = document.createElementNS(ns, "path");
      p.setAttribute("class", kind);
      svg.append(p);
    }
  }
  const top = Math.max(...values.filter((v) => v !== null), Number.MIN_VALUE);
  let stroke = "", area = "", begun = null, x = points - values.length;
  const close = (at) => { if (begun !== null) area += `L${at} 40L${begun} 40Z`; begun = null; };
  for (const v of values) {
    if (v === null) {
      close(x - 1);
    } else {
      const step = `${begun === null ? "M" : "L"}${x} ${(39 - 37 * v / top).toFixed(2)}`;
      stroke += step;
      area += step;
      if (begun === null) begun = x;
    }
    x++;
  }
  close(points - 1);
  svg.children[0].setAttribute("d", area);
  svg.children[1].setAttribute("d", stroke);
}

function push(line, v) {
  const values = lines[line];
  values.push(v);
  if (values.length > points) values.shift();
}

// The parts of the page

function showHealth(h) {
  $("health").dataset.state = h.state;
  text("health-state", h.state);
  $("health-reasons").replaceChildren(...h.reasons.map((r) => make("li", "", r)));
  let figures = `worst lateness ${time(h.lateness_ns / 1e6)}`;
  if (h.staged_bound >= 0) figures += `, degraded above ${count(h.staged_bound)} staged`;
  if (h.restarts > 0) figures += `, ${count(h.restarts)} restarts of shards`;
  text("health-figures", figures);
}

function showRates(u) {
  const r = u.rates;
  push("staged", u.staged);
  if (r) {
    push("in", r.staged);
    push("out", r.decided);
    push("conflicts", r.conflicts);
    text("in", rate(r.staged));
    text("out", rate(r.decided));
    text("conflicts", rate(r.conflicts));
    text("in-note", `${rate(r.refused)} refused/s`);
    text("out-note", `${rate(r.groups)} groups/s, ${rate(r.rejected)} rejected/s`);
    text("conflicts-note", `${share(r.conflicts, r.groups)} of the groups`);
  }
  text("staged", count(u.staged));
  text("staged-note", `on ${count(u.windows)} targets, in ${bytes(u.bytes)}; ${count(u.running)} winners running`);
  push("late", u.lateness ? u.lateness.p99_ms : null);
  for (const l in lines) draw(l + "-line", lines[l]);
}

function showTimes(u) {
  const rows = [["Lateness", u.lateness], ["Window to verdict", u.resolution], ["Execution", u.execution]];
  $("times").replaceChildren(...rows.map(([what, p]) => {
    const head = make("th", "", what);
    head.scope = "row";
    return make("tr", "", head, ...["p50_ms", "p90_ms", "p99_ms", "p999_ms"].map((q) => make("td", "", p ? time(p[q]) : "–")));
  }));
  const most = Math.max(...lines.late.filter((v) => v !== null), -1);
  text("late-most", most >= 0 ? `, at most ${time(most)}` : "");
}

function bars(id, rows) {
  const top = Math.max(...rows.map((r) => r.n), 1);
  $(id).replaceChildren(...rows.map((r) => {
    const bar = make("span", "bar");
    bar.style.width = `${(100 * r.n / top).toFixed(1)}%`;
    return make("li", "", bar, make("span", r.kind, r.what), make("span", "much", r.much));
  }));
}

function showShards(u) {
  bars("shards", u.shards.map((s) => ({
    n: s.staged, kind: "what", what: `shard ${s.shard}`, much: `${count(s.staged)}  (${share(s.staged, u.staged)})`,
  })));
  const left = u.shard_count - u.shards.length;
  text("shards-note", left > 0 ? `The ${u.shards.length} that hold most, of ${u.shard_count}.` : "");
}

function showHot(u) {
  bars("hot", u.hot.map((h) => ({
    n: h.operations, kind: "what target", what: h.target,
    much: (h.excess > 0 ? "≤ " : "") + count(h.operations),
  })));
  text("hot-note", u.hot.length ? "" : "No target stands out (none is counted if Config.Hottest is 0).");
}

function operation(o, kind) {
  const e = make("span", kind, make("bdi", "", o.name), ` (priority ${o.priority})`);
  if (o.again) e.append(", which tries again");
  return e;
}

function losers(c) {
  const parts = [];
  c.losers.forEach((o, i) => {
    if (i > 0) parts.push(i === c.losers.length - 1 && c.more === 0 ? " and " : ", ");
    parts.push(operation(o, "loser"));
  });
  if (c.more > 0) parts.push(` and ${count(c.more)} ${c.more === 1 ? "other" : "others"}`);
  return parts;
}

function sentence(c) {
  if (c.winner) return [operation(c.winner, "winner"), " beat ", ...losers(c)];
  if (c.lock) return ["Lock ", make("bdi", "winner", c.lock), " kept out ", ...losers(c)];
  return [...losers(c), " made room for higher priorities"];
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const kept = 12; // conflicts on the page
let told = false;

function showConflicts(u) {
  const list = $("latest");
  const fresh = u.conflicts.map((c) => {
    const at = make("time", "", clock.format(c.at_ms));
    at.dateTime = new Date(c.at_ms).toISOString();
    const on = make("div", "on", make("span", "", "on ", make("span", "target", c.target)), at);
    return make("li", "", make("div", "", ...sentence(c)), on);
  });
  told = told || fresh.length > 0;
  list.prepend(...fresh);
  while (list.children.length > kept) list.lastChild.remove();
  let note = told ? "" : "None yet.";
  if (u.partial && told) note = "There are more than can be read: these are a sample.";
  text("latest-note", note);
}

function showTotals(t) {
  const rows = [["staged", t.staged], ["decided", t.decided], ["groups", t.groups], ["conflicts", t.conflicts],
    ["rejected", t.rejected], ["retried", t.retried], ["withdrawn", t.withdrawn], ["refused", t.refused],
    ["completed", t.completed], ["failed", t.failed], ["events dropped", t.events_dropped]];
  $("totals").replaceChildren(...rows.map(([what, n]) => make("div", "", make("dt", "", what), make("dd", "", count(n)))));
}

function show(u) {
  document.title = u.name;
  text("name", u.name);
  showHealth(u.health);
  showRates(u);
  showTimes(u);
  showShards(u);
  showHot(u);
  showConflicts(u);
  showTotals(u.totals);
}

// The connection

const states = {
  connecting: "connecting", live: "live", paused: "paused", stopped: "engine stopped",
  lost: "connection lost, trying again", full: "too many pages are open, trying again",
};

function state(s) {
  const e = $("connection");
  e.dataset.state = s;
  text("connection", states[s]);
  document.body.toggleAttribute("data-stale", s === "lost" || s === "full");
}

let source = null, silence = 0, again = 0;

function connect() {
  clearTimeout(again);
  source = new EventSource("events");
  source.onmessage = (m) => {
    const u = JSON.parse(m.data);
    clearTimeout(silence);
    silence = setTimeout(lost, Math.max(5000, 5 * u.every_ms));
    state(u.health.state === "down" ? "stopped" : paused ? "paused" : "live");
    if (!paused) show(u);
  };
  source.onerror = lost;
}

// lost tries again in a while, and meanwhile asks why there is no connection.
async function lost() {
  source.close();
  clearTimeout(silence);
  clearTimeout(again);
  again = setTimeout(connect, 2000);
  for (const l in lines) if (lines[l].length && lines[l].at(-1) !== null) push(l, null); // a gap
  state("lost");
  try {
    const answer = await fetch("events", { method: "HEAD", cache: "no-store" });
    if (answer.status === 503) state("full");
  } catch {
    // there is no connection
  }
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  text("pause", paused ? "Go on" : "Pause");
  if ($("connection").dataset.state === (paused ? "live" : "paused")) state(paused ? "paused" : "live");
});

connect();
