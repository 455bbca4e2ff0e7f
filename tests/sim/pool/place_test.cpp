#include "sim/pool/place.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

using namespace test;
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Places : public ::testing::Test {
  protected:
    const StateFolder folder_;
};

TEST_F(Places, NameIsAFileInTheStateFolder) {
    const Place place = must(place_of("default"));
    EXPECT_EQ(place.name, "default");
    EXPECT_EQ(place.file, folder_.path() / "pushsim/pools/default.pool");
    EXPECT_EQ(place.lock_file(), folder_.path() / "pushsim/pools/default.pool.lock");
    EXPECT_EQ(place.ca_file(), folder_.path() / "pushsim/pools/default.ca.pem");
    EXPECT_EQ(place.argument(), "default");
    EXPECT_EQ(place.text(), "the pool 'default' (" + place.file.string() + ")");
}

TEST_F(Places, WordWithASlashOrTheSuffixIsAFile) {
    for (const char* word : {"a.pool", "./a", "/x/y", "sub/a.pool", "../a b.pool"}) {
        const Place place = must(place_of(word));
        EXPECT_EQ(place.name, "") << word;
        EXPECT_EQ(place.file, word);
        EXPECT_EQ(place.argument(), word);
    }
    EXPECT_EQ(must(place_of("./a")).ca_file(), "./a.ca.pem");
    EXPECT_EQ(must(place_of("a.pool")).ca_file(), "a.ca.pem");
}

TEST_F(Places, OddNamesAreRefusedWithWhatIsRight) {
    for (const std::string& word : std::vector<std::string>{"", ".", "..", ".hidden", "-x", "a b", "a\nb",
                                                            "\xff", "a*", std::string(65, 'a'), ".pool"}) {
        const auto place = place_of(word);
        ASSERT_FALSE(place) << word;
        EXPECT_EQ(place.error().kind, ErrorKind::Usage);
        EXPECT_THAT(place.error().message, HasSubstr("is no name of a pool"));
        EXPECT_THAT(place.error().mend, HasSubstr("letters, digits"));
    }
    EXPECT_EQ(place_of("a\x1b[31m").error().message, "'a\\x1b[31m' is no name of a pool");
    EXPECT_TRUE(place_of(std::string(64, 'a')));
    EXPECT_TRUE(place_of("rsa_2048-v1.5"));
    EXPECT_THAT(place_of("some/").error().message, HasSubstr("is a folder"));
}

TEST_F(Places, WhereALinkPointsToIsThePool) {
    const auto folder = folder_.path();
    write(folder / "alone.pool", "");
    fs::create_symlink("alone.pool", folder / "one.pool");
    fs::create_symlink("one.pool", folder / "two.pool");
    const Place place = must(place_of(folder / "two.pool"));
    EXPECT_EQ(place.file, fs::canonical(folder / "alone.pool"));
    EXPECT_EQ(place.name, "");

    fs::create_symlink("gone.pool", folder / "dangling.pool");
    fs::create_symlink("circle.pool", folder / "circle.pool");
    for (const char* name : {"dangling.pool", "circle.pool"}) {
        const auto refused = place_of(folder / name);
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().kind, ErrorKind::Config);
        EXPECT_THAT(refused.error().message, HasSubstr("is a symbolic link to nothing that can be reached"));
    }
    fs::create_symlink(folder / "alone.pool", must(place_of("named")).file);
    EXPECT_THAT(place_of("named").error().message, HasSubstr("named.pool) is a symbolic link"));
}

TEST_F(Places, NamedOnesAreListedAndWhatLiesBesideThemIsNot) {
    EXPECT_TRUE(must(named_places()).empty());
    const auto pools = folder_.path() / "pushsim/pools";
    for (const char* name :
         {"b.pool", "a.pool", "a.pool.lock", "a.pool.part", "c.pool.part", "a.ca.pem", "x", "-.pool"})
        write(pools / name, "");
    std::vector<std::string> names;
    for (const Place& place : must(named_places()))
        names.push_back(place.name);
    EXPECT_THAT(names, ::testing::ElementsAre("a", "b", "c")) << "of c there is a part";
}

}  // namespace
}  // namespace pushsim::pool
