#include "agent/base/files.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pushsim {
namespace {

namespace fs = std::filesystem;

class WholeFiles : public testing::Test {
  protected:
    WholeFiles() {
        std::string name = (fs::temp_directory_path() / "pushsim-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
        folder_ = name;
    }
    ~WholeFiles() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    static std::string rest_of(std::ifstream& file) { return {std::istreambuf_iterator<char>(file), {}}; }
    static std::string text_of(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return rest_of(file);
    }
    std::ptrdiff_t files() const {
        return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
    }

    fs::path folder_;
};

TEST_F(WholeFiles, AReaderOfTheOldTextKeepsItToTheEndWhileTheNewIsWritten) {
    const fs::path file = folder_ / "report.json";
    // Longer than what a reader takes at once.
    const std::string old(std::size_t{1} << 20, 'o');
    ASSERT_TRUE(write_file(file, old, 0644));
    std::ifstream reader(file, std::ios::binary);
    EXPECT_EQ(reader.get(), 'o');
    ASSERT_TRUE(write_file(file, "new", 0644));
    EXPECT_EQ(rest_of(reader).size(), old.size() - 1);
    EXPECT_EQ(text_of(file), "new");
    EXPECT_EQ(files(), 1);
}

TEST_F(WholeFiles, WhatCannotBeReadIsEmpty) {
    EXPECT_EQ(read_file(folder_ / "nothing"), "");
    EXPECT_EQ(read_file(folder_), "") << "a folder opens, and its first read fails";
    const std::string long_text(100'000, 'x');
    ASSERT_TRUE(write_file(folder_ / "long", long_text, 0600));
    EXPECT_EQ(read_file(folder_ / "long"), long_text);
}

TEST_F(WholeFiles, HaveTheirModeWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    const auto open = write_file(folder_ / "open", "x", 0644);
    const auto secret = write_file(folder_ / "secret", "x", 0600);
    ::umask(before);
    ASSERT_TRUE(open && secret);
    EXPECT_EQ(fs::status(folder_ / "open").permissions(), fs::perms::owner_read | fs::perms::owner_write |
                                                              fs::perms::group_read | fs::perms::others_read);
    EXPECT_EQ(fs::status(folder_ / "secret").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(WholeFiles, AFailureNamesTheFileAndLeavesNothingBehind) {
    fs::create_directories(folder_ / "taken" / "by a folder");
    const auto replaced = write_file(folder_ / "taken", "x", 0644);
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().kind, ErrorKind::System);
    EXPECT_NE(replaced.error().message.find((folder_ / "taken").string()), std::string::npos);
    EXPECT_EQ(files(), 1);
    const auto nowhere = write_file(folder_ / "nowhere" / "file", "x", 0644);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().message.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace pushsim
