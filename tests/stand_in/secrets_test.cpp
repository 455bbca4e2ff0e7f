// Markers stand wherever a secret can be; everything is played and printed; no marker may come out.

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/lifecycle/peer.hpp"
#include "tests/sim/cli/program.hpp"
#include "tests/stand_in/staged.hpp"
#include "tests/stand_in/suite.hpp"

namespace pushsim::stand_in {
namespace {

using pushsim::testing::Ended;
using pushsim::testing::Place;
namespace fs = std::filesystem;

/// A secret, and how it may be written.
struct Marker {
    std::string name;
    std::string octets;

    /// In base64 whatever stands before and behind it: without what depends on that.
    std::vector<std::string> forms() const {
        std::vector<std::string> all{octets, to_hex(as_bytes(octets))};
        for (std::size_t before = 0; before < 3; ++before) {
            const std::string text = to_base64(as_bytes(std::string(before, 'x') + octets));
            const std::size_t begin = before == 0 ? 0 : 4;
            const std::size_t end = (before + octets.size()) / 3 * 4;
            all.push_back(text.substr(begin, end - begin));
        }
        std::string whole, needed;
        for (const char c : octets) {
            const std::string code = fmt::format("%{:02X}", static_cast<unsigned char>(c));
            whole += code;
            needed += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : code;
        }
        all.push_back(whole);
        all.push_back(needed);
        return all;
    }
    bool is_in(const std::string& text) const {
        return std::ranges::any_of(
            forms(), [&](const std::string& form) { return text.find(form) != std::string::npos; });
    }
};

std::string text_of(const Bytes& octets) {
    return {octets.begin(), octets.end()};
}

class Secrets : public ::testing::Test {
  protected:
    Secrets() {
        for (std::size_t i = 0; i < pool_.size(); ++i) {
            const auto entry = pool_.read(i).value();
            markers_.push_back({"a prime of the EK", text_of(entry.ek_factor)});
            markers_.push_back({"a prime of the AK", text_of(entry.ak_factor)});
            markers_.push_back({"the state of a TPM", text_of(entry.permanent_state).substr(0, 200)});
        }
        const std::string pem = place_.read(server_.admin_key());
        for (std::size_t at = pem.find('\n') + 1; at < pem.size();) {
            const std::size_t end = pem.find('\n', at);
            if (pem[at] != '-' && end - at > 40)
                markers_.push_back({"the tenant's key", pem.substr(at, end - at)});
            at = end + 1;
        }
    }

    std::vector<std::string> with_stack(std::vector<std::string> words) const {
        const auto at = [](std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); };
        for (const std::string& word : std::vector<std::string>{
                 "--stack", "external", "--verifier", at(server_.verifier().port), "--registrar",
                 at(server_.registrar().port), "--registrar-tls", at(server_.registrar_tls_port()), "--ca",
                 server_.ca_file().string(), "--admin-cert", server_.admin_certificate().string(),
                 "--admin-key", server_.admin_key().string(), "--bodies", "all", "--timeout", "20s"})
            words.push_back(word);
        return words;
    }

    Ended say(const std::vector<std::string>& words) {
        const Ended ended =
            pushsim::testing::pushsim(place_, words, {{"PUSHSIM_SCENARIOS", suite_.string()}});
        EXPECT_NE(ended.exit_code, 2) << ended.err;  // nothing was played or printed
        said_.emplace_back(fmt::format("`pushsim {} {}`", words[0], words[1]), ended.out + ended.err);
        return ended;
    }
    /// What is printed of the last run.
    void say_all_of_it() {
        for (const char* command : {"report", "explain", "check"})
            say({command, "runs/latest"});
        say({"check", "runs/latest", "--format", "json"});
    }

