// Forms in words, for people.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

std::string names_in_words(const std::vector<Name>& names) {
    std::vector<std::string> words;
    for (const Name& name : names) {
        if (name.availability == Availability::Now) words.push_back(fmt::format("`{}`", name.name));
    }
    return words.size() == 1 ? words[0] : fmt::format("one of {}", fmt::join(words, ", "));
}

}  // namespace

std::string describe(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Text:
            return form.pattern.empty() ? "a text" : fmt::format("a text such as `{}`", example(form));
        case Form::Kind::Boolean:
            return "true or false";
        case Form::Kind::Integer:
            return fmt::format("a whole number from {} to {}", form.least, form.most);
        case Form::Kind::Duration:
            return form.may_vary ? "a duration, or a distribution" : "a duration";
        case Form::Kind::Size:
            return "a size";
        case Form::Kind::Share:
            return "a share";
        case Form::Kind::Rate:
            return "a rate";
        case Form::Kind::Instant:
            return "an instant";
        case Form::Kind::Word:
            return names_in_words(members_of(form));
        case Form::Kind::Pcr:
            return "a PCR number from 0 to 23";
        case Form::Kind::Null:
            return "nothing";
        case Form::Kind::Scalar:
            return "a single value";
        case Form::Kind::Anything:
            return "any YAML";
        case Form::Kind::Steps:
            return "a list of steps";
        case Form::Kind::StepOrSteps:
            return "a step, or a list of steps";
        case Form::Kind::Cases:
            return "a list of cases";
        case Form::Kind::Faults:
            return "a list of faults";
        case Form::Kind::RunFaults:
            return "a list of faults, with where and when";
        case Form::Kind::Clauses:
        case Form::Kind::RunClauses:
            return "a clause, or a list of them";
        case Form::Kind::Metric:
            return "a metric and its limit";
        case Form::Kind::Options:
            return "a map of options";
        case Form::Kind::Map:
            return "a map";
        case Form::Kind::OpenMap:
            return fmt::format("a map with {} for each name", describe(*form.item));
        case Form::Kind::ByPcr:
            return fmt::format("a map with {} for each PCR number", describe(*form.item));
        case Form::Kind::List:
            return fmt::format("a list; each {}", describe(*form.item));
        case Form::Kind::OneOrList:
            return fmt::format("{}, or a list of them", describe(*form.item));
        case Form::Kind::AnyOf: {
            std::vector<std::string> all;
            for (const Form& one : form.any)
                all.push_back(describe(one));
            return fmt::format("{}", fmt::join(all, "; or "));
        }
    }
    return "";
}

}  // namespace pushsim::scenario
