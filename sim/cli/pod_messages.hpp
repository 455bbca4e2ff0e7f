#pragma once
// What a run and the processes that play its scenario's shards say to each other: a JSON object a line, the
// run's at standard input, the shard's at standard output. Neither trusts the other to say what makes sense.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/transport/exchange.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/history/record.hpp"
#include "sim/scenario/shard.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/tenant.hpp"

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

/// What is to be done to a server, once for all shards.
struct ServerActDue {
    stack::ServerAct act{};
    stack::ServerName server{};
    int turn = 0;  ///< so often it was done before

    auto operator<=>(const ServerActDue&) const = default;
};
/// What all shards come to before any goes on.
using Meeting = std::variant<fleet::StepBegin, ServerActDue>;

// What the run says then.

/// What the shard's clock says now.
struct ClockQuestion {};
/// All others have come there, too.
struct Go {
    Meeting from;
    Result<std::string> how = std::string{};  ///< what was done to a server went
};
/// To what the shard had the tenant ask.
struct TenantAnswer {
    int number = 0;
    transport::Outcome outcome;
};
/// A person asked to stop.
struct Stop {};

using RunMessage = std::variant<ClockQuestion, Go, TenantAnswer, Stop>;
std::string to_line(const RunMessage& message);
/// ErrorKind::Parse.
Result<RunMessage> parse_run_message(const std::string& line);

// What a shard says. Of fleet::Standing the last is where its agents are; by Error or history::ScenarioEnd it
// ends.

/// Times of its history count from there, by its clock.
struct HistoryBegun {
    WallTime zero{};
    std::string version;  ///< of its pushsim; empty of one that does not tell
};
struct HistoryLines {
    std::vector<std::string> lines;
};
/// One of its agents has this id from now on.
struct IdTaken {
    std::string id;
};
/// To ClockQuestion.
struct ClockAnswer {
    WallTime now{};
};
/// For the tenant to ask; the answer has the same number.
struct TenantQuestion {
    int number = 0;
    stack::AdminRelay::Server server = stack::AdminRelay::Server::Verifier;
    HttpRequest request;
};
/// Its agents wait there for those of others; for the first time when all are made.
struct Come {
    Meeting to;
};

using ShardMessage = std::variant<HistoryBegun, HistoryLines, IdTaken, ClockAnswer, TenantQuestion, Come,
                                  fleet::Standing, Error, history::ScenarioEnd>;
std::string to_line(const ShardMessage& message);
/// ErrorKind::Parse.
Result<ShardMessage> parse_shard_message(const std::string& line);

/// Whether a shard whose agents have these ids may have the tenant ask that: anything about them, and
/// questions that are about none.
bool may_ask(const HttpRequest& request, const std::vector<std::string>& ids);

}  // namespace pushsim::cli
