#include "sim/scenario/reference_text.hpp"

namespace pushsim::scenario {

const char* const kReferenceStart = R"(# Scenarios

A scenario is a play: a stack of servers, a cast of agents, a script, and what must be seen. It is YAML, read
from top to bottom, and says what happens, never how. This page is the reference of its language. It is
made from the tables by which `pushsim` reads a file (`pushsim list reference`), so it is complete.

```yaml
# yaml-language-server: $schema=schema.json
scenario: evidence-too-late
title: Evidence sent after challenges_expire_at is refused
about: The verifier takes evidence while its challenge is alive, and not afterwards.

stack:
  verifier: { challenge_lifetime: 2s, quote_interval: 1s }

agents:
  early: { boot: { extend: { 7: ["text:secure-boot-on"] } }, enrol: { tpm_policy: { from_boot: [0, 7] } } }
  late: { like: early }

script:
  - attest: { agents: early, faults: [ hold_evidence: { until: challenges_expire_at - 500ms } ] }
    expect: { response: { status: 202 }, verdict: pass }
  - attest: { agents: late, faults: [ hold_evidence: { until: challenges_expire_at + 50ms } ] }
    expect: { response: { status: 403, code: challenges_expired } }

expect:
  - { agents: late, status: PENDING }
  - accounted
```

`pushsim run FILE` plays it against a real registrar and verifier, `pushsim explain FILE` says it in words,
`pushsim explain NAME` explains a step, fault, check, metric or key. The first line makes an editor with a YAML
language server complete and explain; the path leads from the file to `scenarios/schema.json`, which
`pushsim list schema` prints.

## Rules

* The script is done in order. A step acts on every agent of its group at once; agents do not wait for each
  other within it, and it ends when all have done it. `together` runs steps side by side, `repeat` runs steps
  again. There is no other control flow.
* A step's value is a group (`attest: late`), a list of groups, or a map with `agents`. Where there is one group,
  `agents` may be left out.
* Missing earlier phases run when they are first needed: register, activate, enrol, authenticate, negotiate,
  collect. `bare: true` turns that off, and the agent's retries too.
* `from_boot` is taken at the moment of `enrol`: an `extend` before it is part of the policy, one after it is not.
* A key that nothing reads and a name that nothing defines are errors, with file, line and column, what was
  expected, and the nearest name. All errors of all files are reported together, and nothing starts before.
* What YAML 1.1 reads as true or false (`on`, `no`, `y`) is no key. `true` and `false` are written so.
* Something must be expected, of a step or at the end: else nothing could fail.

)";

const char* const kReferenceValues = R"(## How values are written

* **Durations** have units: `250ms`, `2s`, `1m30s`, of h, m, s, ms, us in this order; at most `8760h`.
* **Instants** are set by the verifier; a duration may be added or taken away, with spaces around the sign:
  `challenges_expire_at - 500ms`, `token_expires_at + 1s`. Before an agent has negotiated, or got a token,
  there is none.
* **Shares** have a percent sign (`12.5%`), **sizes** `KiB` or `MiB` (`64KiB`), **rates** a unit of time (`10/s`,
  `2/m`).
* **Measurements** of PCRs are `text:…`, which is hashed for every bank, or a digest of one bank: `sha256:HEX`,
  `sha1:HEX`, `sha384:HEX`, `sha512:HEX`.
* **Distributions** stand in place of a duration where this page says so. All draws come from the run's seed:
)";

const char* const kReferenceSteps = R"(## script

Each item is a step: its name alone (`- attest`), or a map of its name, its value and what stands beside it.

```yaml
- attest: { agents: late, times: 3 }
  as: three-cycles
  expect: { verdict: pass }
```

`attest` with `every` has due times that are fixed beforehand: a late cycle does not move the next one. Without
`every` an agent waits between cycles as the verifier says (`seconds_to_next_attestation`).

)";

const char* const kReferenceFaults = R"(## faults

What goes wrong, as a list: in a step (`faults:` in its map), or at the top of the file for chosen groups and times.
A fault without keys is written by its name alone.

```yaml
faults:
  - delay: { before: submit, for: { uniform: [1s, 3s] } }
    agents: late
    probability: 50%
    from: 10s
    until: 1m
```

)";

