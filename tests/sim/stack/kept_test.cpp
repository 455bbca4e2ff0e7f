#include <gtest/gtest.h>

#include "sim/stack/control.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

/// A stack that `stack up` would have made with the options of wanted().
class KeptStack : public testing::Test {
  protected:
    KeptStack() {
        record_.folder = folder_.path();
        record_.kept = true;
        record_.address.keylime_version = "7.14.3";
        record_.address.keylime_origin = "/home/me/keylime at v7.14.3";
        record_.address.verifier.port = 41811;
        record_.address.registrar_http.port = 41810;
        record_.address.registrar_tls.port = 41812;
        record_.address.ca_file = folder_.path() / "tls" / "ca-cert.pem";
        const auto files = make_config({.ports = {41810, 41811, 41812},
                                        .tls = TlsFiles{},
                                        .verifier = wanted().verifier,
                                        .registrar = wanted().registrar});
        for (const auto& [name, text] : *files)
            write(folder_.path() / "etc" / name, text);
    }

    static LocalStackOptions wanted() {
        LocalStackOptions options;
        options.keylime.version = "7.14.3";
        options.keylime.origin = "/home/me/keylime at v7.14.3";
        options.verifier["quote_interval"] = "1";
        return options;
    }

    TemporaryFolder folder_;
    StackRecord record_;
};

TEST_F(KeptStack, IsUsedWhereTheOptionsAgree) {
    EXPECT_TRUE(runs_with(record_, wanted()));
    auto other = wanted();
    other.verifier["quote_interval"] = "2";
    EXPECT_FALSE(runs_with(record_, other));
}

TEST_F(KeptStack, OfAnotherKeylimeWithTheSameVersionIsNotUsed) {
    auto patched = wanted();
    patched.keylime.origin = "/home/me/patched at v7.14.3";
    EXPECT_FALSE(runs_with(record_, patched));
}

TEST_F(KeptStack, OfCodeThatMayHaveChangedSinceIsNotUsed) {
    auto dirty = wanted();
    dirty.keylime.may_change = true;
    EXPECT_FALSE(runs_with(record_, dirty));
}

TEST_F(KeptStack, IsUsedForThePortsItHasAndForNoOthers) {
    auto options = wanted();
    options.ports = {.registrar_http = 41810, .verifier = 41811, .registrar_tls = 41812};
    EXPECT_TRUE(runs_with(record_, options));
    for (auto port : {&AskedPorts::registrar_http, &AskedPorts::verifier, &AskedPorts::registrar_tls}) {
        auto other = options;
        other.ports.*port = 5000;
        EXPECT_FALSE(runs_with(record_, other));
    }
}

TEST_F(KeptStack, IsUsedForTheCertificatesItHasAndForNoOthers) {
    auto options = wanted();
    options.certificates = Certificates::Own;
    EXPECT_TRUE(runs_with(record_, options));
    options.certificates = Certificates::Keylime;
    EXPECT_FALSE(runs_with(record_, options));
    record_.address.ca_file = folder_.path() / "run" / "cv_ca" / "cacert.crt";
    EXPECT_TRUE(runs_with(record_, options));
    options.certificates.reset();
    EXPECT_TRUE(runs_with(record_, options)) << "none were asked for";
}

}  // namespace
}  // namespace pushsim::stack::test
