#pragma once
// The tenant's acts, over mTLS with the administrator's certificate.

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/protocol/admin.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/admin_client.hpp"

namespace pushsim::stack {

/// A call, for the history, and what it means.
template <typename T>
struct Answer {
    Call call;
    Result<T> result;  ///< ErrorKind::Transport, Protocol (with status and the server's words) or Parse
};

/// Does the tenant's requests for a process that has no administrator's certificate.
class AdminRelay {
  public:
    enum class Server { Verifier, Registrar };

    AdminRelay() = default;
    virtual ~AdminRelay() = default;
    AdminRelay(const AdminRelay&) = delete;
    AdminRelay& operator=(const AdminRelay&) = delete;

    virtual Call exchange(Server server, const HttpRequest& request) = 0;
    /// As AdminClient::cut().
    virtual void cut() = 0;
};

/// Keeps a connection to each server. Not thread-safe.
class Tenant {
  public:
    Tenant(StackAddress address, const Clock& clock, Duration limit = std::chrono::seconds{30});

    // At the verifier.
    Answer<void> enrol(const std::string& agent_id, protocol::Enrolment enrolment);
    Answer<protocol::AgentStatus> status(const std::string& agent_id);
    Answer<void> remove(const std::string& agent_id);
    Answer<void> reactivate(const std::string& agent_id);
    Answer<std::vector<std::string>> list();
    Answer<void> change_runtime_policy(const std::string& name, const std::string& policy);

    /// Whether the verifier has a runtime policy of that name.
    Answer<bool> has_runtime_policy(const std::string& name);
    /// One that is gone already is as good.
    Answer<void> remove_runtime_policy(const std::string& name);

    // At the registrar.
    Answer<protocol::RegistrarAgent> registered(const std::string& agent_id);
    Answer<std::vector<std::string>> list_registered();
    Answer<void> remove_registered(const std::string& agent_id);

    /// Any request, with the administrator's certificate.
    Call at_verifier(const HttpRequest& request);
    Call at_registrar(const HttpRequest& request);

    /// As AdminClient::cut(), for both servers.
    void cut();

    const StackAddress& address() const { return address_; }

  private:
    StackAddress address_;
    AdminClient verifier_;
    AdminClient registrar_;
};

}  // namespace pushsim::stack
