// The engine (TPMs swapped by the writable segment), state blobs and a real swtpm, started from the same
// permanent state: they give the same answers, but for chance and the clock, whatever is asked in whatever
// order.

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>
#include <rapidcheck.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/templates.hpp"
#include "sim/fleet/swtpm_process.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

constexpr Handle ek = handle::first_persistent + 1;
constexpr Handle ak = handle::first_persistent + 2;

/// A TPM with an EK and an AK that are persistent, shut down in order.
Bytes provisioned_state() {
    VirtualTpm tpm(host(Swapping::Blobs));
    must(tpm.power_on());
    must(tpm.run([](Commands& commands) -> Result<void> {
        for (const auto& [key, where] : {std::pair{ek_template(), ek}, {ak_template(), ak}}) {
            const auto made = must(commands.create_primary(handle::endorsement, key));
            must(commands.evict_control(made.handle, where));
            must(commands.flush_context(made.handle));
        }
        return {};
    }));
    must(tpm.power_off());
    return tpm.permanent_state();
}

/// As swtpm keeps it: a header (version 2, at least 1, 10 octets of header, no flags, the size of all), then
/// tag 1 and the length of the data (swtpm, src/swtpm/swtpm_nvstore.c).
void write_swtpm_state(const std::filesystem::path& file, const Bytes& permanent) {
    Bytes text = {2, 1, 0, 10, 0, 0};
    const auto append = [&](std::uint32_t number) {
        for (int shift = 24; shift >= 0; shift -= 8)
            text.push_back(static_cast<std::uint8_t>(number >> shift));
    };
    append(static_cast<std::uint32_t>(permanent.size() + 16));
    text.insert(text.end(), {0, 1});
    append(static_cast<std::uint32_t>(permanent.size()));
    text.insert(text.end(), permanent.begin(), permanent.end());
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(text.data()), static_cast<std::streamsize>(text.size()));
}

/// One TPM three times.
class Triple {
  public:
    explicit Triple(const Bytes& permanent)
        : segment_(host(Swapping::Segment), permanent), blobs_(host(Swapping::Blobs), permanent) {
        must(segment_.power_on());
        must(blobs_.power_on());
        swtpm_->kill();
        write_swtpm_state(swtpm_->folder() / "tpm2-00.permall", permanent);
        must(swtpm_->start(fleet::SwtpmProcess::Startup::Clear));
        external_ = must(ExternalTpm::open(swtpm_->tcti()));
    }
    std::array<Tpm*, 3> all() { return {&segment_, &blobs_, external_.get()}; }

    std::vector<Handle> sessions;

  private:
    VirtualTpm segment_;
    VirtualTpm blobs_;
    std::unique_ptr<fleet::SwtpmProcess> swtpm_ = must(fleet::SwtpmProcess::make());
    std::unique_ptr<ExternalTpm> external_;
};

template <typename T>
std::string said(const Result<T>& result, const std::string& what = "done") {
    return result ? what : result.error().message;
}

std::string words(const PcrValues& values) {
    std::string text;
    for (const auto& [pcr, value] : values)
        text += fmt::format("{}={} ", pcr, to_hex(value));
    return text;
}

/// Without chance and the clock; the signature must verify.
std::string words(const Bytes& message, const Bytes& signature, const Bytes& signer) {
    const auto attest = check::parse_attest(message);
    return fmt::format("{:x} {:x} {} {} {} {} {} {} {} {}", attest.magic, attest.type,
                       to_hex(attest.qualified_signer), to_hex(attest.extra_data), attest.reset_count,
                       attest.restart_count, attest.bank, to_hex(attest.pcr_digest), to_hex(attest.name),
                       check::verifies(signer, message, signature));
}

using Command = std::function<std::string(Commands&)>;

