// What holds of every pool file, whatever is in it and whatever happens to it.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/pool/format.hpp"
#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

using namespace test;

rc::Gen<Entry> any_entry() {
    const auto octets = rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>());
    return rc::gen::build<Entry>(
        rc::gen::set(&Entry::permanent_state, octets), rc::gen::set(&Entry::ek_public, octets),
        rc::gen::set(&Entry::ak_public, octets), rc::gen::set(&Entry::ek_factor, octets),
        rc::gen::set(&Entry::ak_factor, octets));
}

rc::Gen<std::vector<Entry>> any_entries() {
    return rc::gen::resize(20, rc::gen::container<std::vector<Entry>>(any_entry()));
}

About any_about() {
    About about = about_here();
    about.ak = *rc::gen::element(tpm::AkParent::None, tpm::AkParent::Ek);
    if (*rc::gen::arbitrary<bool>()) about.ek_ca = pki::Credentials{"a\ncertificate\n", "a key"};
    return about;
}

RC_GTEST_PROP(PoolFileProperties, WhatWasWrittenIsRead, ()) {
    const TemporaryFolder folder;
    const auto entries = *any_entries();
    const Pool pool = must(Pool::open(write_pool(folder.path() / "a.pool", entries, any_about())));
    RC_ASSERT(entries_of(pool) == entries);
}

/// Changes a few octets, cuts, repeats or inserts some.
std::string mutated(std::string text) {
    const auto place = [&] { return *rc::gen::inRange<std::size_t>(0, text.size() + 1); };
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
        const std::size_t at = place();
        const auto size = *rc::gen::inRange<std::size_t>(0, 40);
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
                if (at < text.size()) text[at] = *rc::gen::arbitrary<char>();
                break;
            case 1:
                text.erase(at, size);
                break;
            case 2:
                text.insert(at, text.substr(0, size));
                break;
            case 3:
                text.insert(at, *rc::gen::arbitrary<std::string>());
                break;
            default:
                text.resize(at);
        }
    }
    return text;
}

RC_GTEST_PROP(PoolFileProperties, WhatWasChangedIsNeverReadAsOther, ()) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.pool";
    const auto entries = *any_entries();
    const Pool original = must(Pool::open(write_pool(file, entries, any_about())));
    write(file, mutated(read(file)));
    const auto pool = Pool::open(file);
    if (!pool) return;
    RC_ASSERT(pool->hash() == original.hash());
    RC_ASSERT(pool->size() == entries.size());
    for (std::size_t number = 0; number < pool->size(); ++number) {
        const auto entry = pool->read(number);
        if (entry) RC_ASSERT(*entry == entries[number]);
    }
}

RC_GTEST_PROP(PoolFileProperties, EntriesAreTakenOnlyAsTheyAreWritten, (const Bytes& octets)) {
    const auto entry = parse_entry(octets);
    if (entry) RC_ASSERT(entry_octets(*entry) == octets);
}

RC_GTEST_PROP(PoolFileProperties, AnyHeaderAndTrailerIsTakenOrRefused, (const std::string& text)) {
    (void)parse_header(text);
    const auto trailer = parse_trailer(text);
    if (trailer) RC_ASSERT(trailer_text(*trailer) == text);
}

}  // namespace
}  // namespace pushsim::pool
