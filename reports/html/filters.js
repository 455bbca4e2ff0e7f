"use strict";
// What is shown, and what is open, stands in the address of the page.

const choices = ["area", "level", "binds", "tag"];
const noChoice = { area: "", level: "", binds: "", tag: "", q: "" };
const filters = { standing: new Set(), ...noChoice };
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
      ...(item.known ?? []).flatMap((one) => [one.observed, one.reference]),
      ...(item.sources ?? []),
      ...(item.tags ?? []),
    ];
    for (const number of item.cases) {
      const one = cases[number];
      words.push(
        one.id,
        one.title,
        one.file,
        one.does,
        ...(isConformance ? [one.reasons?.[item.id]] : [one.reason]),
        ...(one.causes ?? []).flatMap((c) => [c.cause, c.mend]),
        ...(one.findings ?? []).map((finding) => finding.text),
      );
    }
    haystacks.set(item, words.filter(Boolean).join("\n").toLowerCase());
  }
  return haystacks.get(item);
}

/** Ids of agents and requests stand in the timelines alone, which are texts until they are opened. */
const looksLikeId = (word) => word.length >= 8 && /^(?=.*\d)[\da-z-]+$/.test(word);
const timelineHas = (item, word) =>
  looksLikeId(word) && item.cases.some((number) => byId(`case-${number}`)?.textContent.includes(word));

function matches(item) {
  return (
    (filters.standing.size === 0 || filters.standing.has(item.standing)) &&
    ["area", "level", "binds"].every((name) => !filters[name] || item[name] === filters[name]) &&
    (!filters.tag || item.tags?.includes(filters.tag)) &&
    filters.q
      .toLowerCase()
      .split(/\s+/)
      .every((word) => haystack(item).includes(word) || timelineHas(item, word))
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
      ["tag", "any tag"],
    ]) {
      const values = [...new Set(items.flatMap((item) => (name === "tag" ? (item.tags ?? []) : item[name])))];
      if (values.length === 0) continue;
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
    showFiltered();
    writeAddress(typed); // one step back for all that is typed
    typed = true;
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", () => {
    filters.standing.clear();
    Object.assign(filters, noChoice);
    changed();
  });
}

let typed = false; // the last change of the address came from the search

/** Shows what the filters let through, and puts them into the address. */
function changed() {
  showFiltered();
  writeAddress();
}

function showFiltered() {
  const found = items.filter(matches);
  const also = items.filter((item) => item.id === opened?.item && !found.includes(item)); // the address names it
  const visible = new Set([...found, ...also]);
  for (const item of items) item.row.hidden = !visible.has(item);
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
  for (const name of choices) if (byId(`filter-${name}`)) byId(`filter-${name}`).value = filters[name];
  if (byId("search").value !== filters.q) byId("search").value = filters.q;
  document.body.classList.toggle("filtered", found.length < items.length); // on paper, that is what is wanted
  byId("count").textContent =
    (found.length === 0
      ? `None of ${items.length} matches: change the filters or press “Show all”`
      : `${found.length} of ${items.length} shown`) +
    (also.length ? `, and ${also[0].id}, which the filters leave out` : "");
  const texts = choices.filter((name) => filters[name]).map((name) => filters[name]);
  if (filters.standing.size) texts.unshift([...filters.standing].map((name) => standings[name][0]).join(" or "));
  if (filters.q) texts.push(`“${filters.q}”`);
  byId("shown").textContent = `${texts.join(", ")}: ${byId("count").textContent}`;
}

let opened = null; // what the address names: { item, case, text }, the text as it stands there

/** A requirement, and a case of it; nothing: the filters alone. */
function setOpened(item, caseId) {
  if (opened?.item === item && opened?.case === caseId) return;
  const closes = !item || (opened?.item === item && !caseId);
  opened = item
    ? { item, case: caseId, text: inAddress(item) + (caseId ? `&case=${inAddress(caseId)}` : "") }
    : null;
  writeAddress(closes);
}

/** A step that Back takes back, unless it `replaces` the one before. */
function writeAddress(replaces = false) {
  typed = false;
  const parts = opened ? [opened.text] : [];
  if (filters.standing.size) parts.push(`standing=${[...filters.standing].join(",")}`);
  for (const name of [...choices, "q"])
    if (filters[name]) parts.push(`${name}=${encodeURIComponent(filters[name])}`);
  const address = `#${parts.join("&")}`;
  if (address === (location.hash || "#")) return;
  history[replaces ? "replaceState" : "pushState"](null, "", address);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readAddress() {
  filters.standing.clear();
  Object.assign(filters, noChoice);
  opened = null;
  typed = false;
  const wanted = {};
  const texts = [];
  for (const part of location.hash.slice(1).split("&")) {
    const at = part.indexOf("=");
    const value = decoded(part.slice(at + 1));
    const name = part.slice(0, Math.max(at, 0));
    if (name === "standing")
      value
        .split(",")
        .filter((one) => standings[one])
        .forEach((one) => filters.standing.add(one));
    else if (name === "case") wanted.caseId = value;
    else if ([...choices, "q"].includes(name)) filters[name] = value;
    else if (at < 0 && part && part !== "list")
      wanted[cases.some((one) => one.id === value) && !items.some((one) => one.id === value) ? "caseId" : "itemId"] = value;
    if (name === "case" || (at < 0 && part && part !== "list")) texts.push(part);
  }
  if (wanted.itemId || wanted.caseId) return reveal(wanted, texts.join("&"));
  showFiltered();
  if (location.hash.includes("=")) byId("filters").scrollIntoView();
}

/** Opens a requirement, or a case within it or the one that it says most of, and goes there. */
function reveal({ itemId, caseId }, text) {
  const number = cases.findIndex((one) => one.id === caseId);
  const candidates = items
    .filter((item) => (itemId ? item.id.toLowerCase() === itemId.toLowerCase() : item.cases.includes(number)))
    .sort((a, b) => rank(a.standing) - rank(b.standing));
  const item =
    candidates.find((one) => caseId && caseStanding(cases[number], one) === one.standing) ?? candidates[0];
  if (item) opened = { item: item.id, case: item.cases.includes(number) ? caseId : undefined, text };
  showFiltered();
  if (!item) {
    byId("count").textContent = `This report does not have ${itemId ?? caseId}`;
    byId("filters").scrollIntoView();
    return;
  }
  open(item.row);
  const one = caseId && item.row.querySelector(`.case[data-case="${number}"]`);
  if (one) open(one);
  const target = one || item.row;
  target.scrollIntoView();
  target.querySelector("summary").focus({ preventScroll: true });
}
