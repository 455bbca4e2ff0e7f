"use strict";
// The page from top to bottom, keys and paper.

// ---- head ----

/** Each Keylime that ran, once, and the addresses of all servers. */
function keylimes() {
  const text = (stack) =>
    [
      `Keylime ${stack.version || "of unknown version"} ${stack.where || ""}`.trim(),
      stack.mode && stack.mode !== "push" && `in ${stack.mode} mode`,
      stack.origin,
      stack.changed_start && `not Keylime's own start: ${stack.changed_start}`,
    ]
      .filter(Boolean)
      .join(" · ");
  const texts = [...new Set(head.stacks.map(text))];
  if (!texts.length) return "no server was started";
  const pairsOfServers = head.stacks
    .filter((stack) => stack.registrar)
    .map((stack) => `registrar ${stack.registrar}, verifier ${stack.verifier}`);
  return [...texts, ...new Set(pairsOfServers)].map((one) => el("div", {}, one));
}

function drawHead() {
  const versions = [...new Set(head.stacks.map((stack) => stack.version))].filter(Boolean).join(", ");
  const tested = versions ? `Keylime ${versions}` : "Keylime";
  const title = isConformance
    ? `Does ${tested} behave as specified?`
    : `${count(items.length, "scenario")} against ${tested}`;
  document.body.classList.add(report.kind);
  document.title = `${title} – pushsim report`;
  byId("title").textContent = title;
  byId("maker").textContent = isConformance ? "pushsim · conformance report" : "pushsim · report of a run";
  byId("verdict").textContent = report.verdict;
  const urgent = new Set(items.map((item) => item.standing).filter((name) => attention.includes(name)));
  byId("verdict").className =
    urgent.size === 0
      ? report.exit_code === 0 && !items.some((item) => item.standing === "deviation")
        ? "good"
        : "known"
      : urgent.size === 1 && urgent.has("fixed")
        ? "odd"
        : "bad";
  const warnings = head.findings.map((finding) => finding.text);
  if (head.partial !== undefined) warnings.unshift(`The run did not come to its end: ${head.partial}`);
  byId("warnings").hidden = warnings.length === 0;
  byId("warnings").append(...warnings.map((text) => el("li", { class: "bad" }, "! ", text)));
  const facts = [["Tested", keylimes()]];
  if (isConformance) {
    facts.push([
      "Selected",
      [
        head.profile ? `profile ${head.profile}` : head.selection || "all",
        ": ",
        count(items.length, "requirement"),
        ", ",
        count(cases.length, "case"),
      ].join(""),
    ]);
    facts.push([
      "Known deviations",
      (head.deviations_file ? `those of ${head.deviations_file}` : "no list for this version") +
        (head.strict ? " (strict: each counts as a failure)" : ""),
    ]);
  }
  if (head.started)
    facts.push(["When", `${head.started.replace("T", " ").replace(/\.\d+Z/, " UTC")}, took ${head.took}`]);
  facts.push([
    "Exit code",
    `${report.exit_code}: ${exitCodes[report.exit_code] ?? "see the warnings above"}`,
  ]);
  if (head.pushsim) facts.push(["Made by", `pushsim ${head.pushsim}, seed ${head.seed}: ${head.command}`]);
  for (const [name, value] of Object.entries(head.facts ?? {}))
    facts.push([name.replaceAll("_", " "), value]);
  if (head.again)
    facts.push([
      "Show it again",
      [
        command(head.again),
        el(
          "div",
          { class: "soft" },
          `Its reports lie in runs/latest. Exit code: ${exitCodesText()}. ${ownKeylime(head.again)} Servers that run ` +
            "already: --stack external (docs/conformance.md).",
        ),
      ],
    ]);
  byId("facts").append(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  drawHelp();
}

const exitCodesText = () =>
  [0, 1, 3, 4].map((code) => `${code} ${exitCodes[code]}`).join(", ") +
  (isConformance ? "; with --strict a known deviation is a failure, too" : "");

function drawHelp() {
  const used = standingOrder.filter((name) => items.some((item) => item.standing === name));
  const keys = [
    ["/", "search"],
    ["j k", "next and previous line"],
    ["Enter", "open or close"],
    [
      "n p",
      items.some((item) => attention.includes(item.standing))
        ? "next and previous that needs attention"
        : "next and previous known deviation, for nothing needs attention",
    ],
    ["Esc", "close; empty the search, then leave it"],
  ];
  byId("help-text").append(
    el(
      "p",
      {},
      "pushsim plays attesting agents against a real Keylime registrar and verifier, writes down each request and " +
        "its answer (history.jsonl beside this file), and judges that. Of what is judged it keeps headers and bodies, " +
        "of other messages sizes and hashes, unless it was told to keep all (--bodies all).",
    ),
    el(
      "p",
      {},
      isConformance
        ? "Each requirement is one sentence of specified behaviour. Cases decide it: short scenarios that test one thing each. The " +
            "controls of a case are what must work for the rest to say anything: a verifier that refuses everything " +
            "passes no case that expects a refusal. admin is the tenant's certificate, nobody has none; own[0] is the " +
            "first agent of the group own, and step 3 is the third step of the case's scenario. name.yaml:33 is a " +
            "line of a scenario, history line 33 one of history.jsonl."
        : "Each scenario is a small play with what is expected to be seen. Causes are what pushsim reads in the exchanges.",
    ),
    el(
      "p",
      {},
      "Tokens, keys and passwords stand as fingerprints (fp:…): equal secrets have equal fingerprints, and " +
        "nobody can get the secret from one. Filters are in the page's address, so that it can be passed on.",
    ),
    el(
      "dl",
      {},
      used.flatMap((name) => [el("dt", {}, badge(standings[name])), el("dd", {}, standings[name][3])]),
    ),
    el(
      "dl",
      {},
      keys.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)]),
    ),
  );
}

