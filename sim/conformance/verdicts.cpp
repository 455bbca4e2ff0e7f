#include "sim/conformance/verdicts.hpp"

#include <array>

#include <fmt/format.h>

#include "sim/conformance/reading.hpp"

namespace pushsim::conformance {
namespace {

using scenario::Form;
using scenario::Key;
using scenario::Name;
using scenario::Node;

constexpr std::array<Name, 8> standing_table{{
    {"pass", "all that decides it holds"},
    {"fail", "something does not"},
    {"deviation", "something does not, as is known"},
    {"fixed", "a known deviation was not seen"},
    {"skip", "the stack could not show it"},
    {"undecided", "nothing decides it yet"},
    {"excluded", "it was kept from running"},
    {"error", "pushsim or the stack failed"},
}};
std::span<const Name> standings() {
    return standing_table;
}
constexpr std::array<Key, 3> verdicts_table{{
    {{"keylime", "the version they are of"}, scenario::forms::any_text, true},
    {{"begun", "when the run began"}, scenario::forms::any_text, true},
    {{"verdicts", "requirement: how it stood"}, {.kind = Form::Kind::Anything}, true},
}};

}  // namespace

Loaded<Verdicts> read_verdicts(std::string_view text, const std::string& file) {
    Loaded<Verdicts> loaded;
    read_document(
        text, file, "`keylime:`, `begun:` and `verdicts:`", loaded.problems,
        [&](scenario::Report& report, const Node& root) {
            const scenario::MapReader map(report, root, "the verdicts", verdicts_table);
            loaded.value.keylime = read_line(report, map.get("keylime"), "keylime");
            loaded.value.begun = read_line(report, map.get("begun"), "begun");
            const Node* verdicts = map.get("verdicts");
            if (verdicts == nullptr) return;
            for (const auto& [id, value] :
                 read_entries(report, *verdicts, "`verdicts`", "{ KPM-EVID-007: pass }")) {
                if (!is_requirement_id(id->text)) {
                    report.expected(*id, "verdicts", "the id of a requirement, like KPM-EVID-007");
                } else if (const auto name = scenario::read_name(report, *value, id->text, standings())) {
                    loaded.value.standings[id->text] = *name;
                }
            }
        });
    return loaded;
}

Loaded<Verdicts> load_verdicts(const std::filesystem::path& file) {
    return load_file<Verdicts>(file, read_verdicts);
}

std::filesystem::path verdicts_file(const std::filesystem::path& suite, std::string_view version) {
    return suite / "verdicts" / fmt::format("keylime-{}.yaml", version);
}

}  // namespace pushsim::conformance
