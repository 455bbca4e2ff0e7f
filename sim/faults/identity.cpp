// Faults of identity: who a request says that it comes from.

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using lifecycle::Phase;

auto authorization_of(HttpHeaders& headers) {
    return std::ranges::find_if(headers, [](const auto& one) {
        return std::ranges::equal(one.first, std::string_view("authorization"), {}, lower_ascii);
    });
}

constexpr std::string_view kScheme = "Bearer ";

std::string token_of(Outgoing& outgoing) {
    const std::string& value = authorization_of(outgoing.request.headers)->second;
    return value.substr(std::min(kScheme.size(), value.size()));
}

void set_token(Outgoing& outgoing, const std::string& token) {
    authorization_of(outgoing.request.headers)->second = std::string(kScheme) + token;
}

void drop_token(Outgoing& outgoing) {
    outgoing.request.headers.erase(authorization_of(outgoing.request.headers));
}

/// Everywhere in `text`; how often.
int replace_all(std::string& text, std::string_view what, std::string_view by) {
    int replaced = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
        ++replaced;
    }
    return replaced;
}

/// A fault of requests that bear a token.
class OfToken : public Fault {
  public:
    using Fault::Fault;
    Result<std::string> send(Outgoing& outgoing, const Sender& sender) const final {
        if (!outgoing.bears_token()) return {};
        return change_token(outgoing, sender);
    }

  private:
    virtual Result<std::string> change_token(Outgoing& outgoing, const Sender& sender) const = 0;
};

class NoToken final : public OfToken {
  public:
    using OfToken::OfToken;

  private:
    Result<std::string> change_token(Outgoing& outgoing, const Sender& /*sender*/) const override {
        drop_token(outgoing);
        return "sends no token";
    }
};

class GarbledToken final : public OfToken {
  public:
    using OfToken::OfToken;

  private:
    Result<std::string> change_token(Outgoing& outgoing, const Sender& sender) const override {
        std::string token = token_of(outgoing);
        if (token.empty()) return {};
        const auto at = static_cast<std::size_t>(sender.random.uniform() * static_cast<double>(token.size()));
        token[at] = token[at] == 'a' ? 'b' : 'a';
        set_token(outgoing, token);
        return fmt::format("character {} of {} of its token is another", at + 1, token.size());
    }
};

class OldToken final : public OfToken {
  public:
    using OfToken::OfToken;

  private:
    Result<std::string> change_token(Outgoing& outgoing, const Sender& sender) const override {
        if (sender.tokens.size() < 2) {
            return fail(lack(sender.turned_away, "the agent had one session, and no token of an earlier one",
                             "let it `authenticate`, or `restart_agent` and attest, before"));
        }
        set_token(outgoing, sender.tokens[sender.tokens.size() - 2]);
        return "bears the token of the session before";
    }
};

/// The first request that bears a token waits until it has expired.
class ExpiredToken final : public Fault {
  public:
    using Fault::Fault;

    std::string depart(Departure& departure) const override {
        departure.course.renews_token = false;
        return "does not renew its token";
    }

    Duration before(const Moment& moment) const override {
        const bool bears_token = moment.phase == Phase::Negotiate || moment.phase == Phase::Submit;
        int so_far = 0;
        for (const Phase phase : {Phase::Negotiate, Phase::Submit})
            so_far += is_for(phase) ? moment.begun[static_cast<std::size_t>(phase)] : 0;
        if (!bears_token || so_far != 1 || !moment.token_expires) return {};
        constexpr Duration kSurely = std::chrono::milliseconds{50};
        return std::max(moment.token_expires->latest + kSurely - moment.now, Duration::zero());
    }
};

class ForeignToken final : public OfToken {
  public:
    using OfToken::OfToken;

  private:
    Result<std::string> change_token(Outgoing& outgoing, const Sender& sender) const override {
        const auto other = sender.other(plan().of);
        if (!other) return fail(other.error());
        if (!other->token) {
            return fail(
                lack(other->turned_away, other->name + " has no token yet", "let it `authenticate` before"));
        }
        set_token(outgoing, *other->token);
        return "bears the token of " + other->name;
    }
};