    /// Which marker stands where.
    std::string found() const {
        std::string found;
        const auto look = [&](const std::string& where, const std::string& text) {
            for (const Marker& marker : markers_) {
                if (marker.is_in(text)) found += fmt::format("{} in {}\n", marker.name, where);
            }
        };
        for (const auto& [what, text] : said_)
            look(what, text);
        for (const auto& file : fs::recursive_directory_iterator(place_.path() / "runs")) {
            if (!file.is_regular_file() || file.is_symlink()) continue;
            const fs::path name = fs::relative(file.path(), place_.path());
            look(name.filename().string(), place_.read(name));
        }
        return found;
    }

    /// Its tokens and challenges hold the peers' markers; what a request bears comes back in its answer.
    const Process server_{Process::Options{.asks_certificates = true, .lie = "tell"}};
    const Place place_;
    const fs::path suite_ = suite_without_options(place_);
    const pool::Pool pool_ = pool_of_one(place_.path(), 8);
    std::vector<Marker> markers_{{"a session's token", lifecycle::kTokenSecret},
                                 {"what the registrar's challenge holds", lifecycle::kSecret}};
    std::vector<std::pair<std::string, std::string>> said_;
};

TEST_F(Secrets, OfServersAgentsAndTheTenantComeOutNowhere) {
    place_.write("own.yaml", R"(scenario: own
title: Requests with credentials
agents:
  one: { ak: primary }
  two: { ak: primary }
script:
  - attest: [one, two]
  - request: { by: one, path: "/v3.0/agents/${one.id}/attestations/0" }
  - request: { by: nobody, path: "/v3.0/x?token=${one.token}", headers: { Authorization: "Bearer ${two.token}" } }
  - request:
      by: nobody
      method: POST
      path: /v3.0/y
      headers: { X-Note: "of ${one.token}" }
      body: { note: "it said ${one.token}", token: "${two.token}" }
  - attest: { agents: one, faults: [foreign_token: { of: two }] }
expect:
  - accounted
)");
    say(with_stack({"run", "own.yaml", "--pool", pool_.file().string()}));
    // What was to come back did, and is hidden.
    EXPECT_THAT(place_.read("runs/latest/history.jsonl"), ::testing::HasSubstr(R"("X-Seen-Percent","fp:)"));
    say_all_of_it();
    say(with_stack({"run", "own.yaml", "--format", "json"}));
    // Without the case whose request is larger than the stand-in takes: it hangs up on it, again and again,
    // until
    // --timeout ends the scenario, and the run with 3. It lies, so requirements fail.
    const Ended judged = say(with_stack({"conformance", "tokens-refused", "session-requests",
                                         "evidence-order", "--exclude", "evidence-order/large-item"}));
    EXPECT_EQ(judged.exit_code, 1) << judged.out << judged.err;
    EXPECT_TRUE(place_.has("runs/latest/badge.json"));
    say_all_of_it();
    say({"report", "runs/latest", "--issue", "tokens-refused/none"});
    EXPECT_EQ(found(), "");
}

// plan.yaml is the scenario, and has what its author wrote there.
TEST_F(Secrets, WrittenInAScenarioComeOutInItsPlanAlone) {
    const std::string header = "AuthMarker7d1f/Kq+93", body = "BodyMarker51c0de77aa";
    markers_.insert(markers_.end(), {{"a header", header}, {"a body", body}});
    place_.write("own.yaml", fmt::format(R"(scenario: own
title: Requests with credentials
agents: {{ one: {{ ak: primary }} }}
script:
  - attest: one
  - request: {{ by: nobody, path: "/v3.0/x?of=AuthMarker7d1f%2FKq%2B93", headers: {{ Authorization: "Bearer {0}" }} }}
  - request: {{ by: nobody, path: "/v3.0/x?of={0}" }}
  - request: {{ by: nobody, method: POST, path: /v3.0/y, body: {{ note: "{1}", password: "{1}" }} }}
expect: [accounted]
)",
                                         header, body));
    say(with_stack({"run", "own.yaml"}));
    say_all_of_it();
    EXPECT_EQ(found(), "a header in plan.yaml\na body in plan.yaml\n");
}

}  // namespace
}  // namespace pushsim::stand_in
