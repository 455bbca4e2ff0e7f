#include "sim/scenario/tell.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

template <typename Texts>
std::string listed(const Texts& texts, std::string_view last = "and") {
    std::string all;
    std::size_t i = 0;
    for (const auto& text : texts) {
        if (i > 0) all += i + 1 == texts.size() ? fmt::format(" {} ", last) : ", ";
        all += text;
        ++i;
    }
    return all;
}

struct Subject {
    std::string words;  ///< "late", "the 50 agents of office", "control and rust"
    bool is_plural = false;

    const char* verb(const char* singular, const char* plural) const { return is_plural ? plural : singular; }
};

Subject subject(const std::vector<std::string>& names, const Scenario& scenario) {
    if (names.size() != 1) return {listed(names), true};
    const Group* group = scenario.group(names[0]);
    if (group == nullptr || group->count == 1) return {names[0], false};
    return {fmt::format("the {} agents of {}", group->count, names[0]), true};
}

std::string before_or_after(const InstantOffset& instant) {
    if (instant.offset == Duration::zero()) return to_string(instant.name);
    const bool before = instant.offset < Duration::zero();
    return fmt::format("{} {} {}", to_text(before ? -instant.offset : instant.offset),
                       before ? "before" : "after", to_string(instant.name));
}

std::string what_goes_wrong(const Fault& fault) {
    const std::string amount = text(Amount{fault.duration, fault.varies});
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            return fmt::format("the evidence is held back until {}", before_or_after(fault.until));
        case FaultKind::Delay:
            return fmt::format("before {} the agent waits {}", to_string(fault.phase), amount);
        case FaultKind::Stall:
            return fmt::format("after the answer to {} the agent is frozen for {}", to_string(fault.phase),
                               amount);
        case FaultKind::Early:
            return fmt::format("a cycle begins {} before it is due", amount);
        case FaultKind::Herd:
            return fmt::format("all begin to {} at one instant", to_string(fault.phase));
        case FaultKind::Swizzle:
            return fmt::format(
                "{} of the agents, chosen by chance, are stopped, one every {}, and let go in random "
                "order",
                share_text(fault.share), amount);
        case FaultKind::ClockSkew:
            return fmt::format("the agent's clock is {} ahead", amount);
        default:
            break;
    }
    std::string words = fmt::format("fault {}, {}", to_string(fault.kind), name_of(fault.kind).about);
    if (!fault.of.empty()) words += fmt::format(", of group {}", fault.of);
    if (fault.kind == FaultKind::Reregister)
        words =
            fmt::format("the agent registers again, from {} TPM", fault.other_tpm ? "another" : "the same");
    if (fault.kind == FaultKind::ConcurrentSubmit) words += fmt::format(", {} of them", fault.count);
    if (fault.kind == FaultKind::ConcurrentNegotiate) words += fmt::format(", {} of them", fault.count);
    return words;
}

std::string sentence(std::string words) {
    if (!words.empty() && words[0] >= 'a' && words[0] <= 'z')
        words[0] = static_cast<char>(words[0] - 'a' + 'A');
    return words + ".";
}

