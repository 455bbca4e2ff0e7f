"use strict";
// What is shown, and what is open, stands in the address of the page.

const filters = { standing: new Set(), area: "", level: "", binds: "", q: "" };
const haystacks = new Map();

function haystack(item) {
  if (!haystacks.has(item)) {
    const words = [
      item.id,
      item.text,
      item.reason,
      standings[item.standing][0],
      areas[item.area],
      item.planned,
      item.deviation?.observed,
      item.deviation?.reference,
      ...(item.sources ?? []),
      ...(item.tags ?? []),
    ];
    for (const number of item.cases) {
      const one = cases[number];
      words.push(
        one.id,
        one.title,
        one.file,
        one.reason,
        ...(one.causes ?? []).flatMap((c) => [c.cause, c.mend]),
        ...(one.findings ?? []).map((finding) => finding.text),
      );
    }
    haystacks.set(item, words.filter(Boolean).join("\n").toLowerCase());
  }
  return haystacks.get(item);
}

function matches(item) {
  return (
    (filters.standing.size === 0 || filters.standing.has(item.standing)) &&
    ["area", "level", "binds"].every((name) => !filters[name] || item[name] === filters[name]) &&
    filters.q
      .toLowerCase()
      .split(/\s+/)
      .every((word) => haystack(item).includes(word))
  );
}

function drawFilters() {
  byId("standings").append(
    ...standingOrder.flatMap((name) => {
      const number = items.filter((item) => item.standing === name).length;
      if (number === 0) return [];
      const [word, sign, tone, means] = standings[name];
      return [
        el(
          "button",
          {
            type: "button",
            class: tone,
            title: means,
            "data-standing": name,
            "aria-pressed": "false",
            onclick: () => {
              filters.standing.has(name) ? filters.standing.delete(name) : filters.standing.add(name);
              changed();
            },
          },
          `${sign} ${word} ${number}`,
        ),
      ];
    }),
  );
  if (isConformance) {
    for (const [name, label] of [
      ["area", "any area"],
      ["level", "any level"],
      ["binds", "binds anyone"],
    ]) {
      const values = [...new Set(items.map((item) => item[name]))];
      values.sort((a, b) => (name === "level" ? levels.indexOf(a) - levels.indexOf(b) : 0));
      byId("selects").append(
        el(
          "select",
          {
            id: `filter-${name}`,
            "aria-label": label,
            onchange: (event) => {
              filters[name] = event.target.value;
              changed();
            },
          },
          el("option", { value: "" }, label),
          values.map((value) =>
            el("option", { value }, name === "area" && areas[value] ? `${value} ${areas[value]}` : value),
          ),
        ),
      );
    }
  }
  byId("search").addEventListener("input", (event) => {
    filters.q = event.target.value;
    changed();
  });
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
    button.setAttribute(
      "aria-pressed",
      button.dataset.area === filters.area &&
        button.dataset.level === filters.level &&
        Boolean(filters.area || filters.level),
    );
  for (const name of ["area", "level", "binds"])
    if (byId(`filter-${name}`)) byId(`filter-${name}`).value = filters[name];
  if (byId("search").value !== filters.q) byId("search").value = filters.q;
  document.body.classList.toggle("filtered", shown < items.length); // on paper, that is what is wanted
  byId("count").textContent =
    shown === 0
      ? `None of ${items.length} matches: change the filters or press “Show all”`
      : `${shown} of ${items.length} shown`;
}

let opened = ""; // "KPM-NEG-001" or "case=…", as it stands in the address

function writeAddress() {
  const parts = opened ? [opened] : [];
  if (filters.standing.size) parts.push(`standing=${[...filters.standing].join(",")}`);
  for (const name of ["area", "level", "binds", "q"])
    if (filters[name]) parts.push(`${name}=${encodeURIComponent(filters[name])}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address names it, or one of its cases. */
function isOpened(item) {
  const name = decoded(opened.replace(/^case=/, ""));
  return opened.startsWith("case=")
    ? item.cases.some((number) => cases[number].id === name)
    : name === item.id;
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
    if (name === "standing")
      value
        .split(",")
        .filter((one) => standings[one])
        .forEach((one) => filters.standing.add(one));
    else if (name === "case") wanted = { caseId: value };
    else if (["area", "level", "binds", "q"].includes(name)) filters[name] = value;
    else if (at < 0 && part && part !== "list") wanted = { itemId: value };
    if (wanted) opened ||= part;
  }
  showFiltered();
  if (wanted) reveal(wanted);
  else if (location.hash.includes("=")) byId("filters").scrollIntoView();
}

/** Opens a requirement, or a case within the one that it says most of, and goes there. */
function reveal({ itemId, caseId }) {
  const number = cases.findIndex((one) => one.id === caseId);
  const candidates = items
    .filter((item) => (itemId ? item.id === itemId : item.cases.includes(number)))
    .sort((a, b) => rank(a.standing) - rank(b.standing));
  const item =
    candidates.find((one) => caseId && caseStanding(cases[number], one) === one.standing) ?? candidates[0];
  if (!item) {
    byId("count").textContent = `This report does not have ${itemId ?? caseId}`;
    byId("filters").scrollIntoView();
    return;
  }
  item.row.hidden = false;
  item.row.parentElement.hidden = false;
  open(item.row);
  const one = caseId && item.row.querySelector(`.case[data-case="${number}"]`);
  if (one) open(one);
  const target = one || item.row;
  target.scrollIntoView();
  target.querySelector("summary").focus({ preventScroll: true });
}
