#include "sim/stack/install.hpp"

#include <optional>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

/// Sets a variable for the life of the object.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// Something that looks like a virtual environment; its python prints `version` whatever it is asked.
void make_release(const std::filesystem::path& folder, const std::string& version) {
    const auto bin = folder / "bin";
    write_program(bin / "python3", fmt::format("#!/bin/sh\necho {}\n", version));
    for (const char* server : {"keylime_verifier", "keylime_registrar"}) {
        write_program(bin / server, fmt::format("#!{}\n", (bin / "python3").string()));
    }
}

TEST(Install, PinnedReleaseIsTheDefault) {
    const TemporaryFolder home;
    make_release(home.path() / kPinnedRelease, "7.14.3");
    make_release(home.path() / "7.14.1", "7.14.1");
    const auto found = find_keylime("", home.path());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->verifier.front(), (home.path() / kPinnedRelease / "bin" / "keylime_verifier").string());
    EXPECT_EQ(found->registrar.front(),
              (home.path() / kPinnedRelease / "bin" / "keylime_registrar").string());
    EXPECT_EQ(found->version, "7.14.3");
    EXPECT_THAT(found->text(), testing::StartsWith("Keylime 7.14.3 ("));
}

TEST(Install, ReleaseIsFoundByItsVersion) {
    const TemporaryFolder home;
    make_release(home.path() / "7.14.1", "7.14.1");
    const auto found = find_keylime("7.14.1", home.path());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->version, "7.14.1");
}

TEST(Install, ReleaseThatIsNotThereLeadsToSetup) {
    const TemporaryFolder home;
    const auto found = find_keylime("7.14.0", home.path());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::Config);
    EXPECT_THAT(found.error().mend, HasSubstr("scripts/setup --keylime 7.14.0"));
}

TEST(Install, NothingAnywhereLeadsToSetup) {
    const TemporaryFolder home;
    const Variable path("PATH", home.path().string());
    const auto found = find_keylime("", home.path());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::Config);
    EXPECT_THAT(found.error().mend, HasSubstr("run scripts/setup"));
}

TEST(Install, DistributionsProgramIsFoundInPath) {
    const TemporaryFolder home;
    make_release(home.path() / "usr", "7.14.2");
    const Variable path("PATH", (home.path() / "usr" / "bin").string() + ":/usr/bin:/bin");
    const auto found = find_keylime("", home.path() / "none");
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->origin, (home.path() / "usr" / "bin" / "keylime_verifier").string());
    EXPECT_EQ(found->version, "7.14.2");
}

TEST(Install, FolderAndProgramAreFoundAlike) {
    const TemporaryFolder home;
    make_release(home.path() / "own", "7.14.3");
    for (const auto& wanted : {home.path() / "own", home.path() / "own" / "bin",
                               home.path() / "own" / "bin" / "keylime_verifier"}) {
        const auto found = find_keylime(wanted.string(), home.path());
        ASSERT_TRUE(found) << found.error().text();
        EXPECT_EQ(found->verifier.front(), (home.path() / "own" / "bin" / "keylime_verifier").string());
    }
}

TEST(Install, VerifierWithoutARegistrarBesideItIsNoKeylime) {
    const TemporaryFolder home;
    make_release(home.path() / "own", "7.14.3");
    std::filesystem::remove(home.path() / "own" / "bin" / "keylime_registrar");
    const auto found = find_keylime((home.path() / "own").string(), home.path());
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("keylime_registrar"));
}

TEST(Install, CheckoutRunsWithThePinnedReleasesPython) {
    const TemporaryFolder home;
    make_release(home.path() / kPinnedRelease, "7.14.9");
    const auto checkout = home.path() / "src";
    write(checkout / "keylime" / "__init__.py", "");
    write(checkout / "keylime" / "cmd" / "verifier.py", "");
    const auto found = find_keylime(checkout.string(), home.path());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->verifier.front(), (home.path() / kPinnedRelease / "bin" / "python3").string());
    EXPECT_THAT(found->environment,
                testing::ElementsAre(std::pair<std::string, std::string>("PYTHONPATH", checkout)));
    EXPECT_THAT(found->verifier.back(), HasSubstr("keylime.cmd.verifier"));
}