// ---- what needs attention ----

function drawAttention() {
  const urgent = items
    .filter((item) => attention.includes(item.standing))
    .sort((a, b) => rank(a.standing) - rank(b.standing) || weight(b) - weight(a));
  const known = items.filter((item) => item.standing === "deviation");
  byId("attention-title").textContent = urgent.length
    ? "What needs attention"
    : !items.length
      ? "Nothing needs attention: nothing was run"
      : known.length
        ? "Nothing new needs attention"
        : "Nothing needs attention";
  if (!urgent.length && known.length)
    byId("attention").append(
      el(
        "li",
        { class: "known" },
        `${count(known.length, "requirement")} ${known.length === 1 ? "does" : "do"} not hold, as is known of this version: `,
        el("a", { href: "#standing=deviation" }, "all of them"),
        known.some((item) => item.level === "MUST") ? ", " : null,
        known.some((item) => item.level === "MUST")
          ? el("a", { href: "#standing=deviation&level=MUST" }, "those that are a MUST")
          : null,
        ".",
        el(
          "details",
          { class: "known-list" },
          el("summary", {}, "In short, those that weigh most first"),
          el(
            "ul",
            {},
            [...known]
              .sort((a, b) => weight(b) - weight(a))
              .map((item) =>
                el(
                  "li",
                  {},
                  el("span", { class: "level" }, item.level),
                  " ",
                  el("a", { href: `#${inAddress(item.id)}` }, item.id),
                  " ",
                  item.text,
                  item.tags?.includes("security") ? el("span", { class: "soft" }, " · security") : null,
                ),
              ),
          ),
        ),
      ),
    );
  byId("attention").append(
    ...urgent.map((item) => {
      const meta = standings[item.standing];
      return el(
        "li",
        { class: meta[2] },
        el(
          "h3",
          {},
          badge(meta),
          " ",
          el("a", { href: `#${inAddress(item.id)}` }, item.id),
          " ",
          item.text,
          item.level ? el("span", { class: "soft" }, ` ${[item.level, ...(item.tags ?? [])].join(" · ")}`) : null,
        ),
        el("dl", { class: "pairs" }, ...why(item)),
      );
    }),
  );
}

