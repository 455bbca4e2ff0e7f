#include "sim/conformance/traceability.hpp"

#include <algorithm>
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
         const std::vector<KnownDeviation>& deviations, std::string version)
        : suite_(suite), rows_(rows), deviations_(deviations), version_(std::move(version)) {
        for (const auto& scenario : suite.scenarios) {
            for (const Deciding& one : cases_of(scenario)) {
                for (const std::string& id : one.requirements)
                    cases_[id][one.scenario].push_back(one.case_name);
            }
        }
    }

    std::string text() const { return head() + requirements() + sources(); }

  private:
    std::string standing(const Requirement& requirement) const {
        if (!requirement.planned.empty()) return "undecided: waits for " + requirement.planned;
        if (!requirement.since.empty() && compare_versions(version_, requirement.since) < 0)
            return "skip: from " + requirement.since + " on";
        for (const KnownDeviation& known : deviations_) {
            if (known.deviation.requirement == requirement.id && known.is_of(version_)) {
                return fmt::format("{}deviation ({})", known.deviation.intermittent ? "intermittent " : "",
                                   known.deviation.reference);
            }
        }
        return "pass";
    }

    std::string head() const {
        std::map<std::string, int> counts;
        for (const Requirement& one : suite_.requirements) {
            const std::string how = standing(one);
            ++counts[how == "pass"                  ? "pass"
                     : how.starts_with("undecided") ? "undecided"
                     : how.starts_with("skip")      ? "skip"
                                                    : "deviation"];
        }
        std::string summary;
        for (const auto& [how, count] : counts)
            summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, how);
        return fmt::format(
            "# Traceability\n\n"
            "<!-- Made by `pushsim list traceability > docs/traceability.md`; a test compares. -->\n\n"
            "From the rows of the protocol reference to requirements (`scenarios/requirements.yaml`), the "
            "cases "
            "that decide\nthem (`scenarios/conformance/`), and how they stand at Keylime {}: {} "
            "requirements, "
            "{}.\n\nHow they stand is what the deviations of that version say, not the record of a run: "
            "`pushsim conformance --profile full`\nfails where it finds anything else. `intermittent` ones "
            "come "
            "by chance.\n",
            version_, suite_.requirements.size(), summary);
    }

    std::string cases(const Requirement& requirement) const {
        if (requirement.withheld) return "details withheld";
        const auto at = cases_.find(requirement.id);
        if (at == cases_.end()) return "";
        std::vector<std::string> all;
        constexpr std::size_t most = 3;
        for (const auto& [scenario, names] : at->second) {
            std::vector<std::string> shown;
            for (const std::string& name : names) {
                if (!name.empty() && shown.size() < most) shown.push_back(name);
            }
            all.push_back(shown.empty() ? scenario
                                        : fmt::format("{}: {}{}", scenario, fmt::join(shown, ", "),
                                                      names.size() > most
                                                          ? fmt::format(" and {} more", names.size() - most)
                                                          : ""));
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
                    "\n### {}: {}\n\n| id | level | sentence | decided by | stands |\n"
                    "| --- | --- | --- | --- | --- |\n",
                    area, about_area(area));
            }
            text += fmt::format("| <a id=\"{}\"></a>{} | {} | {} | {} | {} |\n", anchor(one.id), one.id,
                                one.level, cell(one.text), cell(cases(one)), cell(standing(one)));
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
    std::string version_;
    std::map<std::string, std::map<std::string, std::vector<std::string>>> cases_;  // id -> scenario -> cases
};

}  // namespace

std::string traceability_page(const Suite& suite, const std::vector<SourceRow>& rows,
                              const std::vector<KnownDeviation>& deviations, const std::string& version) {
    return Page(suite, rows, deviations, version).text();
}

}  // namespace pushsim::conformance
