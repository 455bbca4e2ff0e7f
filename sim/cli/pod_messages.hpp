#pragma once
// What a run and the processes that play its scenario's shards say to each other: a JSON object a line, the
// run's at standard input, the shard's at standard output.

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/transport/exchange.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/history/record.hpp"
#include "sim/scenario/shard.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::cli {

/// The run's first line: all that a shard has to know. No key and no certificate of the tenant is in it.
struct ShardSetup {
    scenario::Shard shard = {};
    std::string plan;  ///< scenario::plan_text() of the one scenario
    std::uint64_t id_seed = 0;
    std::optional<history::Try> attempt = {};
    std::vector<std::string> hosts =
        {};  ///< tried in turn (stack::find_host); none: the addresses are reached
    stack::HostPort verifier, registrar, registrar_tls;
    std::string ca;      ///< PEM
    std::string folder;  ///< that is there for its files; empty: it makes a temporary one
    bool verify_server = true;
    std::string api_version;
    Duration limit{};
    std::optional<std::size_t> max_in_flight;
    std::string bodies = "failures";
    std::string accelerators = "none";
    int jobs = 1;
};

std::string to_line(const ShardSetup& setup);
/// ErrorKind::Parse.
Result<ShardSetup> parse_setup(const std::string& line);

nlohmann::json to_json(const HttpRequest& request);
HttpRequest request_from(const nlohmann::json& json);
/// Of an exchange of the tenant.
nlohmann::json to_json(const transport::Outcome& outcome);
transport::Outcome outcome_from(const nlohmann::json& json);

nlohmann::json to_json(const fleet::Standing& standing);
fleet::Standing standing_from(const nlohmann::json& json);
nlohmann::json to_json(const history::ScenarioEnd& end);
history::ScenarioEnd end_from(const nlohmann::json& json);
nlohmann::json to_json(const Error& error);
Error error_from(const nlohmann::json& json);

/// Microseconds since 1970.
std::int64_t to_number(WallTime time);
WallTime wall_time(std::int64_t number);

/// Whether a shard whose agents have these ids may have the tenant ask that: anything about them, and
/// questions that are about none.
bool may_ask(const HttpRequest& request, const std::vector<std::string>& ids);

/// How far the clock of another process is ahead, from one question and its answer.
struct ClockOffset {
    Duration offset{};       ///< its civil time less ours
    Duration uncertainty{};  ///< half of what the question took

    /// Zero where it is not more than the measuring allows.
    Duration certain() const;
};
/// Of several questions the quickest.
ClockOffset offset_of(const std::vector<ClockOffset>& measured);
/// "its clock is 1h ahead (±3ms)"
std::string text_of(const ClockOffset& offset);

}  // namespace pushsim::cli