/** What must hold, and what is of security, comes first. */
function weight(item) {
  return 2 * (levels.length - levels.indexOf(item.level)) + ((item.tags ?? []).includes("security") ? 1 : 0);
}

function why(item) {
  const one = item.withheld ? undefined : cases[decidingCase(item)];
  const cause = item.standing === "fixed" ? undefined : one?.causes?.[0];
  const failing = item.cases.filter((number) => caseStanding(cases[number], item) === item.standing);
  const rows = [
    ["In short", item.meaning],
    ["Seen", item.reason],
  ];
  if (cause) rows.push(["Cause", cause.cause], ["Mend", cause.mend]);
  else if (isConformance && item.standing === "fail" && !item.withheld)
    rows.push(["Cause", "not one that pushsim recognises; what was expected and what was seen is in its cases"]);
  if (item.cases.length > 1) rows.push(["In", `${failing.length} of its ${item.cases.length} cases`]);
  if (item.standing === "fixed")
    rows.push(
      ["Known was", item.known?.map((known) => known.observed).join("; ")],
      ["Mend", `Take ${item.id} out of ${head.deviations_file || "the list of deviations"}.`],
    );
  if (one?.again) rows.push(["Show again", command(one.again)]);
  return rows
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
}

// ---- matrix ----

function drawMatrix() {
  byId("overview").hidden = !isConformance;
  if (!isConformance) return;
  const cell = (area, level) => {
    const own = items.filter((item) => (!area || item.area === area) && (!level || item.level === level));
    if (own.length === 0) return el("td", {});
    const parts = standingOrder
      .map((name) => [name, own.filter((item) => item.standing === name).length])
      .filter(([, number]) => number > 0);
    const words = parts.map(([name, number]) => `${number} ${standings[name][0]}`).join(", ");
    return el(
      "td",
      {},
      el(
        "button",
        {
          type: "button",
          "data-area": area,
          "data-level": level,
          title: words,
          "aria-label": `${area || "all areas"}, ${level || "all levels"}: ${words}`,
          "aria-pressed": "false",
          onclick: () => {
            const same = filters.area === area && filters.level === level;
            Object.assign(filters, same ? { area: "", level: "" } : { area, level });
            changed();
            byId("filters").scrollIntoView();
          },
        },
        parts.map(([name, number]) =>
          el("span", { class: `n ${standings[name][2]}` }, `${standings[name][1]} ${number}`),
        ),
      ),
    );
  };
  const columns = levels.filter((level) => items.some((item) => item.level === level));
  const rows = [...new Set(items.map((item) => item.area))];
  byId("matrix").append(
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "area"),
          columns.map((level) => el("th", { scope: "col" }, level)),
          el("th", { scope: "col" }, "all"),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((area) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, el("b", {}, area), el("span", { class: "about" }, ` ${areas[area] ?? ""}`)),
            columns.map((level) => cell(area, level)),
            cell(area, ""),
          ),
        ),
      ),
      el(
        "tfoot",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "row" }, el("b", {}, "all")),
          columns.map((level) => cell("", level)),
          cell("", ""),
        ),
      ),
    ),
  );
}

// ---- list ----

