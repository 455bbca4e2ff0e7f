// Which files are read, and what is said of those that cannot be.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Files : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "pushsim-files-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
    }
    void write_scenario(const std::string& file, const std::string& name) const {
        write(file, Parts{.head = "scenario: " + name}.text());
    }
    fs::path path(const std::string& name) const { return folder_ / name; }

    static std::vector<std::string> names(const LoadResult& result) {
        std::vector<std::string> names;
        for (const Scenario& scenario : result.scenarios)
            names.push_back(scenario.name);
        return names;
    }
    /// Problems with the folder's name left out.
    std::vector<std::string> problems(const LoadResult& result) const {
        std::vector<std::string> lines;
        for (const Problem& problem : result.problems) {
            std::string line = problem.text();
            for (std::size_t at = line.find(folder_.string()); at != std::string::npos;
                 at = line.find(folder_.string()))
                line.replace(at, folder_.string().size(), "FOLDER");
            lines.push_back(line);
        }
        return lines;
    }

    fs::path folder_;
};

TEST_F(Files, ADirectoryMeansAllYamlBelowItInTheOrderOfPaths) {
    write_scenario("b.yaml", "two");
    write_scenario("a/z.yaml", "one");
    write_scenario("c/d/e.yaml", "three");
    write("c/README.md", "no scenario");
    const LoadResult result = load({folder_});
    EXPECT_THAT(problems(result), ElementsAre());
    EXPECT_THAT(names(result), ElementsAre("one", "two", "three"));
    EXPECT_EQ(result.scenarios[0].file, path("a/z.yaml").string());
    EXPECT_EQ(result.scenarios[0].position.text(), path("a/z.yaml").string() + ":1:11");
}

TEST_F(Files, RequirementsDeviationsAndHiddenFilesAreNotRead) {
    write_scenario("a.yaml", "one");
    write("requirements.yaml", "- no scenario\n");
    write("deviations.yaml", "- no scenario\n");
    write("deviations-7.14.3.yaml", "- no scenario\n");
    write("deviations/7.14.3.yaml", "- no scenario\n");
    write(".hidden.yaml", "- no scenario\n");
    write(".hidden/a.yaml", "- no scenario\n");
    const LoadResult result = load({folder_});
    EXPECT_THAT(problems(result), ElementsAre());
    EXPECT_THAT(names(result), ElementsAre("one"));
}

TEST_F(Files, AFolderAboveThatIsCalledDeviationsHidesNothing) {
    write_scenario("deviations/mine/a.yaml", "one");
    EXPECT_THAT(names(load({path("deviations/mine")})), ElementsAre("one"));
}

TEST_F(Files, AnyOtherFileOfADirectoryMustBeAScenario) {
    write_scenario("a.yaml", "one");
    write("notes.yaml", "title: notes\n");
    const LoadResult result = load({folder_});
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(names(result), ElementsAre("one")) << "the others can still be listed";
    EXPECT_EQ(problems(result).at(0),
              "FOLDER/notes.yaml:1:1: a scenario needs `scenario:`, its name: lower-case words with hyphens, "
              "unique in a run, like `scenario: pcr-mismatch`");
}

TEST_F(Files, AFileIsReadWhateverItsName) {
    write_scenario("requirements.yaml", "one");
    write_scenario("two.txt", "two");
    EXPECT_THAT(names(load({path("requirements.yaml"), path("two.txt")})), ElementsAre("one", "two"));
}

TEST_F(Files, AFileThatIsGivenTwiceIsReadOnce) {
    write_scenario("a.yaml", "one");
    fs::create_symlink("a.yaml", path("b.yaml"));
    const LoadResult result = load({path("a.yaml"), folder_, path("./a.yaml")});
    EXPECT_THAT(problems(result), ElementsAre());
    EXPECT_THAT(names(result), ElementsAre("one"));
}

TEST_F(Files, TwoScenariosOfOneNameAreAProblem) {
    write_scenario("a.yaml", "one");
    write_scenario("b.yaml", "one");
    EXPECT_THAT(problems(load({folder_})),
                ElementsAre("FOLDER/b.yaml:1:11: scenario `one` is already defined in FOLDER/a.yaml:1:11"));
}

TEST_F(Files, ProblemsOfAllFilesAreReported) {
    write("a.yaml", Parts{.more = "titel: x"}.text());
    write("b.yaml", Parts{.script = "script: [ atest ]"}.text());
    EXPECT_THAT(problems(load({folder_})),
                ElementsAre("FOLDER/a.yaml:5:1: unknown key `titel` in a scenario; did you mean `title`?",
                            "FOLDER/b.yaml:3:11: unknown step `atest`; did you mean `attest`?"));
}

TEST_F(Files, AMissingPathIsNamed) {
    EXPECT_THAT(problems(load({path("nowhere.yaml")})),
                ElementsAre("FOLDER/nowhere.yaml: there is no such file or directory"));
}

TEST_F(Files, ADirectoryWithoutAScenarioIsAProblem) {
    write("README.md", "nothing");
    const LoadResult result = load({folder_});
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(problems(result), ElementsAre("FOLDER: no scenario file (*.yaml) is there"));
}

TEST_F(Files, AnEmptyDirectoryBesideAFullOneIsAProblemToo) {
    write_scenario("a/a.yaml", "one");
    fs::create_directories(path("b"));
    EXPECT_THAT(problems(load({path("a"), path("b")})),
                ElementsAre("FOLDER/b: no scenario file (*.yaml) is there"));
}

TEST_F(Files, NoPathAtAllIsAProblem) {
    EXPECT_THAT(problems(load({})), ElementsAre("no path given: there is nothing to load"));
}

TEST_F(Files, WhatIsNoFileIsNotOpened) {
    // Opening a FIFO would wait for a writer.
    ASSERT_EQ(mkfifo(path("a.yaml").c_str(), 0600), 0);
    EXPECT_THAT(problems(load({folder_})), ElementsAre("FOLDER/a.yaml: not a regular file"));
}

TEST_F(Files, ALinkThatLeadsNowhereIsNamed) {
    fs::create_symlink("nowhere", path("a.yaml"));
    EXPECT_THAT(problems(load({folder_})), ElementsAre("FOLDER/a.yaml: not a regular file"));
}

}  // namespace
}  // namespace pushsim::scenario