std::string times(int count) {
    return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

std::string attests(const Step& step, const Subject& who) {
    std::string words = fmt::format("{} {} {}", who.words, who.verb("attests", "attest"), times(step.times));
    if (step.every) words += fmt::format(", one cycle due every {}", to_text(*step.every));
    for (std::size_t i = 0; i < step.stages.size(); ++i)
        words += fmt::format("{} one cycle due every {} for {}", i == 0 ? "," : ", then",
                             to_text(step.stages[i].every), to_text(step.stages[i].span));
    if (step.jitter != Amount{}) words += fmt::format(", each {} later", text(step.jitter));
    if (step.spread > Duration::zero())
        words += fmt::format(", beginning at times spread over {}", to_text(step.spread));
    return words;
}

std::string requests(const RawRequest& request) {
    const std::string who = request.by == "nobody" ? "somebody without a certificate or token"
                            : request.by == "admin"
                                ? "the tenant"
                                : fmt::format("each agent of {}, with its token,", request.by);
    std::string words = fmt::format("{} sends {} {} to the {}", who, request.method, request.path,
                                    request.to == "registrar_http" ? "registrar, without TLS" : request.to);
    if (request.times > 1) words += fmt::format(", {}", times(request.times));
    if (request.connections > 1)
        words += fmt::format(", on each of {} connections at once", request.connections);
    return words;
}

std::string acts(const Step& step, const Scenario& scenario) {
    const Subject who = subject(step.agents, scenario);
    const auto does = [&](const char* singular, const char* plural) {
        return fmt::format("{} {}", who.words, who.verb(singular, plural));
    };
    const Subject servers{"the " + listed(step.servers), step.servers.size() > 1};
    const auto undergo = [&](const char* what) {
        return fmt::format("{} {} {}", servers.words, servers.verb("is", "are"), what);
    };
    switch (step.kind) {
        case StepKind::Register:
            return does("tells the registrar its keys", "tell the registrar their keys");
        case StepKind::Activate:
            return does("proves that its EK and AK are in one TPM",
                        "prove that their EK and AK are in one TPM");
        case StepKind::Authenticate:
            return does("gets a token by proof of possession", "get tokens by proof of possession");
        case StepKind::Negotiate:
            return does("offers evidence and is told what to send",
                        "offer evidence and are told what to send");
        case StepKind::Collect:
            return does("makes its quote", "make their quotes");
        case StepKind::Submit:
            return does("sends its evidence", "send their evidence");
        case StepKind::Attest:
            return attests(step, who);
        case StepKind::Extend: {
            std::vector<std::string> measured;
            for (const Extension& extension : step.extend)
                measured.push_back(
                    fmt::format("PCR {} with {}", extension.pcr, extension.measurement.as_written));
            return fmt::format("{} {} {}", who.words, who.verb("extends", "extend"), listed(measured));
        }
        case StepKind::Measure:
            return fmt::format("{} {} {}, and IMA measures it as {}", who.words, who.verb("uses", "use"),
                               step.path, step.file.as_written);
        case StepKind::Reboot:
            return does("reboots", "reboot") + (step.orderly ? "" : ", by a loss of power");
        case StepKind::Suspend:
            return does("sleeps and wakes", "sleep and wake") + ", with what was measured";
        case StepKind::ClearTpm:
            return does("has its TPM cleared", "have their TPMs cleared") + ": clock and counts begin anew";
        case StepKind::RestoreTpm:
            return does("goes back", "go back") + " to before the last reboot or sleep, TPM and all";
        case StepKind::RestartAgent:
            return does("begins again as a process, with the same TPM",
                        "begin again as processes, with the same TPMs");
        case StepKind::StopAgent:
            return does("does nothing more", "do nothing more");
        case StepKind::Enrol: {
            std::string words = fmt::format("the tenant enrols {}", who.words);
            if (step.tpm_policy) words += ", with another TPM policy: " + text(*step.tpm_policy);
            if (step.runtime_policy)
                words += *step.runtime_policy == RuntimePolicy{}
                             ? ", without an IMA policy"
                             : ", with another IMA policy: " + text(*step.runtime_policy);
            return words;
        }
        case StepKind::Delete:
            return fmt::format("the tenant removes {} from the verifier", who.words);
        case StepKind::Reactivate:
            return fmt::format("the tenant lets the verifier take evidence of {} again", who.words);
        case StepKind::ReadStatus:
            return fmt::format("the tenant asks the verifier for the status of {}", who.words);
        case StepKind::ChangePolicy:
            return fmt::format("the tenant replaces the IMA policy {}: {}", step.runtime_policy_name,
                               text(step.runtime_policy.value_or(NoPolicy{})));
        case StepKind::Stop:
            return undergo("stopped (SIGTERM)");
        case StepKind::Start:
            return undergo("started");
        case StepKind::Restart:
            return undergo("restarted");
        case StepKind::Kill:
            return undergo("killed");
        case StepKind::Pause:
            return fmt::format("{} {} still for {}", servers.words, servers.verb("stands", "stand"),
                               text(step.wait));
        case StepKind::CutOff:
            return fmt::format("nothing reaches {} for {}", servers.words, text(step.wait));
        case StepKind::RenewCertificate:
            return undergo("given a new certificate, and started again");
        case StepKind::Request:
            return requests(step.request);
        case StepKind::Wait:
            return step.until ? fmt::format("nothing happens until {} of {}", before_or_after(*step.until),
                                            who.words)
                              : fmt::format("nothing happens for {}", text(step.wait));
        case StepKind::Together:
            return "side by side";
        case StepKind::Repeat:
            return fmt::format("{}, these steps", times(step.times));
    }
    return "";
}

std::string ranges_in_words(const auto& ranges) {
    std::vector<std::string> words;
    words.reserve(ranges.size());
    for (const auto& range : ranges)
        words.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                                  : fmt::format("{} to {}", range.first, range.last));
    return listed(words, "or");
}