TEST(Install, CheckoutSaysItsVersionInSetupCfg) {
    const TemporaryFolder home;
    const auto checkout = home.path() / "src";
    write(checkout / "keylime" / "__init__.py", "");
    write(checkout / "keylime" / "cmd" / "verifier.py", "");
    write(checkout / "setup.cfg", "[metadata]\nname = keylime\nversion = 7.14.77\n");
    const auto found = find_keylime(checkout.string(), home.path());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->version, "7.14.77");
}

TEST(Install, PinnedReleaseIsKnownByItsPlace) {
    const TemporaryFolder home;
    const Variable home_variable("PUSHSIM_KEYLIME_HOME", home.path().string());
    make_release(home.path() / kPinnedRelease, kPinnedRelease);
    make_release(home.path() / "patched", kPinnedRelease);
    EXPECT_TRUE(is_pinned_release(find_keylime("")->origin));
    EXPECT_FALSE(is_pinned_release(find_keylime((home.path() / "patched").string())->origin));
}

TEST(Install, CodeThatMayChangeUnderItsNameIsMarked) {
    const TemporaryFolder home;
    make_release(home.path() / kPinnedRelease, kPinnedRelease);
    EXPECT_FALSE(find_keylime("", home.path())->may_change);
    make_release(home.path() / "silent", "");
    EXPECT_TRUE(find_keylime((home.path() / "silent").string(), home.path())->may_change);

    const auto checkout = home.path() / "src";
    write(checkout / "keylime" / "cmd" / "verifier.py", "");
    EXPECT_TRUE(find_keylime(checkout.string(), home.path())->may_change) << "no commit to name it by";
    const std::string git = fmt::format("git -C {} -c user.name=x -c user.email=x@x ", checkout.string());
    ASSERT_EQ(std::system((git + "init -q && " + git + "add . && " + git + "commit -qm one").c_str()), 0);
    const auto committed = find_keylime(checkout.string(), home.path());
    EXPECT_FALSE(committed->may_change);
    EXPECT_THAT(committed->origin, HasSubstr(checkout.string() + " at "));
    write(checkout / "keylime" / "cmd" / "verifier.py", "changed = True\n");
    EXPECT_TRUE(find_keylime(checkout.string(), home.path())->may_change);
}

TEST(Install, WordThatIsNothingIsRefused) {
    const TemporaryFolder home;
    const auto found = find_keylime("no/such/thing", home.path());
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("no release, folder or program"));
}

TEST(Install, HomeCanBeGivenByTheEnvironment) {
    const Variable home("PUSHSIM_KEYLIME_HOME", "/elsewhere");
    EXPECT_EQ(keylime_home(), "/elsewhere");
}

TEST(Install, APythonThatLacksAModuleSaysWhich) {
    const TemporaryFolder home;
    KeylimeInstall keylime;
    keylime.python = in_path("python3").value().string();
    keylime.environment = {{"PYTHONPATH", home.path().string()}};
    write(home.path() / "keylime/cmd/verifier.py", "import no_such_module_at_all\n");
    write(home.path() / "keylime/cmd/registrar.py", "");
    EXPECT_EQ(import_problem(keylime).value_or("failed"),
              "ModuleNotFoundError: No module named 'no_such_module_at_all'");
    write(home.path() / "keylime/cmd/verifier.py", "");
    EXPECT_EQ(import_problem(keylime).value_or("failed"), "");
    keylime.python = "/no/such/python3";
    EXPECT_FALSE(import_problem(keylime).has_value());
    keylime.python.clear();
    EXPECT_THAT(import_problem(keylime).error().message, HasSubstr("does not tell which Python"));
}

}  // namespace
}  // namespace pushsim::stack::test
