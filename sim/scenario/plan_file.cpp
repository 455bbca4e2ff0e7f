// plan.yaml: documents, the first of which names the seed, then for each scenario itself and its draws.

#include <charconv>

#include <fmt/format.h>

#include "sim/scenario/draws.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {
namespace {

constexpr std::string_view separator = "---\n";
constexpr std::string_view head =
    "# What a run does, with all that its seed decides; `pushsim replay` does it again.\n";

std::vector<std::string> documents_of(std::string_view text) {
    std::vector<std::string> documents(1);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        if (line == separator) {
            documents.emplace_back();
        } else {
            documents.back() += line;
        }
        text.remove_prefix(end);
    }
    return documents;
}

/// What is drawn for a scenario; of further tries, which have draws where the first has, each by its number.
Result<std::string> draws_text(const Scenario& scenario, std::uint64_t seed) {
    const auto first = Draws::of(scenario, seed);
    if (!first) return fail(first.error());
    std::string text = first->text();
    const std::string nothing = Draws{}.text();
    for (int attempt = 2; text != nothing && attempt <= scenario.tries.value_or(1); ++attempt) {
        const auto draws = Draws::of(scenario, seed, attempt);
        if (!draws) return fail(draws.error());
        text += fmt::format("\"try {}\":\n", attempt);
        const std::string lines = draws->text();
        for (std::size_t at = 0; at < lines.size();) {
            const std::size_t end = lines.find('\n', at) + 1;
            text += "  " + lines.substr(at, end - at);
            at = end;
        }
    }
    return text;
}

}  // namespace

Result<std::string> plan_text(const std::vector<Scenario>& scenarios, std::uint64_t seed) {
    std::string text = fmt::format("{}plan: 1\nseed: {}\n", head, seed);
    for (const Scenario& scenario : scenarios) {
        const auto draws = draws_text(scenario, seed);
        if (!draws) return fail(draws.error());
        text += fmt::format("{}{}{}{}", separator, resolved(scenario), separator, *draws);
    }
    return text;
}

Result<PlanFile> read_plan(const std::string& text, const std::string& file) {
    const std::vector<std::string> documents = documents_of(text);
    const std::string start = fmt::format("{}plan: 1\nseed: ", head);
    PlanFile plan;
    const std::string& first = documents.front();
    const auto bad = [&](const std::string& why) {
        return fail(ErrorKind::Parse, fmt::format("{}: not a plan that this pushsim reads: {}", file, why),
                    "give it the folder of a run");
    };
    if (!first.starts_with(start)) return bad("it does not begin with `plan: 1` and `seed:`");
    const char* const digits = first.data() + start.size();
    const char* const end = first.data() + first.size();
    const auto [after, failed] = std::from_chars(digits, end, plan.seed);
    if (failed != std::errc{} || after + 1 != end || *after != '\n') return bad("its seed is no number");
    if (documents.size() < 3 || documents.size() % 2 == 0)
        return bad("it must have a scenario and its draws, or several");
    for (std::size_t i = 1; i < documents.size(); i += 2) {
        LoadResult loaded = load_text(documents[i], fmt::format("{} (scenario {})", file, i / 2 + 1));
        if (!loaded.ok())
            return bad(loaded.problems.empty() ? "no scenario" : loaded.problems.front().text());
        plan.scenarios.push_back(std::move(loaded.scenarios.front()));
    }
    return plan;
}

}  // namespace pushsim::scenario
