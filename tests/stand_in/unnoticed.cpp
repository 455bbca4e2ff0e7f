#include "tests/stand_in/unnoticed.hpp"

namespace pushsim::stand_in {
namespace {

constexpr const char* kEnrolment =
    "the case looks at the status 200 alone, and has no enrolment beside it that must be refused";
constexpr const char* kPolicy = "a policy that is not taken ends the play: an error, not a failure";
constexpr const char* kFirst = "it is of the first attestation of an agent, which the echo answers honestly";
constexpr const char* kGood = "it says what must be taken, and nothing beside it must be refused";
constexpr const char* kRoute = "each route that it asks for is there, and none beside them must be missing";
constexpr const char* kCaller = "it says who may, and nobody beside them must be refused";

}  // namespace

std::vector<Unnoticed> unnoticed() {
    return {
        {"yes",
         {{"KPM-ADM-007", kEnrolment},
          {"KPM-ADM-010", kEnrolment},
          {"KPM-ADM-030", kEnrolment},
          {"KPM-IMA-026", kPolicy},
          {"KPM-IMA-027", kPolicy}}},
        {"no", {{"KPM-IMA-026", kPolicy}, {"KPM-IMA-027", kPolicy}}},
        {"echo", {{"KPM-ADM-007", kEnrolment}, {"KPM-ADM-010", kEnrolment}, {"KPM-ADM-030", kEnrolment},
                  {"KPM-ADM-044", kEnrolment}, {"KPM-API-001", kRoute},     {"KPM-API-003", kRoute},
                  {"KPM-API-010", kRoute},     {"KPM-API-012", kRoute},     {"KPM-API-013", kRoute},
                  {"KPM-BOOT-001", kFirst},    {"KPM-EVID-002", kGood},     {"KPM-EVID-023", kGood},
                  {"KPM-EVID-047", kGood},     {"KPM-IMA-011", kGood},      {"KPM-IMA-039", kGood},
                  {"KPM-IMA-041", kGood},      {"KPM-IMA-044", kGood},      {"KPM-IMA-050", kGood},
                  {"KPM-IMA-055", kGood},      {"KPM-NEG-001", kFirst},     {"KPM-NEG-003", kFirst},
                  {"KPM-NEG-006", kFirst},     {"KPM-NEG-069", kFirst},     {"KPM-NEG-070", kFirst},
                  {"KPM-NEG-072", kFirst},     {"KPM-NEG-088", kFirst},     {"KPM-OPS-024", kGood},
                  {"KPM-SEC-006", kCaller},    {"KPM-SEC-008", kCaller},    {"KPM-SEC-009", kCaller},
                  {"KPM-VER-001", kGood}}},
    };
}

}  // namespace pushsim::stand_in
