#include "agent/lifecycle/habits.hpp"

namespace pushsim::lifecycle {

using std::chrono::hours;
using std::chrono::seconds;

Habits correct_habits() {
    constexpr Pace kPace{.initial = seconds{1}, .longest = seconds{30}, .retries = 5, .jitter = true};
    return {
        .rules = correct_rules(),
        .requests = kPace,
        .sessions = kPace,
        .longest_wait = hours{1},  // Keylime's rate limiter tells at most that
        .request_timeout = seconds{30},
        .interval = std::nullopt,
        .renew_before_expiry = seconds{5},
        .request_id_length = 12,
    };
}

Habits rust_agent_habits() {
    return {
        .rules = rust_agent_rules(),
        .requests = {.initial = seconds{10}, .longest = seconds{300}, .retries = 5},
        .sessions = {.initial = seconds{1}, .longest = seconds{1}, .retries = 2},
        .layered_retries = true,
        .longest_wait = Duration::max(),
        .request_timeout = seconds{5},
        .interval = seconds{60},
        .renew_before_expiry = std::nullopt,
        .request_id_length = 6,
        .keeps_request_id = true,
        .session_request_ids = false,
        .offers_empty_logs = true,
        .reports_errors = true,
        .loses_ek = true,
        .data_pcr = tpm::DataPcr::HoldsAk,
    };
}

}  // namespace pushsim::lifecycle
