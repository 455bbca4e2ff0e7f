#include <fstream>
#include <iterator>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/cli/manual.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/sim/cli/tree.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Help, EveryCommandAndOptionIsDescribedAndEveryCommandHasAnExampleOfItsOwn) {
    const Tree tree;
    for_each_command(tree.app, {}, [](const CLI::App& command, const std::vector<std::string>&) {
        const std::string path = cli::path_of(command);
        EXPECT_NE(command.get_description(), "") << path;
        EXPECT_THAT(command.get_footer(), ::testing::ContainsRegex("Examples?:[ \n]")) << path;
        EXPECT_THAT(command.get_footer(), HasSubstr("pushsim " + path)) << path;
        for (const CLI::Option* option : cli::options_of(command))
            EXPECT_NE(option->get_description(), "") << path << ' ' << cli::name_of(*option);
        for (const CLI::Option* argument : cli::arguments_of(command))
            EXPECT_NE(argument->get_description(), "") << path << ' ' << argument->get_name(true);
    });
}

TEST(Help, OfACommandIsThatOfItsOption) {
    const Place place;
    const Ended help = pushsim(place, {"help", "stack", "up"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.out, pushsim(place, {"stack", "up", "--help"}).out);
    EXPECT_THAT(help.out, HasSubstr("Example: pushsim stack up"));
    EXPECT_EQ(pushsim(place, {"help"}).out, pushsim(place, {"--help"}).out);
    const Ended unknown = pushsim(place, {"help", "stack", "pu"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(
        unknown.err,
        HasSubstr("there is no 'pu', only up, down, status, logs, clean, certificates; did you mean 'up'?"));
    const Ended further = pushsim(place, {"help", "run", "pcr"});
    EXPECT_EQ(further.exit_code, 2);
    EXPECT_THAT(further.err, HasSubstr("run has no commands"));
}

TEST(Help, OfARunTellsWhatEachAcceleratorDoes) {
    const Place place;
    EXPECT_THAT(pushsim(place, {"run", "--help"}).out,
                ::testing::AllOf(HasSubstr("\n  rsa-factors  "), HasSubstr("\n  named-p256   "),
                                 HasSubstr("every report names them")));
}

TEST(Help, NamesEveryVariableOfTheEnvironmentThatIsRead) {
    const Place place;
    const std::string help = pushsim(place, {"--help"}).out;
    const std::regex read(R"re((getenv|\bset)\("([A-Z_]+)"\))re");
    std::size_t found = 0;
    for (const char* folder : {"agent", "sim", "reports"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(PUSHSIM_SOURCE_DIR) / folder)) {
            if (entry.path().extension() != ".cpp") continue;
            std::ifstream file(entry.path());
            const std::string text{std::istreambuf_iterator<char>(file), {}};
            for (std::sregex_iterator one(text.begin(), text.end(), read), end; one != end; ++one) {
                EXPECT_THAT(help, HasSubstr(one->str(2))) << entry.path();
                ++found;
            }
        }
    }
    EXPECT_GE(found, 7U);
}

TEST(Options, TakeOneWordAndLeaveWhatStandsBehindIt) {
    const Tree tree;
    for_each_command(tree.app, {}, [](const CLI::App& command, const std::vector<std::string>&) {
        for (const CLI::Option* option : cli::options_of(command))
            EXPECT_FALSE(option->get_allow_extra_args())
                << cli::path_of(command) << ' ' << cli::name_of(*option);
    });
}

TEST(Manual, HasEveryCommandAndOption) {
    const Tree tree;
    const std::string page = cli::manual_page(tree.app, "1.2.3");
    const auto in_roff = [](const std::string& text) {
        return std::regex_replace(text, std::regex("-"), "\\-");
    };
    for_each_command(tree.app, {}, [&](const CLI::App& command, const std::vector<std::string>& path) {
        const std::size_t section = page.find(".SS pushsim " + cli::path_of(command) + "\n");
        if (path.empty()) return;
        ASSERT_NE(section, std::string::npos) << cli::path_of(command);
        const std::string text = page.substr(section, page.find("\n.SS ", section) - section);
        for (const CLI::Option* option : cli::options_of(command)) {
            if (cli::name_of(*option) == "--help") continue;
            EXPECT_THAT(text, HasSubstr("\\fB" + in_roff(cli::name_of(*option)) + "\\fR"))
                << cli::path_of(command);
        }
        EXPECT_THAT(text, ::testing::ContainsRegex("Examples?:[ \n]"));
    });
    EXPECT_THAT(page, HasSubstr("pushsim 1.2.3"));
    EXPECT_THAT(page, HasSubstr("XDG_STATE_HOME"));
}

TEST(Manual, TextThatRoffWouldTakeForARequestIsText) {
    CLI::App app("odd: .dots", "odd");
    app.add_subcommand("one", ".begins with a point");
    app.footer("'quote\n.point \\ back");
    const std::string page = cli::manual_page(app, "1");
    EXPECT_THAT(page, HasSubstr("\n\\&.begins with a point"));
    EXPECT_THAT(page, HasSubstr("\n\\&'quote\n\\&.point \\e back"));
}

TEST(List, WithoutAWordTellsAllThereIs) {
    const Place place;
    const Ended all = pushsim(place, {"list"}, {{"PUSHSIM_SCENARIOS", PUSHSIM_SOURCE_DIR "/scenarios"}});
    EXPECT_EQ(all.exit_code, 0);
    for (const char* word : {"pcr-mismatch", "connections", "hold_evidence", "extend", "quote_interval"})
        EXPECT_THAT(all.out, HasSubstr(word));
    EXPECT_THAT(pushsim(place, {"list", "steps"}).out, Not(HasSubstr("hold_evidence")));
    EXPECT_THAT(pushsim(place, {"list", "options", "--format", "json"}).out,
                HasSubstr("\"name\": \"challenge_lifetime\""));
}

}  // namespace
}  // namespace pushsim::testing
