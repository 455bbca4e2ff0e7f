"use strict";
// Makes the report from the data in this file. Much of the data comes from servers under test: it goes into
// the page as text alone, never as HTML.

const report = JSON.parse(document.getElementById("report").textContent);
const isConformance = report.kind === "conformance";
const { items, cases, head } = report;

// In the order in which they matter.
const standings = {
  fail: ["fails", "✗", "bad", "It does not hold, and no list says that this was known. Look here first."],
  not_as_expected: ["not as expected", "✗", "bad", "Something was seen that the scenario does not expect."],
  error: ["error", "!", "bad", "pushsim or the servers failed, so that nothing can be said."],
  partial: ["not ended", "!", "bad", "The run ended before this did."],
  fixed: ["known deviation gone", "★", "odd",
    "It was known not to hold, and now it holds. Good news; take it off the list of deviations."],
  deviation: ["known deviation", "≠", "known",
    "It does not hold, exactly in the way that is known of this Keylime version. No news."],
  undecided: ["undecided", "?", "none", "Nothing can be said: what would decide it is missing or did not end."],
  not_seen: ["not seen", "?", "none", "It comes by chance, and did not come."],
  skip: ["skipped", "→", "none", "These servers cannot show it."],
  skipped: ["skipped", "→", "none", "It was not run, or nothing in it could be judged."],
  excluded: ["excluded", "⊘", "none", "Somebody kept it from running."],
  reproduced: ["reproduced", "✓", "good", "It comes by chance, and was seen."],
  pass: ["holds", "✓", "good", "All that decides it was as required, and its controls were too."],
  as_expected: ["as expected", "✓", "good", "All that was seen is what the scenario expects."],
};
const attention = ["fail", "not_as_expected", "error", "partial", "fixed"];
const areas = {
  REG: "registration", SESS: "sessions and proof of possession", TOK: "tokens", NEG: "negotiation",
  EVID: "evidence", VER: "verdicts", IMA: "IMA logs", BOOT: "measured boot", STAT: "status and timeouts",
  ADM: "tenant's API", RATE: "rate limits", CONC: "concurrency", OPS: "restarts and configuration",
  API: "framing of the API", SEC: "who may do what",
};
const judgements = { holds: ["holds", "✓", "good"], does_not_hold: ["does not hold", "✗", "bad"],
  skipped: ["not judged", "→", "none"] };
const roles = { control: "control", decides: "decides", expects: "expected" };
const standingOrder = Object.keys(standings);
const levels = ["MUST", "SHOULD", "MAY"];

// ---- small tools ----

const byId = (id) => document.getElementById(id);

/** An element; children are nodes or texts, what is null is left out. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}
function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const lineNumber = (n) => n + 1;  // editors count from 1
const ofHistory = (n) => `line ${lineNumber(n)} of history.jsonl`;
const badge = ([word, sign, tone]) => el("span", { class: `badge ${tone}` }, `${sign} ${word}`);
const rank = (standing) => standingOrder.indexOf(standing);
const open = (details) => { details.open = true; fill(details); };

function time(microseconds) {
  const ms = microseconds / 1000;
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : ms < 999.5 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** The command, and a button that copies it; where that is not allowed the command is selected. */
function command(text) {
  const code = el("code", {}, text);
  const button = el("button", { type: "button", class: "controls", onclick: async () => {
    getSelection().selectAllChildren(code);
    let copied = false;
    try { await navigator.clipboard.writeText(text); copied = true; } catch { copied = document.execCommand("copy"); }
    button.textContent = copied ? "Copied" : "Selected";
  } }, "Copy");
  return el("div", { class: "command" }, code, button);
}

/** JSON with line feeds and blanks outside its strings, and nothing else changed; works on text that is cut. Short lists
    stay in their line. */
function indented(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  let result = "", depth = 0, inside = false;
  const next = () => "\n" + "  ".repeat(Math.min(depth, 40));
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (inside) {
      result += c;
      if (c === "\\") result += text[++i] ?? "";
      else if (c === '"') inside = false;
    } else if (c === '"') { inside = true; result += c; }
    else if (c === "{" || c === "[") {
      const short = /^(\[[^[\]{}]{0,60}\]|\{\s*\})/.exec(text.slice(i, i + 64))?.[0];
      if (short) { result += short; i += short.length - 1; }
      else { depth++; result += c + next(); }
    } else if (c === "}" || c === "]") { depth = Math.max(depth - 1, 0); result += next() + c; }
    else if (c === ",") result += c + next();
    else if (c === ":") result += ": ";
    else if (!/\s/.test(c)) result += c;
  }
  return result;
}

