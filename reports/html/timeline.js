"use strict";
// What happened in a case: lanes, arrows, messages.

const lanesOfServers = ["registrar", "verifier", "tenant"];
const mostAgentLanes = 3;
const signs = {
  tpm: "T",
  machine: "◆",
  fault: "⚡",
  note: "i",
  cycle: "■",
  verdict: "V",
  status: "S",
  stack: "▲",
  tenant: "●",
};
const homes = { verdict: "verifier", stack: "verifier", status: "tenant", tenant: "tenant" };

// The tenant acts with the certificate of the scenario's admin.
const isTenant = (agent) => /^admin\[\d+\]$/.test(agent ?? "");

/** Those that are named above the timeline, and what they are to it: what fails says so, whatever else the line
    is. */
function namedLines(one, clauses, item) {
  const named = new Map(one.causes.flatMap((cause) => cause.lines ?? []).map((n) => [n, { text: "◂ named above" }]));
  const of = (clause) => {
    if (clause.role === "control") return "control";
    if (clause.role === "expects") return "";
    const others = clause.decides?.includes(item.id) ? [] : (clause.decides ?? []);
    return ["decides", ...others].join(" ");
  };
  const put = (wrong) => (clause) => {
    if (clause.n === undefined) return;
    const words = wrong ? "does not hold" : clause.judgement === "holds" ? "holds" : "not judged";
    named.set(clause.n, { wrong, text: `${wrong ? "✗" : "◂"} ${[of(clause), words].filter(Boolean).join(": ")}` });
  };
  const fails = (clause) => clause.judgement === "does_not_hold";
  clauses.filter((clause) => !fails(clause) && clause.role === "control").forEach(put(false));
  clauses.filter((clause) => !fails(clause) && clause.role !== "control").forEach(put(false));
  clauses.filter(fails).forEach(put(true));
  return named;
}

function lanesOf(rows) {
  const agents = [...new Set(rows.map((row) => row.agent).filter((agent) => agent && !isTenant(agent)))];
  const agentLanes =
    agents.length > mostAgentLanes ? [`${agents.length} agents`] : agents.length ? agents : [];
  const used = new Set(
    rows.flatMap((row) => [
      row.k === "exchange" ? row.peer : homes[row.k],
      row.tenant || isTenant(row.agent) ? "tenant" : "",
    ]),
  );
  const names = [...agentLanes, ...lanesOfServers.filter((name) => used.has(name))];
  const agentLane = (agent) => (agents.length > mostAgentLanes ? 0 : agents.indexOf(agent));
  return {
    names,
    agents,
    manyAgents: agents.length > 1,
    of: (name, agent) =>
      lanesOfServers.includes(name)
        ? names.indexOf(name)
        : isTenant(agent)
          ? names.indexOf("tenant")
          : agentLane(agent),
  };
}

function drawTimeline(place, { rows, left_out: leftOut = {}, slim }, named) {
  if (slim && rows.length)
    place.append(
      el(
        "p",
        { class: "soft" },
        "It holds, so this page has no messages of it; history.jsonl has those that were kept.",
      ),
    );
  if (leftOut.rows)
    place.append(
      el(
        "p",
        { class: "left-out" },
        `Left out, to keep this page small: ${count(leftOut.rows, "event")}. history.jsonl has them.`,
      ),
    );
  if (leftOut.messages)
    place.append(
      el(
        "p",
        { class: "left-out" },
        `Left out, to keep this page small: the messages of ${count(leftOut.messages, "exchange")}. history.jsonl has them.`,
      ),
    );
  if (rows.length === 0) {
    if (!leftOut.rows) place.append(el("p", { class: "soft" }, "Nothing is in the history of it."));
    return;
  }
  place.append(
    el(
      "p",
      { class: "soft" },
      "From top to bottom, by the clock of pushsim's machine (UTC) and from the first line; an arrow is a request, " +
        "behind it its answer. Lines with ▸ open",
      slim
        ? ""
        : ": messages as the history kept them, secrets as fingerprints (fp:…); “▸ sizes” where it kept no " +
            "headers and no body, as of most that decide nothing",
      ". A bar at the left, and ◂, mark what is named above, red and ✗ what does not hold.",
    ),
  );
  const lanes = lanesOf(rows);
  const width = matchMedia("screen and (max-width: 45rem)").matches
    ? Math.max(18, Math.min(40, Math.floor(130 / lanes.names.length)))
    : 80;
  const list = el("ol", { class: "timeline" });
  list.style.setProperty("--lane", `${width}px`);
  list.style.setProperty("--lanes-width", `${width * lanes.names.length}px`);
  list.append(
    el(
      "li",
      { class: "lane-names" },
      el("span", {}),
      el(
        "div",
        { class: "names" },
        lanes.names.map((name) => el("span", { title: name }, name)),
      ),
      el("span", {}),
    ),
  );
  const start = (rows.find((row) => !row.shared && row.t !== undefined) ?? rows[0]).t;
  for (const row of rows) list.append(rowElement(row, lanes, width, start, named.get(row.n)));
  if (lanes.agents.length > 1) place.append(agentSelect(lanes.agents, list));
  place.append(list);
}

