#pragma once
// One performance of a scenario: the state between its steps. Internal to this folder; runner.hpp is the
// door.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/fleet/raw_sender.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/scenario/draws.hpp"
#include "sim/stack/acts.hpp"

namespace pushsim::fleet {

class Play {
  public:
    Play(const Stage& stage, const scenario::Scenario& scenario);
    ~Play();

    history::ScenarioEnd run();

  private:
    using Then = std::function<void()>;
    struct Member {
        const scenario::Group* group = nullptr;
        std::string name;               ///< "late[3]"
        int number = 0;                 ///< 3
        int overall = 0;                ///< among all agents of the scenario
        std::unique_ptr<AgentTpm> tpm;  ///< until the agent has it
        Bytes ak_public;                ///< marshalled TPM2B_PUBLIC, for enrolment
        std::unique_ptr<VirtualAgent> agent;
        std::string last_status;  ///< as read last, or why it could not be
        int in_doubt = 0;         ///< cycles in a row that showed nothing
        faults::Faults faults;    ///< of the cycle under way
        // Cycles that the plan has for it up to the end of the step that it is in, done or not: what is drawn
        // is drawn for them.
        std::map<int, std::size_t> cycles;  ///< by step
        std::size_t all_cycles = 0;
        // What an agent that is stopped does not end:
        Then finish;                   ///< of the step that it takes part in
        std::shared_ptr<int> running;  ///< callbacks that come after the agent was stopped find it expired
        bool stopped = false;
    };

    struct Awaited;

    /// A step while it is done.
    struct Act {
        const scenario::Step& step;
        history::Where where;
        Instant began{};
        /// By number of the step's fault (swizzle) and by agent.
        std::map<std::size_t, std::map<std::string, faults::Window>> frozen;
        /// By number of the step's fault (herd) and by cycle: those who have it in that cycle meet.
        std::map<std::pair<std::size_t, int>, std::shared_ptr<faults::Rendezvous>> places;
        std::set<std::string> gone;          ///< agents that have done their part
        std::shared_ptr<Awaited> awaited{};  ///< of ReadStatus, when the first agent is asked for
        std::size_t acting = 0;              ///< agents and others that have not done their part
        std::size_t verdicts = 0;            ///< that are awaited
        std::size_t watches = 0;             ///< of statuses, which end with the rest
        bool over = false;                   ///< all have done their part
        Then then;

        int number() const { return step.number; }
    };
    using ActPtr = std::shared_ptr<Act>;

    // runner.cpp: the frame.
    void record(const history::Where& where, const history::Record& record);
    void give_up(const Error& error);
    /// Runs the loop until `done()`, or until the play ends early (false; `end_` says why).
    bool wait_until(const std::function<bool()>& done);
    void tell_standing();
    /// Where the agents stood, in words.
    std::string stop_agents();
    /// Calls it from the loop after so long, unless the play ends before.
    void after(Duration duration, Then then);
    bool cast();
    void cast_agent(Member& member, Then done);
    /// `taken` only if nobody else has an agent of this id on a stack that stays.
    void take_id(const scenario::Group& group, const std::string& name, const std::string& id, Then taken);
    std::string agent_id(const scenario::Group& group, int number, ByteView ek_public) const;
    /// What a group has measured at its boot, shared by its agents until they measure more.
    bool take_golden_states();
    /// The agent of that number modulo the group's size; null where there is no such group, or none of it
    /// here.
    VirtualAgent* agent_of(const std::string& group, int number);

    // steps.cpp: the script. Each calls `then` once when all of it is done.
    void sequence(const std::vector<scenario::Step>& steps, std::size_t first, Then then);
    /// Stage::meet.
    void meet(int step, Then then);
    void repeat(const scenario::Step& step, int times, Then then);
    void together(const scenario::Step& step, Then then);
    void perform(const scenario::Step& step, Then then);
    void begin(const ActPtr& act);
    /// One of those who act has done its part.
    void part_done(const ActPtr& act);
    void end_if_over(const ActPtr& act);
    void wait_for(const ActPtr& act);
    bool takes_part(const scenario::Step& step, const Member& member) const;
    history::Where where(const ActPtr& act, const Member& member) const;
    history::Where where(int number, const Member& member) const;
    /// How often that was drawn for the script as a whole.
    std::size_t occurrence(int step, const char* what);

    // agent_acts.cpp: what agents do.
    void act_one(const ActPtr& act, Member& member, Then then);
    void measure(const ActPtr& act, Member& member, Then done);
    void measure_file(const ActPtr& act, Member& member, Then done);
    void reboot(const ActPtr& act, Member& member, Then done);
    /// What such an act of the machine calls: a TPM that fails ends the play.
    std::function<void(Result<void>)> done_or_given_up(Member& member, Then done);
    void stop_agent(const ActPtr& act, Member& member);
    /// Cycle `cycle` of the step's, counted from 1, then the next; the first was due at `first`.
    void pursue(const ActPtr& act, Member& member, lifecycle::Phase goal, int cycle, Instant first,
                Then then);
    /// Of the cycle of that number, counted from 1.
    Duration jitter_of(const ActPtr& act, const Member& member, int cycle);
    void look_behind(const ActPtr& act, const lifecycle::Finished& finished, Member& member, Then then);
    /// Why the step could not be done as it says, where no answer in it is the reason.
    static std::optional<Error> undone(const lifecycle::Finished& finished, const Member& member);
    /// Runs the missing earlier phases up to, not including, `goal`; `then` only if the agent got so far.
    void prepare(const ActPtr& act, Member& member, lifecycle::Phase goal, Then ready, Then then);

