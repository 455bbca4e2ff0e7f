"use strict";
// The data of this file, words for it, and small tools. Much of the data comes from servers under test: it
// goes into the page as text alone, never as HTML.

const report = JSON.parse(document.getElementById("report").textContent);
const isConformance = report.kind === "conformance";
const { items, cases, head } = report;

// In the order in which they matter.
const standings = {
  fail: ["fails", "✗", "bad", "It does not hold, and not as a known deviation that the list has. Look here first."],
  not_as_expected: ["not as expected", "✗", "bad", "Something was seen that the scenario does not expect."],
  error: ["error", "!", "bad", "pushsim or the servers failed, so that nothing can be said."],
  partial: ["not ended", "!", "bad", "The run ended before this did."],
  fixed: [
    "known deviation gone",
    "★",
    "odd",
    "It was known not to hold, and now it holds. Good news; take it off the list of deviations.",
  ],
  deviation: [
    "known deviation",
    "≠",
    "known",
    "It does not hold, and what was seen of each of its cases is known of this Keylime version. No news.",
  ],
  undecided: [
    "undecided",
    "?",
    "none",
    "Nothing can be said: what would decide it is missing or did not end.",
  ],
  not_seen: ["not seen", "?", "none", "It comes by chance, and did not come."],
  skip: ["skipped", "→", "none", "These servers cannot show it."],
  skipped: ["skipped", "→", "none", "It was not run, or nothing in it could be judged."],
  excluded: ["excluded", "⊘", "none", "Somebody kept it from running."],
  reproduced: ["reproduced", "✓", "good", "It comes by chance, and was seen."],
  this_time: [
    "holds this time",
    "≈",
    "good",
    "All that decides it was as required. A deviation that comes by chance is known of it, and did not come.",
  ],
  pass: ["holds", "✓", "good", "All that decides it was as required, and its controls were too."],
  as_expected: ["as expected", "✓", "good", "All that was seen is what the scenario expects."],
};
// Of what comes by chance, and did not, the page says so.
for (const item of items) if (item.by_chance) item.standing = "this_time";
for (const one of cases)
  for (const [id, known] of Object.entries(one.known ?? {}))
    if (one.standings[id] === "pass" && known[0].intermittent) one.standings[id] = "this_time";
const attention = [
  "fail",
  "not_as_expected",
  "error",
  "partial",
  "fixed",
  ...(head.strict ? ["deviation"] : []),
];
const exitCodes = {
  0: "nothing new",
  1: isConformance ? "at least one requirement fails, or a known deviation is gone" : "something is not as expected",
  3: "pushsim or the servers failed",
  4: "nothing was run",
  130: "interrupted",
};
const areas = report.areas ?? {}; // what each is about
const judgements = {
  holds: ["holds", "✓", "good"],
  does_not_hold: ["does not hold", "✗", "bad"],
  skipped: ["not judged", "→", "none"],
};
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
const lineNumber = (n) => n + 1; // editors count from 1
const ofHistory = (n) => `line ${lineNumber(n)} of history.jsonl`;
/** The wall clock of that time of the run, "16:13:23.169" of UTC; nothing where the history has no head. */
const clock = (microseconds) =>
  head.started ? new Date(Date.parse(head.started) + microseconds / 1000).toISOString().slice(11, 23) : "";
const inAddress = (text) => encodeURIComponent(text).replaceAll("%2F", "/");

/** Tells who does not look, too. */
function say(text) {
  byId("said").textContent = "";
  byId("said").textContent = text;
}
const badge = ([word, sign, tone]) => el("span", { class: `badge ${tone}` }, `${sign} ${word}`);
const link = (text) =>
  /^https:\/\/\S+$/.test(text) ? el("a", { href: text, rel: "noreferrer" }, text) : text;
const rank = (standing) => standingOrder.indexOf(standing);
const open = (details) => {
  details.open = true;
  fill(details);
};

function time(microseconds) {
  const ms = microseconds / 1000;
  return ms < 9.95
    ? `${ms.toFixed(1)} ms`
    : ms < 999.5
      ? `${ms.toFixed(0)} ms`
      : `${(ms / 1000).toFixed(2)} s`;
}

/** The command, and a button that copies it; where that is not allowed the command is selected. */
function command(text) {
  let back;
  const code = el("code", {}, text);
  const button = el(
    "button",
    {
      type: "button",
      class: "controls",
      onclick: async () => {
        getSelection().selectAllChildren(code);
        let copied = false;
        try {
          await navigator.clipboard.writeText(text);
          copied = true;
        } catch {
          copied = document.execCommand("copy");
        }
        button.textContent = copied ? "Copied" : "Selected";
        say(copied ? "The command is copied" : "The command is selected");
        clearTimeout(back);
        back = setTimeout(() => (button.textContent = "Copy"), 2000);
      },
    },
    "Copy",
  );
  return el("div", { class: "command" }, code, button);
}

/** JSON with line feeds and blanks outside its strings, and nothing else changed; works on text that is cut.
    Short lists, and those of numbers, stay in their line. */
function indented(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  let result = "",
    depth = 0,
    inside = false;
  const next = () => "\n" + "  ".repeat(Math.min(depth, 40));
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (inside) {
      result += c;
      if (c === "\\") result += text[++i] ?? "";
      else if (c === '"') inside = false;
    } else if (c === '"') {
      inside = true;
      result += c;
    } else if (c === "{" || c === "[") {
      const short = /^(\[[^[\]{}]{0,60}\]|\{\s*\})/.exec(text.slice(i, i + 64))?.[0];
      const numbers = /^\[[-+.\deE\s,]*\]/.exec(text.slice(i, i + 4096))?.[0];
      if (short ?? numbers) {
        result += short ?? numbers.replace(/\s*,\s*/g, ", ");
        i += (short ?? numbers).length - 1;
      } else {
        depth++;
        result += c + next();
      }
    } else if (c === "}" || c === "]") {
      depth = Math.max(depth - 1, 0);
      result += next() + c;
    } else if (c === ",") result += c + next();
    else if (c === ":") result += ": ";
    else if (!/\s/.test(c)) result += c;
  }
  return result;
}

/** What is in a fold is made when it is first opened. */
const fillers = new WeakMap();
function fill(details) {
  fillers.get(details)?.();
  fillers.delete(details);
}
function fold(attributes, summary, body) {
  const details = el("details", attributes, summary);
  fillers.set(details, () => details.append(el("div", { class: "body" }, body())));
  details.addEventListener("toggle", () => {
    if (details.open) fill(details);
  });
  return details;
}

function pairs(list) {
  return el(
    "dl",
    { class: "pairs" },
    list
      .filter(([, value]) => value && value.length !== 0)
      .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
}
const lines = (texts) => (texts ?? []).map((text) => el("div", {}, text));