/** Hides what is of another agent. */
function agentSelect(agents, list) {
  const show = (event) => {
    for (const row of list.children)
      row.hidden =
        Boolean(event.target.value && row.dataset.agent) && row.dataset.agent !== event.target.value;
  };
  return el(
    "label",
    { class: "controls agent" },
    "Show ",
    el(
      "select",
      { onchange: show },
      el("option", { value: "" }, "all agents"),
      agents.map((agent) => el("option", { value: agent }, agent)),
    ),
  );
}

/** `mark`: of what is named above, as namedLines() has it. */
function rowElement(row, lanes, width, start, mark) {
  if (row.k === "gap")
    return el(
      "li",
      {},
      el(
        "div",
        { class: "row gap" },
        el("span", { class: "at" }, "…"),
        el("span", { class: "lanes" }),
        el(
          "span",
          { class: "what" },
          `${count(row.count, "event")} left out, between lines ${lineNumber(row.n)} and ${lineNumber(row.last)} of history.jsonl`,
        ),
      ),
    );
  const details = row.message || row.more;
  const inside = [
    el(
      "span",
      { class: "at" },
      el("span", { class: "clock" }, clock(row.t)),
      ` ${row.t < start ? "−" : "+"}${(Math.abs(row.t - start) / 1e6).toFixed(3)} s`,
    ),
    el("span", { class: "lanes" }, row.k === "step" ? null : drawing(row, lanes, width, mark)),
    el(
      "span",
      { class: "what" },
      rowText(row, lanes, mark),
      row.shared ? el("span", { class: "soft" }, " · of a step that cases share") : null,
      mark ? el("span", { class: `mark ${mark.wrong ? "bad" : ""}` }, mark.text) : null,
    ),
  ];
  const item = el("li", {
    "data-n": row.n,
    "data-agent": row.agent ?? null,
    class: mark ? (mark.wrong ? "named wrong" : "named") : null,
  });
  const kind = row.k === "step" ? "row step" : "row";
  if (!details) {
    item.append(el("div", { class: kind, title: ofHistory(row.n) }, inside));
    return item;
  }
  const toggle = el(
    "button",
    {
      type: "button",
      class: kind,
      title: ofHistory(row.n),
      "aria-expanded": "false",
      onclick: () => {
        if (item.lastChild === toggle)
          item.append(row.message ? messages(row) : el("ul", { class: "more" }, lines(row.more)));
        else item.lastChild.hidden = !item.lastChild.hidden;
        toggle.setAttribute("aria-expanded", String(!item.lastChild.hidden));
      },
    },
    inside,
  );
  item.append(toggle);
  return item;
}

/** What does not hold is red, whatever its status would be elsewhere. */
function toneOf(row, mark) {
  if (mark?.wrong) return "bad";
  if (row.k !== "exchange") return row.tone ?? "none";
  return row.status === undefined ? "bad" : row.status >= 400 ? "known" : "good";
}

const shortIds = (text) =>
  text.replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "$1…");

