// What the reference says of options that are left out, beside what is then written.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/scenario/language.hpp"
#include "sim/stack/config.hpp"

namespace pushsim::cli {
namespace {

std::string about_verifier_option(std::string_view name) {
    for (const scenario::OptionName& option : scenario::verifier_options()) {
        if (option.name == name) return std::string(option.about);
    }
    return "";
}

TEST(OptionsLeftOut, AreWhatTheReferenceSays) {
    const stack::ConfigFile written = stack::verifier_template();
    for (const auto& [name, words] :
         {std::pair{"mode", "push"}, std::pair{"quote_interval", "2s"}, std::pair{"session_lifetime", "3m"},
          std::pair{"verification_timeout", "0s"}, std::pair{"max_workers", "1"}}) {
        EXPECT_TRUE(about_verifier_option(name).ends_with(fmt::format("; {} if left out", words))) << name;
    }
    EXPECT_EQ(written.get("verifier", "mode"), "push");
    EXPECT_EQ(written.get("verifier", "quote_interval"), "2");
    EXPECT_EQ(written.get("verifier", "session_lifetime"), "180");
    EXPECT_EQ(written.get("verifier", "verification_timeout"), "0");
    EXPECT_EQ(written.get("verifier", "max_workers"), "1");
    // Keylime's own fallbacks, seen in 7.14.3.
    for (const char* name : {"challenge_lifetime", "nonce_lifetime", "extend_token_on_attestation",
                             "auto_recover_attestation_failures", "shutdown_drain_timeout"}) {
        EXPECT_FALSE(written.get("verifier", name)) << name;
        EXPECT_TRUE(about_verifier_option(name).ends_with(" if left out")) << name;
    }
}

}  // namespace
}  // namespace pushsim::cli
