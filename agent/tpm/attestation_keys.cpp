#include "agent/tpm/attestation_keys.hpp"

#include <algorithm>
#include <utility>

#include "agent/tpm/attest.hpp"
#include "agent/tpm/ek_certificate.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/templates.hpp"

namespace pushsim::tpm {
namespace {

/// Runs `use` with a policy session that may use the EK, and closes the session.
template <typename Use>
Result<void> with_endorsement_policy(Commands& commands, const Use& use) {
    auto session = commands.start_policy_session();
    if (!session) return fail(session.error());
    auto done = commands.policy_secret(handle::endorsement, *session);
    if (done) done = use(*session);
    auto flushed = commands.flush_context(*session);
    return done ? flushed : done;
}

/// The names of asymmetric signing algorithms, sorted.
std::vector<std::string> signature_schemes(const std::vector<Algorithm>& algorithms) {
    struct Scheme {
        std::uint16_t id;
        const char* name;
    };
    constexpr Scheme schemes[] = {{TPM2_ALG_ECDSA, "ecdsa"},
                                  {TPM2_ALG_ECSCHNORR, "ecschnorr"},
                                  {TPM2_ALG_RSAPSS, "rsapss"},
                                  {TPM2_ALG_RSASSA, "rsassa"}};
    std::vector<std::string> names;
    for (const Scheme& scheme : schemes)
        if (std::ranges::any_of(algorithms, [&](const Algorithm& algorithm) {
                return algorithm.id == scheme.id && algorithm.asymmetric && algorithm.signing;
            }))
            names.emplace_back(scheme.name);
    return names;
}

}  // namespace

AttestationKeys::AttestationKeys(AttestationKeys&& other) noexcept
    : tpm_(other.tpm_),
      saved_(std::move(other.saved_)),
      description_(std::move(other.description_)),
      ek_(std::exchange(other.ek_, std::nullopt)),
      ak_(std::exchange(other.ak_, std::nullopt)),
      persistent_(other.persistent_),
      power_epoch_(other.power_epoch_) {}

/// Runs the burst, and once more where it met a TPM that had lost the keys: it loads what it needs.
Result<void> AttestationKeys::use(const Burst& burst) {
    const std::uint64_t epoch = tpm_->power_epoch();
    auto done = tpm_->run(burst);
    if (!done && tpm_->power_epoch() != epoch) done = tpm_->run(burst);
    return done;
}

Result<AttestationKeys> AttestationKeys::provision(Tpm& tpm, AkParent parent,
                                                   const AkAlgorithms& algorithms) {
    AttestationKeys keys(tpm);
    keys.saved_.parent = parent;
    keys.saved_.algorithms = algorithms;
    keys.forget_after_power_change();
    auto made = keys.use([&](Commands& commands) { return keys.make(commands); });
    if (!made) {
        (void)keys.release();
        return fail(made.error());
    }
    return keys;
}

Result<AttestationKeys> AttestationKeys::load(Tpm& tpm, const SavedAk& saved) {
    AttestationKeys keys(tpm);
    keys.saved_ = saved;
    auto loaded = keys.use([&](Commands& commands) -> Result<void> {
        if (auto ek = keys.need_ek(commands); !ek) return ek;
        if (auto ak = keys.need_ak(commands); !ak) return ak;
        return keys.read_description(commands);
    });
    if (!loaded) {
        (void)keys.release();
        return fail(loaded.error().in("loading saved attestation keys"));
    }
    return keys;
}

Result<AttestationKeys> AttestationKeys::persistent(Tpm& tpm) {
    AttestationKeys keys(tpm);
    keys.are_persistent();
    auto read = keys.use([&](Commands& commands) -> Result<void> {
        auto ek = commands.read_public(*keys.ek_);
        if (!ek) return fail(ek.error());
        auto ak = commands.read_public(*keys.ak_);
        if (!ak) return fail(ak.error());
        keys.description_.ek_public = std::move(ek->public_area);
        keys.saved_.ak.public_area = ak->public_area;
        keys.description_.ak_public = std::move(ak->public_area);
        return keys.read_description(commands);
    });
    if (!read) return fail(read.error().in("the persistent attestation keys"));
    return keys;
}

Result<void> AttestationKeys::make_persistent() {
    if (persistent_) return {};
    auto made = use([&](Commands& commands) -> Result<void> {
        if (auto ek = need_ek(commands); !ek) return ek;
        if (auto ak = need_ak(commands); !ak) return ak;
        if (auto ek = commands.evict_control(*ek_, handle::persistent_ek); !ek) return ek;
        return commands.evict_control(*ak_, handle::persistent_ak);
    });
    if (made) made = release();
    if (!made) return made;
    saved_.ak = {.public_area = description_.ak_public, .private_area = {}};
    are_persistent();
    return {};
}

void AttestationKeys::are_persistent() {
    persistent_ = true;
    ek_ = handle::persistent_ek;
    ak_ = handle::persistent_ak;
}

Result<void> AttestationKeys::make(Commands& commands) {
    if (auto ek = need_ek(commands); !ek) return ek;
    if (saved_.parent == AkParent::Ek) {
        auto created = with_endorsement_policy(commands, [&](Handle session) -> Result<void> {
            auto blobs = commands.create(*ek_, session, ak_template(saved_.algorithms));
            if (!blobs) return fail(blobs.error());
            saved_.ak = std::move(*blobs);
            return {};
        });
        if (!created) return created;
    }
    if (auto ak = need_ak(commands); !ak) return ak;
    return read_description(commands);
}

Result<void> AttestationKeys::need_ek(Commands& commands) {
    forget_after_power_change();
    if (ek_) return {};
    auto ek = commands.create_primary(handle::endorsement, ek_template(saved_.algorithms.key));
    if (!ek) return fail(ek.error());
    ek_ = ek->handle;
    description_.ek_public = std::move(ek->public_area);
    return {};
}

Result<void> AttestationKeys::need_ak(Commands& commands) {
    forget_after_power_change();
    if (ak_) return {};
    if (saved_.parent == AkParent::Ek) {
        if (auto ek = need_ek(commands); !ek) return ek;
        return load_ak(commands);
    }
    auto ak = commands.create_primary(handle::endorsement, ak_template(saved_.algorithms));
    if (!ak) return fail(ak.error());
    ak_ = ak->handle;
    if (saved_.ak.public_area.empty()) saved_.ak.public_area = ak->public_area;
    if (saved_.ak.public_area != ak->public_area)
        return fail(ErrorKind::Tpm, "the saved attestation key belongs to another TPM");
    description_.ak_public = std::move(ak->public_area);
    return {};
}

Result<void> AttestationKeys::load_ak(Commands& commands) {
    return with_endorsement_policy(commands, [&](Handle session) -> Result<void> {
        auto ak = commands.load(*ek_, session, saved_.ak);
        if (!ak) return fail(ak.error());
        ak_ = ak->handle;
        description_.ak_public = saved_.ak.public_area;
        return {};
    });
}

Result<void> AttestationKeys::read_description(Commands& commands) {
    auto certificate = read_ek_certificate(commands, saved_.algorithms.key);
    if (!certificate) return fail(certificate.error());
    auto banks = commands.pcr_banks();
    if (!banks) return fail(banks.error());
    auto algorithms = commands.algorithms();
    if (!algorithms) return fail(algorithms.error());
    description_.ek_certificate = std::move(*certificate);
    description_.hash_algorithms.clear();
    description_.available_pcrs.clear();
    for (const auto& [bank, pcrs] : *banks) {
        const std::string name(to_string(bank));
        description_.available_pcrs[name] = pcrs;
        if (std::ranges::any_of(*algorithms,
                                [&, id = static_cast<std::uint16_t>(bank)](const Algorithm& algorithm) {
                                    return algorithm.id == id && algorithm.hash;
                                }))
            description_.hash_algorithms.push_back(name);
    }
    std::ranges::sort(description_.hash_algorithms);
    description_.signature_schemes = signature_schemes(*algorithms);
    return {};
}

Result<Bytes> AttestationKeys::activate_credential(ByteView id_object, ByteView encrypted_secret) {
    Bytes secret;
    auto done = use([&](Commands& commands) -> Result<void> {
        if (auto ek = need_ek(commands); !ek) return ek;
        if (auto ak = need_ak(commands); !ak) return ak;
        return with_endorsement_policy(commands, [&](Handle session) -> Result<void> {
            auto recovered = commands.activate_credential(*ak_, *ek_, session, id_object, encrypted_secret);
            if (!recovered) return fail(recovered.error());
            secret = std::move(*recovered);
            return {};
        });
    });
    if (!done) return fail(done.error());
    return secret;
}

Result<Certification> AttestationKeys::certify(ByteView challenge) {
    Certification certification;
    auto done = use([&](Commands& commands) -> Result<void> {
        if (auto ak = need_ak(commands); !ak) return ak;
        auto certified = commands.certify(*ak_, *ak_, challenge);
        if (!certified) return fail(certified.error());
        certification = std::move(*certified);
        return {};
    });
    if (!done) return fail(done.error());
    return certification;
}

Result<Quote> AttestationKeys::quote(ByteView challenge, HashAlgorithm bank, const std::vector<int>& selected,
                                     DataPcr data, Signer signer) {
    Quote quote;
    std::vector<int> pcrs = selected;
    if (data == DataPcr::HoldsAk && std::ranges::find(pcrs, data_pcr) == pcrs.end()) pcrs.push_back(data_pcr);
    auto done = use([&](Commands& commands) -> Result<void> {
        if (auto ak = need_ak(commands); !ak) return ak;
        if (data == DataPcr::HoldsAk) {
            if (auto reset = commands.pcr_reset(data_pcr); !reset) return reset;
            const Bytes digest = hash(bank, as_bytes(public_key_pem(description_.ak_public)));
            if (auto extended = commands.pcr_extend(data_pcr, {{bank, digest}}); !extended) return extended;
        }
        const auto key = signer == Signer::Ak ? Result<Handle>(*ak_) : make_another_key(commands);
        if (!key) return fail(key.error());
        auto quoted = quote_unchanged(commands, *key, challenge, bank, pcrs);
        if (signer == Signer::AnotherKey) {
            if (auto flushed = commands.flush_context(*key); !flushed && quoted) return flushed;
        }
        if (!quoted) return fail(quoted.error());
        quote = std::move(*quoted);
        return {};
    });
    if (!done) return fail(done.error());
    return quote;
}

Result<Handle> AttestationKeys::make_another_key(Commands& commands) {
    if (auto ek = need_ek(commands); !ek) return fail(ek.error());
    Handle key = 0;
    // A policy session is good for one command.
    KeyBlobs blobs;
    auto done = with_endorsement_policy(commands, [&](Handle session) -> Result<void> {
        auto created = commands.create(*ek_, session, ak_template(saved_.algorithms));
        if (!created) return fail(created.error());
        blobs = std::move(*created);
        return {};
    });
    if (done) {
        done = with_endorsement_policy(commands, [&](Handle session) -> Result<void> {
            auto loaded = commands.load(*ek_, session, blobs);
            if (!loaded) return fail(loaded.error());
            key = loaded->handle;
            return {};
        });
    }
    if (!done) return fail(done.error());
    return key;
}

/// With PCR values that are those of the quote.
Result<Quote> AttestationKeys::quote_unchanged(Commands& commands, Handle signer, ByteView challenge,
                                               HashAlgorithm bank, const std::vector<int>& pcrs) {
    for (int attempt = 1; attempt <= quote_attempts; ++attempt) {
        auto values = commands.pcr_read(bank, pcrs);
        if (!values) return fail(values.error());
        auto quoted = commands.quote(signer, challenge, bank, pcrs);
        if (!quoted) return fail(quoted.error());
        const auto attest = parse_attest(quoted->message);
        if (!attest) return fail(attest.error());
        if (covers(*attest, saved_.algorithms.hash, *values)) {
            quoted->pcrs = std::move(*values);
            const TPMS_CLOCK_INFO& clock = attest->clockInfo;
            quoted->clock = {clock.clock, clock.resetCount, clock.restartCount, clock.safe == TPM2_YES};
            return quoted;
        }
    }
    return fail(ErrorKind::Tpm, "TPM2_Quote: the PCRs changed between reading and quoting in each of " +
                                    std::to_string(quote_attempts) + " attempts");
}

Result<void> AttestationKeys::release() {
    if (persistent_) return {};
    forget_after_power_change();
    if (!ek_ && !ak_) return {};
    return use([&](Commands& commands) -> Result<void> {
        forget_after_power_change();
        Result<void> result;
        for (std::optional<Handle>* key : {&ak_, &ek_}) {
            if (!key->has_value()) continue;
            auto flushed = commands.flush_context(**key);
            key->reset();
            if (!flushed && result) result = flushed;
        }
        return result;
    });
}

void AttestationKeys::forget_after_power_change() {
    if (persistent_ || tpm_->power_epoch() == power_epoch_) return;
    power_epoch_ = tpm_->power_epoch();
    ek_.reset();
    ak_.reset();
}

}  // namespace pushsim::tpm
