#include "agent/tpm/tcti_name.hpp"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::tpm {
namespace {

using testing::HasSubstr;

TEST(TctiName, OfATctiThatIsInstalledIsGood) {
    for (const char* name :
         {"swtpm", "swtpm:", "swtpm:port=2321", "swtpm:host=::1,port=65534", "swtpm:path=/run/swtpm.sock",
          "mssim:host=localhost", "device", "device:/dev/tpmrm0", "libtss2-tcti-device.so.0:/dev/tpmrm0"})
        EXPECT_TRUE(check_tcti_name(name)) << name;
}

TEST(TctiName, ThatCannotBeOneIsRefusedWithExamples) {
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"", "'' names no TPM"},
        {":port=1", "':port=1' names no TPM"},
        {"foo:", "'foo:': there is no TCTI 'foo' on this machine"},
        {"127.0.0.1:2321", "there is no TCTI '127.0.0.1'"},
        {"swtpm:2321", "'swtpm:2321': '2321' is none of host=HOST, port=PORT, path=PATH"},
        {"swtpm:prt=2321", "'prt=2321' is none of"},
        {"swtpm:port=", "'port=' is none of"},
        {"swtpm:port=1,,host=h", "'' is none of"},
        {"swtpm:host=127.0.0.1,port=x", "'x' is no port of a TPM: they go from 1 to 65534"},
        {"swtpm:port=0", "'0' is no port"},
        {"swtpm:port=65535", "'65535' is no port"},
        {"swtpm:port=65536", "'65536' is no port"},
        {"mssim:port=1x", "'1x' is no port"},
    };
    for (const auto& [name, words] : wrong) {
        const auto checked = check_tcti_name(name);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().kind, ErrorKind::Config);
        EXPECT_THAT(checked.error().message, HasSubstr(words));
        EXPECT_EQ(
            checked.error().mend,
            "for example swtpm:host=127.0.0.1,port=2321, swtpm:path=/run/swtpm.sock or device:/dev/tpmrm0");
    }
}

}  // namespace
}  // namespace pushsim::tpm
