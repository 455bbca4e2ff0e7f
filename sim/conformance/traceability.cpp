#include "sim/conformance/traceability.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/text.hpp"

namespace pushsim::conformance {
namespace {

/// A text in a cell of a table, between bars.
std::string cell(std::string_view text) {
    std::string all;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_' || c == '[' || c == '\\') all += '\\';
        all += c;
    }
    return all;
}

std::string anchor(std::string_view id) {
    std::string all(id);
    for (char& c : all)
        c = lower_ascii(c);
    return all;
}

class Page {
  public:
    Page(const Suite& suite, const std::vector<SourceRow>& rows,
         const std::vector<KnownDeviation>& deviations, const Verdicts& verdicts)
        : suite_(suite), rows_(rows), deviations_(deviations), verdicts_(verdicts) {
        for (const auto& scenario : suite.scenarios) {
            for (const Deciding& one : cases_of(scenario)) {
                for (const std::string& id : one.requirements)
                    cases_[id][one.scenario].push_back(one.case_name);
            }
        }
    }

    std::string text() const { return head() + requirements() + sources(); }

  private:
    std::string verdict(const Requirement& requirement) const {
        const auto at = verdicts_.standings.find(requirement.id);
        return at == verdicts_.standings.end() ? "not played" : at->second;
    }

    std::string verdict_with_reason(const Requirement& requirement) const {
        const std::string how = verdict(requirement);
        if (!requirement.planned.empty()) return how + ": waits for " + requirement.planned;
        if (how != "deviation") return how;
        const auto known = std::ranges::find_if(deviations_, [&](const KnownDeviation& one) {
            return one.deviation.requirement == requirement.id && one.is_of(verdicts_.keylime);
        });
        return known == deviations_.end() ? how : fmt::format("{} ({})", how, known->deviation.reference);
    }

    std::string head() const {
        std::map<std::string, int> counts;
        for (const Requirement& one : suite_.requirements)
            ++counts[verdict(one)];
        std::string summary;
        for (const auto& [how, count] : counts)
            summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, how);
        return fmt::format(
            "# Traceability\n\n"
            "<!-- Made by `pushsim list traceability > docs/traceability.md`; a test compares. -->\n\n"
            "From the rows of the protocol reference to requirements (`scenarios/requirements.yaml`), the "
            "cases that decide\nthem (`scenarios/conformance/`), and how they stood in the last run of all "
            "of them that was kept\n(`{}`), at Keylime {}, begun {}:\n{} requirements, {}.\n",
            verdicts_file("scenarios", verdicts_.keylime).string(), verdicts_.keylime, verdicts_.begun,
            suite_.requirements.size(), summary);
    }

    std::string cases(const Requirement& requirement) const {
        if (requirement.withheld) return "details withheld";
        const auto at = cases_.find(requirement.id);
        if (at == cases_.end()) return "";
        std::vector<std::string> all;
        for (const auto& [scenario, names] : at->second) {
            std::vector<std::string> shown;
            std::ranges::copy_if(names, std::back_inserter(shown),
                                 [](const std::string& name) { return !name.empty(); });
            all.push_back(shown.empty() ? scenario : fmt::format("{}: {}", scenario, fmt::join(shown, ", ")));
        }
        return fmt::format("{}", fmt::join(all, "; "));
    }

    std::string requirements() const {
        std::string text = "\n## Requirements\n";
        std::string area;
        for (const Requirement& one : suite_.requirements) {
            if (one.area() != area) {
                area = one.area();
                text += fmt::format(
                    "\n### {}: {}\n\n| id | level | sentence | decided by | last verdict |\n"
                    "| --- | --- | --- | --- | --- |\n",
                    area, about_area(area));
            }
            text += fmt::format("| <a id=\"{}\"></a>{} | {} | {} | {} | {} |\n", anchor(one.id), one.id,
                                one.level, cell(one.text), cell(cases(one)), cell(verdict_with_reason(one)));
        }
        return text;
    }

    std::string sources() const {
        std::string text = "\n## Rows of the reference\n";
        std::string file;
        std::string section = "none";
        for (const SourceRow& row : rows_) {
            if (row.file != file || row.section != section) {
                text += row.file != file ? fmt::format("\n### {}\n", row.file) : "";
                text += row.section.empty() ? "\n" : fmt::format("\n#### {}\n\n", cell(row.section));
                text += "| row | requirements |\n| --- | --- |\n";
                file = row.file;
                section = row.section;
            }
            std::vector<std::string> links;
            for (const std::string& id : row.requirements)
                links.push_back(fmt::format("[{}](#{})", id, anchor(id)));
            text += fmt::format(
                "| {} | {} |\n", cell(row.row),
                links.empty() ? "none: " + cell(row.none) : fmt::format("{}", fmt::join(links, ", ")));
        }
        return text;
    }

    const Suite& suite_;
    const std::vector<SourceRow>& rows_;
    const std::vector<KnownDeviation>& deviations_;
    const Verdicts& verdicts_;
    std::map<std::string, std::map<std::string, std::vector<std::string>>> cases_;  // id -> scenario -> cases
};

}  // namespace

std::string traceability_page(const Suite& suite, const std::vector<SourceRow>& rows,
                              const std::vector<KnownDeviation>& deviations, const Verdicts& verdicts) {
    return Page(suite, rows, deviations, verdicts).text();
}

}  // namespace pushsim::conformance
