#include "sim/fleet/agent_tpm.hpp"

#include <gtest/gtest.h>

#include "agent/transport/loop.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"

namespace pushsim::fleet {
namespace {

using tpm::HashAlgorithm;

class AgentTpms : public ::testing::Test {
  protected:
    void until(const bool& done) {
        ASSERT_TRUE(loop_.run_until([&] { return done; }, std::chrono::seconds{60}));
    }

    tpm::Description provision(AgentTpm& tpm) {
        tpm::Description description;
        bool done = false;
        tpm.provision([&](const AgentTpm::Provisioned& provisioned) {
            done = true;
            ASSERT_TRUE(provisioned.description.has_value()) << provisioned.description.error().text();
            description = *provisioned.description;
        });
        until(done);
        return description;
    }

    void extend(AgentTpm& tpm, int pcr, const boot::Measurement& measurement) {
        bool done = false;
        tpm.extend({{pcr, measurement}}, [&](const Result<void>& result) {
            done = true;
            EXPECT_TRUE(result.has_value()) << result.error().text();
        });
        until(done);
    }

    tpm::Quote quote(AgentTpm& tpm, HashAlgorithm bank, const std::vector<int>& pcrs) {
        tpm::Quote quote;
        bool done = false;
        tpm.use({lifecycle::Phase::Collect, lifecycle::QuotePcrs{Bytes(16, 7), bank, pcrs}}, 0,
                [&](const AgentTpm::Used& used) {
                    done = true;
                    EXPECT_EQ(used.operation, "quote");
                    ASSERT_TRUE(used.answer.has_value()) << used.answer.error().text();
                    quote = std::get<tpm::Quote>(*used.answer);
                });
        until(done);
        return quote;
    }

    core::SystemClock clock_;
    transport::EventLoop loop_{clock_};
    TpmThreads threads_{clock_, [this](Worker::Task task) { loop_.post(std::move(task)); }, 2};
};

TEST_F(AgentTpms, TheTpmHasThePcrValuesThatTheBootStatePredicts) {
    AgentTpm tpm(threads_, {.ak_primary = true});
    provision(tpm);
    boot::BootState state{clock_.wall_now()};
    core::SeededStream random(20261123, {"boot state"});
    for (int i = 0; i < 40; ++i) {
        const int pcr = static_cast<int>(random.next() % 16);
        const std::string text = "text:" + std::to_string(random.next());
        const auto measurement = *boot::parse_measurement(text);
        state.measure(pcr, measurement);
        extend(tpm, pcr, measurement);
    }
    for (const HashAlgorithm bank : {HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384}) {
        const tpm::Quote quoted = quote(tpm, bank, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
        ASSERT_EQ(quoted.pcrs.size(), 16U);
        for (const auto& [pcr, value] : quoted.pcrs) {
            EXPECT_EQ(to_hex(value), to_hex(state.pcr_value(bank, pcr))) << "PCR " << pcr;
        }
    }
}

TEST_F(AgentTpms, TwoTpmsOnOneThreadAreTwoMachines) {
    AgentTpm one(threads_, {.ak_primary = true});
    AgentTpm other(threads_, {.ak_primary = true});
    const auto first = provision(one), second = provision(other);
    EXPECT_NE(first.ek_public, second.ek_public);
    EXPECT_NE(first.ak_public, second.ak_public);
    extend(one, 7, *boot::parse_measurement("text:changed"));
    EXPECT_EQ(quote(other, HashAlgorithm::Sha256, {7}).pcrs.at(7), Bytes(32, 0));
    EXPECT_NE(quote(one, HashAlgorithm::Sha256, {7}).pcrs.at(7), Bytes(32, 0));
}

TEST_F(AgentTpms, ATctiThatLeadsNowhereIsAnErrorThatNamesIt) {
    AgentTpm tpm(threads_, {.tpm = {scenario::TpmKind::Outside, "swtpm:host=127.0.0.1,port=1"}});
    bool done = false;
    tpm.provision([&](const AgentTpm::Provisioned& provisioned) {
        done = true;
        ASSERT_FALSE(provisioned.description.has_value());
        EXPECT_EQ(provisioned.description.error().kind, ErrorKind::Tpm);
        EXPECT_NE(provisioned.description.error().message.find("swtpm:host=127.0.0.1,port=1"),
                  std::string::npos)
            << provisioned.description.error().message;
    });
    until(done);
}

}  // namespace
}  // namespace pushsim::fleet
