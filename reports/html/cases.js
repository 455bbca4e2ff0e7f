"use strict";
// What is below a requirement or a scenario: its cases, what they expected and saw.

/** Of its cases the first of the standing that it has itself. */
function decidingCase(item) {
  return item.cases.find((number) => caseStanding(cases[number], item) === item.standing) ?? item.cases[0];
}
const caseStanding = (one, item) => (isConformance ? one.standings?.[item.id] : item.standing);

/** What this report does not have is no link. */
const linkToItem = (id) =>
  items.some((item) => item.id === id) ? el("a", { href: `#${encodeURIComponent(id)}` }, id) : id;

function deviationText(deviation) {
  const rest = [
    deviation.since && `since ${deviation.since}`,
    deviation.until && `until ${deviation.until}`,
    deviation.case && `in case ${deviation.case}`,
    deviation.intermittent && "comes by chance",
  ].filter(Boolean);
  return [
    el("div", {}, deviation.observed),
    el("div", { class: "soft" }, link(deviation.reference), ...rest.map((text) => ` · ${text}`)),
  ];
}

function itemBody(item) {
  if (!isConformance) return caseBody(item.cases[0], item);
  const body = [
    pairs([
      ["Binds", `the ${item.binds}: ${item.level}${item.since ? `, since Keylime ${item.since}` : ""}`],
      ["Result", item.standing === "pass" && item.reason], // else it stands in the line above
      ["In short", item.meaning],
      ["Known deviation", item.deviation && deviationText(item.deviation)],
      ["Not decided", item.planned && `pushsim cannot do yet what its case needs: ${item.planned}`],
      ["Specified in", lines(item.sources)],
      ["Tags", (item.tags ?? []).join(", ")],
      ["Link", [el("a", { href: `#${encodeURIComponent(item.id)}`, class: "permalink" }, `#${item.id}`)]],
    ]),
  ];
  if (item.withheld && !item.cases.length)
    return [...body, el("p", {}, withheldText), el("h4", {}, "Show it again"), command(item.again)];
  body.push(
    el(
      "h4",
      {},
      item.cases.length ? `Decided by ${count(item.cases.length, "case")}` : "No case decides it yet",
    ),
  );
  const ordered = [...item.cases].sort(
    (a, b) => rank(caseStanding(cases[a], item)) - rank(caseStanding(cases[b], item)),
  );
  for (const number of ordered) {
    const one = cases[number];
    const standing = standings[caseStanding(one, item)] ?? standings.undecided;
    const row = fold(
      { class: "case", "data-case": number },
      el(
        "summary",
        {},
        el("span", {}, el("span", { class: "id" }, one.id), one.title ? ` ${one.title}` : ""),
        badge(standing),
        one.reason ? el("span", { class: "reason" }, one.reason) : null,
      ),
      () => caseBody(number, item),
    );
    if (ordered.length === 1) open(row);
    body.push(row);
  }
  return body;
}

const withheldText =
  "Details are withheld while what is known of it has no fix that is public: neither the exchange nor its " +
  "parameters are shown.";

