#pragma once
// The sub-commands: options in, exit code out (DESIGN decision 10).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/conformance/selection.hpp"

namespace pushsim::cli {

/// Exit codes: what a caller can tell apart.
enum ExitCode {
    kAsExpected = 0,
    kNotAsExpected = 1,
    kUsage = 2,
    kFailed = 3,
    kNothingRan = 4,
    kInterrupted = 130
};

/// The exit code that an error of this kind ends a command with.
int exit_code(ErrorKind kind);

/// Prints a line to standard error, or several, in the width of the terminal. Where nobody reads it any more,
/// that is no failure.
void say_error(const std::string& line);

/// Prints "pushsim: MESSAGE" and the mend to standard error; gives exit_code().
int report_error(const Error& error);

/// Which registrar and verifier; spelled the same everywhere.
struct StackChoice {
    std::string stack = "local";  ///< local, external, kind
    std::string keylime;          ///< --keylime VERSION|DIR|BIN
    std::uint16_t verifier_port = 0, registrar_port = 0, registrar_tls_port = 0;  ///< local; 0: a free one
    std::string certificates;  ///< local: own, keylime; empty: not asked for, own
    // external:
    std::string verifier, registrar, registrar_tls;          ///< HOST:PORT
    std::string ca, admin_certificate, admin_key;            ///< PEM files
    std::vector<std::string> verifier_conf, registrar_conf;  ///< files or folders; empty: not known
    std::vector<std::string> hosts;  ///< agent: tried in turn, where the addresses above are ports alone
};

struct RunOptions {
    std::vector<std::string> paths;
    std::vector<std::string> tags;  ///< only scenarios with one of these; empty: all
    StackChoice stack;
    std::optional<std::uint64_t> seed;
    std::string out = "runs";
    std::string format = "text";
    std::string bodies = "failures";
    Duration scenario_limit = std::chrono::minutes{10};
    std::optional<std::size_t> max_in_flight;  ///< exchanges of all agents at a time
    std::string tpm = "software";              ///< of agents that have one in this process
    std::optional<std::string> pool;           ///< that their TPMs are drawn from; none: each is made
    std::optional<int> jobs;  ///< TPM threads, and stacks side by side; as there are processors if absent
    std::string accelerators = "none";
    std::vector<std::string> may_break;  ///< hosts of an external stack that may be broken
    std::size_t pods = 0;                ///< processes that its agents are spread over; 0: this one
    bool fresh = false;                  ///< never use a stack that `stack up` keeps
    bool quiet = false;
    bool verbose = false;
    std::string command_line;
};
int run(const RunOptions& options);

struct ConformanceOptions {
    RunOptions run;
    conformance::Selection selection;
    std::string expected;        ///< file of deviations; empty: that of the Keylime version found
    std::string write_expected;  ///< what was seen goes there, as deviations; empty: nowhere
    bool strict = false;         ///< deviations are failures
};
/// kAsExpected where nothing fails but what is known to, kNotAsExpected where something does, or is mended.
int conformance(const ConformanceOptions& options);

struct ReportOptions {
    std::string run;  ///< its folder, or its history
    /// Files; all empty: those of the run's folder.
    std::string html, junit, markdown, json, badge, verdicts;
    std::string issue;  ///< a case, for an upstream issue: Markdown to standard output
    bool quiet = false;
    bool verbose = false;
};
/// The reports of a run again, from its history; the exit code that the run had.
int report(const ReportOptions& options);

struct ReplayOptions {
    std::string run;                     ///< its folder
    std::vector<std::string> scenarios;  ///< of it; empty: all
    RunOptions again;                    ///< how it is played
};
/// kAsExpected where all of it was reproduced, kNotAsExpected where not; as run() where it could not be
/// played to its end.
int replay(const ReplayOptions& options);

struct StackOptions {
    StackChoice stack;
    std::string folder;  ///< up, down, logs: which; empty: the default one (up), all (down, logs)
    std::vector<std::string> verifier_options;   ///< up: NAME=VALUE in Keylime's own names
    std::vector<std::string> registrar_options;  ///< up
    std::size_t lines = 20;                      ///< logs
    std::string server;                          ///< logs: verifier, registrar; empty: both
    bool follow = false;                         ///< logs: go on until the stack has ended
    std::vector<std::string> names;       ///< certificates, up of a cluster: further names of the servers
    std::string node_image;               ///< up of a cluster
    std::string keylime_image;            ///< up of a cluster
    std::string database = "sqlite";      ///< up of a cluster: sqlite, postgresql
    bool agents = false;                  ///< up: the agents' cluster, too; down: that one alone
    std::string agents_tpm = "software";  ///< up of the agents' cluster: software, swtpm
    std::string agents_image;             ///< up of the agents' cluster
    std::string format = "text";
};
int stack_up(const StackOptions& options);
int stack_down(const StackOptions& options);
int stack_status(const StackOptions& options);
int stack_logs(const StackOptions& options);
int stack_clean(const StackOptions& options);
int stack_certificates(const StackOptions& options);
// The same of a cluster (--stack kind).
int cluster_up(const StackOptions& options);
int cluster_down(const StackOptions& options);
int cluster_status(const StackOptions& options);
int cluster_logs(const StackOptions& options);

struct TenantOptions {
    StackChoice stack;
    std::string agent;
    // add: one of these two, or neither where there is one of the others.
    std::string tpm_policy;      ///< JSON text, or @FILE
    std::vector<int> from_boot;  ///< PCRs as they are in the TPM of `pushsim agent --id`, or
    std::string tcti;            ///< in this one
    std::string runtime_policy;  ///< add: FILE
    std::string mb_policy;       ///< add: FILE
    bool registration = false;   ///< delete: at the registrar, too
    std::string format = "text";
};
int tenant_add(const TenantOptions& options);
int tenant_status(const TenantOptions& options);
int tenant_delete(const TenantOptions& options);
int tenant_list(const TenantOptions& options);

struct VerifyOptions {
    StackChoice stack;
    Duration within = std::chrono::seconds{30};  ///< each agent is to pass once more
    std::string format = "text";
};
/// kAsExpected where nothing fails, else kNotAsExpected.
int verify(const VerifyOptions& options);

struct AgentOptions {
    StackChoice stack;
    std::string id;                              ///< empty: a new UUID
    std::string tcti;                            ///< empty: a TPM in this process
    std::string client_certificate, client_key;  ///< PEM files; empty: none is shown
    std::string habits = "correct";              ///< or rust-agent
    int times = 0;                               ///< 0: until stopped
    std::optional<Duration> every;
    std::string out = "runs";
    std::string format = "text";
    std::string command_line;
    // extend:
    int pcr = 0;
    std::string measurement;
    // show:
    std::vector<int> pcrs;
};
int agent_run(const AgentOptions& options);
int agent_extend(const AgentOptions& options);
int agent_show(const AgentOptions& options);

struct ShardOptions {
    Duration clock_offset{};  ///< its civil time is so much ahead, for tests of what measures it
};
/// Plays what a run says at standard input.
int shard_run(const ShardOptions& options);

struct PoolOptions {
    std::string pool = "default";  ///< a name or a file
    // make:
    std::size_t count = 100;
    std::string ak;                ///< primary, child; empty: as it is, of a new one primary
    bool ek_certificates = false;  ///< of a new one
    unsigned jobs = 0;             ///< 0: as many as there are processors
    std::string format = "text";
};
int pool_make(const PoolOptions& options);
int pool_list(const PoolOptions& options);
/// kNotAsExpected where something does not hold.
int pool_verify(const PoolOptions& options);
int pool_drop(const PoolOptions& options);

struct DoctorOptions {
    StackChoice stack;
    std::size_t agents = 1;  ///< the fleet that the checks are judged against
    std::string out = "runs";
    std::string format = "text";
};
/// kAsExpected where nothing fails, else kNotAsExpected.
int doctor(const DoctorOptions& options);

struct CheckOptions {
    std::string run;                  ///< a folder, or its history
    std::vector<std::string> checks;  ///< empty: all
    std::string format = "text";
};
/// kNotAsExpected where something is found, kFailed where the history cannot be read or has lost lines.
int check(const CheckOptions& options);

/// Runs (a folder or its history), scenario files, and names of the scenario language, in words.
int explain(const std::vector<std::string>& what);

int list_scenarios(const std::vector<std::string>& paths, const std::string& format);
int list_options(const std::string& format);
/// Scenarios, keys of groups, steps, faults, checks, metrics and options, as text.
int list_all(const std::vector<std::string>& paths);
/// What the agents of a group can be: the keys, and what their values may be.
int list_requirements(const std::string& format);
int list_profiles(const std::string& format);
int list_traceability();
int list_groups(const std::string& format, bool all);
int list_steps(const std::string& format, bool all);
int list_faults(const std::string& format, bool all);
int list_checks(const std::string& format, bool all);
/// What can be compared at the end of a scenario: subjects, and below each what is measured of it.
int list_metrics(const std::string& format, bool all);
/// The JSON Schema of scenarios: scenarios/schema.json.
int list_schema();
/// The reference page of the language: docs/scenarios.md.
int list_reference();

}  // namespace pushsim::cli
