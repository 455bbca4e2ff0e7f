#pragma once
// A registrar, a verifier and a TPM, as far as an agent's lifecycle can tell them from real ones. In a test
// of our own client code only (DESIGN, decision 1).

#include <functional>
#include <string>
#include <utility>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/base/time.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/lifecycle/rules.hpp"

namespace pushsim::lifecycle {

inline const std::string kAgent = "4f2c0f0e-6a3d-4c5e-9b1a-0d6f3f1e2a77";

/// What the registrar's challenge holds.
inline const std::string kSecret = "NKUiFLoxnZwjSpUNZKJypY0enAdnMn4d";

/// What stands in every token, behind the session's id.
inline const std::string kTokenSecret = "Hg3efmXk0zRJcz3s604IrW-yq5_N7pEcHVlwPXD";

/// Which call of that agent a request is, told from its method and path alone; throws for one that is none.
Call call_in(const HttpRequest& request, const std::string& agent = kAgent);

class StandIn {
  public:
    /// `number` tells the sessions and tokens of one agent from those of others.
    explicit StandIn(const Clock& clock, std::string agent = kAgent, int number = 0)
        : clock_(clock), agent_(std::move(agent)), number_(number) {}

    HttpResponse answer(const HttpRequest& request);
    TpmAnswer use(const UseTpm& use) const;
    /// A 201 with this Location; a change to its body is a replacement of one text by another.
    HttpResponse negotiated(const std::string& location, const std::string& text = "",
                            const std::string& by = "") const;

    // What kind of verifier it is.
    bool enrolled = true;
    bool asks_for_evidence = true;
    bool asks_for_logs = false;  ///< for the IMA log, where it was offered
    Duration session_lifetime = std::chrono::minutes{3};
    bool refuses_expired_tokens = false;
    Duration challenge_lifetime = std::chrono::minutes{30};  ///< of attestations; only told
    std::string seconds_to_next = "2";
    std::string pcrs = "0,7";  ///< that it asks for
    /// Makes the answer to a registration whose keys are a real TPM's.
    std::function<HttpResponse(const HttpRequest&)> challenge = {};
    /// Makes the challenge of a session or an attestation, 16 octets; else it is one that was recorded.
    std::function<Bytes()> nonce = {};

    Bytes pcr_value = Bytes(32, 0);  ///< of every PCR of the TPM

    int sessions = 0;      ///< opened
    int attestations = 0;  ///< negotiated
    int accepted = 0;      ///< answered with 202
    bool active = false;   ///< at the registrar
    std::string token;     ///< the one that is accepted

    void forget_sessions() { session_.clear(); }

  private:
    HttpResponse open_session();
    HttpResponse prove();

    std::string nonce_text(const char* recorded) const;

    const Clock& clock_;
    std::string agent_;
    int number_;
    std::string session_;
    WallTime token_expires_at_;
    bool evidence_is_in_ = false;
};

HttpResponse json_answer(int status, std::string body, HttpHeaders headers = {});
/// A JSON:API refusal.
HttpResponse refusal(int status, const std::string& code, HttpHeaders headers = {});
/// A refusal with an empty body.
HttpResponse bare_status(int status, HttpHeaders headers = {});
/// Authorization and session refusals have no code.
HttpResponse refusal_without_code(int status, const std::string& detail, HttpHeaders headers = {});

}  // namespace pushsim::lifecycle
