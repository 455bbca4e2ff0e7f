#!/usr/bin/env python3
"""Opens reports in headless Chromium: report_in_chromium.py WRITE_HTML_SAMPLES FOLDER
With --time REPORT.html it says how long that page takes to open, and nothing else.

What is asserted is what a person does: reads, filters, searches, follows links, uses the keyboard, prints.
The page may complain of nothing and ask the network for nothing. Screenshots stay in FOLDER; the time that a
full run's report takes to open is printed.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from devtools import Browser

ROWS = (
    "[...document.querySelectorAll('.item')].filter(row => row.checkVisibility()).map(row => row.dataset.id)"
)
ALL = [
    "KPM-EVID-001",
    "KPM-EVID-002",
    "KPM-NEG-010",
    "KPM-RATE-001",
    "KPM-STAT-004",
    "KPM-VER-020",
    "KPM-VER-001",
    "KPM-IMA-007",
    "KPM-REG-003",
    "KPM-OPS-002",
]
FOCUSED = "document.activeElement.closest('details')?.dataset.id ?? document.activeElement.id"
failures = []


def check(what, seen, expected):
    if seen != expected:
        failures.append(f"{what}: expected {expected!r}, seen {seen!r}")
    print(f"{'ok' if seen == expected else 'NOT OK'}: {what}")


def in_view(selector):
    return (
        f"(() => {{ const box = document.querySelector({selector!r}).getBoundingClientRect();"
        " return box.top >= 0 && box.top < innerHeight; })()"
    )


def is_open(selector):
    return f"document.querySelector({selector!r}).open"


def click(browser, selector):
    browser.evaluate(f"document.querySelector({selector!r}).click()")


def reading(browser, url, shots):
    browser.emulate()
    browser.open(url)
    check("every requirement is listed", browser.evaluate(ROWS), ALL)
    verdict = str(browser.evaluate("document.getElementById('verdict').textContent"))
    check(
        "the verdict counts failures first",
        verdict.startswith("1 of 10 requirements fails (1 MUST); 1 could not"),
        True,
    )
    urgent = "[...document.querySelectorAll('#attention h3 a')].map(link => link.textContent)"
    check(
        "what needs attention comes first",
        browser.evaluate(urgent),
        ["KPM-VER-001", "KPM-RATE-001", "KPM-NEG-010"],
    )
    first = str(browser.evaluate("document.querySelector('#attention li').textContent"))
    for word in (
        "FAIL policy_violation, where PASS",
        "PCR 7 (sha256) was extended",
        "enrol again",
        "--case pcr-mismatch",
    ):
        check(f"a failure says '{word}'", word in first, True)
    check(
        "the page is not wider than its window",
        browser.evaluate("document.body.scrollWidth <= innerWidth"),
        True,
    )
    browser.screenshot(shots / "light.png", whole=True)


def filters(browser, url):
    browser.open(url)
    click(browser, "[data-standing=deviation]")
    check("a result filters", browser.evaluate(ROWS), ["KPM-STAT-004", "KPM-VER-020"])
    check(
        "the count says so", browser.evaluate("document.getElementById('count').textContent"), "2 of 10 shown"
    )
    check("the filter is in the address", browser.evaluate("location.hash"), "#standing=deviation")
    click(browser, "#reset")
    check("all are shown again", browser.evaluate(ROWS), ALL)
    click(browser, "#matrix button[data-area=EVID][data-level=SHOULD]")
    check("the matrix filters", browser.evaluate(ROWS), ["KPM-EVID-002"])
    sums = "[...document.querySelector('#matrix table').tFoot.querySelectorAll('button')].map(sum => sum.textContent)"
    check(
        "the matrix has sums",
        browser.evaluate(sums),
        ["✗ 1★ 1≠ 2→ 1✓ 1", "! 1⊘ 1✓ 1", "? 1", "✗ 1! 1★ 1≠ 2? 1→ 1⊘ 1✓ 2"],
    )
    browser.open(f"{url}#standing=fail,pass&level=MUST&q=evidence")
    check("an address has filters", browser.evaluate(ROWS), ["KPM-EVID-001", "KPM-VER-001"])
    check("and fills the form", browser.evaluate("document.getElementById('search').value"), "evidence")
    browser.open(f"{url}#binds=registrar")
    check("who is bound filters", browser.evaluate(ROWS), ["KPM-REG-003"])
    browser.open(url)
    for words, found in (
        ("token-lost no-token", ["KPM-NEG-010"]),
        ("PCR 7 extended", ["KPM-VER-001"]),
        ("kpm-ima", ["KPM-IMA-007"]),
        ("nothing has this", []),
    ):
        browser.evaluate(
            "document.getElementById('search').value = ''; document.getElementById('search').focus()"
        )
        browser.type(words)
        check(f"a search for '{words}'", browser.evaluate(ROWS), found)


def links(browser, url, shots):
    browser.open(f"{url}#KPM-VER-001")
    check("a link opens its requirement", browser.evaluate(is_open("[data-id=KPM-VER-001]")), True)
    check("and goes there", browser.evaluate(in_view("[data-id=KPM-VER-001]")), True)
    browser.open(f"{url}#case=token-lost-on-403/no-token")
    check("a link opens its case", browser.evaluate(is_open("[data-id=KPM-NEG-010] .case")), True)
    browser.evaluate("new Promise(done => setTimeout(done))")
    check("and stays in the address", browser.evaluate("location.hash"), "#case=token-lost-on-403/no-token")
    browser.open(f"{url}#case=pcr-mismatch&standing=fail")
    lanes = "[...document.querySelectorAll('details[open] .names span')].map(lane => lane.textContent)"
    check("the exchange stands in lanes", browser.evaluate(lanes), ["changed[0]", "verifier", "tenant"])
    arrows = "document.querySelectorAll('details[open] .timeline .head').length"
    check("with an arrow for each request", browser.evaluate(arrows), 7)
    dangling = (
        "[...document.querySelectorAll('[data-line]')].filter(button => "
        "!document.querySelector(`li[data-n=\"${button.dataset.line}\"]`)).length"
    )
    check("no button leads to a line that is not there", browser.evaluate(dangling), 0)
    clauses = str(browser.evaluate("document.querySelector('details[open] .clauses').textContent"))
    check("the file is named in its place", "line 2 of history.jsonl" in clauses, True)
    shown = str(browser.evaluate("document.querySelector('details[open] .body').textContent"))
    check("how to report it is said", "pushsim report runs/latest --issue pcr-mismatch" in shown, True)
    browser.evaluate("[...document.querySelectorAll('details[open] .clauses button')].pop().click()")
    marked = "document.activeElement.closest('li').className"
    check("what decided is one click away", browser.evaluate(marked), "named")
    browser.evaluate(
        "[...document.querySelectorAll('details[open] button.row')].find(row => "
        "row.textContent.includes('submit')).click()"
    )
    message = str(browser.evaluate("document.querySelector('.messages').textContent"))
    check("a message has its headers", "Authorization: Bearer fp:0f3a5c7e9b1d2f40" in message, True)
    check("and its body, indented", '\n      "evidence_collected": [\n' in message, True)
    browser.screenshot(shots / "case.png")
    click(browser, "[data-id=KPM-VER-001] > summary")
    browser.evaluate("new Promise(done => setTimeout(done))")
    check("what is closed leaves the address", browser.evaluate("location.hash"), "#standing=fail")


def keyboard(browser, url):
    browser.open(url)
    browser.key("j")
    check("j goes to the first", browser.evaluate(FOCUSED), ALL[0])
    browser.key("j")
    browser.key("ArrowDown")
    browser.key("k")
    check("down and up", browser.evaluate(FOCUSED), ALL[1])
    browser.key("Enter")
    check("Enter opens", browser.evaluate(is_open("[data-id=KPM-EVID-002]")), True)
    browser.evaluate("new Promise(done => setTimeout(done))")
    browser.key("j")
    inside = "document.activeElement.parentElement.className"
    check("j goes into what is open", browser.evaluate(inside), "case")
    browser.evaluate("document.activeElement.closest('details').open || document.activeElement.click()")
    browser.evaluate("new Promise(done => setTimeout(done))")
    browser.key("j")
    browser.key("Enter")
    expanded = "document.activeElement.getAttribute('aria-expanded')"
    check("and into its timeline, where Enter opens too", browser.evaluate(expanded), "true")
    browser.key("Escape")
    check("Escape closes, from the inside out", browser.evaluate(expanded), "false")
    browser.key("Escape")
    browser.key("Escape")
    check("up to the requirement", browser.evaluate(is_open("[data-id=KPM-EVID-002]")), False)
    check("and stays there", browser.evaluate(FOCUSED), ALL[1])
    browser.key("/")
    check("/ goes to the search", browser.evaluate(FOCUSED), "search")
    browser.type("jk")
    check("where letters are letters", browser.evaluate("document.getElementById('search').value"), "jk")
    browser.key("Escape")
    check("Escape empties it", browser.evaluate("document.getElementById('search').value + filters.q"), "")
    browser.key("Escape")
    check("and then leaves it", browser.evaluate("document.activeElement.tagName"), "BODY")
    browser.open(f"{url}#standing=fail")
    check("a link with filters opens at them", browser.evaluate(in_view("#standings")), True)
    browser.key("n")
    check("n goes to what fails", browser.evaluate(FOCUSED), "KPM-VER-001")
    browser.open(f"{url}#KPM-NONE-001")
    missing = browser.evaluate("document.getElementById('count').textContent")
    check("what is not there is said", missing, "This report does not have KPM-NONE-001")
    browser.open(url)
    unnamed = (
        "[...document.querySelectorAll('button, input, select, a')].filter(one => !one.getAttribute('aria-label') && "
        "!(one.matches('button, a') ? one.textContent.trim() : one.labels.length)).length"
    )
    check("every control has a name", browser.evaluate(unnamed), 0)


CONTRAST = """(() => {
  const parsed = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const back = one => { for (; one; one = one.parentElement) { const c = parsed(getComputedStyle(one).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c; } return parsed(getComputedStyle(document.body).backgroundColor); };
  const low = new Set();
  for (const one of document.querySelectorAll('body *')) {
    if (!one.checkVisibility() || ![...one.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (one.closest('svg, .unseen, option')) continue;
    const [a, b] = [light(parsed(getComputedStyle(one).color)), light(back(one))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.add(`${one.tagName}.${one.className} ${one.textContent.slice(0, 30)}`);
  }
  return [...low]; })()"""


def looks(browser, url, shots):
    colours = {}
    for scheme in ("light", "dark"):
        browser.emulate(scheme=scheme)
        browser.open(f"{url}#case=pcr-mismatch")
        colours[scheme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        check(f"text can be read in {scheme} (WCAG 2.2, 1.4.3: 4.5 to 1)", browser.evaluate(CONTRAST), [])
        browser.screenshot(shots / f"case-{scheme}.png")
    check("dark is another page", colours["light"] != colours["dark"], True)
    browser.emulate(scheme="dark")
    browser.open(url)
    browser.screenshot(shots / "dark.png", whole=True)
    browser.emulate(width=390, height=844)
    browser.open(f"{url}#case=pcr-mismatch")
    check("a phone need not scroll sideways", browser.evaluate("document.documentElement.scrollWidth"), 390)
    browser.screenshot(shots / "phone-case.png")
    browser.open(url)
    browser.screenshot(shots / "phone.png", whole=True)


def paper(browser, url, shots):
    browser.emulate(media="print")
    browser.open(url)
    rows = "getComputedStyle(document.querySelector('#matrix tfoot')).display"
    check("the last row of the overview stands once", browser.evaluate(rows), "table-row-group")
    check(
        "no controls on paper",
        browser.evaluate("document.getElementById('filters').checkVisibility()"),
        False,
    )
    browser.evaluate(
        "window.onPaper = []; addEventListener('beforeprint', () => { onPaper = "
        "[...document.querySelectorAll('.item[open]')].map(row => row.dataset.id); })"
    )
    browser.pdf(shots / "print.pdf")
    check(
        "what fails is open on paper",
        browser.evaluate("onPaper"),
        ["KPM-NEG-010", "KPM-RATE-001", "KPM-VER-001"],
    )
    check(
        "and closed again behind it", browser.evaluate("document.querySelectorAll('.item[open]').length"), 0
    )
    browser.emulate()


def withheld(browser, url):
    browser.open(f"{url}#KPM-VER-020")
    text = str(browser.evaluate("document.querySelector('[data-id=KPM-VER-020]').textContent"))
    check("what is withheld says so", "Details are withheld" in text, True)
    check(
        "and shows no exchange",
        browser.evaluate("document.querySelectorAll('[data-id=KPM-VER-020] .timeline').length"),
        0,
    )


def hostile(browser, url, shots):
    browser.open(url)
    browser.evaluate("document.querySelectorAll('#list details').forEach(open)")
    browser.evaluate("document.querySelectorAll('#list details').forEach(open)")  # the cases in them
    browser.evaluate("document.querySelectorAll('button.row').forEach(row => row.click())")
    check("what a server sent is text", browser.evaluate("document.title.includes('owned')"), False)
    check(
        "and no element",
        browser.evaluate("document.querySelectorAll('img, iframe, object, [onerror]').length"),
        0,
    )
    check("all of it", browser.evaluate("document.querySelectorAll('.message').length > 100"), True)
    shown = str(browser.evaluate("document.querySelector('.message:nth-child(2) pre + pre').textContent"))
    check(
        "as it was",
        shown.startswith('"><img src=x onerror="document.title=\'owned\'"></script><script>'),
        True,
    )
    first = str(browser.evaluate("document.querySelector('#attention a').getAttribute('href')"))
    check("also in links", first.startswith("#"), True)
    browser.screenshot(shots / "hostile.png")
    policy = browser.evaluate(
        "new Promise(done => { addEventListener('securitypolicyviolation', () => done('refused'));"
        "const script = document.createElement('script'); script.textContent = 'document.title = 1';"
        "document.body.append(script); setTimeout(() => done(document.title)); })"
    )
    check("a script that is not the page's is refused", policy, "refused")
    browser.evaluate("new Promise(done => setTimeout(done))")
    browser.complaints[:] = [one for one in browser.complaints if "Content Security Policy" not in one]


def a_run(browser, url, shots):
    browser.open(f"{url}#status-timeout-and-back")
    check("a plain run lists scenarios", browser.evaluate(f"{ROWS}.length"), 7)
    check(
        "without the matrix", browser.evaluate("document.getElementById('overview').checkVisibility()"), False
    )
    check(
        "with their timeline",
        browser.evaluate("document.querySelectorAll('details[open] .timeline .head').length > 20"),
        True,
    )
    browser.evaluate(
        "(select => { select.value = 'silent[0]'; select.dispatchEvent(new Event('change')); })"
        "(document.querySelector('details[open] .agent select'))"
    )
    agents = "[...new Set([...document.querySelectorAll('details[open] li[data-agent]')].filter(row => row.checkVisibility())"
    check("of one agent alone", browser.evaluate(f"{agents}.map(row => row.dataset.agent))]"), ["silent[0]"])
    check(
        "and how to show it again",
        browser.evaluate("document.querySelector('details[open] .command code').textContent"),
        "pushsim run scenarios/reproduce/status-timeout-and-back.yaml --seed 1",
    )
    browser.screenshot(shots / "run.png", whole=True)


def a_full_run(browser, file, shots):
    seconds = [browser.open(file.as_uri()) for _ in range(3)]
    check("a full run lists all", browser.evaluate(f"{ROWS}.length"), 300)
    filtering = browser.evaluate(
        "(() => { const begin = performance.now(); filters.q = 'challenge expired'; changed();"
        "document.body.offsetHeight; return performance.now() - begin; })()"
    )
    opening = browser.evaluate(
        "(() => { const begin = performance.now(); document.querySelector('.item').open = true;"
        "fill(document.querySelector('.item')); document.body.offsetHeight;"
        "return performance.now() - begin; })()"
    )
    browser.screenshot(shots / "full.png")
    print(
        f"a full run's report of {file.stat().st_size / 1e6:.1f} MB opens in {', '.join(f'{s:.2f}' for s in seconds)} s, "
        f"the goal is 1 s; a search in it takes {filtering:.0f} ms, a requirement opens in {opening:.0f} ms"
    )


def time_of(file):
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            seconds = [browser.open(file.resolve().as_uri()) for _ in range(3)]
        finally:
            browser.close()
    print(f"{file.stat().st_size / 1e6:.1f} MB open in {', '.join(f'{s:.2f}' for s in seconds)} s")
    return 0


def main():
    if sys.argv[1] == "--time":
        return time_of(pathlib.Path(sys.argv[2]))
    program, shots = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    shots.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, shots], check=True)
    url = (shots / "conformance.html").as_uri()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            reading(browser, url, shots)
            filters(browser, url)
            links(browser, url, shots)
            keyboard(browser, url)
            looks(browser, url, shots)
            paper(browser, url, shots)
            withheld(browser, url)
            hostile(browser, (shots / "hostile.html").as_uri(), shots)
            a_run(browser, (shots / "run.html").as_uri(), shots)
            a_full_run(browser, shots / "full.html", shots)
            check("the page complains of nothing", browser.complaints, [])
            check(
                "and asks the network for nothing",
                [r for r in browser.requests if not r.startswith("file:")],
                [],
            )
        finally:
            browser.close()
    print("\n".join(failures) or f"all as expected; screenshots in {os.path.relpath(shots)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
