"use strict";
// What is below a requirement or a scenario: its cases, what they expected and saw.

/** Of its cases the first of the standing that it has itself. */
function decidingCase(item) {
  return item.cases.find((number) => caseStanding(cases[number], item) === item.standing) ?? item.cases[0];
}
const reasonOf = (one, item) => one.reasons?.[item.id] ?? one.reason; // of a plain run there is one
const caseStanding = (one, item) => (isConformance ? one.standings?.[item.id] : item.standing);

/** What this report does not have is no link. */
const linkToItem = (id) =>
  items.some((item) => item.id === id) ? el("a", { href: `#${encodeURIComponent(id)}` }, id) : id;

const addressOf = (item, one) => `#${inAddress(item.id)}${one ? `&case=${inAddress(one.id)}` : ""}`;

/** What is known, and of which cases; those of an item link to it. */
function knownText(known, item) {
  const most = 6;
  return known.map((deviation) => {
    const rest = [
      deviation.since && `since ${deviation.since}`,
      deviation.until && `until ${deviation.until}`,
      deviation.intermittent && "comes by chance",
    ].filter(Boolean);
    const ids = deviation.cases ?? [];
    const links = ids.slice(0, most).flatMap((id, i) => {
      const one = cases.find((each) => each.id === id);
      return [i ? ", " : " · in ", one ? el("a", { href: addressOf(item, one) }, id) : id];
    });
    return el(
      "div",
      { class: "known-one" },
      deviation.observed,
      ...links,
      ids.length > most ? ` and ${ids.length - most} more` : null,
      deviation.of ? ` · in ${deviation.of.join(", ")}, which was not played` : null,
      el("div", { class: "soft" }, link(deviation.reference), ...rest.map((text) => ` · ${text}`)),
    );
  });
}

/** To be passed on without the filters; a click keeps them. */
function permalink(item, one) {
  const address = addressOf(item, one);
  return el(
    "a",
    {
      href: address,
      class: "permalink",
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        setOpened(item.id, one?.id);
        say("The link is in the address");
      },
    },
    address,
  );
}

function itemBody(item) {
  if (!isConformance) return caseBody(item.cases[0], item);
  const body = [
    pairs([
      ["Binds", `the ${item.binds}: ${item.level}${item.since ? `, since Keylime ${item.since}` : ""}`],
      ["Result", item.standing === "pass" && item.reason], // else it stands in the line above
      ["In short", item.meaning],
      [item.known?.length > 1 ? "Known deviations" : "Known deviation", item.known && knownText(item.known, item)],
      ["Not decided", item.planned && `pushsim cannot do yet what its case needs: ${item.planned}`],
      ["Sources", lines(item.sources)],
      ["Tags", (item.tags ?? []).join(", ")],
      ["Link", [permalink(item)]],
    ]),
  ];
  if (item.withheld && !item.cases.length) return [...body, withheldNote(item)];
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
        el("span", {}, el("span", { class: "id" }, one.id), ` ${shortIds(one.does ?? one.title ?? "")}`),
        badge(standing),
        reasonOf(one, item) ? el("span", { class: "reason" }, reasonOf(one, item)) : null,
      ),
      () => caseBody(number, item),
    );
    row.addEventListener("toggle", () => {
      if (quiet.delete(row) || ordered.length === 1) return;
      if (row.open) setOpened(item.id, one.id);
      else if (opened?.item === item.id && opened.case === one.id) setOpened(item.id);
    });
    if (ordered.length === 1) open(row);
    body.push(row);
  }
  return body;
}

function withheldNote(item) {
  return el(
    "p",
    {},
    "Details are withheld until it is mended: neither the exchange nor its parameters are shown.",
    item.ask ? " Whom to ask: " : null,
    item.ask ? link(item.ask) : null,
  );
}

function caseBody(number, item) {
  const one = cases[number];
  if (item.withheld) return [withheldNote(item)]; // others of its cases are
  const timeline = el("div", { class: "events" });
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
      `history line ${lineNumber(n)}`,
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
      ["Known", one.known?.[item.id] && knownText(one.known[item.id], item)],
      ["Mend", one.mend],
      ["Scenario", isConformance && one.title],
      ["Servers", one.servers !== undefined && report.servers[one.servers]],
      ["Written in", one.file && el("code", {}, one.file)],
      ["Link", isConformance && permalink(item, one)],
    ]),
    el(
      "div",
      { class: "again" },
      one.again ? showingAgain(one) : null,
      isConformance && one.again && !good ? reporting(one) : null,
    ),
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
    drawTimeline(timeline, events, namedLines(one, clauses, item));
    place.append(el("h4", { class: "events" }, "What happened, in order"), timeline);
    const shown = new Set(events.rows.map((row) => row.n));
    for (const button of all.querySelectorAll("[data-line]"))
      if (!shown.has(Number(button.dataset.line))) button.replaceWith(`${button.textContent} (not on this page)`);
  });
  return all;
}

/** The command, where its result is, what it exits with, and how one's own Keylime is tested. */
function showingAgain(one) {
  const all = Object.values(one.standings ?? {});
  const worst = ["error", "fail", "fixed", "deviation"].find((standing) => all.includes(standing));
  const exit = !isConformance
    ? "0 where all is as expected, 1 where something is not"
    : {
        error: "3 where pushsim or the servers fail again",
        fail: "1 as long as it fails",
        fixed: "1 as long as the list has the deviation that is gone",
        deviation: head.strict
          ? "1: with --strict what is known is a failure, too"
          : "0, for what is known is no failure; with --strict it is 1",
      }[worst] ?? "0 where it holds, 1 where it does not";
  const chance = one.again.includes("--seed") ? "The seed has chance draw the same. " : "";
  return [
    el("h4", {}, "Show it again"),
    command(one.again),
    el(
      "p",
      { class: "soft" },
      `It prints what decides, and its reports lie in runs/latest. ${chance}Exit code: ${exit}. ${ownKeylime(one.again)}`,
    ),
  ];
}

function ownKeylime(again) {
  return /--(keylime|stack|verifier)\b/.test(again)
    ? "The Keylime is the one that the command names."
    : "Your own Keylime: --keylime ../keylime for a checkout, --keylime 7.14.2 for a release.";
}

/** The text of an issue upstream; what was shown again lies in runs/latest. */
function reporting(one) {
  const not = items.filter((item) => ["fail", "deviation"].includes(one.standings[item.id]) && !item.withheld);
  return [
    el("h4", {}, "Report it upstream"),
    el(
      "p",
      { class: "soft" },
      "After that, this prints the case as the text of an issue: versions, sentences and sources, " +
        "what was expected and seen, and the messages.",
      not.length > 1 ? ` It is about all that this case shows not to hold, and is called by the first of them: ` : null,
      ...(not.length > 1 ? not.flatMap((item, i) => [i ? ", " : null, linkToItem(item.id)]) : []),
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
  const source = (clause) => clause.source.replace(/^.*\//, "").replace(/^(.*:\d+):\d+$/, "$1");
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
          { class: clause.judgement },
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
              clause.by ? `${shortIds(clause.by).replace(" -> ", " → ")}, ` : null,
              clause.n !== undefined ? goTo(clause.n) : null,
            ),
          ),
        ),
      ),
    ),
  );
}