// ---- head ----

/** Each Keylime that ran, once; addresses where there is one pair of servers alone. */
function keylimes() {
  const text = (stack) => [`Keylime ${stack.version || "of unknown version"} ${stack.where || ""}`.trim(),
    stack.mode && stack.mode !== "push" && `in ${stack.mode} mode`, stack.origin,
    head.stacks.length === 1 && stack.registrar && `registrar ${stack.registrar}, verifier ${stack.verifier}`,
    stack.changed_start && `not Keylime's own start: ${stack.changed_start}`].filter(Boolean).join(" · ");
  const texts = [...new Set(head.stacks.map(text))];
  return texts.length ? texts.map((one) => el("div", {}, one)) : "no server was started";
}

function drawHead() {
  const versions = [...new Set(head.stacks.map((stack) => stack.version))].filter(Boolean).join(", ");
  const tested = versions ? `Keylime ${versions}` : "Keylime";
  const title = isConformance ? `Does ${tested} behave as specified?` : `${count(items.length, "scenario")} against ${tested}`;
  document.body.classList.add(report.kind);
  document.title = `${title} – pushsim report`;
  byId("title").textContent = title;
  byId("maker").textContent = isConformance ? "pushsim · conformance report" : "pushsim · report of a run";
  byId("verdict").textContent = report.verdict;
  byId("verdict").className = items.some((item) => standings[item.standing][2] === "bad") ? "bad"
    : items.some((item) => item.standing === "fixed") ? "odd" : "good";
  const warnings = head.findings.map((finding) => finding.text);
  if (head.partial !== undefined) warnings.unshift(`The run did not come to its end: ${head.partial}`);
  byId("warnings").hidden = warnings.length === 0;
  byId("warnings").append(...warnings.map((text) => el("li", { class: "bad" }, "! ", text)));
  const facts = [["Tested", keylimes()]];
  if (isConformance) {
    facts.push(["Selected", [head.profile ? `profile ${head.profile}` : head.selection || "all", ": ",
      count(items.length, "requirement"), ", ", count(cases.length, "case")].join("")]);
    facts.push(["Known deviations", (head.deviations_file || "no list for this version") +
      (head.strict ? " (strict: each counts as a failure)" : "")]);
  }
  if (head.started) facts.push(["When", `${head.started.replace("T", " ").replace(/\.\d+Z/, " UTC")}, took ${head.took}`]);
  if (head.pushsim) facts.push(["Made by", `pushsim ${head.pushsim}, seed ${head.seed}`]);
  for (const [name, value] of Object.entries(head.facts ?? {})) facts.push([name.replaceAll("_", " "), value]);
  if (head.command) facts.push(["Run again", command(head.command)]);
  byId("facts").append(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  drawHelp();
}

function drawHelp() {
  const used = standingOrder.filter((name) => items.some((item) => item.standing === name));
  const keys = [["/", "search"], ["j k ↓ ↑", "next and previous line"], ["Enter", "open or close"],
    ["Esc", "close, or leave the search"]];
  byId("help-text").append(
    el("p", {}, "pushsim plays attesting agents against a real Keylime registrar and verifier, writes down all that is " +
      "sent and answered (history.jsonl beside this file), and judges that."),
    el("p", {}, isConformance
      ? "Each requirement is one sentence of specified behaviour. Cases decide it: small plays with one point. The " +
        "controls of a case are what must work for the rest to say anything: a verifier that refuses everything " +
        "passes no case that expects a refusal."
      : "Each scenario is a small play with what is expected to be seen. Causes are what pushsim reads in the exchanges."),
    el("p", {}, "Tokens, keys and passwords stand as fingerprints (fp:…): equal secrets have equal fingerprints, and " +
      "nobody can get the secret from one. Filters are in the page's address, so that it can be passed on."),
    el("dl", {}, used.flatMap((name) => [el("dt", {}, badge(standings[name])), el("dd", {}, standings[name][3])])),
    el("dl", {}, keys.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])));
}

// ---- what needs attention ----

function drawAttention() {
  const urgent = items.filter((item) => attention.includes(item.standing))
    .sort((a, b) => rank(a.standing) - rank(b.standing));
  byId("attention-title").textContent = urgent.length ? "What needs attention"
    : `Nothing needs attention${items.length ? "" : ": nothing was run"}`;
  byId("attention").append(...urgent.map((item, position) => {
    const meta = standings[item.standing];
    return el("li", { class: meta[2] },
      el("h3", {}, badge(meta), " ", el("a", { href: `#${encodeURIComponent(item.id)}` }, item.id), " ", item.text),
      el("dl", { class: "pairs" }, ...why(item, position < mostExplained)));
  }));
}

