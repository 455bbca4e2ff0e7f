#include "sim/cli/completion.hpp"

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/cli/command_tree.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/sim/cli/tree.hpp"

namespace pushsim::testing {
namespace {

using cli::Completion;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What is offered in the tree of the real program.
struct Offers : Tree {
    Completion complete(const std::vector<std::string>& words) const { return cli::complete(app, words); }
    std::vector<std::string> words(const std::vector<std::string>& typed) const {
        std::vector<std::string> found;
        for (const auto& candidate : complete(typed).candidates)
            found.push_back(candidate.word);
        return found;
    }
};

TEST(Completion, EveryCommandAndOptionOfTheTreeIsOffered) {
    const Offers tree;
    std::size_t seen = 0;
    for_each_command(tree.app, {}, [&](const CLI::App& command, std::vector<std::string> path) {
        path.emplace_back("");
        const auto commands = tree.words(path);
        for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
            if (below->get_name().empty()) continue;
            EXPECT_THAT(commands, Contains(below->get_name()));
        }
        path.back() = "--";
        const auto options = tree.words(path);
        for (const CLI::Option* option : command.get_options()) {
            for (const auto& name : option->get_lnames())
                EXPECT_THAT(options, Contains("--" + name)) << cli::path_of(command);
        }
        ++seen;
    });
    EXPECT_GT(seen, 15U);
    EXPECT_THAT(tree.words({"tenant", "add", "--he"}), ElementsAre("--help"));
    EXPECT_THAT(tree.words({"run", "--admin"}), ElementsAre("--admin-cert", "--admin-key"))
        << "of an option group";
}

TEST(Completion, GoesOnFromWhatWasTyped) {
    const Offers tree;
    EXPECT_THAT(tree.words({"stack", "u"}), ElementsAre("up"));
    EXPECT_THAT(tree.words({"stack", "--folder", "x", "do"}), ElementsAre("down"));
    EXPECT_THAT(tree.words({"st"}), ElementsAre("stack"));
    EXPECT_THAT(tree.words({"run", "--format", "j"}), ElementsAre("json"));
    EXPECT_THAT(tree.words({"run", "--format=j"}), ElementsAre("json"));
    EXPECT_THAT(tree.words({"run", "--format", "=", "j"}), ElementsAre("json"));
    EXPECT_THAT(tree.words({"run", "--format", "="}), ElementsAre("text", "json"));
    EXPECT_THAT(tree.words({"run", "--stack", ""}), ElementsAre("local", "external", "kind"));
    EXPECT_THAT(tree.words({"run", "--quiet", "--ver"}),
                ElementsAre("--verifier-port", "--verbose", "--verifier", "--verifier-conf"));
    EXPECT_THAT(tree.words({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(tree.words({"check", "runs/latest", "--check", "no"}),
                ElementsAre("no_5xx", "nonces_distinct"));
    EXPECT_THAT(tree.words({"completion", "bash", ""}), IsEmpty());
    EXPECT_THAT(tree.words({"run", "--seed", ""}), IsEmpty());
    EXPECT_THAT(tree.words({"no-such", "--no-such=", ""}), Contains("run"));
}

TEST(Completion, FilesAndFoldersAreOfferedWhereTheyAreDue) {
    const Offers tree;
    EXPECT_TRUE(tree.complete({"run", ""}).files);
    EXPECT_TRUE(tree.complete({"run", "a.yaml", ""}).files) << "as many as one likes";
    EXPECT_TRUE(tree.complete({"run", "--ca", ""}).files);
    EXPECT_TRUE(tree.complete({"run", "--ca=", ""}).files);
    EXPECT_TRUE(tree.complete({"explain", "runs/"}).files);
    EXPECT_TRUE(tree.complete({"check", "runs/"}).files);
    EXPECT_TRUE(tree.complete({"run", "--keylime", ""}).files);
    EXPECT_FALSE(tree.complete({"run", "--out", ""}).files);
    EXPECT_TRUE(tree.complete({"run", "--out", ""}).folders);
    for (const std::vector<std::string>& words : {std::vector<std::string>{""},
                                                  {"stack", ""},
                                                  {"run", "--seed", ""},
                                                  {"run", "--"},
                                                  {"tenant", "status", ""}}) {
        EXPECT_FALSE(tree.complete(words).files || tree.complete(words).folders) << words.front();
    }
    EXPECT_EQ(tree.complete({"run", "--out", ""}).text(), ":folders\n");
    EXPECT_EQ((Completion{{{"a", "b"}, {"c", ""}}, true, true}.text()), "a\tb\nc\n:files\n");
}

TEST(Completion, OfHelpAreTheCommands) {
    const Offers tree;
    EXPECT_THAT(tree.words({"help", "stack", "u"}), ElementsAre("up"));
    EXPECT_THAT(tree.words({"help", "stack", "--"}), ElementsAre("--help"));
}

/// What bash would offer for the words, the last being the one with the cursor.
std::string bash_offers(const Place& place, const std::vector<std::string>& words) {
    std::string script = "source <(" PUSHSIM_BINARY " completion bash)\nCOMP_WORDS=(";
    for (const auto& word : words)
        script += " '" + word + "'";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) + "\n";
    // The function that `complete` has bound to the name, as bash would call it.
    script +=
        "bound=$(complete -p pushsim); [[ $bound =~ -F\\ ([^ ]+) ]] && ${BASH_REMATCH[1]}\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort | tr '\\n' ','\n";
    place.write("complete.bash", script);
    const std::string command = "cd '" + place.path().string() + "' && bash complete.bash 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string said;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        said += static_cast<char>(c);
    ::pclose(pipe);
    return said;
}

TEST(Completion, IsWhatARealBashOffersOnceItReadTheScript) {
    const Place place;
    place.write("my scenario.yaml", "");
    fs::create_directory(place.path() / "my-folder");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "stack", "u"}), "up,");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "run", "--bodies", "=", "f"}), "failures,");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "run", "my"}), "my scenario.yaml,my-folder,");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "run", "--out", "my"}), "my-folder,");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "run", "--out", "="}), "my-folder,");
    EXPECT_EQ(bash_offers(place, {PUSHSIM_BINARY, "walk", "--x"}), ",");
}