    // cycle_faults.cpp: which faults a cycle has.
    /// Who is stopped, and from when to when.
    void swizzle(const ActPtr& act);
    /// The step's cycle `cycle`, counted from 1, among all that the plan has for the agent of that step,
    /// counted from 0.
    static std::size_t planned(const scenario::Step& step, const Member& member, int cycle);
    /// The fault as it is for the agent's cycle (counted from 0, as planned); nothing: it is not there.
    std::optional<scenario::Fault> drawn(const scenario::Fault& fault, int step, std::size_t number,
                                         const Member& member, std::size_t cycle) const;
    /// Where the agents meet that have fault `number` of the step in this cycle.
    std::shared_ptr<faults::Rendezvous> place_of(const ActPtr& act, std::size_t number, int cycle);
    /// Nobody waits for the agent any more: in this cycle, or (nothing) in any of the step.
    static void leave_places(const ActPtr& act, const Member& member, std::optional<int> cycle);
    faults::Faults faults_of_cycle(const ActPtr& act, Member& member, int cycle);

    // tenant_acts.cpp: what the tenant does, and sees.
    /// Ends the play, and the run with it, if a server does not answer that is not down on purpose.
    void look_at_servers(const history::Where& where, Then then);
    /// Goes on at once after an act that was answered, else after a look at the servers.
    void go_on_after(const history::TenantAct& act, const history::Where& where, Then then);
    void enrol(const ActPtr& act, Member& member, Then then);
    void tenant_act(const ActPtr& act, Member& member, Then then);
    void change_policy(const ActPtr& act, Then then);
    /// `own`: whose log is meant where the policy names no group; null where it names one.
    std::string runtime_policy_text(const scenario::RuntimePolicy& policy, const Member* own) const;
    std::function<void(history::TenantAct)> act_record(const history::Where& where,
                                                       const scenario::Step& step);
    /// `then` when the verifier has decided, or has had until then; nothing is put down of it.
    void when_decided(const Member& member, int index, Instant until, Then then);
    void watch_verdict(const ActPtr& act, Member& member, int index, Instant until);
    std::shared_ptr<Awaited> awaited(const std::vector<scenario::Expectation>& expectations) const;
    /// Reads each status that the clauses want until it is as wanted, or for as long as they allow; one that
    /// comes later is put down as not known.
    void read_wanted(const std::vector<scenario::Expectation>& expectations, int number, Then then);
    void read_status(int number, Member& member, const std::shared_ptr<Awaited>& wanted, Then then);
    void read_status_as_wanted(const ActPtr& act, Member& member, Then then);
    /// Reads it again and again while the step lasts, for `always` and `never`.
    void watch_statuses(const ActPtr& act);
    void watch_status(const ActPtr& act, Member& member, Duration poll, bool first);
    void put_down(int number, Member& member, const TenantDesk::StatusSeen& seen, bool decides);
    void read_final_status(Then then);
    void remove_agents();

    // server_acts.cpp: what happens to servers, and raw requests.
    void act_on_servers(const ActPtr& act);
    void act_on_server(const ActPtr& act, stack::ServerAct what, stack::ServerName server, Then then);
    void send_requests(const ActPtr& act);
    Result<HttpRequest> raw_request(const scenario::RawRequest& request, const VirtualAgent* by) const;
    Result<std::string> value_of(std::string_view reference) const;
    /// As faults::lack(), of what the step needs of an agent; null: of none.
    static Error lack(const VirtualAgent* whose, std::string what, std::string mend);
    void lacks(const Error& error, const history::Where& where);

    const Stage& stage_;
    const scenario::Scenario& scenario_;
    scenario::Draws draws_;
    std::optional<Gate> gate_;
    Surroundings surroundings_;
    std::vector<Member> agents_;  ///< in the order of the scenario, from the cast on
    std::map<const scenario::Group*, boot::BootState> golden_;
    std::size_t drawn_ = 0;         ///< TPMs of the pool
    std::vector<std::string> ids_;  ///< of all agents there were
    std::optional<history::ScenarioEnd> end_;
    Instant until_{};
    std::map<int, int> met_;                          ///< how often, by step
    std::optional<Instant> began_;                    ///< the script
    std::vector<ActPtr> under_way_;                   ///< in the order in which they began
    std::map<std::string, std::size_t> occurrences_;  ///< of what is drawn for the script
    /// By name (`as`), of its agents in order: their properties when the step ended.
    std::map<std::string, std::vector<std::map<std::string, std::string>>, std::less<>> named_;
    std::size_t server_acts_ = 0;            ///< under way
    std::multiset<stack::ServerName> down_;  ///< on purpose, or on the way there and back
    std::vector<std::unique_ptr<RawSender>> senders_;
    Standing standing_;  ///< the step, and how many of it are done
    Instant told_{};
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace pushsim::fleet
