#pragma once
// The evidence of an agent as it goes to the verifier, taken apart. Heavy header: for .cpp files alone.

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "agent/base/result.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::faults {

using Json = nlohmann::ordered_json;

/// The body of evidence that was collected.
class Message {
  public:
    explicit Message(const std::string& body) : body_(Json::parse(body)) {}
    Json& items() { return body_["data"]["attributes"]["evidence_collected"]; }
    /// Of the quote: message, signature, subject_data. Null where there is no quote.
    Json* quote() {
        for (Json& item : items()) {
            if (item["evidence_type"] == "tpm_quote") return &item["data"];
        }
        return nullptr;
    }
    std::string text() const { return body_.dump(-1, ' ', false, Json::error_handler_t::replace); }

  private:
    Json body_;
};

/// Changes the PCR values of a quote's item. What `change` says, or ErrorKind::Parse of what is no list of
/// values.
Result<void> change_pcrs(Json& quote, const std::function<Result<void>(tpm::PcrValues&)>& change);

}  // namespace pushsim::faults
