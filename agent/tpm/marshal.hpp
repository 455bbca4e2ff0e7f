#pragma once
// Between plain octets and TSS structures, by tss2-mu. For the sources of this folder only.

#include <algorithm>
#include <stdexcept>
#include <string>

#include <tss2/tss2_mu.h>

#include "agent/base/bytes.hpp"
#include "agent/tpm/response_code.hpp"

namespace pushsim::tpm {

/// Throws where a structure that came from the TSS cannot be marshalled, which is a bug.
template <typename T>
Bytes marshal(const T& value, TSS2_RC (*function)(const T*, std::uint8_t*, std::size_t, std::size_t*)) {
    Bytes out(sizeof(T) + 16);
    std::size_t size = 0;
    if (const TSS2_RC code = function(&value, out.data(), out.size(), &size); code != TSS2_RC_SUCCESS)
        throw std::logic_error("marshalling: " + describe_response_code(code));
    out.resize(size);
    return out;
}

/// All octets must be used; ErrorKind::Parse otherwise, with `what` as the name of the structure.
template <typename T>
Result<T> unmarshal(const std::string& what, ByteView data,
                    TSS2_RC (*function)(const std::uint8_t*, std::size_t, std::size_t*, T*)) {
    T value{};
    std::size_t used = 0;
    if (const TSS2_RC code = function(data.data(), data.size(), &used, &value); code != TSS2_RC_SUCCESS)
        return fail(ErrorKind::Parse, what + ": " + describe_response_code(code));
    if (used != data.size())
        return fail(ErrorKind::Parse, what + ": " + std::to_string(data.size() - used) + " octets too many");
    return value;
}

/// Fills one of the TPM2B types, whose array has another name in each.
template <typename Tpm2b, std::size_t capacity>
Result<Tpm2b> tpm2b(const std::string& what, BYTE (Tpm2b::*octets)[capacity], ByteView data) {
    Tpm2b value{};
    if (data.size() > capacity)
        return fail(ErrorKind::Tpm, what + ": " + std::to_string(data.size()) + " octets, where at most " +
                                        std::to_string(capacity) + " fit");
    value.size = static_cast<UINT16>(data.size());
    std::ranges::copy(data, value.*octets);
    return value;
}

template <std::size_t capacity>
Bytes octets_of(UINT16 size, const BYTE (&array)[capacity]) {
    return {array, array + std::min<std::size_t>(size, capacity)};
}

}  // namespace pushsim::tpm