const mostExplained = 12;  // of the others what was seen; the rest is one click away

function why(item, inFull) {
  const one = item.withheld ? undefined : cases[decidingCase(item)];
  const cause = item.standing === "fixed" ? undefined : one?.causes?.[0];
  const rows = [["Seen", item.reason]];
  if (inFull && cause) rows.push(["Cause", cause.cause], ["Mend", cause.mend]);
  if (item.standing === "fixed") rows.push(["Known was", item.deviation?.observed],
    ["Mend", `Take ${item.id} out of ${head.deviations_file || "the list of deviations"}.`]);
  if (inFull && one?.again) rows.push(["Show again", command(one.again)]);
  return rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
}

/** Of its cases the first of the standing that it has itself. */
function decidingCase(item) {
  return item.cases.find((number) => caseStanding(cases[number], item) === item.standing) ?? item.cases[0];
}
const caseStanding = (one, item) => (isConformance ? one.standings?.[item.id] : item.standing);

// ---- filters: what is shown stands in the address ----

const filters = { standing: new Set(), area: "", level: "", binds: "", q: "" };
const haystacks = new Map();

function haystack(item) {
  if (!haystacks.has(item)) {
    const words = [item.id, item.text, item.reason, standings[item.standing][0], areas[item.area], item.planned,
      item.deviation?.observed, item.deviation?.reference, ...(item.sources ?? []), ...(item.tags ?? [])];
    for (const number of item.cases) {
      const one = cases[number];
      words.push(one.id, one.title, one.file, one.reason, ...(one.causes ?? []).flatMap((c) => [c.cause, c.mend]),
        ...(one.findings ?? []).map((finding) => finding.text));
    }
    haystacks.set(item, words.filter(Boolean).join("\n").toLowerCase());
  }
  return haystacks.get(item);
}

function matches(item) {
  return (filters.standing.size === 0 || filters.standing.has(item.standing)) &&
    ["area", "level", "binds"].every((name) => !filters[name] || item[name] === filters[name]) &&
    filters.q.toLowerCase().split(/\s+/).every((word) => haystack(item).includes(word));
}

function drawFilters() {
  byId("standings").append(...standingOrder.flatMap((name) => {
    const number = items.filter((item) => item.standing === name).length;
    if (number === 0) return [];
    const [word, sign, tone, means] = standings[name];
    return [el("button", { type: "button", class: tone, title: means, "data-standing": name, "aria-pressed": "false",
      onclick: () => { filters.standing.has(name) ? filters.standing.delete(name) : filters.standing.add(name); changed(); } },
    `${sign} ${word} ${number}`)];
  }));
  if (isConformance) {
    for (const [name, label] of [["area", "any area"], ["level", "any level"], ["binds", "anyone bound"]]) {
      const values = [...new Set(items.map((item) => item[name]))];
      values.sort((a, b) => (name === "level" ? levels.indexOf(a) - levels.indexOf(b) : 0));
      byId("selects").append(el("select", { id: `filter-${name}`, "aria-label": label,
        onchange: (event) => { filters[name] = event.target.value; changed(); } },
      el("option", { value: "" }, label),
      values.map((value) => el("option", { value }, name === "area" && areas[value] ? `${value} ${areas[value]}` : value))));
    }
  }
  byId("search").addEventListener("input", (event) => { filters.q = event.target.value; changed(); });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", () => {
    filters.standing.clear();
    Object.assign(filters, { area: "", level: "", binds: "", q: "" });
    changed();
  });
}

/** Shows what the filters let through, and puts them into the address. */
function changed() {
  showFiltered();
  writeAddress();
}

function showFiltered() {
  let shown = 0;
  for (const item of items) {
    item.row.hidden = !matches(item);
    if (!item.row.hidden) shown++;
  }
  for (const group of byId("list").children)
    group.hidden = ![...group.querySelectorAll(":scope > .item")].some((row) => !row.hidden);
  for (const button of byId("standings").children)
    button.setAttribute("aria-pressed", filters.standing.has(button.dataset.standing));
  for (const button of byId("matrix").querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.area === filters.area && button.dataset.level === filters.level &&
      Boolean(filters.area || filters.level));
  for (const name of ["area", "level", "binds"]) if (byId(`filter-${name}`)) byId(`filter-${name}`).value = filters[name];
  if (byId("search").value !== filters.q) byId("search").value = filters.q;
  byId("count").textContent = shown === 0 ? `None of ${items.length} matches: change the filters or press “Show all”`
    : `${shown} of ${items.length} shown`;
}

