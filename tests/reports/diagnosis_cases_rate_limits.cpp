#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

using std::chrono::seconds;

std::vector<Case> rate_limits_cases() {
    return {
        {"TooManySessionsOfAnAgent",
         {"limit_of_an_agent"},
         "The agent took 15 sessions within a minute, and the verifier refused the next "
         "(session_create_rate_limit_per_agent). It is told to wait 60 s",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session();
             s.session(429);
         }},
        {"RefusedForAnotherReason", {}, "", [](Script& s) { s.session().session(429); }},
        {"TooManySessionsOfAnAddress",
         {"limit_of_an_address"},
         "50 sessions were taken from one address within a minute",
         [](Script& s) {
             for (int i = 0; i < 50; ++i)
                 s.session(200, "other[" + std::to_string(i) + "]");
             s.session(429);
         }},
        {"AsManySessionsOfManyAddresses",
         {},
         "",
         [](Script& s) {
             for (int i = 0; i < 50; ++i)
                 s.session(200, "other[" + std::to_string(i) + "]", "127.64.0." + std::to_string(i + 1));
             s.session(429);
         }},
        {"LockedOutByOthers",
         {"locked_out_by_others"},
         "Others took 15 sessions in the agent's name within a minute, the agent itself none",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session_by_nobody();
             s.session(429);
         }},
        {"LockedOutByOthersAndItself",
         {"locked_out_by_others"},
         "Others took 14 sessions in the agent's name within a minute, the agent itself 1,",
         [](Script& s) {
             s.session();
             for (int i = 0; i < 14; ++i)
                 s.session_by_nobody();
             s.session(429);
         }},
        {"OthersAskedLongBefore",
         {},
         "",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session_by_nobody();
             s.wait(seconds{60}).session(429);
         }},
    };
}

}  // namespace pushsim::reports::test