struct ConditionTeller {
    std::string operator()(const ExpectResponse& response) const {
        std::vector<std::string> parts;
        if (!response.status.empty()) parts.push_back("status " + ranges_in_words(response.status));
        if (response.code == std::vector<std::string>{"none"}) {
            parts.emplace_back("no code");
        } else if (!response.code.empty()) {
            parts.push_back("code " + listed(response.code, "or"));
        }
        if (!response.pointer.empty()) parts.push_back("pointer " + response.pointer);
        for (const auto& [name, value] : response.headers)
            parts.push_back(value == "*"        ? fmt::format("a header {}", name)
                            : value == "absent" ? fmt::format("no header {}", name)
                                                : fmt::format("header {}: {}", name, value));
        if (!response.retry_after.empty())
            parts.push_back(fmt::format("Retry-After {} seconds", ranges_in_words(response.retry_after)));
        for (const auto& [pointer, value] : response.body)
            parts.push_back(value == "absent" ? fmt::format("no member {}", pointer)
                                              : fmt::format("{} = {}", pointer, value));
        return "the response has " + listed(parts);
    }
    std::string operator()(const ExpectVerdict& verdict) const {
        if (verdict.verdict == Verdict::None) return "there is no verdict";
        const std::string reason = verdict.reason ? fmt::format(", for {}", to_string(*verdict.reason)) : "";
        return fmt::format("the verdict is {}{}", to_string(verdict.verdict), reason);
    }
    std::string operator()(const ExpectStatus& status) const {
        if (status.when != ExpectStatus::When::Last)
            return fmt::format("the status is {} {} during the step, read every {}", to_string(status.when),
                               to_string(status.status), to_text(status.poll));
        return fmt::format("the status is {}{}", to_string(status.status),
                           status.within ? fmt::format(" within {}", to_text(*status.within)) : "");
    }
    std::string operator()(const ExpectRequests& requests) const {
        std::vector<std::string> parts;
        for (const auto& [kind, count] : requests.counts)
            parts.push_back(fmt::format("{} {}", count == 0 ? "no" : std::to_string(count),
                                        count == 1 ? kind.substr(0, kind.size() - 1) : kind));
        return fmt::format("each agent makes {}{}", listed(parts),
                           requests.since_start ? " since the start" : "");
    }
    std::string operator()(const ExpectMetric& metric) const { return text(metric); }
    std::string operator()(const ExpectCheck& check) const {
        const auto known = std::ranges::find(checks(), std::string_view(check.check), &Name::name);
        return known == checks().end() ? check.check : std::string(known->about);
    }
};

std::string how_many(const HowMany& rule, const Subject& who) {
    switch (rule.rule) {
        case HowMany::Rule::All:
            return who.words;
        case HowMany::Rule::AtLeast:
            return fmt::format("at least {} of {}", rule.number, who.words);
        case HowMany::Rule::AtMost:
            return fmt::format("at most {} of {}", rule.number, who.words);
        case HowMany::Rule::Exactly:
            return fmt::format("exactly {} of {}", rule.number, who.words);
    }
    return "";
}

void tell_server(const ServerOptions& options, std::string_view server, std::vector<std::string>& sentences) {
    std::vector<std::string> words;
    for (const auto& [name, value] : options)
        words.push_back(value ? fmt::format("{} = {}", name, *value) : fmt::format("no {}", name));
    if (!words.empty()) sentences.push_back(fmt::format("The {} has {}.", server, listed(words)));
}

}  // namespace