let opened = "";  // "KPM-NEG-001" or "case=…", as it stands in the address

function writeAddress() {
  const parts = opened ? [opened] : [];
  if (filters.standing.size) parts.push(`standing=${[...filters.standing].join(",")}`);
  for (const name of ["area", "level", "binds", "q"])
    if (filters[name]) parts.push(`${name}=${encodeURIComponent(filters[name])}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function readAddress() {
  filters.standing.clear();
  Object.assign(filters, { area: "", level: "", binds: "", q: "" });
  opened = "";
  let wanted = null;
  for (const part of location.hash.slice(1).split("&")) {
    const at = part.indexOf("=");
    const value = decoded(part.slice(at + 1));
    const name = part.slice(0, Math.max(at, 0));
    if (name === "standing") value.split(",").filter((one) => standings[one]).forEach((one) => filters.standing.add(one));
    else if (name === "case") wanted = { caseId: value };
    else if (["area", "level", "binds", "q"].includes(name)) filters[name] = value;
    else if (at < 0 && part && part !== "list") wanted = { itemId: value };
    if (name === "case" || (at < 0 && part)) opened = part;
  }
  showFiltered();
  if (wanted) reveal(wanted);
}

/** Opens a requirement, or a case within the one that it says most of, and goes there. */
function reveal({ itemId, caseId }) {
  const number = cases.findIndex((one) => one.id === caseId);
  const candidates = items.filter((item) => (itemId ? item.id === itemId : item.cases.includes(number)))
    .sort((a, b) => rank(a.standing) - rank(b.standing));
  const item = candidates.find((one) => caseId && caseStanding(cases[number], one) === one.standing) ?? candidates[0];
  if (!item) return;
  item.row.hidden = false;
  item.row.parentElement.hidden = false;
  open(item.row);
  const one = caseId && item.row.querySelector(`.case[data-case="${number}"]`);
  if (one) open(one);
  const target = one || item.row;
  target.scrollIntoView();
  target.querySelector("summary").focus({ preventScroll: true });
}

// ---- matrix ----

function drawMatrix() {
  byId("overview").hidden = !isConformance;
  if (!isConformance) return;
  const cell = (area, level) => {
    const own = items.filter((item) => (!area || item.area === area) && (!level || item.level === level));
    if (own.length === 0) return el("td", {});
    const parts = standingOrder.map((name) => [name, own.filter((item) => item.standing === name).length])
      .filter(([, number]) => number > 0);
    const words = parts.map(([name, number]) => `${number} ${standings[name][0]}`).join(", ");
    return el("td", {}, el("button", { type: "button", "data-area": area, "data-level": level, title: words,
      "aria-label": `${area || "all areas"}, ${level || "all levels"}: ${words}`, "aria-pressed": "false",
      onclick: () => {
        const same = filters.area === area && filters.level === level;
        Object.assign(filters, same ? { area: "", level: "" } : { area, level });
        changed();
        byId("filters").scrollIntoView();
      } },
    parts.map(([name, number]) => el("span", { class: `n ${standings[name][2]}` }, `${standings[name][1]} ${number}`))));
  };
  const columns = levels.filter((level) => items.some((item) => item.level === level));
  const rows = [...new Set(items.map((item) => item.area))];
  byId("matrix").append(el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "area"), columns.map((level) => el("th", { scope: "col" }, level)),
      el("th", { scope: "col" }, "all"))),
    el("tbody", {}, rows.map((area) => el("tr", {}, el("th", { scope: "row" }, el("b", {}, area), ` ${areas[area] ?? ""}`),
      columns.map((level) => cell(area, level)), cell(area, ""))),
    el("tr", {}, el("th", { scope: "row" }, el("b", {}, "all")), columns.map((level) => cell("", level)), cell("", "")))));
}

// ---- list ----

/** What is in a fold is made when it is first opened. */
const fillers = new WeakMap();
function fill(details) {
  fillers.get(details)?.();
  fillers.delete(details);
}
function fold(attributes, summary, body) {
  const details = el("details", attributes, summary);
  fillers.set(details, () => details.append(el("div", { class: "body" }, body())));
  details.addEventListener("toggle", () => { if (details.open) fill(details); });
  return details;
}

function drawList() {
  byId("list-title").textContent = isConformance ? "All requirements" : "All scenarios";
  const groups = new Map();
  for (const item of items) {
    const area = item.area ?? "";
    if (!groups.has(area)) {
      groups.set(area, el("section", {}, area ? el("h3", {}, area, areas[area] ? ` – ${areas[area]}` : "") : null));
      byId("list").append(groups.get(area));
    }
    item.row = fold({ class: "item", "data-id": item.id },
      el("summary", {}, el("span", { class: "id" }, item.id), el("span", { class: "text" }, item.text),
        badge(standings[item.standing]),
        item.reason && item.standing !== "pass" ? el("span", { class: "reason" }, item.reason) : null),
      () => itemBody(item));
    item.row.addEventListener("toggle", () => {
      if (item.row.open) opened = encodeURIComponent(item.id);
      else if (decoded(opened) === item.id) opened = "";
      else return;
      writeAddress();
    });
    groups.get(area).append(item.row);
  }
}

function pairs(list) {
  return el("dl", { class: "pairs" }, list.filter(([, value]) => value && value.length !== 0)
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
const lines = (texts) => (texts ?? []).map((text) => el("div", {}, text));

function deviationText(deviation) {
  const versions = [deviation.since && `since ${deviation.since}`, deviation.until && `until ${deviation.until}`];
  return [el("div", {}, deviation.observed), el("div", { class: "soft" }, [deviation.reference, ...versions,
    deviation.case && `in case ${deviation.case}`, deviation.intermittent && "comes by chance"].filter(Boolean).join(" · "))];
}

function itemBody(item) {
  if (!isConformance) return caseBody(item.cases[0], item);
  const body = [pairs([
    ["Binds", `the ${item.binds}: ${item.level}${item.since ? `, since Keylime ${item.since}` : ""}`],
    ["Result", [badge(standings[item.standing]), " ", item.reason ?? ""]],
    ["Known deviation", item.deviation && deviationText(item.deviation)],
    ["Waits for", item.planned && `a fault that pushsim does not have yet: ${item.planned}`],
    ["Specified in", lines(item.sources)], ["Tags", (item.tags ?? []).join(", ")],
    ["Link", [el("a", { href: `#${encodeURIComponent(item.id)}`, class: "permalink" }, `#${item.id}`)]],
  ])];
  body.push(el("h4", {}, item.cases.length ? `Decided by ${count(item.cases.length, "case")}` : "No case decides it yet"));
  const ordered = [...item.cases].sort((a, b) => rank(caseStanding(cases[a], item)) - rank(caseStanding(cases[b], item)));
  for (const number of ordered) {
    const one = cases[number];
    const standing = standings[caseStanding(one, item)] ?? standings.undecided;
    const row = fold({ class: "case", "data-case": number },
      el("summary", {}, el("span", {}, el("span", { class: "id" }, one.id), one.title ? ` ${one.title}` : ""), badge(standing),
        one.reason ? el("span", { class: "reason" }, one.reason) : null),
      () => caseBody(number, item));
    if (ordered.length === 1) open(row);
    body.push(row);
  }
  return body;
}

