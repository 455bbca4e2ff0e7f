#include "sim/kind/server_pods.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "agent/base/files.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/server_log.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// For kubectl to change or ask something, with one try of its own of 30 s.
constexpr seconds kCallLimit{45};
constexpr seconds kReadyLimit{120};
constexpr milliseconds kLook{100};

tl::unexpected<Error> stopped() {
    return fail(ErrorKind::Interrupted, "stopped while the servers in the cluster were awaited");
}

}  // namespace

std::string in_seconds(Duration duration) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

ServerPods::ServerPods(Options options)
    : options_(std::move(options)),
      environment_(environment_with(options_.state.kubeconfig())),
      cluster_(infra_cluster, options_.state.folder, options_.tools, options_.clock,
               [this] { return stop_wanted(); }) {}

ServerPods::~ServerPods() {
    {
        const std::lock_guard lock(mutex_);
        folder_.clear();  // the watch begins no more logs
    }
    logs_.reset();
    watch_.reset();
}

// kubectl.

bool ServerPods::stop_wanted() const {
    return !patient_ && (cut_ || (options_.stop_asked && options_.stop_asked()));
}

std::vector<std::string> ServerPods::command(std::vector<std::string> words) const {
    words.insert(words.begin(), {"-n", "keylime"});
    return cluster_.kubectl_words(words);
}

Result<std::string> ServerPods::kubectl(std::vector<std::string> words) const {
    words.insert(words.begin(), {"-n", "keylime"});
    auto said = cluster_.kubectl(words, kCallLimit);
    if (said || said.error().kind == ErrorKind::Interrupted) return said;
    Error error = said.error();
    constexpr std::array signs{"connection refused", "not done after",   "i/o timeout",
                               "Timeout exceeded",   "context deadline", "handshake timeout",
                               "Unable to connect"};
    if (std::ranges::any_of(
            signs, [&](const char* sign) { return error.message.find(sign) != std::string::npos; })) {
        error.mend =
            fmt::format("the cluster's API server does not answer: does its node run? `{} ps` shows {}",
                        options_.tools.engine.filename().string(), cluster_.node());
    }
    return fail(std::move(error));
}

std::vector<std::string> ServerPods::ports_of(const std::string& server) const {
    const stack::StackAddress& at = options_.address;
    if (server == "verifier") return {std::to_string(at.verifier.port)};
    if (server == "registrar")
        return {std::to_string(at.registrar_http.port), std::to_string(at.registrar_tls.port)};
    return {};
}

Result<std::string> ServerPods::on_node(const std::vector<std::string>& command) const {
    return cluster_.on_node(command, kCallLimit);
}

// Pods.

Result<void> ServerPods::watch() {
    const fs::path errors = options_.state.folder / "watch.log";
    std::error_code none;
    fs::remove(errors, none);
    logs_ = std::make_unique<PodLogs>(PodLogs::Options{
        .command =
            [this](const Pod& pod, const std::string& how) {
                return command({"logs", "--follow", how, pod.name, "-c", pod.server});
            },
        .environment = environment_,
        .errors = errors,
        .runs =
            [this](const Pod& pod) {
                return !settled() || std::ranges::any_of(of(pod.server), [&](const Pod& one) {
                    return one.container == pod.container;
                });
            },
        .clock = options_.clock});
    const std::string all =
        "/api/v1/namespaces/keylime/pods?labelSelector=app.kubernetes.io%2Fpart-of%3Dpushsim";
    watch_ = std::make_unique<PodWatch>(PodWatch::Options{
        .list = command({"get", "--request-timeout=30s", "--raw", all}),
        .watch =
            [this, all](const std::string& version) {
                return command({"get", "--raw", all + "&watch=true&resourceVersion=" + version});
            },
        .environment = environment_,
        .errors = errors,
        .seen = [this](const Pod& pod) { follow(pod); }});
    const Instant end = options_.clock.now() + kCallLimit;
    while (!settled()) {
        if (options_.clock.now() >= end)
            return fail(ErrorKind::Stack,
                        fmt::format("kubectl lists no pods of the cluster: {}", errors.string()),
                        "pushsim stack status --stack kind says what is there");
        if (auto waited = wait(); !waited) return waited;
    }
    return {};
}

bool ServerPods::is_there(const Pod& pod) const {
    return std::ranges::any_of(of(pod.server), [&](const Pod& one) { return one.uid == pod.uid; });
}

Result<void> ServerPods::wait() const {
    if (stop_wanted()) return stopped();
    watch_->wait(kLook);
    return {};
}

Result<void> ServerPods::forget(const Pod& pod) const {
    auto gone = kubectl(
        {"delete", "pod", pod.name, "--ignore-not-found", "--grace-period=0", "--force", "--wait=false"});
    if (!gone) return fail(gone.error());
    return {};
}

Result<void> ServerPods::wait_ended(const Pod& pod) const {
    const Instant end = options_.clock.now() + gone_limit;
    while (true) {
        const auto all = of(pod.server);
        const auto one = std::ranges::find(all, pod.uid, &Pod::uid);
        if (one == all.end() && settled()) return {};
        if (one != all.end() && one->container.empty()) return forget(pod);
        if (options_.clock.now() >= end)
            return fail(ErrorKind::Stack,
                        fmt::format("the {}'s pod {} has not ended after {}", pod.server, pod.name,
                                    in_seconds(gone_limit)),
                        "kubectl -n keylime describe pod says what it waits for");
        if (auto waited = wait(); !waited) return waited;
    }
}

