#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/checks.hpp"
#include "sim/scenario/language.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;

const fs::path recorded = fs::path(PUSHSIM_SOURCE_DIR) / "fixtures/histories/status-stays-fail.jsonl";

std::string recorded_text() {
    std::ifstream file(recorded);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The recorded history with the first `from` behind `after` as `to`.
std::string changed(const std::string& after, const std::string& from, const std::string& to) {
    std::string text = recorded_text();
    const std::size_t at = text.find(from, text.find(after));
    if (at == std::string::npos) throw std::runtime_error("no " + from);
    return text.replace(at, from.size(), to);
}

TEST(Check, ARunFolderAndAHistoryAreTheSameRun) {
    const Place place;
    fs::create_directories(place.path() / "runs/one");
    fs::create_directory_symlink("one", place.path() / "runs/latest");
    place.write("runs/one/history.jsonl", recorded_text());
    const Ended of_file = pushsim(place, {"check", recorded.string()});
    EXPECT_EQ(of_file.exit_code, 0) << of_file.out << of_file.err;
    EXPECT_THAT(of_file.out, HasSubstr("ok           status_agrees\n"));
    for (const char* run : {"runs/one", "runs/latest", "runs/latest/", "runs/one/history.jsonl"})
        EXPECT_EQ(pushsim(place, {"check", run}).out, of_file.out) << run;
}

TEST(Check, WhatIsFoundIsExitOneWithAgentAndLine) {
    const Place place;
    place.write("run.jsonl",
                changed(R"("kind":"status_read")", R"("status":"FAIL")", R"("status":"PENDING")"));
    const Ended found = pushsim(place, {"check", "run.jsonl"});
    EXPECT_EQ(found.exit_code, 1);
    EXPECT_THAT(found.out, HasSubstr("FOUND        status_agrees: 1 finding\n"));
    EXPECT_THAT(found.out, HasSubstr("failed-once[0]: the status is PENDING"));
    EXPECT_THAT(found.out, HasSubstr("(history line 56)\n"));
    const Ended other =
        pushsim(place, {"check", "run.jsonl", "--check", "accounted", "--check", "stages_legal"});
    EXPECT_EQ(other.exit_code, 0) << other.out;
    EXPECT_EQ(std::ranges::count(other.out, '\n'), 2);
    const auto json = nlohmann::json::parse(
        pushsim(place, {"check", "run.jsonl", "--check", "status_agrees", "--format", "json"}).out);
    EXPECT_EQ(json.at("checks").at(0).at("findings").at(0).at("agent"), "failed-once[0]");
}

TEST(Check, NoSuchRunOrCheckIsExitTwo) {
    const Place place;
    for (const char* none : {"runs/latest", "no.jsonl", "."}) {
        const Ended ended = pushsim(place, {"check", none});
        EXPECT_EQ(ended.exit_code, 2) << none;
        EXPECT_THAT(ended.err, HasSubstr("is no run: there is no history\n  mend: name a run folder"));
    }
    const Ended unknown = pushsim(place, {"check", recorded.string(), "--check", "nonces_distint"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("found 'nonces_distint'; did you mean 'nonces_distinct'?"));
}

TEST(Check, ADamagedHistoryIsExitThree) {
    const Place place;
    const std::string text = recorded_text();
    const std::size_t second = text.find('\n') + 1;
    place.write("garbled.jsonl", text.substr(0, second) + "no JSON\n" + text.substr(second));
    const Ended garbled = pushsim(place, {"check", "garbled.jsonl"});
    EXPECT_EQ(garbled.exit_code, 3);
    EXPECT_THAT(garbled.err, HasSubstr("garbled.jsonl"));
    place.write("short.jsonl", text.substr(0, second) + text.substr(text.find('\n', second) + 1));
    const Ended shorter = pushsim(place, {"check", "short.jsonl"});
    EXPECT_EQ(shorter.exit_code, 3);
    EXPECT_THAT(shorter.err, HasSubstr("lines are missing, 1 line, the first is number 1"));
    EXPECT_THAT(shorter.out, HasSubstr("accounted"));
    place.write("empty.jsonl", "");
    EXPECT_EQ(pushsim(place, {"check", "empty.jsonl"}).exit_code, 3);
    // That of a killed run is none.
    place.write("killed.jsonl", text.substr(0, text.size() - 10));
    EXPECT_EQ(pushsim(place, {"check", "killed.jsonl"}).exit_code, 0);
}

TEST(Check, EveryCheckOfTheLanguageIsOne) {
    const auto& names = reports::check_names();
    for (const scenario::Name& check : scenario::checks()) {
        if (check.availability != scenario::Availability::Now || check.name == reports::all_checks) continue;
        EXPECT_EQ(std::ranges::count(names, check.name), 1) << check.name;
    }
}

}  // namespace
}  // namespace pushsim::testing