const char* const kReferenceExpect = R"(## expect

Beside a step a clause is about that step; at the end of the file about the whole run. A clause is a map, and an
agent satisfies it when all its conditions hold for it, in every cycle of the step. At the end it may also be
the name of a check, or a metric compared with a limit: `submit.p99 < 250ms`.

Verdicts are those of the record that the verifier keeps of each attestation; they are asked for up to 10 seconds
where they are not there yet. `status` is read once, or, with `within`, until all such clauses hold or the longest of
their times is over; an answer that comes later does not count.

)";

const char* const kReferenceMatrix = R"(## matrix

One file makes a case of each combination of values. `${name}` stands for the value, anywhere in the file where a
single value stands, alone or within a text; within `[ ]` and `{ }` it needs quotes. Each case has a name of its
own, with its values in alphabetical order of their names: `many-workers[every=5s,workers=4]`.

```yaml
matrix: { workers: [1, 4], every: [5s, 10s] }
exclude: [ { workers: 4, every: 10s } ]
stack: { workers: "${workers}" }
```

A variable that nothing reads is an error, unless it has one value. There are at most 1,000 cases.

Values that go together are rows: maps with the same names. `${route.path}` is a value of the row, and `${route}` its
first, which is its name in cases and in `exclude`:

```yaml
cases:
  - case: ${route}-by-nobody
    matrix: { route: [{ name: agents, path: /v2.6/agents/ }, { name: policies, path: /v2.6/allowlists/ }] }
    request: { path: "${route.path}" }
    expect: { response: { status: [401, 403] } }
```

)";

const char* const kReferenceCases = R"(## cases

Parts of a scenario that have names of their own: each is judged by itself where requirements are decided. A step says
with `case: NAME` to which it belongs, with all steps within it, and the steps of a case stand together. Many alike are
written as a table. They are played after `script`, each after its control: what must go well, so that a refusal
afterwards says something.

```yaml
control: { negotiate: a, expect: { response: { status: 201 } } }
cases:
  - case: no-body
    decides: KPM-NEG-010
    request: { method: POST, by: a, path: "/v3.0/agents/${a.id}/attestations" }
    expect: { response: { status: "400-499" } }
  - case: ${method}-of-sessions
    matrix: { method: [PUT, DELETE] }
    decides: KPM-API-004
    control: [] # none before these
    request: { method: "${method}", path: /v3.0/sessions }
    expect: { response: { status: 405, code: none } }
  - case: twice
    decides: KPM-EVID-004
    steps: [ attest, { submit: { bare: true }, expect: { response: { status: 403 } } } ]
```

A clause with `decides` decides those requirements; one without is a control of all that its case decides, and one
without at the end of the file is a control of the whole file. `requirements` may be left out: it is then all that
clauses decide; where it is given, each of them must stand there. A matrix of a case is like one of the file, and may
use that one's values. In each case `as` may give the same names again; requests refer to the last step before them.
A file has at most 1,000 cases.

)";

const char* const kReferenceRequest = R"(## What requests refer to

In `path`, `headers`, `body` and `raw` of a `request`, `${late.id}` stands for what the first agent of group `late`
has at that moment, `${late[3].token}` for the fourth one's token (agents count from 0), and
`${step.session_id}` for what an earlier step called `as: step` used.

)";

const char* const kReferenceRecipes = R"(## Three plays

**A token that expires between negotiation and evidence.** The agent negotiates, its token expires, then it sends
its evidence. A careful agent gets a new token and is taken.

```yaml
scenario: token-expires-before-evidence
title: A token that expires between negotiation and evidence costs one more session
stack:
  verifier: { session_lifetime: 5s, extend_token_on_attestation: false, quote_interval: 1s }
agents:
  slow: { enrol: { tpm_policy: { from_boot: [7] } } }
script:
  - attest: { faults: [ hold_evidence: { until: token_expires_at + 1s } ] }
    expect: { response: { status: 202 }, verdict: pass, requests: { sessions: 2 }, since: start }
expect: [ { agents: slow, status: PASS, within: 5s }, accounted ]
```