Result<Pod> ServerPods::wait_ready(const std::string& server, const std::vector<Pod>& before) const {
    const Instant began = options_.clock.now();
    while (true) {
        std::optional<Pod> last;
        for (const Pod& pod : of(server)) {
            if (pod.leaving || std::ranges::find(before, pod.uid, &Pod::uid) != before.end()) continue;
            if (pod.ready && !pod.container.empty() && settled()) return pod;
            last = pod;
        }
        const Duration waited = options_.clock.now() - began;
        if (waited >= kReadyLimit) return fail(why_not_ready(server, last));
        if (last && waited >= seconds{20} && gets_no_better(*last))
            return fail(not_ready(*last, in_seconds(waited), end_of_log(server), log_file(server).string()));
        if (auto more = wait(); !more) return fail(more.error());
    }
}

Error ServerPods::why_not_ready(const std::string& server, const std::optional<Pod>& last) const {
    const auto answers = kubectl({"get", "--raw", "/readyz"});
    if (!answers) return answers.error();
    if (last) return not_ready(*last, in_seconds(kReadyLimit), end_of_log(server), log_file(server).string());
    return {ErrorKind::Stack, fmt::format("the {} has no pod after {}", server, in_seconds(kReadyLimit)),
            fmt::format("kubectl -n keylime describe {} says why", workload_of(server))};
}

Result<void> ServerPods::wait_answers(const std::string& server) const {
    if (server == "postgresql") return {};
    const bool verifier = server == "verifier";
    const stack::HostPort& where = verifier ? options_.address.verifier : options_.address.registrar_http;
    std::optional<stack::TlsIdentity> tls;
    if (verifier) tls = stack::TlsIdentity{.ca_file = options_.address.ca_file, .certificate = {}, .key = {}};
    const Instant end = options_.clock.now() + kReadyLimit;
    // What goes to the pod before is lost: it is better to ask again soon.
    for (Duration patience = milliseconds{500};; patience = std::min<Duration>(patience * 2, seconds{8})) {
        stack::AdminClient client(where, tls, options_.clock, patience);
        const auto call = client.exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}});
        if (call.outcome.response) return {};
        if (stop_wanted()) return stopped();
        if (options_.clock.now() >= end)
            return fail(ErrorKind::Stack,
                        fmt::format("the {}'s pod is ready, and nobody answers at {}: {}", server,
                                    where.text(), call.outcome.failure ? call.outcome.failure->message : ""),
                        "kubectl -n keylime get endpoints shows where its port leads");
        stack::wait_for(kLook / 2);
    }
}

Result<std::string> ServerPods::wait_up(const std::string& server, const std::vector<Pod>& before,
                                        Instant began) {
    auto pod = wait_ready(server, before);
    if (!pod) return fail(pod.error());
    const Duration ready = options_.clock.now() - began;
    if (auto answers = wait_answers(server); !answers) return fail(answers.error());
    const Duration answering = options_.clock.now() - began;
    std::string how = fmt::format("pod {} ready after {}", pod->name, in_seconds(ready));
    if (server != "postgresql") how += fmt::format(", answers after {}", in_seconds(answering));
    const std::lock_guard lock(mutex_);
    servers_[server] = {ServerNow::State::Up, std::move(*pod)};
    return how;
}

ServerNow ServerPods::now(const std::string& server) const {
    const std::lock_guard lock(mutex_);
    const auto known = servers_.find(server);
    return known == servers_.end() ? ServerNow{} : known->second;
}

void ServerPods::set(const std::string& server, ServerNow::State state) {
    const std::lock_guard lock(mutex_);
    servers_[server].state = state;
}

// Logs.

void ServerPods::follow(const Pod& pod) {
    if (pod.container.empty() || pod.server == "tenant") return;
    const std::lock_guard lock(mutex_);
    if (!folder_.empty()) logs_->follow(pod, folder_ / (pod.server + ".log"), from_now_);
}

Result<void> ServerPods::log_into(const fs::path& folder, bool all) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return fail(ErrorKind::System,
                    fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
    for (const char* server : {"verifier", "registrar"}) {
        if (auto made = write_file(folder / (std::string(server) + ".log"), "", 0600); !made) return made;
    }
    {
        const std::lock_guard lock(mutex_);
        folder_ = folder;
        from_now_ = !all;
    }
    if (all) return {};
    for (const char* server : {"verifier", "registrar", "postgresql"}) {
        for (const Pod& pod : of(server))
            follow(pod);
    }
    const std::lock_guard lock(mutex_);
    from_now_ = false;  // of a container that is started later all is new
    return {};
}

bool ServerPods::logs() const {
    const std::lock_guard lock(mutex_);
    return !folder_.empty();
}

fs::path ServerPods::log_file(const std::string& server) const {
    const std::lock_guard lock(mutex_);
    return folder_.empty() ? fs::path() : folder_ / (server + ".log");
}

std::string ServerPods::end_of_log(const std::string& server) const {
    const fs::path file = log_file(server);
    return file.empty() ? "" : stack::read_tail(file, 16 * 1024);
}

}  // namespace pushsim::kind
