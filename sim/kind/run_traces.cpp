#include "sim/kind/run_traces.hpp"

#include "sim/kind/pods.hpp"

namespace pushsim::kind {
namespace {

// Before the node's ports are translated to those of pods.
constexpr const char* kDropScript = R"(
action=$1; shift
for port; do
    rule="PREROUTING -t raw -p tcp --dport $port -m comment --comment pushsim -j DROP"
    while iptables -w 5 -D $rule 2>/dev/null; do :; done
    if [ "$action" = drop ]; then iptables -w 5 -I $rule; fi
done
)";

Result<void> drop(const Command& on_node, const char* action, const std::vector<std::string>& ports) {
    std::vector<std::string> words{"sh", "-euc", kDropScript, "pushsim", action};
    words.insert(words.end(), ports.begin(), ports.end());
    const auto dropped = on_node(words);
    if (!dropped) return fail(dropped.error());
    return {};
}

}  // namespace

Result<void> cut_off(const Command& on_node, const std::vector<std::string>& ports) {
    return drop(on_node, "drop", ports);
}

Result<void> reconnect(const Command& on_node, const std::vector<std::string>& ports) {
    return drop(on_node, "take", ports);
}

Result<void> remove_of_runs(const Command& kubectl, bool postgresql) {
    const auto removed = kubectl({"delete", "configmap", "-l", "pushsim.run", "--wait=false"});
    if (!removed) return fail(removed.error());
    if (postgresql) {
        const auto dropped =
            kubectl({"exec", "statefulset/postgresql", "-c", "postgresql", "--", "sh", "-c",
                     "echo \"SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database "
                     "WHERE datname LIKE 'run-%' \\gexec\" | psql -q -h /tmp -U keylime -d postgres"});
        if (!dropped) return fail(dropped.error());
        return {};
    }
    for (const char* server : {"verifier", "registrar"}) {
        const auto dropped = kubectl({"exec", workload_of(server), "-c", server, "--", "python", "-c",
                                      "import glob, os\n"
                                      "for one in glob.glob('/var/lib/keylime/run-*'): os.unlink(one)"});
        if (!dropped) return fail(dropped.error());
    }
    return {};
}

}  // namespace pushsim::kind