function caseBody(number, item) {
  const one = cases[number];
  if (item.withheld) return [el("p", {}, withheldText)]; // others of its cases are
  const timeline = el("div", {});
  const goTo = (n) =>
    el(
      "button",
      {
        type: "button",
        class: "linkish",
        "data-line": n,
        title: `${ofHistory(n)}, in the order of events below`,
        onclick: () => goToLine(timeline, n),
      },
      `line ${lineNumber(n)}`,
    );
  const place = el("div", {});
  const all = el("div", {});
  const good = standings[caseStanding(one, item)]?.[2] === "good";
  all.append(
    ...one.causes.map((cause) =>
      el(
        "div",
        { class: "cause" },
        el(
          "p",
          {},
          el("b", {}, good ? "Why it went so, as it should: " : "Cause: "),
          cause.cause,
          cause.agents ? el("span", { class: "soft" }, ` (${cause.agents})`) : null,
        ),
        cause.mend && !good ? el("p", {}, el("b", {}, "Mend: "), cause.mend) : null,
        cause.lines
          ? el(
              "p",
              { class: "soft" },
              "Shown by ",
              cause.lines.slice(0, 6).flatMap((n, i) => [i ? ", " : null, goTo(n)]),
              cause.lines.length > 6 ? ` and ${count(cause.lines.length - 6, "line")} more` : null,
            )
          : null,
      ),
    ),
    ...one.findings.map((finding) =>
      el(
        "div",
        { class: "cause" },
        el(
          "p",
          {},
          badge(finding.wrong ? ["wrong", "✗", "bad"] : ["note", "i", "none"]),
          ` ${finding.check.replaceAll("_", " ")}: ${finding.text} `,
          finding.n !== undefined ? goTo(finding.n) : null,
        ),
      ),
    ),
    pairs([
      ["Reason", !isConformance && one.reason], // else it stands in the line above
      ["Mend", one.mend],
      ["Written in", one.file && el("code", {}, one.file)],
      [
        "Link",
        isConformance &&
          el("a", { href: `#case=${encodeURIComponent(one.id)}`, class: "permalink" }, `#case=${one.id}`),
      ],
    ]),
    ...(one.again ? [el("h4", {}, "Show it again"), command(one.again)] : []),
    ...(isConformance && one.again && !good ? reporting(one) : []),
    place,
  );
  whenRead(`case-${number}`, ({ clauses, not_checked: notChecked, timeline: events }) => {
    if (clauses.length)
      place.append(
        el("h4", {}, "What was expected, and what was seen"),
        clauseTable(one, clauses, item, goTo),
      );
    if (notChecked?.length) {
      place.append(
        el(
          "details",
          {},
          el("summary", {}, `${count(notChecked.length, "check")} could not be made in full`),
          el(
            "ul",
            {},
            notChecked.map((what) => el("li", {}, `${what.check.replaceAll("_", " ")}: ${what.reason}`)),
          ),
        ),
      );
    }
    drawTimeline(timeline, events, namedLines(one, clauses));
    place.append(el("h4", {}, "What happened, in order"), timeline);
    const shown = new Set(events.rows.map((row) => row.n));
    for (const button of all.querySelectorAll("[data-line]"))
      if (!shown.has(Number(button.dataset.line)))
        button.replaceWith(`${button.textContent} of history.jsonl`); // of a step that this case shares
  });
  return all;
}

/** The text of an issue upstream; what was shown again lies in runs/latest. */
function reporting(one) {
  return [
    el("h4", {}, "Report it upstream"),
    el(
      "p",
      { class: "soft" },
      "After that, this prints the case as the text of an issue: versions, the sentence and its sources, " +
        "what was expected and seen, and the messages.",
    ),
    command(`pushsim report runs/latest --issue ${one.id}`),
  ];
}

/** The data of that element, as soon as the page has been read so far. */
function whenRead(id, use) {
  const data = byId(id);
  if (data) use(JSON.parse(data.textContent));
  else
    document.addEventListener("DOMContentLoaded", () => use(JSON.parse(byId(id).textContent)), {
      once: true,
    });
}

function clauseTable(one, clauses, item, goTo) {
  const about = (clause) => {
    if (clause.role === "control") return "control: must hold for the rest to say anything";
    const others = (clause.decides ?? []).filter((id) => id !== item.id);
    if (!clause.decides || others.length < clause.decides.length) return roles[clause.role];
    return ["decides ", ...others.flatMap((id, i) => [i ? ", " : null, linkToItem(id)])];
  };
  const file = (one.file ?? "").replace(/(:\d+)*$/, ":");
  const source = (clause) =>
    clause.source?.startsWith(file) ? `line ${clause.source.slice(file.length)}` : clause.source;
  const cell = (name, ...children) => el("td", { "data-name": name }, ...children);
  return el(
    "table",
    { class: "clauses" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["", "about", "expected", "seen"].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el(
      "tbody",
      {},
      clauses.map((clause) =>
        el(
          "tr",
          {},
          el("td", {}, badge(judgements[clause.judgement])),
          cell(
            "about",
            clause.what,
            el(
              "span",
              { class: "by" },
              isConformance ? about(clause) : null,
              clause.source
                ? el("span", { title: clause.source }, `${isConformance ? " · " : ""}${source(clause)}`)
                : null,
            ),
          ),
          cell("expected", clause.expected ?? ""),
          cell(
            "seen",
            clause.actual ?? clause.reason ?? "",
            el(
              "span",
              { class: "by" },
              clause.by ? `${shortIds(clause.by).replace(" -> ", " → ")} ` : null,
              clause.n !== undefined ? goTo(clause.n) : null,
            ),
          ),
        ),
      ),
    ),
  );
}
