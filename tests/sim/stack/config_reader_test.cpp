#include "sim/stack/config_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/stack/config.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

FoundConfig found(const std::string& text) {
    FoundConfig config("verifier.conf");
    const auto added = config.add(text, "verifier.conf");
    EXPECT_TRUE(added) << added.error().text();
    return config;
}

std::string text_of(const FoundConfig& config, const std::string& name,
                    const std::string& section = "verifier") {
    const auto* value = config.find(section, name);
    return value == nullptr ? "left out" : value->text;
}

std::string wrong(const std::string& text) {
    const auto added = FoundConfig().add(text, "verifier.conf");
    return added ? "nothing" : added.error().message;
}

// Each as Python's RawConfigParser reads it, by which Keylime does.
TEST(ConfigReader, ReadsWhatKeylimesReaderReads) {
    EXPECT_EQ(text_of(found("[verifier]\r\nquote_interval = 60\r\n"), "quote_interval"), "60");
    EXPECT_EQ(text_of(found("[verifier] x\nQuote_Interval: 1=2\n"), "quote_interval"), "1=2");
    EXPECT_EQ(text_of(found("  [verifier]\n  a=1\n  b=2"), "b"), "2");
    EXPECT_EQ(text_of(found("[verifier]\n# a = 1\n; b\n   b=2\na=1\n"), "a"), "1");
    EXPECT_EQ(text_of(found("[verifier]\na = \n"), "a"), "");
    EXPECT_EQ(text_of(found("[verifier]\na = 1 # no comment\n"), "a"), "1 # no comment");
    EXPECT_EQ(text_of(found("[DEFAULT]\na=1\n[verifier]\nb=2\n[DEFAULT]\nc=3\n"), "a"), "1");
    EXPECT_EQ(text_of(found("[verifier]\n[revocations]\nzmq_port=1\n"), "zmq_port"), "left out");
    EXPECT_EQ(text_of(found("[verifier]\n[revocations]\nzmq_port=1\n"), "zmq_port", "revocations"), "1");
}

TEST(ConfigReader, AValueGoesOnInLinesThatAreFurtherIn) {
    EXPECT_EQ(text_of(found("[verifier]\na=1\n  b=2\n"), "a"), "1\nb=2");
    EXPECT_EQ(text_of(found("[verifier]\na=\n  x\n  y\nb=2\n"), "a"), "\nx\ny");
    const FoundConfig config = found("[verifier]\na=1\n\n  b\n# c\n  [d]\nx=2\n\n");
    EXPECT_EQ(text_of(config, "a"), "1\n\nb\n[d]");
    EXPECT_EQ(text_of(config, "x"), "2");
}

TEST(ConfigReader, NamesTheLineThatKeylimesReaderWouldRefuse) {
    EXPECT_EQ(wrong("\n# x\nquote_interval = 1\n"), "verifier.conf:3: no section has begun");
    EXPECT_EQ(wrong("[verifier]\nroot:x\n = 1\n"), "nothing") << "it is further in";
    EXPECT_EQ(wrong("[verifier]\n= secret\n"),
              "verifier.conf:2: this is neither `[section]` nor `option = value`");
    EXPECT_EQ(wrong("[verifier]\nsecret\n"),
              "verifier.conf:2: this is neither `[section]` nor `option = value`");
    EXPECT_EQ(wrong("[verifier\n"), "verifier.conf:1: no section has begun");
    EXPECT_EQ(wrong("[verifier]\na=1\nA=2\n"), "verifier.conf:3: option a is there already");
    EXPECT_EQ(wrong("[verifier]\n[x]\n[verifier]\n"), "verifier.conf:3: section [verifier] is there already");
}

TEST(ConfigReader, LaterFilesWinAndAFolderIsItsFilesByName) {
    const TemporaryFolder folder;
    write(folder.path() / "verifier.conf", "[verifier]\nquote_interval = 60\nmode = push\n");
    write(folder.path() / "verifier.conf.d" / "02-more.conf", "[verifier]\nquote_interval = 2\n");
    write(folder.path() / "verifier.conf.d" / "01-first", "[verifier]\nquote_interval = 1\n[revocations]\n");
    const std::string file = folder.path() / "verifier.conf";
    const std::string snippets = folder.path() / "verifier.conf.d";
    const auto config = read_config("--verifier-conf", "verifier", {file, snippets});
    ASSERT_TRUE(config) << config.error().text();
    const auto* interval = config->find("verifier", "quote_interval");
    ASSERT_NE(interval, nullptr);
    EXPECT_EQ(interval->text, "2");
    EXPECT_EQ(interval->file, folder.path() / "verifier.conf.d" / "02-more.conf");
    EXPECT_EQ(config->find("verifier", "mode")->file, file);
    EXPECT_EQ(config->first_file(), file);
    EXPECT_EQ(read_config("--verifier-conf", "verifier", {snippets, file})
                  ->find("verifier", "quote_interval")
                  ->text,
              "60");
}

TEST(ConfigReader, WhatCannotBeReadIsNamedWithTheWayOut) {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& name) {
        const auto config = read_config("--verifier-conf", "verifier", {(folder.path() / name).string()});
        return config ? Error{ErrorKind::System, "read"} : config.error();
    };
    EXPECT_EQ(error("none.conf").kind, ErrorKind::Config);
    EXPECT_EQ(error("none.conf").message, "--verifier-conf: cannot read " +
                                              (folder.path() / "none.conf").string() +
                                              ": No such file or directory");
    EXPECT_THAT(error("none.conf").mend, HasSubstr("which this user may read"));
    write(folder.path() / "registrar.conf", "[registrar]\nport = 8890\n");
    EXPECT_THAT(error("registrar.conf").message, HasSubstr("there is no section [verifier] in "));
    EXPECT_THAT(error("registrar.conf").mend, HasSubstr("verifier.conf"));
    write(folder.path() / "bad.conf", "[verifier]\nport\n");
    EXPECT_THAT(error("bad.conf").message,
                HasSubstr("--verifier-conf: " + (folder.path() / "bad.conf").string() + ":2: "));
    write(folder.path() / "large.conf", "[verifier]\n" + std::string(1U << 20U, '#'));
    EXPECT_THAT(error("large.conf").message, HasSubstr("more than 1 MiB"));
    const auto device = read_config("--verifier-conf", "verifier", {"/dev/zero"});
    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().message, HasSubstr("neither a file nor a folder"));
}

TEST(ConfigReader, ReadsWhatWeWrite) {
    EXPECT_EQ(text_of(found(verifier_template().text()), "severity_policy"),
              verifier_template().get("verifier", "severity_policy"));
}

}  // namespace
}  // namespace pushsim::stack::test
