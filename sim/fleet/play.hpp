#pragma once
// One performance of a scenario: the state between its steps. Internal to this folder; runner.hpp is the
// door.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/fleet/runner.hpp"

namespace pushsim::fleet {

class Play {
  public:
    Play(const Stage& stage, const scenario::Scenario& scenario);

    history::ScenarioEnd run();

  private:
    struct Member {
        const scenario::Group* group;
        std::string name;               ///< "late[3]"
        std::unique_ptr<AgentTpm> tpm;  ///< until the agent has it
        Bytes ak_public;                ///< marshalled TPM2B_PUBLIC, for enrolment
        std::unique_ptr<VirtualAgent> agent;
        std::string last_status;  ///< as read last, or why it could not be
        int in_doubt = 0;         ///< cycles in a row that showed nothing
    };
    using Then = std::function<void()>;

    // runner.cpp: the frame.
    /// In order; false where the play ended early.
    bool play(const std::vector<scenario::Step>& steps);
    void record(const history::Where& where, const history::Record& record);
    void give_up(const Error& error);
    /// Runs the loop until `done()`, or until the play ends early (false; `end_` says why).
    bool wait_until(const std::function<bool()>& done);
    void tell_standing();
    /// Where the agents stood, in words.
    std::string stop_agents();
    bool cast();
    /// `number` in its group, `overall` among all agents of the scenario.
    void cast_agent(Member& member, int number, int overall, Then done);
    /// `taken` only if nobody else has an agent of this id on a stack that stays.
    void take_id(const scenario::Group& group, const std::string& name, const std::string& id, Then taken);
    std::string agent_id(const scenario::Group& group, int number, ByteView ek_public) const;
    /// What a group has measured at its boot, shared by its agents until they measure more.
    bool take_golden_states();
    void measure(const scenario::Step& step, int number, Member& member, Then done);

    /// The agent of that number modulo the group's size; null where there is no such group.
    VirtualAgent* agent_of(const std::string& group, int number);

    // steps.cpp: the acts. Each calls `then` once when the agent has done its part.
    bool act(const scenario::Step& step, int number);
    void act_one(const scenario::Step& step, int number, Member& member, Then then);
    /// Cycle `cycle` of the step's, then the next.
    void pursue(const scenario::Step& step, int number, Member& member, lifecycle::Phase goal, int cycle,
                Then then);
    void look_behind(const lifecycle::Finished& finished, int number, Member& member, Then then);
    /// Ends the play, and the run with it, if a server does not answer.
    void look_at_servers(const history::Where& where, Then then);
    /// Goes on at once after an act that was answered, else after a look at the servers.
    void go_on_after(const history::TenantAct& act, const history::Where& where, Then then);
    /// Runs the missing earlier phases up to, not including, `goal`; `then` only if the agent got so far.
    void prepare(const scenario::Step& step, int number, Member& member, lifecycle::Phase goal, Then ready,
                 Then then);
    void enrol(const scenario::Step* step, int number, Member& member, Then then);
    void tenant_act(const scenario::Step& step, int number, Member& member, Then then);
    std::function<void(const history::TenantAct&)> act_record(int number, const Member& member);
    void watch_verdict(int number, Member& member, int index, Instant until);
    /// `then` when the verifier has decided, or has had until then; nothing is put down of it.
    void when_decided(const Member& member, int index, Instant until, Then then);
    /// Reads each status that the clauses want until it is as wanted, or for as long as they allow.
    void read_wanted(const std::vector<scenario::Expectation>& expectations, int number);
    void read_status(int number, Member& member, const std::string& wanted, Instant until, Then then);
    void read_final_status();
    void remove_agents();

    history::Where where(int number, const Member& member) const;
    /// Who takes part in the step is expected by its faults.
    void gather(const scenario::Step& step, int number);
    const faults::Faults& faults_of(int number) const { return faults_.at(number); }

    const Stage& stage_;
    const scenario::Scenario& scenario_;
    std::optional<Gate> gate_;
    Surroundings surroundings_;
    std::vector<Member> agents_;  ///< in the order of the scenario, from the cast on
    std::map<const scenario::Group*, boot::BootState> golden_;
    std::size_t drawn_ = 0;                 ///< TPMs of the pool
    std::map<int, faults::Faults> faults_;  ///< by step
    std::vector<std::string> ids_;          ///< of all agents there were
    std::optional<history::ScenarioEnd> end_;
    Instant until_{};
    int verdicts_awaited_ = 0;
    Standing standing_;  ///< the step, and how many of it are done
    Instant told_{};
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace pushsim::fleet