function drawList() {
  byId("list-title").textContent = isConformance ? "All requirements" : "All scenarios";
  const groups = new Map();
  for (const item of items) {
    const area = item.area ?? "";
    if (!groups.has(area)) {
      groups.set(
        area,
        el("section", {}, area ? el("h3", {}, area, areas[area] ? ` – ${areas[area]}` : "") : null),
      );
      byId("list").append(groups.get(area));
    }
    item.row = fold(
      { class: "item", "data-id": item.id },
      el(
        "summary",
        {},
        el("span", { class: "id" }, item.id),
        el("span", { class: "text" }, item.level ? el("span", { class: "level" }, item.level, " ") : null, item.text),
        badge(standings[item.standing]),
        item.reason && (item.standing !== "pass" || item.in_part) ? el("span", { class: "reason" }, item.reason) : null,
      ),
      () => itemBody(item),
    );
    item.row.addEventListener("toggle", () => {
      if (quiet.delete(item.row)) return;
      if (!item.row.open && opened?.item === item.id) setOpened();
      else if (item.row.open && opened?.item !== item.id) setOpened(item.id);
    });
    groups.get(area).append(item.row);
  }
}

const quiet = new WeakSet(); // folds that open or close for paper, of which the address says nothing

// ---- keys and paper ----

function step(by) {
  const all = [...document.querySelectorAll("#list summary, #list button.row")].filter((one) =>
    one.checkVisibility(),
  );
  const at = document.activeElement;
  const now = all.includes(at) ? at : at.closest("#list details")?.querySelector("summary");
  const next = all[now ? Math.min(Math.max(all.indexOf(now) + by, 0), all.length - 1) : 0];
  next?.focus();
}

/** To the next requirement or scenario that needs attention, among those that are shown; of a report where none
    does, to the next known deviation. */
function stepToUrgent(by) {
  const shown = items.filter((item) => !item.row.hidden);
  const news = items.some((item) => attention.includes(item.standing));
  const urgent = shown.filter((item) => (news ? attention : ["deviation"]).includes(item.standing));
  if (urgent.length === 0) return say("Nothing that is shown needs attention");
  const at = document.activeElement.closest(".item");
  const now = shown.findIndex((item) => item.row === at);
  const next =
    by > 0
      ? urgent.find((item) => shown.indexOf(item) > now)
      : urgent.findLast((item) => shown.indexOf(item) < now);
  (next ?? urgent[by > 0 ? 0 : urgent.length - 1]).row.querySelector("summary").focus();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (event.target.id === "search") {
      if (event.target.value) {
        event.target.value = "";
        event.target.dispatchEvent(new Event("input"));
      } else event.target.blur();
      event.preventDefault();
      return;
    }
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
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "n") stepToUrgent(1);
  else if (event.key === "p") stepToUrgent(-1);
  else return;
  event.preventDefault();
}

let openedForPaper = [];
/** What needs attention, with its failing cases; where somebody filtered also the known deviations that are
    shown. Of many it is told what does not hold, and no more: all of it would be hundreds of pages. */
function openForPaper() {
  const mostInFull = 12;
  const filtered = document.body.classList.contains("filtered");
  const wanted = filtered ? [...attention, "deviation"] : attention;
  const bad = items.filter((item) => wanted.includes(item.standing) && !item.row.hidden);
  document.body.classList.toggle("brief", bad.length > mostInFull);
  openedForPaper = [];
  const openQuietly = (row) => {
    if (row.open) return;
    quiet.add(row);
    openedForPaper.push(row);
    open(row);
  };
  for (const item of bad) {
    openQuietly(item.row);
    for (const row of item.row.querySelectorAll(".case"))
      if (wanted.includes(caseStanding(cases[row.dataset.case], item))) openQuietly(row);
  }
}

drawHead();
drawAttention();
drawFilters();
drawList();
drawMatrix();
showFiltered();
addEventListener("hashchange", () => {
  if (location.hash !== "#list") readAddress();
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address keeps the filters
  byId("list").focus();
});
addEventListener("keydown", key);
addEventListener("beforeprint", openForPaper);
addEventListener("afterprint", () =>
  openedForPaper.forEach((row) => {
    quiet.add(row);
    row.open = false;
  }),
);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", readAddress);
else readAddress();