// ---- case ----

function caseBody(number, item) {
  const one = cases[number];
  if (one.withheld || item.withheld) {
    return [el("p", {}, "Known, details withheld: neither the exchange nor its parameters are shown.")];
  }
  const timeline = el("div", {});
  const goTo = (n) => el("button", { type: "button", class: "linkish", title: `${ofHistory(n)}, in the order of events below`,
    onclick: () => goToLine(timeline, n) }, `line ${lineNumber(n)}`);
  const place = el("div", {});
  const good = standings[caseStanding(one, item)]?.[2] === "good";
  whenRead(`case-${number}`, ({ clauses, not_checked: notChecked, timeline: events }) => {
    if (clauses.length) place.append(el("h4", {}, "What was expected, and what was seen"), clauseTable(one, clauses, item, goTo));
    if (notChecked?.length) {
      place.append(el("details", {}, el("summary", {}, `${count(notChecked.length, "check")} could not be made in full`),
        el("ul", {}, notChecked.map((what) => el("li", {}, `${what.check.replaceAll("_", " ")}: ${what.reason}`)))));
    }
    drawTimeline(timeline, events, namedLines(one, clauses));
    place.append(el("h4", {}, "What happened, in order"), timeline);
  });
  return [
    ...one.causes.map((cause) => el("div", { class: "cause" },
      el("p", {}, el("b", {}, good ? "Why it went so, as it should: " : "Cause: "), cause.cause,
        cause.agents ? el("span", { class: "soft" }, ` (${cause.agents})`) : null),
      cause.mend && !good ? el("p", {}, el("b", {}, "Mend: "), cause.mend) : null,
      cause.lines ? el("p", { class: "soft" }, "Shown by ", cause.lines.slice(0, 6).flatMap((n, i) => [i ? ", " : null, goTo(n)]),
        cause.lines.length > 6 ? ` and ${count(cause.lines.length - 6, "line")} more` : null) : null)),
    ...one.findings.map((finding) => el("div", { class: "cause" },
      el("p", {}, badge(finding.wrong ? ["wrong", "✗", "bad"] : ["note", "i", "none"]),
        ` ${finding.check.replaceAll("_", " ")}: ${finding.text} `, finding.n !== undefined ? goTo(finding.n) : null))),
    pairs([["Reason", one.reason], ["Mend", one.mend], ["Written in", one.file && el("code", {}, one.file)],
      ["Link", isConformance && el("a", { href: `#case=${encodeURIComponent(one.id)}`, class: "permalink" }, `#case=${one.id}`)]]),
    ...(one.again ? [el("h4", {}, "Show it again"), command(one.again)] : []), place];
}

