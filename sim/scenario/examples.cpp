// A value of each form, as it stands in a file.

#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

std::string options_example(std::span<const OptionName> options) {
    const auto timed = std::ranges::find(options, OptionKind::WholeSeconds, &OptionName::kind);
    return fmt::format("{{ {} }}", example(timed != options.end() ? *timed : options.front()));
}

}  // namespace

std::string example(std::span<const Key> keys) {
    std::string members;
    const auto add = [&](const Key& key) {
        members += fmt::format("{}{}", members.empty() ? "" : ", ", example(key));
    };
    std::ranges::for_each(keys, [&](const Key& key) {
        if (key.required && is_there(key)) add(key);
    });
    const auto first = std::ranges::find_if(keys, is_there);
    if (members.empty() && first != keys.end()) add(*first);
    return "{ " + members + " }";
}

std::string example(const Form& form) {
    if (!form.example.empty()) return std::string(form.example);
    switch (form.kind) {
        case Form::Kind::Text:
            return "any text";
        case Form::Kind::Boolean:
            return "true";
        case Form::Kind::Integer:
            return fmt::format("{}", std::clamp(3LL, form.least, form.most));
        case Form::Kind::Duration:
            return "2s";
        case Form::Kind::Size:
            return "64KiB";
        case Form::Kind::Share:
            return "10%";
        case Form::Kind::Rate:
            return "10/s";
        case Form::Kind::Instant:
            return "challenges_expire_at - 500ms";
        case Form::Kind::Word:
            return std::string(std::ranges::find_if(form.words(), is_there)->name);
        case Form::Kind::Pcr:
            return "7";
        case Form::Kind::Null:
            return "null";
        case Form::Kind::Scalar:
            return "4";
        case Form::Kind::Anything:
            return "{ data: { type: session } }";
        case Form::Kind::Steps:
            return "[ attest ]";
        case Form::Kind::StepOrSteps:
            return "{ attest: late, expect: { verdict: pass } }";
        case Form::Kind::Cases:
            return "[ { case: no-type, attest: late } ]";
        case Form::Kind::Faults:
        case Form::Kind::RunFaults:
            return "[ delay: { before: submit, for: 2s } ]";
        case Form::Kind::Clauses:
        case Form::Kind::RunClauses:
            return "{ status: PASS }";
        case Form::Kind::Metric:
            return "submit.p99 < 250ms";
        case Form::Kind::Options:
            return options_example(form.options());
        case Form::Kind::Map:
            return example(form.keys());
        case Form::Kind::OpenMap:
            return fmt::format("{{ name: {} }}", example(*form.item));
        case Form::Kind::ByPcr:
            return fmt::format("{{ 7: {} }}", example(*form.item));
        case Form::Kind::List:
            return fmt::format("[{}]", example(*form.item));
        case Form::Kind::OneOrList:
            return example(*form.item);
        case Form::Kind::AnyOf: {
            const auto something =
                std::ranges::find_if(form.any, [](const Form& one) { return one.kind != Form::Kind::Null; });
            return example(*something);
        }
    }
    return "";
}

std::string example(const Key& key) {
    return fmt::format("{}: {}", key.name, example(key.form));
}

std::vector<std::string> examples(const StepName& step) {
    const auto written = [&](std::string_view value) { return fmt::format("{}: {}", step.name, value); };
    if (step.takes_pcrs) {
        return {written(R"({ agents: late, 7: ["text:secure-boot-on"] })"),
                written(R"({ 7: ["text:secure-boot-on"] })")};
    }
    std::vector<std::string> all;
    if (!step.keys.empty()) all.push_back(written(example(step.keys)));
    for (const Form& form : step.shorthand)
        all.push_back(form.kind == Form::Kind::Null ? std::string(step.name) : written(example(form)));
    return all;
}

bool goes_beside(std::string_view key, const StepName& step) {
    if (key == "as") return step.exchanges && step.kind != StepKind::Request;
    if (key == "expect") return step.kind != StepKind::Together && step.kind != StepKind::Repeat;
    return true;
}

std::string example(const OptionName& option) {
    const auto value = [&] {
        switch (option.kind) {
            case OptionKind::WholeSeconds:
                return "2s";
            case OptionKind::Seconds:
                return "250ms";
            case OptionKind::Size:
                return "1MiB";
            case OptionKind::Count:
                return "4";
            case OptionKind::Boolean:
                return "true";
            case OptionKind::Text:
            case OptionKind::Ours:
                break;
        }
        return "any text";
    };
    return fmt::format("{}: {}", option.name, value());
}

}  // namespace pushsim::scenario
