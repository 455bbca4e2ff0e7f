#include "sim/stack/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

StackAddress complete(const std::filesystem::path& folder) {
    StackAddress address;
    address.verifier = {"127.0.0.1", 8881};
    address.registrar_http = {"localhost", 8890};
    address.registrar_tls = {"localhost", 8891};
    address.ca_file = folder / "ca.pem";
    address.admin_certificate = folder / "admin.pem";
    address.admin_key = folder / "key.pem";
    for (const auto& file : {address.ca_file, address.admin_certificate, address.admin_key})
        write(file, "x");
    return address;
}

TEST(Address, WritesIpv6InBrackets) {
    EXPECT_EQ((HostPort{"127.0.0.1", 8881}).text(), "127.0.0.1:8881");
    EXPECT_EQ((HostPort{"::1", 8881}).text(), "[::1]:8881");
}

TEST(Address, ExternalStackIsItsAddress) {
    const TemporaryFolder folder;
    const auto address = external_stack(complete(folder.path()));
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->kind, "external");
}

TEST(Address, ExternalStackNamesTheFileThatCannotBeRead) {
    const TemporaryFolder folder;
    auto address = complete(folder.path());
    std::filesystem::remove(address.admin_key);
    const auto refused = external_stack(address);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Stack);
    EXPECT_THAT(refused.error().message, HasSubstr("key.pem: No such file"));
    EXPECT_THAT(refused.error().mend, HasSubstr("may read"));
}

TEST(Address, AHostThatDoesNotResolveIsNamedWithItsServer) {
    const TemporaryFolder folder;
    auto address = complete(folder.path());
    address.registrar_tls.host = "registrar.invalid";
    const auto refused = external_stack(address);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Config);
    EXPECT_THAT(refused.error().message,
                HasSubstr("registrar (TLS): registrar.invalid:8891: host name does not resolve"));
    EXPECT_THAT(refused.error().mend, HasSubstr("check the name"));
}

TEST(Address, FolderIsNoCertificate) {
    const TemporaryFolder folder;
    const auto refused = check_readable(folder.path(), "CA certificate");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("is not a file"));
    EXPECT_THAT(refused.error().mend, HasSubstr("may read"));
}

TEST(Address, ExternalStackNeedsEveryPort) {
    const TemporaryFolder folder;
    auto address = complete(folder.path());
    address.registrar_tls.port = 0;
    const auto refused = external_stack(address);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("registrar (TLS)"));
}

}  // namespace
}  // namespace pushsim::stack::test