**Fifty agents behind one address after a power cut.** They lose power before their first evidence, and come back at
one instant. Each registers again and needs a new session, and the verifier counts their sessions by address: with its
usual 50 a minute most of them are answered with 429.

```yaml
scenario: power-cut
title: Fifty agents behind one address come back at once
stack:
  verifier: { session_create_rate_limit_per_ip: 120 }
  fresh: true
agents:
  office:
    count: 50
    source: shared
    ak: primary # quicker to make
    boot: { extend: { 7: ["text:secure-boot-on"] } }
    enrol: { tpm_policy: { from_boot: [7] } }
script:
  - negotiate
  - reboot: { orderly: false }
  - wait: 5s # after a loss of power a TPM says for some seconds that its clock is not safe
  - authenticate: { faults: [ herd: { before: authenticate } ] } # all at one instant
    expect: { response: { status: 200 }, requests: { registrations: 1, sessions: 1 } }
  - attest:
    expect: { response: { status: 202 }, verdict: pass }
expect: [ { agents: office, status: PASS, within: 10s }, no_5xx, accounted ]
```

**An IMA policy that is corrected while evidence is in flight.** A file is used that the policy does not know. The
policy has a name, so that it can be replaced; the agent holds its evidence back while that happens.

```yaml
scenario: policy-corrected-in-flight
title: Evidence that was collected under the old policy is judged by the new one
stack:
  verifier: { quote_interval: 1s }
agents:
  web:
    boot: { ima: { entries: 3 } }
    enrol: { runtime_policy: from_boot, runtime_policy_name: web-servers }
script:
  - attest
  - measure: { path: /usr/bin/new, digest: "text:what the file holds" }
  - wait: 1s
  - together:
      - attest: { faults: [ delay: { before: submit, for: 2s } ] }
        expect: { verdict: pass } # fail, if the policy stays as it was
      - change_policy: { runtime_policy_name: web-servers, runtime_policy: { from_boot: web } }
        after: 1s
expect: [ { agents: web, status: PASS, within: 5s }, accounted ]
```

)";

const char* const kReferenceChoices = R"(## Choices

Where the language could have been otherwise:

* `like` takes the other group's keys as a whole: a group with a `boot` of its own has nothing of the other's.
* A case of a matrix is called `name[variable=value,…]`; letters that a name cannot have become `_`.
* An `intermittent` scenario is done with the first try that comes out as expected: *reproduced*. Where none does it is
  *not seen*, which is no failure (exit 0), for a chance that did not come says nothing.
* Evidence that is held until shortly before an instant may come too late by chance. What such a cycle shows is then
  *inconclusive*, and it is done again, three times at most.
* Metrics are over the whole run: there is no warm-up that is left out.
* Only durations vary. `count`, `times` and shares are one value.
* `always` and `never` take a status, and are about what is read during a step, every 100 ms or by `poll`; of an agent
  that the step itself enrols, from then on.
* `concurrent_negotiate` has `count`: the shorter `n` is read by YAML 1.1 as false.
* In `together` an agent does one thing at a time; beside it may stand `stop_agent`, what the tenant does (`enrol` with
  `bare: true`, so that it does not have the agent register), `wait` and `request`. What begins again after a
  `stop_agent` is a step after the `together`.
* `change_policy` replaces a named runtime policy. Keylime has no update of `tpm_policy`: `delete`, then `enrol`.
* A path after `file:` is relative to the scenario's folder. The plan of a run has the text, not the path.
* A stack on whose servers the script acts, and that of each try of `intermittent`, is shared with no other
  scenario, as with `fresh: true`. On others one more comes last that leaves there what the next could meet: ids of
  its own choice (`id:`), a `runtime_policy_name`, a raw request by `admin` that is no GET, small
  `session_create_rate_limit_…` or as many sessions from one address, whose blocks stay. A stack that stays (of
  `stack up`, or external) is used on, and what is left there is said.
* `keylime: ">=7.14"` compares as many numbers as it has: 7.14 and 7.14.3 are equal for it.
* A file has at most 16 MiB and 50,000 values; a matrix at most 1,000 cases.
)";

}  // namespace pushsim::scenario
