#pragma once
// Between a test's commands and a TPM: looks at each command, and may answer it instead.

#include <cstring>
#include <functional>
#include <optional>

#include <tss2/tss2_sys.h>
#include <tss2/tss2_tcti.h>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

/// TPM_CC of a command.
inline std::uint32_t command_code(ByteView command) {
    return std::uint32_t{command[6]} << 24 | std::uint32_t{command[7]} << 16 |
           std::uint32_t{command[8]} << 8 | command[9];
}

/// A response that is nothing but its code.
inline Bytes only_code(std::uint32_t code) {
    return {0x80,
            0x01,
            0,
            0,
            0,
            10,
            static_cast<std::uint8_t>(code >> 24),
            static_cast<std::uint8_t>(code >> 16),
            static_cast<std::uint8_t>(code >> 8),
            static_cast<std::uint8_t>(code)};
}

class ProxyTpm final : public Tpm {
  public:
    /// Sees each command before it is sent, with the means to send others; what it returns is the response.
    using Look = std::function<std::optional<Bytes>(ByteView command, Commands& behind)>;

    ProxyTpm(Tpm& behind, Look look) : behind_(behind), look_(std::move(look)) {}

    Result<void> run(const Burst& burst) override {
        return behind_.run([&](Commands& commands) -> Result<void> {
            Wire wire{};
            if (Tss2_Sys_GetTctiContext(commands.sapi(), &wire.behind) != TSS2_RC_SUCCESS)
                return fail(ErrorKind::Tpm, "no TCTI");
            wire.head.magic = 1;
            wire.head.version = 1;
            wire.head.transmit = transmit;
            wire.head.receive = receive;
            wire.look = &look_;
            wire.commands = &commands;
            Commands watched(reinterpret_cast<TSS2_TCTI_CONTEXT*>(&wire.head));
            return burst(watched);
        });
    }
    std::uint64_t power_epoch() const override { return behind_.power_epoch(); }

  private:
    struct Wire {
        TSS2_TCTI_CONTEXT_COMMON_V1 head;
        TSS2_TCTI_CONTEXT* behind;
        const Look* look;
        Commands* commands;
        std::optional<Bytes> answer;
    };
    static TSS2_TCTI_CONTEXT_COMMON_V1& common(const Wire& wire) {
        return *reinterpret_cast<TSS2_TCTI_CONTEXT_COMMON_V1*>(wire.behind);
    }
    static TSS2_RC transmit(TSS2_TCTI_CONTEXT* context, std::size_t size, const std::uint8_t* command) {
        auto& wire = *reinterpret_cast<Wire*>(context);
        wire.answer = (*wire.look)(ByteView(command, size), *wire.commands);
        return wire.answer ? TSS2_RC_SUCCESS : common(wire).transmit(wire.behind, size, command);
    }
    static TSS2_RC receive(TSS2_TCTI_CONTEXT* context, std::size_t* size, std::uint8_t* response,
                           std::int32_t timeout) {
        auto& wire = *reinterpret_cast<Wire*>(context);
        if (!wire.answer) return common(wire).receive(wire.behind, size, response, timeout);
        *size = wire.answer->size();
        if (response != nullptr) std::memcpy(response, wire.answer->data(), wire.answer->size());
        return TSS2_RC_SUCCESS;
    }

    Tpm& behind_;
    Look look_;
};

}  // namespace pushsim::tpm