TEST(Completion, OffersThePoolsThatThereAreAndFilesWhereOneMayBe) {
    const Place place;
    const char* const before = std::getenv("XDG_STATE_HOME");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("XDG_STATE_HOME", place.path().c_str(), 1);
    fs::create_directories(place.path() / "pushsim/pools");
    for (const char* name : {"big.pool", "default.pool", "big.pool.lock", "big.ca.pem"})
        place.write(std::string("pushsim/pools/") + name, "");
    const Offers tree;
    EXPECT_THAT(tree.words({"pool", "drop", ""}), ElementsAre("big", "default"));
    EXPECT_FALSE(tree.complete({"pool", "drop", ""}).files);
    EXPECT_THAT(tree.words({"pool", "verify", "d"}), ElementsAre("default"));
    EXPECT_THAT(tree.words({"run", "--pool", "b"}), ElementsAre("big"));
    EXPECT_TRUE(tree.complete({"run", "--pool", "b"}).files);
    before == nullptr ? ::unsetenv("XDG_STATE_HOME") : ::setenv("XDG_STATE_HOME", kept.c_str(), 1);
}

TEST(Completion, HasAScriptForEachShellThatAsksPushsim) {
    const Place place;
    for (const std::string& shell : cli::shells()) {
        const Ended script = pushsim(place, {"completion", shell});
        EXPECT_EQ(script.exit_code, 0);
        EXPECT_THAT(script.out, ::testing::HasSubstr(cli::kComplete)) << shell;
    }
    EXPECT_EQ(pushsim(place, {"completion", "csh"}).exit_code, 2);
}

}  // namespace
}  // namespace pushsim::testing
