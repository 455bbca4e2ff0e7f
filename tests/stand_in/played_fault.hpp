#pragma once
// Scenarios played against the stand-in as always, with faults in their last step.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/report.hpp"
#include "tests/stand_in/staged.hpp"

namespace pushsim::stand_in {

class PlayedFault : public testing::Test {
  protected:
    static constexpr const char* kAgents =
        "{a: {count: 2, ak: primary, enrol: false}, b: {ak: primary, enrol: false}}";

    /// Two agents of a and one of b do as the script says, with these faults in its last step.
    history::ScenarioEnd play(const std::string& script, const std::vector<scenario::Fault>& faults) {
        return play(script, faults, server_, &pool_);
    }
    history::ScenarioEnd play(const std::string& script, const std::vector<scenario::Fault>& faults,
                              const Process& server, const pool::Pool* pool,
                              const std::string& agents = kAgents) {
        Staged staged(server, pool, folder_.path());
        auto scenario = staged.load(std::string("scenario: faulty\ntitle: T\nagents: ") + agents +
                                    "\nscript:\n" + script + "expect: [accounted]\n");
        scenario.script.back().faults = faults;
        last_step_ = scenario.script.back().number;
        const auto end = staged.play(scenario, {});
        auto read = history::read_history(staged.file());
        if (!read) throw std::runtime_error(read.error().text());
        history_ = std::move(*read);
        // However often something was sent, it is accounted for.
        const reports::RunReport report = reports::judge(history_);
        for (const auto& finding : report.scenarios.at(0).findings) {
            if (finding.check == "accounted") ADD_FAILURE() << finding.text;
        }
        return end;
    }

    /// Of one agent in the last step.
    template <typename Record>
    std::vector<Record> of(const std::string& agent = "a[0]") const {
        std::vector<Record> found;
        for (const auto& entry : history_.entries) {
            const auto* record = entry.event.get<Record>();
            if (record != nullptr && entry.where->agent == agent && entry.where->step == last_step_)
                found.push_back(*record);
        }
        return found;
    }
    std::vector<history::ExchangeSeen> exchanges(const std::string& phase,
                                                 const std::string& agent = "a[0]") const {
        auto found = of<history::ExchangeSeen>(agent);
        std::erase_if(found, [&](const history::ExchangeSeen& one) { return one.phase != phase; });
        return found;
    }
    std::vector<std::string> effects(const std::string& agent = "a[0]") const {
        std::vector<std::string> found;
        for (const auto& effect : of<history::FaultEffect>(agent))
            found.push_back(effect.fault + ": " + effect.effect);
        return found;
    }
    /// In order, as "PATCH 202".
    std::vector<std::string> course(const std::string& agent = "a[0]") const {
        std::vector<std::string> found;
        for (const auto& one : of<history::ExchangeSeen>(agent))
            found.push_back(one.phase + " " + std::to_string(one.status.value_or(0)));
        return found;
    }
    static std::string authorization(const history::ExchangeSeen& exchange) {
        for (const auto& [name, value] : exchange.request.headers) {
            if (name == "authorization" || name == "Authorization") return value;
        }
        return "none";
    }
    static std::string shown(const history::ExchangeSeen& exchange) {
        for (const auto& [name, value] : exchange.response.headers) {
            if (name == "X-Certificate") return value;
        }
        return "nothing";
    }
    static std::string proof_in(const history::ExchangeSeen& exchange) {
        const auto json = nlohmann::json::parse(exchange.request.body.view());
        return json["data"]["attributes"]["authentication_provided"][0]["data"]["message"];
    }
    /// Of an agent in a step, by the beginning of its target.
    history::ExchangeSeen first_of(const std::string& agent, int step, const std::string& method,
                                   const std::string& target) const {
        for (const auto& entry : history_.entries) {
            const auto* seen = entry.event.get<history::ExchangeSeen>();
            if (seen != nullptr && entry.where->agent == agent && entry.where->step == step &&
                seen->method == method && seen->target.starts_with(target))
                return *seen;
        }
        throw std::runtime_error(agent + " sent no " + method + " " + target);
    }
    std::string id_of(const std::string& agent) const {
        const auto target = first_of(agent, 1, "POST", "/v2.6/agents/").target.str();
        return target.substr(std::string("/v2.6/agents/").size());
    }

    const Process server_{{.asks_certificates = true}};
    const stack::test::TemporaryFolder folder_;
    const pool::Pool pool_ = pool_of_one(folder_.path(), 3);
    history::History history_;
    int last_step_ = 0;
};

}  // namespace pushsim::stand_in
