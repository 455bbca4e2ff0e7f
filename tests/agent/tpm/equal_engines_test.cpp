// The engine (TPMs swapped by the writable segment), state blobs and a real swtpm, started from the same
// permanent state: they give the same answers, but for chance and the clock, whatever is asked in whatever
// order.

#include <array>
#include <fstream>
#include <functional>
#include <memory>

#include <fmt/format.h>
#include <rapidcheck.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/templates.hpp"
#include "sim/fleet/swtpm_process.hpp"
#include "tests/agent/tpm/any_command.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

/// A TPM with an EK and an AK that are persistent, shut down in order.
Bytes provisioned_state() {
    VirtualTpm tpm(host(Swapping::Blobs));
    must(tpm.power_on());
    must(tpm.run([](Commands& commands) -> Result<void> {
        for (const auto& [key, where] :
             {std::pair{ek_template(), provisioned_ek}, {ak_template(), provisioned_ak}}) {
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

template <typename T>
std::string said(const Result<T>& result) {
    return result ? "done" : result.error().message;
}

using Answers = std::array<std::string, engines>;

/// One TPM three times, and what is known of it.
class Triple {
  public:
    explicit Triple(const Bytes& permanent)
        : segment_(std::make_unique<VirtualTpm>(host(Swapping::Segment), permanent)),
          blobs_(std::make_unique<VirtualTpm>(host(Swapping::Blobs), permanent)) {
        must(segment_->power_on());
        must(blobs_->power_on());
        swtpm_->kill();
        write_swtpm_state(swtpm_->folder() / "tpm2-00.permall", permanent);
        must(swtpm_->start(fleet::SwtpmProcess::Startup::Clear));
        external_ = must(ExternalTpm::open(swtpm_->tcti()));
        known.ek_public =
            must(tpm::ask(*blobs_, [](Commands& c) { return c.read_public(provisioned_ek); })).public_area;
        const auto ak = must(tpm::ask(*blobs_, [](Commands& c) { return c.read_public(provisioned_ak); }));
        known.ak_public = ak.public_area;
        known.ak_name = ak.name;
    }

    Answers ask(const Asked& asked) {
        const std::array<Tpm*, engines> all = {segment_.get(), blobs_.get(), external_.get()};
        Answers answers;
        for (std::size_t engine = 0; engine < engines; ++engine) {
            must(all[engine]->run([&](Commands& commands) -> Result<void> {
                answers[engine] = asked.answer(commands, engine);
                return {};
            }));
        }
        return answers;
    }

    /// Off and on again; where the start is refused, once more.
    Answers power_cycle(PowerOff how, StartupType type) {
        known.nothing_is_loaded();
        Answers answers;
        std::size_t engine = 0;
        for (VirtualTpm* tpm : {segment_.get(), blobs_.get()}) {
            std::string& answer = answers[engine++];
            answer = said(tpm->power_off(how));
            const auto on = tpm->power_on(type);
            answer += ", " + said(on);
            if (!on) must(tpm->power_on());
        }
        answers[engine] = cycle_swtpm(how, type);
        return answers;
    }

    /// Those in this process, which is no power cycle; swtpm goes on.
    void suspend_and_resume() {
        auto first = must(segment_->suspend());
        segment_ = std::make_unique<VirtualTpm>(host(Swapping::Segment), std::move(first));
        auto second = must(blobs_->suspend());
        blobs_ = std::make_unique<VirtualTpm>(host(Swapping::Blobs), std::move(second));
    }

    Known known;

  private:
    std::string cycle_swtpm(PowerOff how, StartupType type) {
        const auto by_command = [&](const std::function<Result<void>(Commands&)>& command) {
            Result<void> done;
            must(external_->run([&](Commands& commands) -> Result<void> {
                done = command(commands);
                return {};
            }));
            return done;
        };
        Result<void> off;
        if (how != PowerOff::Loss) {
            const auto kind = how == PowerOff::OrderlyState ? StartupType::State : StartupType::Clear;
            off = by_command([&](Commands& c) { return c.shutdown(kind); });
        }
        must(swtpm_->reset());
        const auto on = by_command([&](Commands& c) { return c.startup(type); });
        if (!on) {
            must(swtpm_->reset());
            must(by_command([](Commands& c) { return c.startup(StartupType::Clear); }));
        }
        return said(off) + ", " + said(on);
    }

    std::unique_ptr<VirtualTpm> segment_;
    std::unique_ptr<VirtualTpm> blobs_;
    std::unique_ptr<fleet::SwtpmProcess> swtpm_ = must(fleet::SwtpmProcess::make());
    std::unique_ptr<ExternalTpm> external_;
};

/// The next of a sequence: a command, or now and then something with the power.
Answers any_step(Triple& triple) {
    enum class Kind { Command, Power, Suspend };
    const auto kind =
        *rc::gen::weightedElement<Kind>({{80, Kind::Command}, {3, Kind::Power}, {1, Kind::Suspend}});
    if (kind == Kind::Suspend) {
        RC_LOG() << "suspend and resume\n";
        triple.suspend_and_resume();
        return {};
    }
    if (kind == Kind::Power) {
        using enum StartupType;
        const auto [how, type] = *rc::gen::weightedElement<std::pair<PowerOff, StartupType>>(
            {{6, {PowerOff::OrderlyClear, Clear}},
             {8, {PowerOff::OrderlyState, State}},
             {2, {PowerOff::OrderlyState, Clear}},
             {6, {PowerOff::Loss, Clear}},
             {1, {PowerOff::OrderlyClear, State}},  // refused, as the next one
             {1, {PowerOff::Loss, State}}});
        RC_LOG() << fmt::format("power off {}, on {}\n", static_cast<int>(how), static_cast<int>(type));
        return triple.power_cycle(how, type);
    }
    const Asked asked = any_command(triple.known);
    RC_LOG() << asked.name << "\n";
    return triple.ask(asked);
}

TEST(EqualEnginesProperty, SegmentBlobsAndSwtpmGiveTheSameAnswers) {
    const std::array permanent = {provisioned_state(), provisioned_state()};
    EXPECT_TRUE(rc::check("the same answers", [&] {
        must(switch_accelerators({*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()}));
        // Two, in turns, so that they are swapped.
        std::array triples = {std::make_unique<Triple>(permanent[0]), std::make_unique<Triple>(permanent[1])};
        const int length = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 60));
        const auto same = [](const Answers& answers) {
            RC_ASSERT(answers[0] == answers[1]);
            RC_ASSERT(answers[0] == answers[2]);
        };
        for (int i = 0; i < length; ++i) {
            const std::size_t which = *rc::gen::arbitrary<bool>() ? 1 : 0;
            RC_LOG() << which << ": ";
            same(any_step(*triples[which]));
        }
        for (const auto& triple : triples)
            same(triple->ask(
                {"all", [](Commands& commands, std::size_t) { return all_that_shows(commands); }}));
    }));
    must(switch_accelerators({}));
}

}  // namespace
}  // namespace pushsim::tpm