class AdminCertificate final : public OfToken {
  public:
    AdminCertificate(const scenario::Fault& plan, bool with_token) : OfToken(plan), with_token_(with_token) {}

  private:
    Result<std::string> change_token(Outgoing& outgoing, const Sender& /*sender*/) const override {
        outgoing.shows_admin_certificate = true;
        if (with_token_) return "shows the tenant's certificate, beside its token";
        drop_token(outgoing);
        return "shows the tenant's certificate, and no token";
    }

    bool with_token_;
};

class OtherAgentId final : public Fault {
  public:
    using Fault::Fault;

    Result<std::string> send(Outgoing& outgoing, const Sender& sender) const override {
        const auto other = sender.other(plan().of);
        if (!other) return fail(other.error());
        const int replaced = replace_all(outgoing.request.target, sender.agent_id, other->id) +
                             replace_all(outgoing.request.body, sender.agent_id, other->id);
        return replaced == 0 ? "" : "names the agent id of " + other->name;
    }

    // An answer to the other's id is one to ours, or the agent would go no further.
    void read(HttpResponse& answer, const Sender& sender) const override {
        const auto other = sender.other(plan().of);
        if (!other) return;
        replace_all(answer.body, other->id, sender.agent_id);
        for (auto& [name, value] : answer.headers)
            replace_all(value, other->id, sender.agent_id);
    }
};

class WrongActivationTag final : public Fault {
  public:
    using Fault::Fault;

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const override {
        constexpr std::string_view kMember = R"("auth_tag":")";
        std::string& body = outgoing.request.body;
        const auto at = body.find(kMember);
        if (outgoing.phase != Phase::Activate || at == std::string::npos) return {};
        char& first = body.at(at + kMember.size());
        first = first == '0' ? '1' : '0';
        return "sends another tag than the challenge gives";
    }
};

class Reregister final : public Fault {
  public:
    using Fault::Fault;
    std::string depart(Departure& departure) const override {
        using Registration = Departure::Registration;
        departure.registration = plan().other_tpm ? Registration::FromAnotherTpm : Registration::Again;
        return plan().other_tpm ? "registers from another TPM under its id" : "registers again";
    }
};

class ForeignPop final : public Fault {
  public:
    using Fault::Fault;
    std::string prove(Proving& proving) const override {
        proving.group = plan().of;
        return "the proof is made by the TPM of an agent of " + plan().of;
    }
};

class ReusePop final : public Fault {
  public:
    using Fault::Fault;
    std::string prove(Proving& proving) const override {
        proving.repeats = true;
        return "the proof is that of an earlier session";
    }
};

}  // namespace

std::unique_ptr<Fault> identity_fault(const scenario::Fault& plan) {
    switch (plan.kind) {
        case scenario::FaultKind::NoToken:
            return std::make_unique<NoToken>(plan);
        case scenario::FaultKind::GarbledToken:
            return std::make_unique<GarbledToken>(plan);
        case scenario::FaultKind::OldToken:
            return std::make_unique<OldToken>(plan);
        case scenario::FaultKind::ExpiredToken:
            return std::make_unique<ExpiredToken>(plan);
        case scenario::FaultKind::ForeignToken:
            return std::make_unique<ForeignToken>(plan);
        case scenario::FaultKind::AdminCertificate:
            return std::make_unique<AdminCertificate>(plan, false);
        case scenario::FaultKind::CertificateAndToken:
            return std::make_unique<AdminCertificate>(plan, true);
        case scenario::FaultKind::OtherAgentId:
            return std::make_unique<OtherAgentId>(plan);
        case scenario::FaultKind::WrongActivationTag:
            return std::make_unique<WrongActivationTag>(plan);
        case scenario::FaultKind::Reregister:
            return std::make_unique<Reregister>(plan);
        case scenario::FaultKind::ForeignPop:
            return std::make_unique<ForeignPop>(plan);
        case scenario::FaultKind::ReusePop:
            return std::make_unique<ReusePop>(plan);
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
