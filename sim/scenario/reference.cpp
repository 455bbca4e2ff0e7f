#include "sim/scenario/reference.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/reference_page.hpp"
#include "sim/scenario/reference_text.hpp"
#include "sim/scenario/references.hpp"

namespace pushsim::scenario {
namespace {

std::string capitalized(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

void add_words(Page& page, int level, std::span<const Name> names) {
    for (const Name& name : names) {
        if (is_there(name)) page.item(level, fmt::format("`{}`: {}.", name.name, name.about));
    }
}

/// The words that a form names, where there are more than a name could explain.
std::vector<Name> words_of(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Word: {
            const auto words = form.words();
            return {words.begin(), words.end()};
        }
        case Form::Kind::List:
        case Form::Kind::OneOrList:
            return words_of(*form.item);
        case Form::Kind::AnyOf: {
            std::vector<Name> all;
            for (const Form& one : form.any) {
                const std::vector<Name> words = words_of(one);
                all.insert(all.end(), words.begin(), words.end());
            }
            return all;
        }
        default:
            return {};
    }
}

/// What an example does not show of itself: bounds, words, that there may be several.
std::string form_in_words(const Form& form, bool words_follow) {
    switch (form.kind) {
        case Form::Kind::Text:
        case Form::Kind::Map:
        case Form::Kind::OpenMap:
        case Form::Kind::ByPcr:
        case Form::Kind::Options:
        case Form::Kind::Steps:
        case Form::Kind::StepOrSteps:
        case Form::Kind::Cases:
        case Form::Kind::Faults:
        case Form::Kind::RunFaults:
        case Form::Kind::Clauses:
        case Form::Kind::RunClauses:
        case Form::Kind::Metric:
        case Form::Kind::Boolean:
            return "";
        case Form::Kind::Duration:
            return form.may_vary ? "may vary" : "";
        case Form::Kind::Word:
            return words_follow ? "" : describe(form);
        case Form::Kind::List:
            return "a list";
        case Form::Kind::OneOrList:
            return words_follow || form.item->kind != Form::Kind::Word ? "one, or a list of them"
                                                                       : describe(form);
        case Form::Kind::AnyOf: {
            std::string all;
            for (const Form& one : form.any) {
                const std::string words = form_in_words(one, words_follow);
                if (!words.empty()) all += (all.empty() ? "" : "; or ") + words;
            }
            return all;
        }
        default:
            return describe(form);
    }
}

void add_key(Page& page, int level, const Key& key, bool with_words) {
    const std::vector<Name> words = with_words ? words_of(key.form) : std::vector<Name>{};
    const std::string form = form_in_words(key.form, !words.empty());
    page.item(level, fmt::format("`{}`: {}{}.{}{}", example(key), key.about, key.required ? " (needed)" : "",
                                 form.empty() ? "" : " " + capitalized(form), form.empty() ? "" : "."));
    add_words(page, level + 1, words);
}

void add_keys(Page& page, int level, std::span<const Key> keys, bool with_words = true) {
    for (const Key& key : keys) {
        if (is_there(key)) add_key(page, level, key, with_words);
    }
}

struct Section {
    const char* heading;
    std::span<const Key> keys;
};

void add_options(Page& page, std::string_view server, std::span<const OptionName> options) {
    page.heading(3, fmt::format("Options of the {}", server));
    for (const OptionName& option : options) {
        if (option.kind != OptionKind::Ours)
            page.item(0, fmt::format("`{}`: {}.", example(option), option.about));
    }
    page.blank();
}

void add_stack(Page& page) {
    page.heading(2, "stack");
    page.say(
        "Scenarios whose stacks agree share one. Options are those of Keylime's configuration files, with "
        "units: "
        "pushsim converts them, and refuses what Keylime cannot take unless `raw: true` stands beside it. "
        "`null` "
        "leaves an option out of the file. Addresses, ports, keys and databases are set by pushsim.");
    page.blank();
    add_keys(page, 0, stack_keys());
    add_options(page, "verifier", verifier_options());
    add_options(page, "registrar", registrar_options());
}

void add_agents(Page& page) {
    page.heading(2, "agents");
    page.say(
        "A map from the name of a group to what its agents are; `late: {}` is one agent with all defaults. A "
        "name "
        "has lower-case letters, digits and hyphens; `nobody` and `admin` are taken.");
    page.blank();
    add_keys(page, 0, group_keys());
    for (const Section& section :
         {Section{"boot", boot_keys()}, Section{"enrol", enrol_keys()},
          Section{"tpm_policy", tpm_policy_keys()}, Section{"runtime_policy", runtime_policy_keys()},
          Section{"habits: { rust-agent: … }", rust_agent_keys()}, Section{"tls", tls_keys()},
          Section{"clock", clock_keys()}}) {
        page.heading(3, section.heading);
        const bool algorithms = section.heading == std::string_view("enrol");
        add_keys(page, 0, section.keys, !algorithms);
        page.blank();
    }
    page.say(
        "In place of these keys, `tpm_policy` has PCR numbers, each with a list of the values that it may "
        "have: "
        "`{ 7: [\"00…\"] }`.");
}

/// Keys that several steps have, by their first step.
std::vector<Key> common_keys() {
    std::vector<Key> all;
    for (const std::string_view name : {"agents", "bare", "faults", "servers"}) {
        for (const StepName& step : steps()) {
            const auto key = std::ranges::find(step.keys, name, &Key::name);
            if (key == step.keys.end()) continue;
            all.push_back(*key);
            break;
        }
    }
    return all;
}

void add_steps(Page& page) {
    page.text(kReferenceSteps);
    page.say("Beside each step may stand:");
    page.blank();
    add_keys(page, 0, step_sibling_keys());
    page.blank();
    page.say("In the maps of many steps stand these; each step says which:");
    page.blank();
    const std::vector<Key> common = common_keys();
    add_keys(page, 0, common, false);
    for (const StepName& step : steps()) {
        if (!is_there(step)) continue;
        page.heading(3, step.name);
        page.say(fmt::format("{}.", capitalized(std::string(step.about))));
        page.blank();
        std::string written;
        for (const std::string& one : examples(step))
            written += fmt::format("{}`- {}`", written.empty() ? "" : ", ", one);
        page.item(0, fmt::format("{}.", written));
        if (step.takes_pcrs) page.item(0, "PCR numbers: each with a list of measurements, in order.");
        std::string also;
        for (const Key& key : step.keys) {
            if (!is_there(key)) continue;
            if (has_key(common, key.name)) {
                also += fmt::format("{}`{}`", also.empty() ? "" : ", ", key.name);
            } else {
                add_key(page, 0, key, step.kind == StepKind::Request);
            }
        }
        if (!also.empty()) page.item(0, fmt::format("Keys as above: {}.", also));
    }
}

void add_faults(Page& page) {
    page.heading(2, "faults");
    page.blank();
    page.text(std::string_view(kReferenceFaults).substr(std::string_view("## faults\n\n").size()).data());
    page.say("Beside a fault may stand:");
    page.blank();
    add_keys(page, 0, fault_sibling_keys(), false);
    page.blank();
    page.say("and at the top of a file also:");
    page.blank();
    for (const Key& key : run_fault_sibling_keys()) {
        if (!has_key(fault_sibling_keys(), key.name)) add_key(page, 0, key, false);
    }
    std::string_view group;
    for (const FaultName& fault : faults()) {
        if (!is_there(fault)) continue;
        if (fault.group != group) {
            group = fault.group;
            page.heading(3, group == "order" ? "Protocol order" : capitalized(std::string(group)));
        }
        std::string where;
        for (const StepKind phase : fault.phases)
            where += fmt::format("{}{}", where.empty() ? " In " : ", ", to_string(phase));
        if (!where.empty()) where += ".";
        if (fault.of_one_step) where += " Of one step, not at the top of a file.";
        page.item(0, fmt::format("`{}`: {}.{}", fault.name, fault.about, where));
        add_keys(page, 1, fault.keys, false);
    }
}

void add_expect(Page& page) {
    page.text(kReferenceExpect);
    for (const Key& key : expect_keys()) {
        add_key(page, 0, key, true);
    }
    page.blank();
    std::string of_step;
    for (const Key& key : expect_keys()) {
        if (is_about_one_step(key.name))
            of_step += fmt::format("{}`{}`", of_step.empty() ? "" : ", ", key.name);
    }
    page.say(fmt::format("Only beside a step: {}.", of_step));
    page.blank();
    page.say("At the end, a check or a metric that has something beside it is a map:");
    page.blank();
    add_key(page, 0, check_clause_keys()[0], false);
    add_key(page, 0, metric_clause_keys()[0], false);
    page.heading(3, "response");
    add_keys(page, 0, response_keys());
    page.heading(3, "requests");
    add_keys(page, 0, request_kinds());
    page.heading(3, "Checks");
    add_words(page, 0, checks());
    page.heading(3, "Metrics");
    page.say(
        "A subject, a point, a measure, one of `<`, `<=`, `>`, `>=`, `==`, and a limit: `submit.p99 < "
        "250ms`, "
        "`accepted.rate >= 40/s`, `error.share < 1%`, `verdict_fail.count == 0`. Over the run.");
    page.blank();
    for (const MetricSubject& subject : metric_subjects()) {
        std::string measures;
        for (const MetricMeasure& measure : metric_measures()) {
            if (goes_with(subject, measure))
                measures += fmt::format("{}`{}`", measures.empty() ? "" : ", ", measure.name);
        }
        page.item(0, fmt::format("`{}`: {}. {}.", subject.name, subject.about, measures));
    }
    page.blank();
    for (const MetricMeasure& measure : metric_measures())
        page.item(0, fmt::format("`{}`: {}.", measure.name, measure.about));
}

void add_later(Page& page) {
    page.heading(2, "Not yet there");
    page.say("Part of the language, and refused by this version with a message that says so:");
    page.blank();
    std::string names;
    const auto add = [&](const Name& name) {
        if (!is_there(name)) names += fmt::format("{}`{}`", names.empty() ? "" : ", ", name.name);
    };
    const auto say = [&](std::string_view what) {
        if (!names.empty()) page.item(0, fmt::format("{}: {}.", what, names));
        names.clear();
    };
    std::ranges::for_each(steps(), add);
    say("steps");
    std::ranges::for_each(faults(), add);
    say("faults");
    for (const auto& [of, keys] :
         {std::pair{"stack", stack_keys()}, std::pair{"agents", group_keys()}, std::pair{"boot", boot_keys()},
          std::pair{"ima", ima_keys()}, std::pair{"enrol", enrol_keys()}, std::pair{"tls", tls_keys()}}) {
        std::ranges::for_each(keys, add);
        say(fmt::format("keys of {}", of));
    }
    for (const StepName& step : steps()) {
        std::ranges::for_each(step.keys, add);
        say(fmt::format("keys of the step {}", step.name));
    }
    std::ranges::for_each(id_schemes(), add);
    say("ids");
    std::ranges::for_each(ima_templates(), add);
    say("IMA templates");
    page.blank();
}

}  // namespace

std::string reference_page() {
    Page page;
    page.text(kReferenceStart);
    page.text(kReferenceValues);
    add_keys(page, 1, distribution_keys(), false);
    page.heading(2, "The keys of a file");
    add_keys(page, 0, scenario_keys(), false);
    add_keys(page, 1, intermittent_keys(), false);
    add_stack(page);
    add_agents(page);
    page.blank();
    add_steps(page);
    add_faults(page);
    page.blank();
    add_expect(page);
    page.blank();
    page.text(kReferenceMatrix);
    page.text(kReferenceCases);
    add_keys(page, 0, case_keys(), false);
    page.blank();
    page.text(kReferenceRequest);
    add_words(page, 0, reference_properties());
    page.blank();
    page.text(kReferenceRecipes);
    page.text(kReferenceChoices);
    add_later(page);
    std::string text = page.take();
    while (text.ends_with("\n\n"))
        text.pop_back();
    return text;
}

}  // namespace pushsim::scenario