const isKept = ({ request, answer }) => request.kept || answer.kept;

function rowText(row, lanes, mark) {
  const agent = lanes.manyAgents && row.agent ? el("span", { class: "soft" }, `${row.agent} `) : null;
  if (row.k !== "exchange") return [agent, row.text, row.more ? el("span", { class: "soft" }, " ▸") : null];
  const answer =
    row.status === undefined ? `no answer: ${row.failure}` : `${row.status}${row.code ? ` ${row.code}` : ""}`;
  return [
    agent,
    el("span", { class: "soft" }, `${row.phase.replaceAll("_", " ")} `),
    el("code", { title: row.target }, `${row.method} ${shortIds(row.target)}`),
    " ",
    badge([answer, "→", toneOf(row, mark)]),
    el(
      "span",
      { class: "soft" },
      ` ${time(row.took)}${row.attempt ? `, attempt ${row.attempt}` : ""}${row.message ? ` ▸${isKept(row.message) ? "" : " sizes"}` : ""}`,
    ),
  ];
}

function drawing(row, lanes, width, mark) {
  const x = (lane) => lane * width + width / 2;
  const box = svg("svg", {
    width: width * lanes.names.length,
    height: 30,
    class: toneOf(row, mark),
    "aria-hidden": "true",
  });
  if (row.k === "exchange") {
    const from = x(lanes.of(row.tenant ? "tenant" : "", row.agent)),
      to = x(lanes.of(row.peer));
    const back = Math.sign(from - to);
    box.append(
      svg("line", {
        class: row.status === undefined ? "arrow lost" : "arrow",
        x1: from,
        y1: 15,
        x2: to + 8 * back,
        y2: 15,
      }),
      svg("circle", { class: "dot", cx: from, cy: 15, r: 3.5 }),
      row.status === undefined
        ? svg("text", { x: to + 8 * back, y: 15 }, "×")
        : svg("path", { class: "head", d: `M${to} 15 l${10 * back} -5 v10 z` }),
    );
  } else {
    const lane = lanes.of(homes[row.k] ?? "", row.agent);
    if (lane >= 0)
      box.append(
        svg("circle", { class: "disc", cx: x(lane), cy: 15, r: 10 }),
        svg("text", { x: x(lane), y: 15.5 }, signs[row.k]),
      );
  }
  return box;
}

function messages(row) {
  const { request, answer } = row.message;
  const by = row.id && !request.kept ? ` · X-Request-ID ${row.id}` : "";
  const answered = row.status === undefined ? `no answer: ${row.failure}` : String(row.status);
  return el(
    "div",
    { class: "messages" },
    message(`Request${by}`, `${row.method} ${row.target}`, request),
    message("Answer", answered, answer),
  );
}

/** Of a body that is shown: how it differs from what went over the wire. Who takes secrets out of JSON writes it
    anew, without the blanks that it had. */
function howShown(body, size) {
  const octets = new TextEncoder().encode(body).length;
  const how = [];
  if (octets !== size)
    how.push(`kept as ${octets}: ${body.includes("fp:") ? "fingerprints for secrets, " : ""}blanks of JSON left out`);
  if (indented(body) !== body) how.push("laid out here");
  return how.length ? ` (${how.join("; ")})` : "";
}

function message(title, first, { size, sha256, kept, headers, body, left_out: leftOut }) {
  const notKept =
    size === 0 || kept
      ? null
      : `${count(size, "octet")}, not kept in the history${sha256 ? ` (SHA-256 ${sha256})` : ""}`;
  return el(
    "div",
    { class: "message" },
    el("h5", {}, title, el("span", { class: "soft" }, ` · body of ${count(size, "octet")}${body && !leftOut ? howShown(body, size) : ""}`)),
    el("pre", {}, [first, ...(headers ?? []).map(([name, value]) => `${name}: ${value}`)].join("\n")),
    body ? el("pre", {}, indented(body)) : null,
    notKept ? el("p", { class: "soft" }, notKept) : null,
    leftOut
      ? el("p", { class: "left-out" }, "Some of the body is left out here; history.jsonl has what was kept.")
      : null,
  );
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