std::vector<std::string> tell(const StackOptions& stack) {
    std::vector<std::string> sentences;
    tell_server(stack.verifier, "verifier", sentences);
    tell_server(stack.registrar, "registrar", sentences);
    if (stack.workers) sentences.push_back(fmt::format("The verifier has {} processes.", *stack.workers));
    if (stack.database != "sqlite") sentences.push_back(fmt::format("The database is {}.", stack.database));
    if (!stack.keylime.empty())
        sentences.push_back(fmt::format("It is for Keylime {} alone.", stack.keylime));
    if (!stack.needs.empty())
        sentences.push_back(fmt::format("It needs of the stack: {}.", listed(stack.needs)));
    return sentences;
}

std::string tell(const Group& group) {
    std::string words = fmt::format("{}: {}", group.name,
                                    group.count == 1 ? "one agent" : fmt::format("{} agents", group.count));
    if (group.enrol.enrolled) {
        words += ", enrolled with the TPM policy: " + text(group.enrol.tpm_policy);
        const bool has_policy = group.enrol.runtime_policy != RuntimePolicy{};
        const std::string& name = group.enrol.runtime_policy_name;
        if (has_policy || !name.empty())
            words += fmt::format(", and with the IMA policy{}{}", name.empty() ? "" : " " + name,
                                 has_policy ? ": " + text(group.enrol.runtime_policy) : "");
    } else {
        words += ", not enrolled";
    }
    words += ".";
    std::vector<std::string> measured;
    for (const Extension& extension : group.boot)
        measured.push_back(fmt::format("PCR {} with {}", extension.pcr, extension.measurement.as_written));
    if (!measured.empty()) words += fmt::format(" The boot extends {}.", listed(measured));
    if (group.ima_files)
        words += fmt::format(" Its IMA log has boot_aggregate and {} files.", *group.ima_files);
    if (group.id.scheme == AgentId::Scheme::Literal) words += fmt::format(" Its id is {}.", group.id.text);
    if (group.id.scheme == AgentId::Scheme::HashEk) words += " Its id is the hash of its EK.";
    if (group.habits == Habits::RustAgent) words += " It has the habits of Keylime's Rust agent.";
    return words + fmt::format(" ({}.)", text(group));
}

std::string tell(const Fault& fault) {
    std::string words = what_goes_wrong(fault);
    std::vector<std::string> limits;
    if (!fault.agents.empty()) limits.push_back(fmt::format("{} alone", listed(fault.agents)));
    if (fault.in_phase) limits.push_back(fmt::format("in {} alone", to_string(*fault.in_phase)));
    if (fault.probability < 1)
        limits.push_back(fmt::format("in {} of the cycles", share_text(fault.probability)));
    if (fault.from > Duration::zero() || fault.to) {
        const std::string until = fault.to ? fmt::format(" until {}", to_text(*fault.to)) : "";
        limits.push_back(fmt::format("from {}{} after the script's start", to_text(fault.from), until));
    }
    if (!limits.empty()) words += fmt::format(" ({})", fmt::join(limits, ", "));
    return sentence(std::move(words));
}

std::string tell(const Step& step, const Scenario& scenario) {
    std::string words = acts(step, scenario);
    if (step.after != Amount{}) words = fmt::format("{} later: {}", text(step.after), words);
    if (!step.steps.empty()) return sentence(words).substr(0, words.size()) + ":";
    const bool begins_with_a_group = !step.agents.empty() && words.starts_with(step.agents[0]);
    words = begins_with_a_group ? words + "." : sentence(std::move(words));
    if (step.bare) words += " Nothing is done for it beforehand, and nothing again.";
    for (const Fault& fault : step.faults)
        words += " " + tell(fault);
    return words;
}

std::string tell(const Expectation& expectation, const Scenario& scenario) {
    std::vector<std::string> parts;
    for (const Condition& condition : expectation.conditions)
        parts.push_back(std::visit(ConditionTeller{}, condition));
    std::string words = listed(parts);
    if (expectation.last_cycle_only) words += ", in the last cycle";
    words += expectation.decides.empty() ? "." : fmt::format(". It decides {}.", listed(expectation.decides));
    if (expectation.agents.empty()) return words;
    const std::vector<std::string>& agents = expectation.agents;
    if (agents.size() == 1 && (agents[0] == "nobody" || agents[0] == "admin")) return words;
    return fmt::format("{}: {}", how_many(expectation.how_many, subject(agents, scenario)), words);
}

}  // namespace pushsim::scenario
