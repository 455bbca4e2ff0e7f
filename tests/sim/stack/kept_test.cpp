#include <gmock/gmock.h>

#include "sim/stack/control.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

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
    EXPECT_EQ(misfit(record_, wanted()), std::nullopt);
    auto other = wanted();
    other.verifier["quote_interval"] = "2";
    EXPECT_THAT(misfit(record_, other).value_or("none"),
                HasSubstr("its verifier.conf has 'quote_interval = 1', wanted is 'quote_interval = 2'"));
}

TEST_F(KeptStack, WithOtherWorkersOrAnotherDatabaseIsNotUsed) {
    auto other = wanted();
    other.workers = 1;
    EXPECT_EQ(misfit(record_, other), std::nullopt) << "as it has them";
    other.workers = 0;
    EXPECT_THAT(misfit(record_, other).value_or("none"), HasSubstr("'max_workers = 1', wanted is"));
    other.workers = 100000;
    EXPECT_THAT(misfit(record_, other).value_or("none"), HasSubstr("100000 workers are wanted"));
    other.workers.reset();
    other.databases = Databases::Postgresql;
    EXPECT_THAT(misfit(record_, other).value_or("none"), HasSubstr("a database server is wanted"));
}

TEST_F(KeptStack, OfAnotherKeylimeWithTheSameVersionIsNotUsed) {
    auto patched = wanted();
    patched.keylime.origin = "/home/me/patched at v7.14.3";
    EXPECT_THAT(misfit(record_, patched).value_or("none"),
                HasSubstr("it runs Keylime 7.14.3 from /home/me/keylime at v7.14.3, wanted is 7.14.3 from "
                          "/home/me/patched"));
}

TEST_F(KeptStack, OfCodeThatMayHaveChangedSinceIsNotUsed) {
    auto dirty = wanted();
    dirty.keylime.may_change = true;
    EXPECT_THAT(misfit(record_, dirty).value_or("none"), HasSubstr("may have changed since"));
}

TEST_F(KeptStack, IsUsedForThePortsItHasAndForNoOthers) {
    auto options = wanted();
    options.ports = {.registrar_http = 41810, .verifier = 41811, .registrar_tls = 41812};
    EXPECT_EQ(misfit(record_, options), std::nullopt);
    for (auto port : {&AskedPorts::registrar_http, &AskedPorts::verifier, &AskedPorts::registrar_tls}) {
        auto other = options;
        other.ports.*port = 5000;
        EXPECT_THAT(misfit(record_, other).value_or("none"), HasSubstr("wanted is 5000"));
    }
}

TEST_F(KeptStack, IsUsedForTheCertificatesItHasAndForNoOthers) {
    auto options = wanted();
    options.certificates = Certificates::Own;
    EXPECT_EQ(misfit(record_, options), std::nullopt);
    options.certificates = Certificates::Keylime;
    EXPECT_THAT(misfit(record_, options).value_or("none"),
                HasSubstr("its certificates are of the other kind"));
    record_.address.ca_file = folder_.path() / "run" / "cv_ca" / "cacert.crt";
    EXPECT_EQ(misfit(record_, options), std::nullopt);
    options.certificates.reset();
    EXPECT_EQ(misfit(record_, options), std::nullopt) << "none were asked for";
}

}  // namespace
}  // namespace pushsim::stack::test
