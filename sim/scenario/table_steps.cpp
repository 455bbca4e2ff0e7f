// The table of steps.

#include <algorithm>
#include <array>
#include <stdexcept>

#include "sim/scenario/policy_forms.hpp"

namespace pushsim::scenario {
namespace {

using namespace forms;
constexpr auto now = Availability::Now;
constexpr auto later = Availability::Later;

constexpr Key agents_key{{"agents", "the group or groups; may be left out where there is one group", now},
                         groups};
constexpr Key bare_key{{"bare", "true: no missing earlier phases, no retries", now}, boolean};
constexpr Key faults_key{{"faults", "what goes wrong in this step", now}, fault_list};

constexpr std::array<Form, 2> agent_forms{{groups, null}};
constexpr Form server_form = word(servers);
constexpr std::array<Form, 1> server_forms{{one_or_list(&server_form)}};
constexpr Form keylime_server_form = word(keylime_servers);
constexpr std::array<Form, 1> keylime_server_forms{{one_or_list(&keylime_server_form)}};
constexpr std::array<Form, 2> time_forms{{varying_duration, instant}};
constexpr std::array<Form, 1> step_forms{{step_list}};

constexpr std::array<Key, 1> machine_keys{{agents_key}};
constexpr std::array<Key, 2> reboot_keys{{
    agents_key,
    {{"orderly", "true (default): the TPM is told; false: a loss of power", now}, boolean},
}};
constexpr Form path_of_file{.kind = Form::Kind::Text, .pattern = "^/[!-~]+$", .example = "/usr/bin/new"};
constexpr Form contents{.kind = Form::Kind::Text,
                        .pattern = "^(text:.+|sha256:[0-9a-fA-F]{64})$",
                        .example = "\"text:version 2\""};
constexpr std::array<Key, 3> measure_keys{{
    agents_key,
    {{"path", "of the file", now}, path_of_file, true},
    {{"digest", "text:… (what the file holds) or sha256:HEX", now}, contents, true},
}};
constexpr std::array<Key, 2> repeat_keys{{
    {{"times", "how often", now}, integer(1, 1'000'000), true},
    {{"steps", "a list of steps", now}, step_list, true},
}};
constexpr std::array<Key, 2> wait_keys{{
    agents_key,
    {{"until", "an instant of these agents; of the last of them where they differ", now}, instant, true},
}};
constexpr std::array<Key, 3> phase_keys{{agents_key, bare_key, faults_key}};
constexpr std::array<Key, 2> tenant_keys{{agents_key, bare_key}};
constexpr Form policy_text{.kind = Form::Kind::Map, .keys = runtime_policy_keys};
constexpr std::array<Key, 5> enrol_keys_of_step{{
    agents_key,
    bare_key,
    {{"tpm_policy", "instead of the group's, in one of its forms", now}, tpm_policy},
    {{"runtime_policy", "instead of the group's, in one of its forms", now}, runtime_policy},
    {{"mb_policy", "the measured boot policy", later}, any_text},
}};
constexpr std::array<Key, 2> stage_key_table{{
    {{"every", "a cycle is due so often", now}, duration, true},
    {{"for", "for so long", now}, duration, true},
}};
constexpr Form stage = map(stage_keys);
constexpr std::array<Key, 9> attest_keys{{
    agents_key,
    bare_key,
    {{"times", "how many cycles; 1 if left out", now}, integer(1, 1'000'000)},
    faults_key,
    {{"every", "a cycle is due so often, fixed beforehand, however long the one before takes", now},
     duration},
    {{"jitter", "with `every` or `stages`: each due time is so much later", now}, varying_duration},
    {{"spread", "the agents begin at times drawn from so long", now}, duration},
    {{"for", "with `every`: how long, in place of `times`", now}, duration},
    {{"stages", "in place of `every` and `for`: one rate after another", now}, list(&stage)},
}};
constexpr std::array<Key, 4> policy_keys{{
    {{"runtime_policy_name", "which one", now}, plain_name, true},
    {{"runtime_policy", "what it says from now on: {json: …}, {file: …} or {from_boot: GROUP}", now},
     policy_text,
     true},
    {{"mb_policy_name", "a named measured boot policy", later}, any_text},
    {{"mb_policy", "what that says from now on", later}, any_text},
}};
constexpr std::array<Key, 1> act_keys{{
    {{"servers", "on which servers it acts", now}, server_forms[0], true},
}};
constexpr std::array<Key, 2> pause_keys{{
    {{"servers", "on which servers it acts", now}, server_forms[0], true},
    {{"for", "how long it stands still (SIGSTOP, then SIGCONT)", now}, varying_duration, true},
}};
constexpr std::array<Key, 2> cut_off_keys{{
    {{"servers", "on which servers it acts", now}, keylime_server_forms[0], true},
    {{"for", "how long nothing reaches it", now}, varying_duration, true},
}};
constexpr std::array<Key, 1> keylime_act_keys{{
    {{"servers", "on which servers it acts", now}, keylime_server_forms[0], true},
}};
constexpr Form sender{.kind = Form::Kind::Text, .pattern = group.pattern, .example = "nobody"};
constexpr Form headers{.kind = Form::Kind::OpenMap,
                       .pattern = "^[A-Za-z0-9-]{1,64}$",
                       .example = "{ X-Request-ID: one }",
                       .item = &scalar};
constexpr Form method{.kind = Form::Kind::Text, .pattern = "^[A-Z]{1,16}$", .example = "POST"};
constexpr Form path{.kind = Form::Kind::Text, .pattern = "^/[^ ]*$", .example = "/v3.0/sessions"};
constexpr std::array<Key, 9> request_keys{{
    {{"to", "verifier (default), registrar or registrar_http", now}, word(request_peers)},
    {{"by",
      "nobody (default), admin (the tenant's certificate), or a group: each of its agents, with its token",
      now},
     sender},
    {{"method", "GET if left out", now}, method},
    {{"path", "with references like ${late.id}", now}, path, true},
    {{"headers", "name: value; `absent` keeps off a Content-Type or Authorization that is sent by itself",
      now},
     headers},
    {{"body", "YAML, sent as JSON, with references", now}, anything},
    {{"raw", "the body's text, in place of `body`", now}, any_text},
    {{"times", "how often on each connection, one after the other; 1 if left out", now},
     integer(1, 1'000'000)},
    {{"connections", "so many at once (nobody and admin); 1 if left out", now}, integer(1, 10'000)},
}};

constexpr StepName phase(std::string_view name, std::string_view about, StepKind kind, bool submits = false) {
    return {{name, about, now}, kind, agent_forms, phase_keys, false, true, submits};
}
constexpr StepName machine(std::string_view name, std::string_view about, StepKind kind) {
    return {{name, about, now}, kind, agent_forms, machine_keys, kind == StepKind::Extend};
}
constexpr StepName tenant(std::string_view name, std::string_view about, StepKind kind) {
    return {{name, about, now}, kind, agent_forms, tenant_keys, false, true};
}
constexpr StepName server(std::string_view name, std::string_view about, StepKind kind) {
    return {{name, about, now}, kind, server_forms, act_keys};
}
constexpr StepName not_yet_there(std::string_view name, std::string_view about) {
    return {{name, about, later}, std::nullopt};
}

constexpr std::array<StepName, 35> step_table{{
    phase("register", "the agent tells the registrar its keys", StepKind::Register),
    phase("activate", "the agent proves that EK and AK are in one TPM", StepKind::Activate),
    phase("authenticate", "the agent gets a token from the verifier by proof of possession",
          StepKind::Authenticate),
    phase("negotiate", "the agent offers evidence and is told what to send", StepKind::Negotiate),
    phase("collect", "the agent makes the quote", StepKind::Collect),
    phase("submit", "the agent sends the evidence", StepKind::Submit, true),
    {{"attest", "the agent negotiates, collects and submits", now},
     StepKind::Attest,
     agent_forms,
     attest_keys,
     false,
     true,
     true},
    machine("extend", "extends PCRs of the agent's TPM: PCR: [measurement, …]", StepKind::Extend),
    {{"measure", "a file is used: IMA adds it to the agent's log and PCR 10", now},
     StepKind::Measure,
     {},
     measure_keys},
    {{"reboot",
      "the agent's machine starts again, and so does the agent: `boot` is measured anew, what steps measured "
      "is gone",
      now},
     StepKind::Reboot,
     agent_forms,
     reboot_keys},
    machine("suspend",
            "the agent's machine sleeps and wakes: TPM2_Shutdown and TPM2_Startup(STATE), PCR 0 to 15 stay, "
            "restartCount goes up",
            StepKind::Suspend),
    machine("clear_tpm",
            "TPM2_Clear: the TPM's clock, resetCount and restartCount begin anew at 0, EK and AK stay",
            StepKind::ClearTpm),
    machine("restore_tpm",
            "the machine goes back, as to a snapshot of a virtual machine, to before its last `reboot` or "
            "`suspend`, and the agent begins again",
            StepKind::RestoreTpm),
    machine("restart_agent", "the agent begins again, its TPM does not", StepKind::RestartAgent),
    machine("stop_agent", "the agent does nothing more, until `restart_agent`", StepKind::StopAgent),
    {{"enrol", "the tenant adds the agent at the verifier", now},
     StepKind::Enrol,
     agent_forms,
     enrol_keys_of_step,
     false,
     true},
    tenant("delete", "the tenant removes the agent from the verifier", StepKind::Delete),
    tenant("reactivate", "the tenant lets the verifier take its evidence again", StepKind::Reactivate),
    tenant("read_status", "the tenant asks the verifier for the agent's status", StepKind::ReadStatus),
    {{"change_policy", "the tenant replaces a named policy", now},
     StepKind::ChangePolicy,
     {},
     policy_keys,
     false,
     true},
    server("stop", "ends a server (SIGTERM) and waits until it has ended", StepKind::Stop),
    server("start", "starts a server that was stopped or killed, and waits until it is ready",
           StepKind::Start),
    server("restart", "stops a server and starts it again", StepKind::Restart),
    server("kill", "ends a server at once (SIGKILL)", StepKind::Kill),
    {{"pause", "makes a server stand still for a duration", now}, StepKind::Pause, {}, pause_keys},
    {{"cut_off",
      "nothing reaches a server for a duration: what is sent to it vanishes, on connections that are there, "
      "too; in "
      "a cluster alone",
      now},
     StepKind::CutOff,
     {},
     cut_off_keys},
    {{"renew_certificate", "gives a server a new certificate of the same CA, and starts it again", now},
     StepKind::RenewCertificate,
     keylime_server_forms,
     keylime_act_keys},
    {{"wait", "waits for a duration, such as 2s, or until an instant, such as token_expires_at + 1s", now},
     StepKind::Wait,
     time_forms,
     wait_keys},
    {{"request", "sends one raw request, for what no step says", now},
     StepKind::Request,
     {},
     request_keys,
     false,
     true},
    {{"together", "does steps side by side; one may have `after: 5s`", now}, StepKind::Together, step_forms},
    {{"repeat", "does steps several times", now}, StepKind::Repeat, {}, repeat_keys},
    not_yet_there("hibernate", "the agent's machine, to disk"),
    not_yet_there("kexec", "starts another kernel without a reboot"),
    not_yet_there("update_firmware", "changes what firmware measures"),
    not_yet_there("clone_tpm", "another agent gets the TPM's permanent state"),
}};

constexpr std::array<Key, 4> sibling_table{{
    {{"expect", "a clause about the step, or a list of them", now}, clauses},
    {{"as", "a name for its exchanges", now}, plain_name},
    {{"after", "in `together`: how much later it begins", now}, varying_duration},
    {{"case", "the case that it belongs to, with all steps within it; the steps of a case stand together",
      now},
     case_name},
}};

constexpr std::array<Key, 6> case_table{{
    {{"case", "its name, of which a file has each once; with `matrix`, `${…}` makes it so", now},
     case_name,
     true},
    {{"decides",
      "the requirement, or list of them, that those clauses of its last step decide which have no `decides`",
      now},
     requirements},
    {{"matrix", "one case for each combination of values", now}, matrix},
    {{"exclude", "combinations of its matrix to leave out", now}, list(&combination)},
    {{"control", "in place of the file's; `[]` for none", now}, step_or_steps(0)},
    {{"steps", "in place of the one step beside `case`", now}, step_list},
}};

constexpr std::array phase_table{StepKind::Register,  StepKind::Activate, StepKind::Authenticate,
                                 StepKind::Negotiate, StepKind::Collect,  StepKind::Submit};
constexpr std::array kAttestPhases{StepKind::Negotiate, StepKind::Collect, StepKind::Submit};

}  // namespace

std::span<const StepName> steps() {
    return step_table;
}
std::span<const Key> stage_keys() {
    return stage_key_table;
}
std::span<const Key> step_sibling_keys() {
    return sibling_table;
}

std::span<const Key> case_keys() {
    return case_table;
}

const StepName* find_step(std::string_view name) {
    const auto at = std::ranges::find(step_table, name, &StepName::name);
    return at == step_table.end() ? nullptr : &*at;
}

const StepName& name_of(StepKind kind) {
    const auto at = std::ranges::find(step_table, std::optional(kind), &StepName::kind);
    if (at == step_table.end()) throw std::logic_error("a kind of step without a name");
    return *at;
}

std::string to_string(StepKind kind) {
    return std::string(name_of(kind).name);
}

std::span<const StepKind> all_phases() {
    return phase_table;
}

std::span<const StepKind> phases_of(StepKind kind) {
    if (kind == StepKind::Attest) return kAttestPhases;
    const auto at = std::ranges::find(phase_table, kind);
    return at == phase_table.end() ? std::span<const StepKind>{} : std::span<const StepKind>(at, 1);
}

}  // namespace pushsim::scenario