/** The data of that element, as soon as the page has been read so far. */
function whenRead(id, use) {
  const data = byId(id);
  if (data) use(JSON.parse(data.textContent));
  else document.addEventListener("DOMContentLoaded", () => use(JSON.parse(byId(id).textContent)), { once: true });
}

function clauseTable(one, clauses, item, goTo) {
  const about = (clause) => {
    if (clause.role === "control") return "control: must hold for the rest to say anything";
    const others = (clause.decides ?? []).filter((id) => id !== item.id);
    if (!clause.decides || others.length < clause.decides.length) return roles[clause.role];
    return ["about ", others.flatMap((id, i) => [i ? ", " : null, el("a", { href: `#${encodeURIComponent(id)}` }, id)])];
  };
  const file = (one.file ?? "").replace(/(:\d+)*$/, ":");
  const source = (clause) => (clause.source?.startsWith(file) ? `line ${clause.source.slice(file.length)}` : clause.source);
  const cell = (name, ...children) => el("td", { "data-name": name }, ...children);
  return el("table", { class: "clauses" },
    el("thead", {}, el("tr", {}, ["", "about", "expected", "seen"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, clauses.map((clause) => el("tr", {},
      el("td", {}, badge(judgements[clause.judgement])),
      cell("about", clause.what, el("span", { class: "by" }, isConformance ? about(clause) : null,
        clause.source ? el("span", { title: clause.source }, `${isConformance ? " · " : ""}${source(clause)}`) : null)),
      cell("expected", clause.expected ?? ""),
      cell("seen", clause.actual ?? clause.reason ?? "", el("span", { class: "by" }, clause.by ? `${shortIds(clause.by).replace(" -> ", " → ")} ` : null,
        clause.n !== undefined ? goTo(clause.n) : null))))));
}

// ---- timeline ----

const lanesOfServers = ["registrar", "verifier", "tenant"];
const mostAgentLanes = 3;
const signs = { tpm: "T", machine: "◆", fault: "⚡", note: "i", cycle: "■", verdict: "V", status: "S", stack: "▲", tenant: "●" };
const homes = { verdict: "verifier", stack: "verifier", status: "tenant", tenant: "tenant" };

/** Those that are named above the timeline. */
function namedLines(one, clauses) {
  return new Set([...clauses.flatMap((clause) => (clause.n === undefined ? [] : [clause.n])),
    ...one.causes.flatMap((cause) => cause.lines ?? [])]);
}

function lanesOf(rows) {
  const agents = [...new Set(rows.map((row) => row.agent).filter(Boolean))];
  const agentLanes = agents.length > mostAgentLanes ? [`${agents.length} agents`] : agents.length ? agents : [];
  const used = new Set(rows.flatMap((row) => (row.k === "exchange" ? [row.peer, row.tenant ? "tenant" : ""] : [homes[row.k]])));
  const names = [...agentLanes, ...lanesOfServers.filter((name) => used.has(name))];
  const agentLane = (agent) => (agents.length > mostAgentLanes ? 0 : agents.indexOf(agent));
  return { names, agents, manyAgents: agents.length > 1,
    of: (name, agent) => (lanesOfServers.includes(name) ? names.indexOf(name) : agentLane(agent)) };
}

function drawTimeline(place, { rows, left_out: leftOut = {}, slim }, named) {
  if (slim && rows.length) place.append(el("p", { class: "soft" }, "It holds, so this page has no messages of it; history.jsonl has what was kept."));
  if (leftOut.rows) place.append(el("p", { class: "left-out" },
    `Left out, to keep this page small: ${count(leftOut.rows, "event")}. history.jsonl has them.`));
  if (leftOut.messages) place.append(el("p", { class: "left-out" },
    `Left out, to keep this page small: the messages of ${count(leftOut.messages, "exchange")}. history.jsonl has them.`));
  if (rows.length === 0) {
    if (!leftOut.rows) place.append(el("p", { class: "soft" }, "Nothing is in the history of it."));
    return;
  }
  place.append(el("p", { class: "soft" }, "From top to bottom; an arrow is a request, behind it its answer. Lines with ▸ open",
    slim ? "" : ": messages as they were, secrets as fingerprints (fp:…)", ". A bar at the left, and ◂, mark what is named above."));
  const lanes = lanesOf(rows);
  const width = matchMedia("(max-width: 45rem)").matches ? 40 : 80;
  const list = el("ol", { class: "timeline" });
  list.style.setProperty("--lane", `${width}px`);
  list.style.setProperty("--lanes-width", `${width * lanes.names.length}px`);
  list.append(el("li", { class: "lane-names" }, el("span", {}), el("div", { class: "names" },
    lanes.names.map((name) => el("span", { title: name }, name))), el("span", {})));
  for (const row of rows) list.append(rowElement(row, lanes, width, rows[0].t, named.has(row.n)));
  if (lanes.agents.length > 1) place.append(agentSelect(lanes.agents, list));
  place.append(list);
}

/** Hides what is of another agent. */
function agentSelect(agents, list) {
  const show = (event) => {
    for (const row of list.children) row.hidden = Boolean(event.target.value && row.dataset.agent) && row.dataset.agent !== event.target.value;
  };
  return el("label", { class: "controls agent" }, "Show ", el("select", { onchange: show }, el("option", { value: "" }, "all agents"),
    agents.map((agent) => el("option", { value: agent }, agent))));
}

function rowElement(row, lanes, width, start, isNamed) {
  if (row.k === "gap") return el("li", {}, el("div", { class: "row gap" }, el("span", { class: "at" }, "…"), el("span", { class: "lanes" }),
    el("span", { class: "what" }, `${count(row.count, "event")} left out, between lines ${lineNumber(row.n)} and ${lineNumber(row.last)} of history.jsonl`)));
  const details = row.message || row.more;
  const inside = [el("span", { class: "at" }, `+${((row.t - start) / 1e6).toFixed(3)} s`),
    el("span", { class: "lanes" }, row.k === "step" ? null : drawing(row, lanes, width)),
    el("span", { class: "what" }, rowText(row, lanes), isNamed ? el("span", { class: "mark", title: "named above" }, "◂ ", el("span", { class: "unseen" }, "named above")) : null)];
  const item = el("li", { "data-n": row.n, "data-agent": row.agent ?? null, class: isNamed ? "named" : null });
  const kind = row.k === "step" ? "row step" : "row";
  if (!details) {
    item.append(el("div", { class: kind, title: ofHistory(row.n) }, inside));
    return item;
  }
  const toggle = el("button", { type: "button", class: kind, title: ofHistory(row.n), "aria-expanded": "false", onclick: () => {
    if (item.lastChild === toggle) item.append(row.message ? messages(row) : el("ul", { class: "more" }, lines(row.more)));
    else item.lastChild.hidden = !item.lastChild.hidden;
    toggle.setAttribute("aria-expanded", String(!item.lastChild.hidden));
  } }, inside);
  item.append(toggle);
  return item;
}

function toneOf(row) {
  if (row.k !== "exchange") return row.tone ?? "none";
  return row.status === undefined ? "bad" : row.status >= 400 ? "known" : "good";
}

const shortIds = (text) => text.replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "$1…");

function rowText(row, lanes) {
  const agent = lanes.manyAgents && row.agent ? el("span", { class: "soft" }, `${row.agent} `) : null;
  if (row.k !== "exchange") return [agent, row.text, row.more ? el("span", { class: "soft" }, " ▸") : null];
  const answer = row.status === undefined ? `no answer: ${row.failure}` : `${row.status}${row.code ? ` ${row.code}` : ""}`;
  return [agent, el("span", { class: "soft" }, `${row.phase.replaceAll("_", " ")} `),
    el("code", { title: row.target }, `${row.method} ${shortIds(row.target)}`), " ", badge([answer, "→", toneOf(row)]),
    el("span", { class: "soft" }, ` ${time(row.took)}${row.attempt ? `, attempt ${row.attempt}` : ""}${row.message ? " ▸" : ""}`)];
}

function drawing(row, lanes, width) {
  const x = (lane) => lane * width + width / 2;
  const box = svg("svg", { width: width * lanes.names.length, height: 30, class: toneOf(row), "aria-hidden": "true" });
  if (row.k === "exchange") {
    const from = x(lanes.of(row.tenant ? "tenant" : "", row.agent)), to = x(lanes.of(row.peer));
    const back = Math.sign(from - to);
    box.append(svg("line", { class: row.status === undefined ? "arrow lost" : "arrow", x1: from, y1: 15, x2: to + 8 * back, y2: 15 }),
      svg("circle", { class: "dot", cx: from, cy: 15, r: 3.5 }),
      row.status === undefined ? svg("text", { x: to + 8 * back, y: 15 }, "×")
        : svg("path", { class: "head", d: `M${to} 15 l${10 * back} -5 v10 z` }));
  } else {
    const lane = lanes.of(homes[row.k] ?? "", row.agent);
    if (lane >= 0) box.append(svg("circle", { class: "disc", cx: x(lane), cy: 15, r: 10 }), svg("text", { x: x(lane), y: 15.5 }, signs[row.k]));
  }
  return box;
}

function messages(row) {
  const { request, answer } = row.message;
  const answered = row.status === undefined ? `no answer: ${row.failure}` : String(row.status);
  return el("div", { class: "messages" }, message("Request", `${row.method} ${row.target}`, request),
    message("Answer", answered, answer));
}

function message(title, first, { size, sha256, kept, headers, body, left_out: leftOut }) {
  const notKept = size === 0 || kept ? null
    : `${count(size, "octet")}, not kept in the history${sha256 ? ` (SHA-256 ${sha256})` : ""}`;
  return el("div", { class: "message" }, el("h5", {}, title, el("span", { class: "soft" }, ` · body of ${count(size, "octet")}`)),
    el("pre", {}, [first, ...(headers ?? []).map(([name, value]) => `${name}: ${value}`)].join("\n")),
    body ? el("pre", {}, indented(body)) : null,
    notKept ? el("p", { class: "soft" }, notKept) : null,
    leftOut ? el("p", { class: "left-out" }, "Some of the body is left out here; history.jsonl has what was kept.") : null);
}

function goToLine(place, n) {
  const row = place.querySelector(`li[data-n="${n}"]`);
  if (!row) return;
  row.scrollIntoView();
  const button = row.querySelector("button");
  if (button && button.getAttribute("aria-expanded") === "false") button.click();
  if (!button) row.tabIndex = -1;
  (button ?? row).focus({ preventScroll: true });
}

// ---- keys and paper ----

function step(by) {
  const all = [...document.querySelectorAll("#list summary, #list button.row")].filter((one) => one.checkVisibility());
  const at = document.activeElement;
  const now = all.includes(at) ? at : at.closest("#list details")?.querySelector("summary");
  const next = all[now ? Math.min(Math.max(all.indexOf(now) + by, 0), all.length - 1) : 0];
  next?.focus();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (event.target.id === "search") { event.target.blur(); return; }
    const row = event.target.closest("#list li")?.querySelector("button.row[aria-expanded=true]");
    const details = event.target.closest("#list details[open]");
    if (row) {
      row.click();
      row.focus();
    } else if (details) {
      details.open = false;
      details.querySelector("summary").focus();
    } else return;
  } else if (typing) {
    return;
  } else if (event.key === "/") {
    byId("search").focus();
    byId("search").select();
  } else if (event.key === "j" || event.key === "ArrowDown") step(1);
  else if (event.key === "k" || event.key === "ArrowUp") step(-1);
  else return;
  event.preventDefault();
}

let openedForPaper = [];
function openForPaper() {
  const bad = items.filter((item) => attention.includes(item.standing) && !item.row.hidden);
  openedForPaper = bad.map((item) => item.row).filter((row) => !row.open);
  openedForPaper.forEach(open);
  for (const item of bad) item.row.querySelectorAll(".case").forEach((row) => {
    const standing = caseStanding(cases[row.dataset.case], item);
    if (attention.includes(standing) && !row.open) { openedForPaper.push(row); open(row); }
  });
}

drawHead();
drawAttention();
drawFilters();
drawList();
drawMatrix();
showFiltered();
addEventListener("hashchange", readAddress);
addEventListener("keydown", key);
addEventListener("beforeprint", openForPaper);
addEventListener("afterprint", () => openedForPaper.forEach((row) => { row.open = false; }));
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", readAddress);
else readAddress();