/// What may be asked next.
Command any_command(Triple& triple, const Bytes& ak_public) {
    const int pcr = *rc::gen::inRange(0, 24);
    const auto bank = *rc::gen::element(HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384);
    const Bytes octets = *rc::gen::container<Bytes>(20, rc::gen::arbitrary<std::uint8_t>());
    const auto pick = [](const std::vector<Handle>& handles, Handle otherwise) {
        return handles.empty() ? otherwise : *rc::gen::elementOf(handles);
    };
    switch (*rc::gen::inRange(0, 12)) {
        case 0:
            return [=](Commands& c) { return said(c.pcr_reset(pcr)); };
        case 1: {
            // Its handle is given by order, not by chance.
            return [=, &triple](Commands& c) {
                const auto started = c.start_policy_session();
                if (!started) return said(started);
                if (std::ranges::find(triple.sessions, *started) == triple.sessions.end())
                    triple.sessions.push_back(*started);
                return fmt::format("{:x}", *started);
            };
        }
        case 2: {
            const Handle session = pick(triple.sessions, handle::first_loaded_session);
            return [=](Commands& c) { return said(c.policy_secret(handle::endorsement, session)); };
        }
        case 3: {
            const Handle gone = pick(triple.sessions, handle::first_transient);
            std::erase(triple.sessions, gone);
            return [=](Commands& c) { return said(c.flush_context(gone)); };
        }
        case 4:
            return [=](Commands& c) {
                const auto quote = c.quote(ak, octets, bank, {pcr});
                return quote ? words(quote->message, quote->signature, ak_public) : said(quote);
            };
        case 5:
            return [=](Commands& c) {
                const auto certified = c.certify(ak, ak, octets);
                return certified ? words(certified->message, certified->signature, ak_public)
                                 : said(certified);
            };
        case 6: {
            const Handle object = *rc::gen::element(ek, ak, handle::first_transient);
            return [=](Commands& c) {
                const auto read = c.read_public(object);
                return said(read, read ? to_hex(read->public_area) : "");
            };
        }
        case 7: {
            const Handle first = *rc::gen::element(handle::first_transient, handle::first_persistent,
                                                   handle::first_loaded_session);
            return [=](Commands& c) {
                const auto handles = c.handles(first);
                return said(handles, handles ? fmt::format("{:x}", fmt::join(*handles, " ")) : "");
            };
        }
        case 8:
            return [](Commands& c) {
                const auto octet = c.get_random(8);
                return said(octet);
            };
        case 9:
            return [=](Commands& c) {
                const auto values = c.pcr_read(bank, {pcr});
                return said(values, values ? words(*values) : "");
            };
        default: {
            Bytes digest = octets;
            digest.resize(digest_size(bank));
            return [=](Commands& c) { return said(c.pcr_extend(pcr, {{bank, digest}})); };
        }
    }
}

TEST(EqualEnginesProperty, SegmentBlobsAndSwtpmGiveTheSameAnswers) {
    const std::array permanent = {provisioned_state(), provisioned_state()};
    EXPECT_TRUE(rc::check("the same answers", [&] {
        must(switch_accelerators({*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()}));
        // Two, in turns, so that they are swapped.
        std::array triples = {std::make_unique<Triple>(permanent[0]), std::make_unique<Triple>(permanent[1])};
        std::array<Bytes, 2> ak_public;
        for (std::size_t i = 0; i < 2; ++i)
            ak_public[i] =
                must(ask(*triples[i]->all()[0], [](Commands& c) { return c.read_public(ak); })).public_area;
        const int length = *rc::gen::inRange(0, 60);
        for (int i = 0; i < length; ++i) {
            const auto which = *rc::gen::inRange<std::size_t>(0, 2);
            const Command command = any_command(*triples[which], ak_public[which]);
            std::array<std::string, 3> answers;
            for (std::size_t engine = 0; engine < 3; ++engine) {
                must(triples[which]->all()[engine]->run([&](Commands& commands) -> Result<void> {
                    answers[engine] = command(commands);
                    return {};
                }));
            }
            RC_ASSERT(answers[0] == answers[1]);
            RC_ASSERT(answers[0] == answers[2]);
        }
    }));
    must(switch_accelerators({}));
}

}  // namespace
}  // namespace pushsim::tpm
